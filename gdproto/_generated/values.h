/* @generated from spec/ (0e55242897752904) by python -m spec.codegen --write; do not edit */
/* === Values ================================================================================== */

static int write_list(Writer *w, PyObject *const *items, Py_ssize_t count, int depth);
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
        return write_list(w, ((PyListObject *)value)->ob_item, PyList_GET_SIZE(value), depth + 1);
    }
    if (type == &PyTuple_Type) {
        return write_list(w, ((PyTupleObject *)value)->ob_item, PyTuple_GET_SIZE(value), depth + 1);
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

static int write_list(Writer *w, PyObject *const *items, Py_ssize_t count, int depth) {
    if (depth > DEPTH || (size_t)count > 1048576) {
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
        if (write_value(w, items[i], depth) < 0) {
            return -1;
        }
    }
    return 0;
}

static int write_dict(Writer *w, PyObject *pairs, int depth) {
    PyObject *key, *value;
    Py_ssize_t at = 0, count = PyDict_GET_SIZE(pairs);
    if (depth > DEPTH || (size_t)count > 1048576) {
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
    while (PyDict_Next(pairs, &at, &key, &value)) {
        /* Other keys may have the same text. */
        if (!PyUnicode_CheckExact(key) || write_text(w, key) < 0 ||
            write_value(w, value, depth) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Subclasses as their base, and what is like bytes. */
static int write_other(Writer *w, PyObject *value, int depth) {
    if (Py_IS_TYPE(value, encoded_type) && depth <= 1) {
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
        return write_list(w, ((PyListObject *)value)->ob_item, PyList_GET_SIZE(value), depth + 1);
    }
    if (PyTuple_Check(value)) {
        return write_list(w, ((PyTupleObject *)value)->ob_item, PyTuple_GET_SIZE(value), depth + 1);
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
    if (UNLIKELY(depth > DEPTH || left(r) < 5)) {
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
    if (UNLIKELY(depth > DEPTH || left(r) < 5)) {
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

