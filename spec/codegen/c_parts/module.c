/* === The functions that Python calls ========================================================= */

/* What `bind` was given. The module serves one interpreter: see `exec_module`. */
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
    s->view = NULL;
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

/* === The module ============================================================================== */

static int bind_class(int index, PyObject *type) {
    if (!PyType_Check(type)) {
        PyErr_SetString(PyExc_TypeError, "a message class is needed");
        return -1;
    }
    for (int i = 0; i < MAX_FIELDS && field_names[index][i] != NULL; i++) {
        PyObject *slot = PyObject_GetAttrString(type, field_names[index][i]);
        if (slot == NULL) {
            return -1;
        }
        if (!Py_IS_TYPE(slot, &PyMemberDescr_Type)) {
            Py_DECREF(slot);
            PyErr_Format(PyExc_TypeError, "%s is no slot", field_names[index][i]);
            return -1;
        }
        classes[index].offsets[i] = ((PyMemberDescrObject *)slot)->d_member->offset;
        Py_DECREF(slot);
    }
    Py_XSETREF(classes[index].type, (PyTypeObject *)Py_NewRef(type));
    return 0;
}

static PyObject *codec_bind(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *messages, *header, *peek, *functions;
    if (!PyArg_ParseTuple(args, "O!O!O!O!:bind", &PyDict_Type, &messages, &PyType_Type, &header,
                          &PyType_Type, &peek, &PyDict_Type, &functions)) {
        return NULL;
    }
    for (int i = 0; i < FALLBACKS; i++) {
        PyObject *function = PyDict_GetItemString(functions, fallback_names[i]);
        if (function == NULL) {
            return PyErr_Format(PyExc_KeyError, "no function for %s", fallback_names[i]);
        }
        Py_XSETREF(fallbacks[i], Py_NewRef(function));
    }
    for (int code = 0; code < 256; code++) {
        if (code_index[code] < 0) {
            continue;
        }
        PyObject *number = PyLong_FromLong(code);
        PyObject *type = number ? PyDict_GetItemWithError(messages, number) : NULL;
        Py_XDECREF(number);
        if (type == NULL || bind_class(code_index[code], type) < 0) {
            return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_KeyError, "no class for %d", code);
        }
    }
    Py_XSETREF(header_type, (PyTypeObject *)Py_NewRef(header));
    Py_XSETREF(peek_type, (PyTypeObject *)Py_NewRef(peek));
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"encode", (PyCFunction)(void (*)(void))codec_encode, METH_FASTCALL | METH_KEYWORDS,
     "encode($module, value, /)\n--\n\nEncode one value; see gdproto.tlv.encode."},
    {"decode", (PyCFunction)(void (*)(void))codec_decode, METH_FASTCALL | METH_KEYWORDS,
     "decode($module, data, /, *, zero_copy=False)\n--\n\nDecode one value; see gdproto.tlv.decode."},
    {"parse", (PyCFunction)(void (*)(void))codec_parse, METH_FASTCALL | METH_KEYWORDS,
     "parse($module, data, /, *, zero_copy=False)\n--\n\n"
     "Parse one whole frame; see gdproto.messages.parse."},
    {"parse_payload", (PyCFunction)(void (*)(void))codec_parse_payload,
     METH_FASTCALL | METH_KEYWORDS,
     "parse_payload($module, header, data, start=0)\n--\n\n"
     "The message of a payload; see gdproto.messages.parse_payload."},
    {"parse_header", (PyCFunction)(void (*)(void))codec_parse_header, METH_FASTCALL | METH_KEYWORDS,
     "parse_header($module, data, offset=0)\n--\n\n"
     "Judge a header; see gdproto.frames.parse_header."},
    {"peek_request", (PyCFunction)(void (*)(void))codec_peek_request, METH_FASTCALL | METH_KEYWORDS,
     "peek_request($module, payload, start=0)\n--\n\n"
     "What routing needs of a REQUEST; see gdproto.messages.peek_request."},
    {"bind", codec_bind, METH_VARARGS,
     "bind($module, messages, header, peek, functions, /)\n--\n\n"
     "Say what to build, and whom to ask in doubt.\n\n"
     "messages: message classes by code. header, peek: the classes of what parse_header and\n"
     "peek_request return. functions: the Python codec's functions by name."},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef to_bytes_method = {
    "to_bytes", message_to_bytes, METH_NOARGS,
    "to_bytes($self, /)\n--\n\nThe message as one frame; see gdproto.Message.to_bytes."};

/* Keys, classes and fallbacks are kept in static memory, so one interpreter may have them. */
static PyInterpreterState *owner;

static int exec_module(PyObject *module) {
    if (owner != NULL && owner != PyInterpreterState_Get()) {
        PyErr_SetString(PyExc_ImportError, "the C codec serves one interpreter of a process");
        return -1;
    }
    owner = PyInterpreterState_Get();
    PyObject *to_bytes = PyDescr_NewMethod(&PyBaseObject_Type, &to_bytes_method);
    if (to_bytes == NULL) {
        return -1;
    }
    int failed = PyModule_AddObjectRef(module, "to_bytes", to_bytes);
    Py_DECREF(to_bytes);
    return failed ? -1 : PyModule_AddStringConstant(module, "SPEC_HASH", SPEC_HASH);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)exec_module},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_USED},
#endif
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "codec",
    .m_doc = "GD/1 in C: values and messages, written by the spec compiler.",
    .m_size = 0,
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit_codec(void) { return PyModuleDef_Init(&definition); }
