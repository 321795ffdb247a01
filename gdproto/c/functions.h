/* === The functions that Python calls ========================================================= */

/* As they are asked for in doubt: see `home.h`. */
static const char *const fallback_names[] = {
    "encode",        "decode",       "check",        "refuse",   "refuse_writing",
    "serialize",     "parse",        "parse_payload", "parse_header", "peek_request", "readable", "next_event", "receive_data",
    "send",          "send_parts",   "send_frame",
};

static PyObject *new_header_from(const uint8_t *data);

INLINE PyObject *fall_back(int which, PyObject *const *args, size_t count, PyObject *names) {
    if (PyErr_Occurred()) {
        return NULL;
    }
    if (home->owned[which] == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "the codec is not bound: import gdproto");
        return NULL;
    }
    return PyObject_Vectorcall(home->owned[which], args, count, names);
}

/* The collector would only look through what is being made: it is held off for long messages. */
#define LONG_BYTES 4096

INLINE int collector_hold(size_t size) {
#ifdef Py_GIL_DISABLED
    /* It is for all threads to have. */
    (void)size;
    return 0;
#else
    return size > LONG_BYTES && PyGC_Disable();
#endif
}

INLINE void collector_release(int held) {
    if (held) {
        PyGC_Enable();
    }
}

/* Raise the ProtocolError of what could not be written; nothing is raised in doubt. */
NOINLINE void write_raise(Writer *w, PyObject *value) {
    int depth = w->trail == NULL ? 0 : (int)PyList_GET_SIZE(w->trail);
    PyObject *location = depth == 0 ? PyList_New(0) : Py_NewRef(w->trail), *done = NULL;
    if (location != NULL && PyList_Reverse(location) == 0) {
        done = PyObject_CallFunction(home->owned[FALLBACK_REFUSE_WRITING], "OOiiii",
                                     w->culprit == NULL ? value : w->culprit, location, depth,
                                     w->is_key, w->is_again, written(w) > w->most);
    }
    Py_XDECREF(location);
    Py_XDECREF(done);
}

/* The bytes of a value, of which there may be `most`; NULL with an exception, or in doubt. */
INLINE PyObject *encoded(PyObject *value, size_t most) {
    Writer w;
    writer_init(&w, most);
    if (LIKELY(write_value(&w, value, 0) == 0 && written(&w) <= most)) {
        return writer_finish(&w);
    }
    if (!PyErr_Occurred()) {
        write_raise(&w, value);
    }
    writer_drop(&w);
    return NULL;
}

static PyObject *codec_encode(PyObject *module, PyObject *const *args, Py_ssize_t count,
                              PyObject *names) {
    (void)module;
    enter();
    if (LIKELY(count == 1 && names == NULL)) {
        PyObject *bytes = encoded(args[0], MOST_VALUE_BYTES);
        if (LIKELY(bytes != NULL)) {
            return bytes;
        }
    }
    return fall_back(FALLBACK_ENCODE, args, (size_t)count, names);
}

/* encode_payload(value) -> bytes, or None in doubt. */
static PyObject *codec_encode_payload(PyObject *module, PyObject *value) {
    (void)module;
    enter();
    PyObject *bytes = encoded(value, MAX_PAYLOAD_BYTES);
    return bytes != NULL || PyErr_Occurred() ? bytes : Py_NewRef(Py_None);
}

/* Whether the call is f(argument) or f(argument, *, zero_copy=...); -1 for any other. */
INLINE int zero_copy_asked(PyObject *const *args, Py_ssize_t count, PyObject *names) {
    if (count != 1) {
        return -1;
    }
    if (names == NULL) {
        return 0;
    }
    if (PyTuple_GET_SIZE(names) != 1 ||
        PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "zero_copy") != 0) {
        return -1;
    }
    return args[1] == Py_True ? 1 : args[1] == Py_False ? 0 : -1;
}

/* Bytes that stay readable, and as they are, from `source_open` to `source_close`. */
typedef struct {
    Reader reader;
    Py_buffer buffer;
    PyObject *view;
    PyObject *copy; /* what is read in the place of what other threads may write; or NULL */
} Source;

/* The bytes of `data`, of which there is a buffer; 0, or -1 with an exception. */
INLINE int source_read(Source *s, PyObject *data) {
    s->reader.base = s->buffer.buf;
#ifdef Py_GIL_DISABLED
    PyObject *behind = PyMemoryView_Check(data) ? PyMemoryView_GET_BASE(data) : NULL;
    if (behind == NULL || !PyBytes_CheckExact(behind)) {
        s->copy = PyBytes_FromStringAndSize(s->buffer.buf, s->buffer.len);
        if (s->copy == NULL) {
            return -1;
        }
        s->reader.base = (const uint8_t *)PyBytes_AS_STRING(s->copy);
    }
#else
    (void)data;
#endif
    s->reader.end = s->reader.base + s->buffer.len;
    return 0;
}

/* 0, or DOUBT. `view` is asked for blobs as slices, and made for bytes where it is missing. */
INLINE int source_open(Source *s, PyObject *data, int zero_copy) {
    s->view = s->copy = s->reader.apart = NULL;
    s->reader.apart_at = NULL;
    s->buffer.obj = NULL;
    if (LIKELY(PyBytes_CheckExact(data))) {
        s->reader.base = (const uint8_t *)PyBytes_AS_STRING(data);
        s->reader.end = s->reader.base + PyBytes_GET_SIZE(data);
        if (zero_copy) {
            s->view = PyMemoryView_FromObject(data);
            if (s->view == NULL) {
                return -1;
            }
        }
    } else {
        if (!PyMemoryView_Check(data) && !PyByteArray_CheckExact(data)) {
            return DOUBT;
        }
        if (zero_copy) {
            s->view = PyObject_CallFunctionObjArgs(home->owned[FALLBACK_READABLE], data, Py_True, NULL);
            if (s->view == NULL) {
                return -1;
            }
            data = s->view;
        }
        if (PyObject_GetBuffer(data, &s->buffer, PyBUF_SIMPLE) < 0) {
            PyErr_Clear();
            Py_CLEAR(s->view);
            return DOUBT;
        }
        if (source_read(s, data) < 0) {
            PyBuffer_Release(&s->buffer);
            Py_CLEAR(s->view);
            return -1;
        }
    }
    s->reader.pos = s->reader.base;
    s->reader.view = s->view;
    return 0;
}

INLINE void source_close(Source *s) {
    if (UNLIKELY(s->buffer.obj != NULL)) {
        PyBuffer_Release(&s->buffer);
    }
    Py_XDECREF(s->view);
    Py_XDECREF(s->copy);
}

/* An index into `data` given as the optional argument `which`; -1 for none that fits. */
INLINE Py_ssize_t start_given(PyObject *const *args, Py_ssize_t count, Py_ssize_t which) {
    if (count <= which) {
        return 0;
    }
    if (!PyLong_CheckExact(args[which])) {
        return -1;
    }
    Py_ssize_t start = PyLong_AsSsize_t(args[which]);
    if (start == -1 && PyErr_Occurred()) {
        PyErr_Clear();
    }
    return start;
}

static PyObject *codec_decode(PyObject *module, PyObject *const *args, Py_ssize_t count,
                              PyObject *names) {
    (void)module;
    enter();
    Source s;
    int zero_copy = zero_copy_asked(args, count, names);
    if (LIKELY(zero_copy >= 0 && source_open(&s, args[0], zero_copy) == 0)) {
        int held = collector_hold(left(&s.reader));
        PyObject *value = read_value(&s.reader, 0, 0);
        collector_release(held);
        int whole = s.reader.pos == s.reader.end;
        source_close(&s);
        if (LIKELY(value != NULL && whole)) {
            return value;
        }
        Py_XDECREF(value);
    }
    return fall_back(FALLBACK_DECODE, args, (size_t)count, names);
}

/* --- what is right, without building it --- */

/* Raise the ProtocolError of what was found in `data`. */
NOINLINE void judge_raise(const Judge *j, const Reader *r, PyObject *data) {
    const Open *o = &j->here;
    int is_key = o->is_dict && o->key == NULL;
    int64_t owed = r->end - r->base - (o->room - o->left * (o->is_dict ? DICT_BYTES : LIST_BYTES));
    PyObject *location = judge_location(j);
    PyObject *done = location == NULL ? NULL
                                      : PyObject_CallFunction(home->owned[FALLBACK_REFUSE], "OLNiLiii", data,
                                                              (long long)j->at, location, j->depth,
                                                              (long long)owed, is_key, j->is_again,
                                                              j->is_no_text);
    Py_XDECREF(done);
}

/* 0, or -1 with a ProtocolError: of the value at hand, as far as it is asked for. */
INLINE int judge(Judge *j, Reader *r, PyObject *data) {
    int held = collector_hold(left(r));
    PyThreadState *aside = left(r) < LONG_WALK_BYTES ? NULL : PyEval_SaveThread();
    int failed = check_value(j, r) < 0;
    if (UNLIKELY(aside != NULL)) {
        PyEval_RestoreThread(aside);
    }
    if (UNLIKELY(failed) && !PyErr_Occurred()) {
        judge_raise(j, r, data);
    }
    judge_close(j);
    collector_release(held);
    return failed ? -1 : 0;
}

static PyObject *codec_check(PyObject *module, PyObject *const *args, Py_ssize_t count,
                             PyObject *names) {
    (void)module;
    enter();
    Source s;
    if (LIKELY(count == 1 && names == NULL && source_open(&s, args[0], 0) == 0)) {
        Judge j;
        judge_init(&j);
        int done = judge(&j, &s.reader, args[0]);
        int whole = s.reader.pos == s.reader.end;
        source_close(&s);
        if (done < 0) {
            return NULL;
        }
        if (LIKELY(whole)) {
            Py_RETURN_NONE;
        }
    }
    return fall_back(FALLBACK_CHECK, args, (size_t)count, names);
}

/* Open `data` at the index `at`, from Python code of ours. */
INLINE int source_open_at(Source *s, PyObject *const *args, Py_ssize_t count, Py_ssize_t wanted) {
    Py_ssize_t at = count == wanted ? start_given(args, count, 1) : -1;
    if (at < 0 || source_open(s, args[0], 0) < 0) {
        PyErr_SetString(PyExc_TypeError, "bytes are needed, and a place in them");
        return -1;
    }
    s->reader.pos += (size_t)at < left(&s->reader) ? (size_t)at : left(&s->reader);
    return 0;
}

/* check_at(data, at) -> where the value there ends. */
static PyObject *codec_check_at(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    enter();
    Source s;
    Judge j;
    if (source_open_at(&s, args, count, 2) < 0) {
        return NULL;
    }
    judge_init(&j);
    int done = judge(&j, &s.reader, args[0]);
    Py_ssize_t stop = s.reader.pos - s.reader.base;
    source_close(&s);
    return done < 0 ? NULL : PyLong_FromSsize_t(stop);
}

/* route(data, at) -> (where those fields begin by which a REQUEST is routed, 0 for none; where the
   payload ends, or -1). */
static PyObject *codec_route(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    enter();
    Source s;
    Judge j;
    if (source_open_at(&s, args, count, 2) < 0) {
        return NULL;
    }
    judge_init(&j);
    j.is_routing = 1;
    int done = judge(&j, &s.reader, args[0]);
    Py_ssize_t stop = j.is_cut ? -1 : s.reader.pos - s.reader.base;
    source_close(&s);
    PyObject *found = done < 0 ? NULL : PyTuple_New(ROUTING_FIELDS);
    for (int i = 0; found != NULL && i < ROUTING_FIELDS; i++) {
        PyObject *at = PyLong_FromLongLong(j.found[i]);
        if (at == NULL) {
            Py_CLEAR(found);
        } else {
            PyTuple_SET_ITEM(found, i, at);
        }
    }
    return found == NULL ? NULL : Py_BuildValue("Nn", found, stop);
}

/* spans(data, at, names) -> {name: (start, stop)}: the values of these keys in a dict that is right. */
static PyObject *codec_spans(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    enter();
    Source s;
    if (source_open_at(&s, args, count, 3) < 0) {
        return NULL;
    }
    PyObject *names = PySequence_Tuple(args[2]), *found = PyDict_New();
    if (names == NULL || found == NULL || read_spans(&s.reader, names, found) < 0) {
        Py_CLEAR(found);
    }
    Py_XDECREF(names);
    source_close(&s);
    return found;
}

/* --- messages --- */

/* A message whose fields no other thread changes; NULL with an exception. */
#ifndef Py_GIL_DISABLED
INLINE PyObject *alone_message(PyObject *message, int index) {
    (void)index;
    return message;
}
#else
static PyObject *alone_message(PyObject *message, int index) {
    PyTypeObject *type = Py_TYPE(message);
    PyObject *copy = type->tp_alloc(type, 0);
    Py_BEGIN_CRITICAL_SECTION(message);
    for (int i = 0; copy != NULL && i < MAX_FIELDS && field_names[index][i] != NULL; i++) {
        SLOT(copy, index, i) = Py_XNewRef(SLOT(message, index, i));
    }
    Py_END_CRITICAL_SECTION();
    return copy;
}
#endif

/* `to_bytes` of a message class: a method descriptor, so that no Python frame stands between. */
static PyObject *message_to_bytes(PyObject *self, PyObject *unused) {
    (void)unused;
    enter();
    int index = class_index(Py_TYPE(self));
    PyObject *alone = index >= 0 ? alone_message(self, index) : NULL;
    if (LIKELY(alone != NULL)) {
        Writer w;
        writer_init(&w, HEADER_BYTES + MAX_PAYLOAD_BYTES);
        w.pos += HEADER_BYTES;
        int failed = write_message(&w, alone, index);
        alone_end(alone);
        if (LIKELY(!failed)) {
            return writer_finish(&w);
        }
        writer_drop(&w);
    }
    PyObject *args[] = {self};
    return fall_back(FALLBACK_SERIALIZE, args, 1, NULL);
}

/* The message whose payload is what `reader` holds, or NULL. */
NOINLINE PyObject *read_message(Reader *r, uint8_t code, PyObject *request_id) {
    int index = code_index[code];
    if (index < 0) {
        return NULL;
    }
    const uint8_t *start = r->pos;
    int held = collector_hold(left(r));
    int is_faulty;
    PyObject *message = read_in_order(r, index, request_id, &is_faulty);
    if (UNLIKELY(message == NULL && !is_faulty && !PyErr_Occurred() && has_fields[index])) {
        /* Another order, or fields that are not there: the class picks them from the dict. */
        r->pos = start;
        PyObject *payload = read_value(r, 0, 0);
        if (payload != NULL && PyDict_CheckExact(payload) && r->pos == r->end) {
            message = PyObject_CallMethod(home->owned[MESSAGE_TYPES + index], "_from_payload", "OO",
                                          request_id, payload);
            if (message == NULL && PyErr_ExceptionMatches(PyExc_Exception)) {
                PyErr_Clear();
            }
        }
        Py_XDECREF(payload);
    }
    collector_release(held);
    return message;
}

static PyObject *codec_parse(PyObject *module, PyObject *const *args, Py_ssize_t count,
                             PyObject *names) {
    (void)module;
    enter();
    Source s;
    int zero_copy = zero_copy_asked(args, count, names);
    if (LIKELY(zero_copy >= 0 && source_open(&s, args[0], zero_copy) == 0)) {
        PyObject *message = NULL;
        Reader *r = &s.reader;
        if (left(r) >= HEADER_BYTES && header_is_sound(r->pos) &&
            left(r) - HEADER_BYTES == HEADER_LENGTH(r->pos)) {
            int bare = !has_fields[code_index[HEADER_TYPE(r->pos)]];
            PyObject *request_id = PyLong_FromUnsignedLongLong(HEADER_REQUEST_ID(r->pos));
            if (request_id != NULL && !(bare && HEADER_LENGTH(r->pos))) {
                r->pos += HEADER_BYTES;
                message = read_message(r, HEADER_TYPE(r->base), request_id);
            }
            Py_XDECREF(request_id);
        }
        source_close(&s);
        if (LIKELY(message != NULL)) {
            return message;
        }
    }
    return fall_back(FALLBACK_PARSE, args, (size_t)count, names);
}

static PyObject *codec_parse_payload(PyObject *module, PyObject *const *args, Py_ssize_t count,
                                     PyObject *names) {
    (void)module;
    enter();
    Source s;
    Py_ssize_t start = start_given(args, count, 2);
    if (LIKELY((count == 2 || count == 3) && names == NULL && start >= 0 &&
               Py_IS_TYPE(args[0], TYPE(HEADER_TYPE)) && PyLong_CheckExact(PyTuple_GET_ITEM(args[0], 0)))) {
        long code = PyLong_AsLong(PyTuple_GET_ITEM(args[0], 0));
        PyObject *data = args[1];
        int is_view = PyMemoryView_Check(data);
        if (code >= 0 && code < 256 && (is_view || PyBytes_CheckExact(data)) &&
            source_open(&s, data, 0) == 0) {
            PyObject *message = NULL;
            if ((size_t)start <= left(&s.reader)) {
                s.reader.view = is_view ? data : NULL;
                s.reader.pos += start;
                message = read_message(&s.reader, (uint8_t)code, PyTuple_GET_ITEM(args[0], 2));
            }
            source_close(&s);
            if (LIKELY(message != NULL)) {
                return message;
            }
        }
    }
    return fall_back(FALLBACK_PARSE_PAYLOAD, args, (size_t)count, names);
}

static PyObject *codec_parse_header(PyObject *module, PyObject *const *args, Py_ssize_t count,
                                    PyObject *names) {
    (void)module;
    enter();
    Source s;
    Py_ssize_t start = start_given(args, count, 1);
    if (LIKELY((count == 1 || count == 2) && names == NULL && start >= 0 &&
               source_open(&s, args[0], 0) == 0)) {
        PyObject *header = NULL;
        if ((size_t)start <= left(&s.reader) && left(&s.reader) - (size_t)start >= HEADER_BYTES &&
            header_is_sound(s.reader.pos + start)) {
            header = new_header_from(s.reader.pos + start);
        }
        source_close(&s);
        if (LIKELY(header != NULL)) {
            return header;
        }
    }
    return fall_back(FALLBACK_PARSE_HEADER, args, (size_t)count, names);
}

static PyObject *new_header_from(const uint8_t *data) {
    PyObject *header = TYPE(HEADER_TYPE)->tp_alloc(TYPE(HEADER_TYPE), 3);
    if (header == NULL) {
        return NULL;
    }
    PyTuple_SET_ITEM(header, 0, PyLong_FromLong(HEADER_TYPE(data)));
    PyTuple_SET_ITEM(header, 1, PyLong_FromUnsignedLong(HEADER_LENGTH(data)));
    PyTuple_SET_ITEM(header, 2, PyLong_FromUnsignedLongLong(HEADER_REQUEST_ID(data)));
    for (int i = 0; i < 3; i++) {
        if (PyTuple_GET_ITEM(header, i) == NULL) {
            Py_DECREF(header);
            return NULL;
        }
    }
    return header;
}

static PyObject *codec_peek_request(PyObject *module, PyObject *const *args, Py_ssize_t count,
                                    PyObject *names) {
    (void)module;
    enter();
    Source s;
    Py_ssize_t start = start_given(args, count, 1);
    if (LIKELY((count == 1 || count == 2) && names == NULL && start >= 0 &&
               source_open(&s, args[0], 0) == 0)) {
        PyObject *found[ROUTING_FIELDS] = {NULL};
        PyObject *peek = NULL;
        if ((size_t)start <= left(&s.reader)) {
            s.reader.pos += start;
            if (peek_routing(&s.reader, found) == 0) {
                peek = TYPE(PEEK_TYPE)->tp_alloc(TYPE(PEEK_TYPE), ROUTING_FIELDS);
            }
        }
        for (int i = 0; i < ROUTING_FIELDS; i++) {
            if (peek != NULL) {
                PyTuple_SET_ITEM(peek, i, found[i] != NULL ? found[i] : Py_NewRef(Py_None));
            } else {
                Py_XDECREF(found[i]);
            }
        }
        source_close(&s);
        if (LIKELY(peek != NULL)) {
            return peek;
        }
    }
    return fall_back(FALLBACK_PEEK_REQUEST, args, (size_t)count, names);
}
