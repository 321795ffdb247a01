/* === The functions that Python calls ========================================================= */

/* What is asked in doubt, in gdproto. */
enum {
    FALLBACK_ENCODE,
    FALLBACK_DECODE,
    FALLBACK_SERIALIZE,
    FALLBACK_PARSE,
    FALLBACK_PARSE_PAYLOAD,
    FALLBACK_PARSE_HEADER,
    FALLBACK_PEEK_REQUEST,
    FALLBACK_READABLE,
    FALLBACK_NEXT_EVENT,
    FALLBACK_RECEIVE_DATA,
    FALLBACK_SEND,
    FALLBACK_SEND_PARTS,
    FALLBACK_SEND_FRAME,
    FALLBACKS
};

static const char *const fallback_names[] = {
    "encode",       "decode",       "serialize", "parse",      "parse_payload",
    "parse_header", "peek_request", "readable",  "next_event", "receive_data",
    "send",         "send_parts",   "send_frame",
};

/* What `bind` and `bind_connection` were given. The module serves one interpreter: see
   `exec_module`. */
static PyObject *fallbacks[FALLBACKS];
static PyTypeObject *header_type, *peek_type;
static PyObject *new_header_from(const uint8_t *data);

INLINE PyObject *fall_back(int which, PyObject *const *args, size_t count, PyObject *names) {
    if (PyErr_Occurred()) {
        return NULL;
    }
    if (fallbacks[which] == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "the codec is not bound: import gdproto");
        return NULL;
    }
    return PyObject_Vectorcall(fallbacks[which], args, count, names);
}

/* The collector would only look through what is being made: it is held off for long messages. */
#define LONG_BYTES 4096

INLINE int collector_hold(size_t size) { return size > LONG_BYTES && PyGC_Disable(); }

INLINE void collector_release(int held) {
    if (held) {
        PyGC_Enable();
    }
}

static PyObject *codec_encode(PyObject *module, PyObject *const *args, Py_ssize_t count,
                              PyObject *names) {
    (void)module;
    if (LIKELY(count == 1 && names == NULL)) {
        Writer w;
        writer_init(&w);
        if (LIKELY(write_value(&w, args[0], 0) == 0)) {
            return writer_finish(&w);
        }
        writer_drop(&w);
    }
    return fall_back(FALLBACK_ENCODE, args, (size_t)count, names);
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

/* Bytes that stay readable from `source_open` to `source_close`. */
typedef struct {
    Reader reader;
    Py_buffer buffer;
    PyObject *view;
} Source;

/* 0, or DOUBT. `view` is asked for blobs as slices, and made for bytes where it is missing. */
INLINE int source_open(Source *s, PyObject *data, int zero_copy) {
    s->view = s->reader.apart = NULL;
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
            s->view = PyObject_CallFunctionObjArgs(fallbacks[FALLBACK_READABLE], data, Py_True, NULL);
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
        s->reader.base = s->buffer.buf;
        s->reader.end = s->reader.base + s->buffer.len;
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
}

static PyObject *codec_decode(PyObject *module, PyObject *const *args, Py_ssize_t count,
                              PyObject *names) {
    (void)module;
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

/* --- messages --- */

/* `to_bytes` of a message class: a method descriptor, so that no Python frame stands between. */
static PyObject *message_to_bytes(PyObject *self, PyObject *unused) {
    (void)unused;
    int index = class_index(Py_TYPE(self));
    if (LIKELY(index >= 0)) {
        Writer w;
        writer_init(&w);
        w.pos += HEADER_BYTES;
        if (LIKELY(write_message(&w, self, index) == 0)) {
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
    PyObject *message = read_in_order(r, index, request_id);
    if (UNLIKELY(message == NULL && !PyErr_Occurred() && has_fields[index])) {
        /* Another order, or fields that are not there: the class picks them from the dict. */
        r->pos = start;
        PyObject *payload = read_value(r, 0, 0);
        if (payload != NULL && PyDict_CheckExact(payload) && r->pos == r->end) {
            message = PyObject_CallMethod((PyObject *)classes[index].type, "_from_payload", "OO",
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

static PyObject *codec_parse_payload(PyObject *module, PyObject *const *args, Py_ssize_t count,
                                     PyObject *names) {
    (void)module;
    Source s;
    Py_ssize_t start = start_given(args, count, 2);
    if (LIKELY((count == 2 || count == 3) && names == NULL && start >= 0 &&
               Py_IS_TYPE(args[0], header_type) && PyLong_CheckExact(PyTuple_GET_ITEM(args[0], 0)))) {
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
    PyObject *header = header_type->tp_alloc(header_type, 3);
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
    Source s;
    Py_ssize_t start = start_given(args, count, 1);
    if (LIKELY((count == 1 || count == 2) && names == NULL && start >= 0 &&
               source_open(&s, args[0], 0) == 0)) {
        PyObject *found[ROUTING_FIELDS] = {NULL};
        PyObject *peek = NULL;
        if ((size_t)start <= left(&s.reader)) {
            s.reader.pos += start;
            if (peek_routing(&s.reader, found) == 0) {
                peek = peek_type->tp_alloc(peek_type, ROUTING_FIELDS);
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
