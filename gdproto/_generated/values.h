/* @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit */
/* === Values ================================================================================== */

static int write_list(Writer *w, PyObject *const *items, Py_ssize_t count, int depth);
static int write_deep(Writer *w, PyObject *value, int depth);
static int write_dict(Writer *w, PyObject *pairs, int depth);
static int write_other(Writer *w, PyObject *value, int depth);

INLINE int write_int(Writer *w, PyObject *value) {
    int overflow;
    long long number = int_value(value, &overflow);
    if (overflow == 0) {
        if (1) {
            if (writer_reserve(w, 9) < 0) {
                return -1;
            }
            uint8_t *to = w->pos;
            *to = CODE_INT64;
            put64(to + 1, (uint64_t)number);
            w->pos = to + 9;
            return 0;
        }
        return DOUBT;
    }
    return DOUBT;
}

INLINE int write_float(Writer *w, PyObject *value) {
    if (writer_reserve(w, 9) < 0) {
        return -1;
    }
    uint8_t *to = w->pos;
    *to = CODE_FLOAT64;
    putf64(to + 1, PyFloat_AS_DOUBLE(value));
    w->pos = to + 9;
    return 0;
}

NOINLINE int write_wide_text(Writer *w, PyObject *value) {
    if (make_ready(value) < 0) {
        return -1;
    }
    size_t length = (size_t)PyUnicode_GET_LENGTH(value);
    size_t widest = PyUnicode_KIND(value) == 1 ? 2 : PyUnicode_KIND(value) == 2 ? 3 : 4;
    if (length > 67108864 || writer_reserve(w, 5 + length * widest) < 0) {
        return -1;
    }
    uint8_t *stop = put_utf8(w->pos + 5, value);
    if (stop == NULL || (size_t)(stop - w->pos) - 5 > 67108864) {
        return DOUBT;
    }
    uint8_t *to = w->pos;
    *to = CODE_STRING;
    put32(to + 1, (uint32_t)(stop - w->pos - 5));
    to += 5;
    w->pos = to;
    w->pos = stop;
    return 0;
}

INLINE int write_text(Writer *w, PyObject *value) {
    if (LIKELY(is_compact_ascii(value))) {
        size_t size = (size_t)PyUnicode_GET_LENGTH(value);
        if ((size_t)size > 67108864) {
            return DOUBT;
        }
        if (writer_reserve(w, 5 + (size_t)size) < 0) {
            return -1;
        }
        uint8_t *to = w->pos;
        *to = CODE_STRING;
        put32(to + 1, (uint32_t)size);
        to += 5;
        w->pos = to;
        copy_short(to, (const char *)value + sizeof(PyASCIIObject), size);
        w->pos = to + size;
        return 0;
    }
    return write_wide_text(w, value);
}

INLINE int write_blob(Writer *w, const void *data, size_t size) {
    if ((size_t)size > 67108864) {
        return DOUBT;
    }
    if (writer_reserve(w, 5 + (size_t)size) < 0) {
        return -1;
    }
    uint8_t *to = w->pos;
    *to = CODE_BYTES;
    put32(to + 1, (uint32_t)size);
    to += 5;
    w->pos = to;
    memcpy(to, data, size);
    w->pos = to + size;
    return 0;
}

/* A large one may stand aside. */
INLINE int write_bytes(Writer *w, PyObject *value) {
    size_t size = (size_t)PyBytes_GET_SIZE(value);
    if (LIKELY(w->parts == NULL || size < PART_BYTES || size > 67108864)) {
        return write_blob(w, PyBytes_AS_STRING(value), size);
    }
    if (writer_reserve(w, 5) < 0) {
        return -1;
    }
    uint8_t *to = w->pos;
    *to = CODE_BYTES;
    put32(to + 1, (uint32_t)size);
    to += 5;
    w->pos = to;
    return writer_set_aside(w, value);
}

/* `depth` containers are open. */
INLINE int write_value(Writer *w, PyObject *value, int depth) {
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyUnicode_Type) {
        return write_text(w, value);
    }
    if (type == &PyLong_Type) {
        return write_int(w, value);
    }
    if (type == &PyFloat_Type) {
        return write_float(w, value);
    }
    if (type == &PyDict_Type) {
        return write_dict(w, value, depth + 1);
    }
    if (type == &PyList_Type) {
        return UNLIKELY(depth >= DEPTH) ? write_deep(w, value, depth) : write_items(w, value, depth + 1);
    }
    if (type == &PyTuple_Type) {
        return UNLIKELY(depth >= DEPTH) ? write_deep(w, value, depth) : write_list(w, ((PyTupleObject *)value)->ob_item, PyTuple_GET_SIZE(value), depth + 1);
    }
    if (value == Py_None) {
        return write_raw(w, "\000", 1);
    }
    if (value == Py_False) {
        return write_raw(w, "\001\000", 2);
    }
    if (value == Py_True) {
        return write_raw(w, "\001\001", 2);
    }
    if (type == &PyBytes_Type) {
        return write_bytes(w, value);
    }
    return write_other(w, value, depth);
}

NOINLINE int write_any(Writer *w, PyObject *value, int depth) {
    return write_value(w, value, depth);
}

INLINE int open_list(Writer *w, Py_ssize_t count) {
    if ((size_t)count > 1048576) {
        return DOUBT;
    }
    if (writer_reserve(w, 5) < 0) {
        return -1;
    }
    uint8_t *to = w->pos;
    *to = CODE_LIST;
    put32(to + 1, (uint32_t)count);
    to += 5;
    w->pos = to;
    return 0;
}

INLINE int open_dict(Writer *w, Py_ssize_t count) {
    if ((size_t)count > 1048576) {
        return DOUBT;
    }
    if (writer_reserve(w, 5) < 0) {
        return -1;
    }
    uint8_t *to = w->pos;
    *to = CODE_DICT;
    put32(to + 1, (uint32_t)count);
    to += 5;
    w->pos = to;
    return 0;
}

/* The items of a list or tuple. */
static int write_list(Writer *w, PyObject *const *items, Py_ssize_t count, int depth) {
    if (open_list(w, count) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (PyFloat_CheckExact(items[i])) {
            if (writer_reserve(w, (size_t)(count - i) * 9) < 0) {
                return -1;
            }
            uint8_t *to = w->pos;
            while (i < count && PyFloat_CheckExact(items[i])) {
                *to = CODE_FLOAT64;
                putf64(to + 1, PyFloat_AS_DOUBLE(items[i]));
                to += 9;
                i += 1;
            }
            w->pos = to;
            if (i == count) {
                break;
            }
        }
        if (UNLIKELY(write_value(w, items[i], depth) < 0)) {
            return write_lost_at(w, i, items[i]);
        }
    }
    return 0;
}

/* Write the key at hand, which becomes its text: `odd` owns that of one that is not
   plain, and `texts` are all those so far then. */
INLINE int write_key(Writer *w, PyObject *pairs, PyObject **key, PyObject **odd, PyObject **texts) {
    if (UNLIKELY(!PyUnicode_CheckExact(*key) || *texts != NULL)) {
        *odd = odd_key(w, pairs, *key, texts);
        if (*odd == NULL) {
            return -1;
        }
        *key = *odd;
    }
    if (UNLIKELY(write_text(w, *key) < 0)) {
        return PyErr_Occurred() ? -1 : write_blame(w, *key, 1, 0);
    }
    return 0;
}

/* The pairs of a dict from `at` on, where a key is not plain. */
NOINLINE int write_odd(Writer *w, PyObject *pairs, Py_ssize_t at, int depth) {
    PyObject *key, *value, *odd = NULL, *texts = NULL;
    int failed = 0;
    while (!failed && PyDict_Next(pairs, &at, &key, &value)) {
        failed = write_key(w, pairs, &key, &odd, &texts);
        if (!failed && write_any(w, value, depth) < 0) {
            failed = write_lost(w, Py_NewRef(key), value);
        }
        Py_CLEAR(odd);
    }
    Py_XDECREF(texts);
    return failed;
}

INLINE int write_pairs(Writer *w, PyObject *pairs, int depth) {
    PyObject *key, *value;
    Py_ssize_t at = 0, before = 0;
    if (open_dict(w, PyDict_GET_SIZE(pairs)) < 0) {
        return -1;
    }
    for (; PyDict_Next(pairs, &at, &key, &value); before = at) {
        if (UNLIKELY(!PyUnicode_CheckExact(key))) {
            return write_odd(w, pairs, before, depth);
        }
        if (UNLIKELY(write_text(w, key) < 0)) {
            return PyErr_Occurred() ? -1 : write_blame(w, key, 1, 0);
        }
        if (UNLIKELY(write_value(w, value, depth) < 0)) {
            return write_lost(w, Py_NewRef(key), value);
        }
    }
    return 0;
}

static int write_dict(Writer *w, PyObject *pairs, int depth) {
    if (UNLIKELY(depth > DEPTH)) {
        return write_deep(w, pairs, depth - 1);
    }
    int failed = write_few(w, pairs, depth);
    if (failed != MANY) {
        return failed;
    }
    PyObject *alone = alone_container(pairs);
    if (alone == NULL) {
        return -1;
    }
    failed = write_pairs(w, alone, depth);
    alone_end(alone);
    return failed;
}

NOINLINE int open_container(Writer *w, PyObject *value) {
    return PyDict_Check(value) ? open_dict(w, PyDict_GET_SIZE(value))
                               : open_list(w, PySequence_Fast_GET_SIZE(value));
}

/* A container that is written. */
typedef struct {
    PyObject *value, *key, *texts; /* `value` is `alone`, the key at hand is owned */
    Py_ssize_t at;
} Written;

/* A container that `depth` others are around, however deep it is. */
static int write_deep(Writer *w, PyObject *value, int depth) {
    if (depth >= MAX_DEPTH) {
        return DOUBT;
    }
    Written *open = PyMem_Malloc((size_t)(MAX_DEPTH - depth) * sizeof(Written));
    if (open == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    PyObject *alone = alone_container(value);
    int deep = alone != NULL;
    int failed = !deep || open_container(w, alone) < 0;
    open[0] = (Written){alone, NULL, NULL, 0};
    while (!failed && deep > 0) {
        Written *o = &open[deep - 1];
        PyObject *value;
        Py_CLEAR(o->key);
        if (PyDict_Check(o->value)) {
            PyObject *key;
            if (!PyDict_Next(o->value, &o->at, &key, &value)) {
                Py_CLEAR(o->texts);
                alone_end(o->value);
                deep -= 1;
                continue;
            }
            PyObject *odd = NULL;
            failed = write_key(w, o->value, &key, &odd, &o->texts) < 0;
            if (failed) {
                Py_XDECREF(odd);
                break;
            }
            o->key = odd != NULL ? odd : Py_NewRef(key);
        }
        else {
            if (o->at == PySequence_Fast_GET_SIZE(o->value)) {
                alone_end(o->value);
                deep -= 1;
                continue;
            }
            value = PySequence_Fast_ITEMS(o->value)[o->at++];
        }
        if (!PyList_Check(value) && !PyTuple_Check(value) && !PyDict_Check(value)) {
            failed = write_any(w, value, depth) < 0;
        }
        else if (depth + deep >= MAX_DEPTH) {
            failed = 1;
        }
        else {
            PyObject *alone = alone_container(value);
            failed = alone == NULL || open_container(w, alone) < 0;
            if (failed) {
                alone_end(alone);
            }
            else {
                open[deep++] = (Written){alone, NULL, NULL, 0};
            }
        }
        if (UNLIKELY(failed) && !PyErr_Occurred()) {
            write_blame(w, value, 0, 0);
        }
    }
    while (deep > 0) {
        Written *o = &open[--deep];
        int is_dict = PyDict_Check(o->value);
        Py_XDECREF(o->texts);
        if (o->key != NULL) {
            write_lost(w, o->key, o->key);
        }
        else if (!is_dict && o->at > 0) {
            write_lost_at(w, o->at - 1, o->value);
        }
        alone_end(o->value);
    }
    PyMem_Free(open);
    return failed ? -1 : 0;
}

/* Subclasses as their base, and what is like bytes. */
static int write_other(Writer *w, PyObject *value, int depth) {
    if (Py_IS_TYPE(value, TYPE(ENCODED_TYPE)) && depth <= 1) {
        return write_raw(w, PyBytes_AS_STRING(value), (size_t)PyBytes_GET_SIZE(value));
    }
    if (PyLong_Check(value)) {
        return write_int(w, value);
    }
    if (PyFloat_Check(value)) {
        return write_float(w, value);
    }
    if (PyUnicode_Check(value)) {
        return write_text(w, value);
    }
    if (PyBytes_Check(value)) {
        return write_bytes(w, value);
    }
    if (PyList_Check(value)) {
        return UNLIKELY(depth >= DEPTH) ? write_deep(w, value, depth) : write_items(w, value, depth + 1);
    }
    if (PyTuple_Check(value)) {
        return UNLIKELY(depth >= DEPTH) ? write_deep(w, value, depth) : write_list(w, ((PyTupleObject *)value)->ob_item, PyTuple_GET_SIZE(value), depth + 1);
    }
    if (PyDict_Check(value)) {
        return write_dict(w, value, depth + 1);
    }
    if (PyByteArray_Check(value) || PyMemoryView_Check(value)) {
        Py_buffer buffer;
        if (PyObject_GetBuffer(value, &buffer, PyBUF_SIMPLE) < 0) {
            PyErr_Clear();
            return DOUBT;
        }
        int done = write_blob(w, buffer.buf, (size_t)buffer.len);
        PyBuffer_Release(&buffer);
        return done;
    }
    return DOUBT;
}


INLINE int routing_field(const uint8_t *name, size_t size);
NOINLINE int skip_value(Reader *r);

/* Walk over the value at hand, after which `owed` bytes are owed to what is around it.
   Returns -1 at a fault, or with an exception. */
INLINE int walk(Judge *j, Reader *r, size_t owed, const int build) {
    const uint8_t *const base = r->base;
    int64_t pos = r->pos - base, at = pos;
    const int64_t end = r->end - base;
    Open o = {1, 1, end - (int64_t)owed, NULL, NULL, NULL, 0, 0};
    PyObject *key = NULL;
    int missing = ROUTING_FIELDS;
    for (;;) {
        while (o.left == 0) {
            if (build && o.is_dict && PyDict_GET_SIZE(o.made) != o.count) {
                goto fault;
            }
            if (!build && o.keys != NULL) {
                judge_forget(j, o.keys);
                o.keys = NULL;
            }
            if (j->depth == 0) {
                r->pos = base + pos;
                return 0;
            }
            o = j->open[--j->depth];
        }
        o.left -= 1;
        at = pos;
        if (o.is_dict) {
            if (!build && UNLIKELY(j->is_routing) && j->depth == 1 && missing == 0) {
                j->is_cut = 1;
                return 0;
            }
            o.key = NULL;
            if (end - pos < 5 || base[pos] != 0x11) {
                goto fault;
            }
            int64_t size = get32(base + pos + 1);
            pos += 5 + size;
            if (size > 67108864 || pos > o.room - o.left * 6) {
                goto fault;
            }
            const uint8_t *name = base + pos - size;
            if (build) {
                key = read_key(name, (size_t)size, o.count <= MANY_KEYS);
                if (UNLIKELY(key == NULL)) {
                    goto fault;
                }
            }
            else if (UNLIKELY(!judge_key(j, &o, name, (size_t)size))) {
                goto fault;
            }
            if (!build && UNLIKELY(j->is_routing) && j->depth == 1) {
                int which = routing_field(name, (size_t)size);
                if (which > EARLY_FIELD && missing == 1 && j->found[EARLY_FIELD] == 0) {
                    j->is_cut = 1;
                    return 0;
                }
                if (which < 0 || which > EARLY_FIELD) {
                    r->pos = base + pos;
                    if (skip_value(r) == 0) {
                        pos = r->pos - base;
                        continue;
                    }
                }
                else {
                    if (j->found[which] != 0) {
                        j->is_again = 1;
                        goto fault;
                    }
                    j->found[which] = pos;
                    missing -= 1;
                }
            }
            o.key = name;
            o.key_size = (size_t)size;
            at = pos;
        }
        const int64_t most = o.room - o.left * (o.is_dict ? 6 : 1);
        if (pos >= end) {
            goto fault;
        }
        switch (base[pos]) {
            case CODE_NONE: {
                pos += 1;
                if (build && judge_put(j, &o, key, Py_NewRef(Py_None)) < 0) {
                    goto fault;
                }
                break;
            }
            case CODE_BOOL: {
                pos += 2;
                if (pos > end) {
                    goto fault;
                }
                PyObject *chosen;
                switch (get8(base + pos - 1)) {
                    case 0: chosen = Py_False; break;
                    case 1: chosen = Py_True; break;
                    default: goto fault;
                }
                if (build && judge_put(j, &o, key, Py_NewRef(chosen)) < 0) {
                    goto fault;
                }
                break;
            }
            case CODE_INT64: {
                pos += 9;
                if (pos > end) {
                    goto fault;
                }
                if (build && judge_put(j, &o, key, PyLong_FromLongLong((int64_t)get64(base + pos - 8))) < 0) {
                    goto fault;
                }
                break;
            }
            case CODE_FLOAT64: {
                pos += 9;
                if (pos > end) {
                    goto fault;
                }
                if (build && judge_put(j, &o, key, PyFloat_FromDouble(getf64(base + pos - 8))) < 0) {
                    goto fault;
                }
                break;
            }
            case CODE_BYTES: {
                if (end - pos < 5) {
                    goto fault;
                }
                int64_t size = get32(base + pos + 1);
                if (build && base + pos + 5 == r->apart_at) {
                    pos += 5;
                    if (build && judge_put(j, &o, key, read_apart(r, (size_t)size)) < 0) {
                        goto fault;
                    }
                    break;
                }
                pos += 5 + size;
                if (size > 67108864 || pos > most) {
                    goto fault;
                }
                if (build && judge_put(j, &o, key, read_blob(r, base + pos - size, (size_t)size)) < 0) {
                    goto fault;
                }
                break;
            }
            case CODE_STRING: {
                if (end - pos < 5) {
                    goto fault;
                }
                int64_t size = get32(base + pos + 1);
                pos += 5 + size;
                if (size > 67108864 || pos > most) {
                    goto fault;
                }
                if (!build && !is_text(base + pos - size, (size_t)size)) {
                    j->is_no_text = 1;
                    goto fault;
                }
                if (build && judge_put(j, &o, key, read_text(base + pos - size, (size_t)size)) < 0) {
                    goto fault;
                }
                break;
            }
            case CODE_LIST: {
                if (j->outside + j->depth >= MAX_DEPTH || end - pos < 5) {
                    goto fault;
                }
                int64_t size = get32(base + pos + 1);
                pos += 5;
                if (size > 1048576 || pos + size * 1 > most) {
                    goto fault;
                }
                PyObject *made = NULL;
                if (build) {
                    made = PyList_New((Py_ssize_t)size);
                    if (judge_put(j, &o, key, made) < 0) {
                        goto fault;
                    }
                }
                if (size > 0) {
                    if (judge_open(j, &o) < 0) {
                        goto fault;
                    }
                    o = (Open){size, size, most, made, NULL, NULL, 0, 0};
                }
                break;
            }
            case CODE_DICT: {
                if (j->outside + j->depth >= MAX_DEPTH || end - pos < 5) {
                    goto fault;
                }
                int64_t size = get32(base + pos + 1);
                pos += 5;
                if (size > 1048576 || pos + size * 6 > most) {
                    goto fault;
                }
                PyObject *made = NULL;
                if (build) {
                    made = PyDict_New();
                    if (judge_put(j, &o, key, made) < 0) {
                        goto fault;
                    }
                }
                if (size > 0) {
                    if (judge_open(j, &o) < 0) {
                        goto fault;
                    }
                    o = (Open){size, size, most, made, NULL, NULL, 0, 1};
                    if (!build && size > 1 && !(j->is_routing && j->depth == 1)) {
                        o.keys = judge_keys(j);
                        if (o.keys == NULL) {
                            goto fault;
                        }
                    }
                }
                break;
            }
            default: goto fault;
        }
        if (build) {
            Py_CLEAR(key);
        }
    }
    fault:
    Py_XDECREF(key);
    j->here = o;
    j->at = at;
    return -1;
}

static int check_value(Judge *j, Reader *r) {
    return walk(j, r, 0, 0);
}

/* The value of a container that `depth` others are around, however deep it is. */
NOINLINE PyObject *read_deep(Reader *r, int depth, size_t owed) {
    Judge j;
    judge_init(&j);
    j.outside = depth;
    if (walk(&j, r, owed, 1) < 0) {
        Py_CLEAR(j.root);
    }
    judge_close(&j);
    return j.root;
}


static PyObject *read_list(Reader *r, int depth, size_t owed);
static PyObject *read_dict(Reader *r, int depth, size_t owed);

/* `depth` containers are open, which still owe `owed` bytes after this value. */
INLINE PyObject *read_value(Reader *r, int depth, size_t owed) {
    if (UNLIKELY(r->pos >= r->end)) {
        return NULL;
    }
    switch (*r->pos) {
        case CODE_NONE: {
            r->pos += 1;
            return Py_NewRef(Py_None);
        }
        case CODE_BOOL: {
            if (UNLIKELY(left(r) < 2)) {
                return NULL;
            }
            r->pos += 2;
            switch (get8(r->pos - 1)) {
                case 0: return Py_NewRef(Py_False);
                case 1: return Py_NewRef(Py_True);
                default: return NULL;
            }
        }
        case CODE_INT64: {
            if (UNLIKELY(left(r) < 9)) {
                return NULL;
            }
            r->pos += 9;
            return PyLong_FromLongLong((int64_t)get64(r->pos - 8));
        }
        case CODE_FLOAT64: {
            if (UNLIKELY(left(r) < 9)) {
                return NULL;
            }
            r->pos += 9;
            return PyFloat_FromDouble(getf64(r->pos - 8));
        }
        case CODE_BYTES: {
            if (UNLIKELY(left(r) < 5)) {
                return NULL;
            }
            size_t size = get32(r->pos + 1);
            if (UNLIKELY(r->pos + 5 == r->apart_at)) {
                r->pos += 5;
                return read_apart(r, size);
            }
            if (UNLIKELY(size > left(r) - 5 || size > 67108864)) {
                return NULL;
            }
            const uint8_t *data = r->pos + 5;
            PyObject *value = read_blob(r, data, size);
            r->pos += 5 + size;
            return value;
        }
        case CODE_STRING: {
            if (UNLIKELY(left(r) < 5)) {
                return NULL;
            }
            size_t size = get32(r->pos + 1);
            if (UNLIKELY(size > left(r) - 5 || size > 67108864)) {
                return NULL;
            }
            const uint8_t *data = r->pos + 5;
            PyObject *value = read_text(data, size);
            r->pos += 5 + size;
            return value;
        }
        case CODE_LIST: {
            return read_list(r, depth + 1, owed);
        }
        case CODE_DICT: {
            return read_dict(r, depth + 1, owed);
        }
    }
    return NULL;
}

NOINLINE PyObject *read_any(Reader *r, int depth, size_t owed) {
    return read_value(r, depth, owed);
}

/* A value that is a text most often, and the same one again and again. */
INLINE PyObject *read_short(Reader *r) {
    if (LIKELY(left(r) >= 5 && *r->pos == 0x11)) {
        size_t size = get32(r->pos + 1);
        if (LIKELY(size <= KEY_BYTES && size <= left(r) - 5)) {
            r->pos += 5 + size;
            return read_key(r->pos - size, size, 1);
        }
    }
    return read_any(r, 1, 0);
}

static PyObject *read_list(Reader *r, int depth, size_t owed) {
    if (UNLIKELY(depth > DEPTH)) {
        return read_deep(r, depth - 1, owed);
    }
    if (UNLIKELY(left(r) < 5)) {
        return NULL;
    }
    size_t count = get32(r->pos + 1);
    r->pos += 5;
    if (UNLIKELY(count > 1048576 || count * 1 + owed > left(r))) {
        return NULL;
    }
    PyObject *items = PyList_New((Py_ssize_t)count);
    if (UNLIKELY(items == NULL)) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        while (i < count && left(r) >= 9 && *r->pos == CODE_FLOAT64) {
            PyObject *number = PyFloat_FromDouble(getf64(r->pos + 1));
            if (UNLIKELY(number == NULL)) {
                Py_DECREF(items);
                return NULL;
            }
            PyList_SET_ITEM(items, i, number);
            r->pos += 9;
            i += 1;
        }
        if (i == count) {
            break;
        }
        PyObject *item = read_value(r, depth, owed + (count - 1 - i) * 1);
        if (UNLIKELY(item == NULL)) {
            Py_DECREF(items);
            return NULL;
        }
        PyList_SET_ITEM(items, i, item);
    }
    return items;
}

static PyObject *read_dict(Reader *r, int depth, size_t owed) {
    if (UNLIKELY(depth > DEPTH)) {
        return read_deep(r, depth - 1, owed);
    }
    if (UNLIKELY(left(r) < 5)) {
        return NULL;
    }
    size_t count = get32(r->pos + 1);
    r->pos += 5;
    if (UNLIKELY(count > 1048576 || count * 6 + owed > left(r))) {
        return NULL;
    }
    PyObject *pairs = PyDict_New();
    if (UNLIKELY(pairs == NULL)) {
        return NULL;
    }
    size_t i = 0;
    while (i < count) {
        if (UNLIKELY(left(r) < 5 || *r->pos != 0x11)) {
            break;
        }
        size_t size = get32(r->pos + 1);
        if (UNLIKELY(size > left(r) - 5)) {
            break;
        }
        PyObject *key = read_key(r->pos + 5, size, count <= MANY_KEYS);
        r->pos += 5 + size;
        if (UNLIKELY(key == NULL)) {
            break;
        }
        PyObject *value = read_value(r, depth, owed + (count - 1 - i) * 6);
        if (UNLIKELY(value == NULL || dict_set(pairs, key, value) < 0)) {
            Py_DECREF(key);
            Py_XDECREF(value);
            break;
        }
        Py_DECREF(key);
        Py_DECREF(value);
        i += 1;
    }
    /* Two equal keys make the dict smaller than it says. */
    if (UNLIKELY(i < count || (size_t)PyDict_GET_SIZE(pairs) != count)) {
        Py_DECREF(pairs);
        return NULL;
    }
    return pairs;
}

