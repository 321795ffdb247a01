/* === A bytes value that is received where it stays ===========================================

   Of a large frame most is one bytes value. It need not be collected and then copied: once its
   head has come, it gets its object, and what follows of it is received there. What is left of
   the frame, without the value, is read `around` it. */

/* What lets a bytes object, which nobody else has yet, be written: it is kept while there is a
   buffer of it. */
typedef struct {
    PyObject_HEAD
    PyObject *value;
} Room;

static void room_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(((Room *)self)->value);
    type->tp_free(self);
    Py_DECREF(type);
}

static int room_getbuffer(PyObject *self, Py_buffer *view, int flags) {
    PyObject *value = ((Room *)self)->value;
    return PyBuffer_FillInfo(view, self, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value), 0, flags);
}

static PyType_Slot room_slots[] = {
    {Py_tp_dealloc, (void *)room_dealloc},
    {Py_bf_getbuffer, (void *)room_getbuffer},
    {0, NULL},
};

static PyType_Spec room_spec = {
    .name = "gdproto._codec.Room",
    .basicsize = sizeof(Room),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = room_slots,
};

static PyObject *room_in(PyObject *value) {
    Room *room = PyObject_New(Room, TYPE(ROOM_TYPE));
    if (room == NULL) {
        return NULL;
    }
    room->value = Py_NewRef(value);
    PyObject *view = PyMemoryView_FromObject((PyObject *)room);
    Py_DECREF(room);
    return view;
}

/* Where in a frame that has begun, but is not whole, the large bytes value begins at which stepping
   over its values ends: its place and size, or 0. It may be whole, where more values are owed after
   it than there are bytes. */
INLINE size_t begun_value(Reader *r, size_t least, size_t *at) {
    size_t frame_bytes = HEADER_BYTES + HEADER_LENGTH(r->base);
    r->pos = r->base + HEADER_BYTES;
    if (skip_value(r) == 0) {
        return 0;
    }
    size_t size = bytes_head(r, at);
    return size >= least && size <= frame_bytes && *at <= frame_bytes - size ? size : 0;
}

/* begin_value(data, start, least) -> (at, value, room), or None: `least` bytes are large. */
static PyObject *codec_begin_value(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    enter();
    Source s;
    Py_ssize_t start = start_given(args, count, 1);
    Py_ssize_t least = start_given(args, count, 2);
    if (count != 3 || start < 0 || least < 1 || source_open(&s, args[0], 0) < 0) {
        PyErr_SetString(PyExc_TypeError, "begin_value takes bytes, where the frame starts, a size");
        return NULL;
    }
    size_t at = 0, size = 0;
    if (left(&s.reader) >= (size_t)start + HEADER_BYTES && header_is_sound(s.reader.base + start)) {
        s.reader.base += start;
        size = begun_value(&s.reader, (size_t)least, &at);
    }
    source_close(&s);
    if (size == 0) {
        Py_RETURN_NONE;
    }
    PyObject *value = new_bytes(size);
    PyObject *room = value ? room_in(value) : NULL;
    PyObject *found = room ? Py_BuildValue("nOO", (Py_ssize_t)at, value, room) : NULL;
    Py_XDECREF(value);
    Py_XDECREF(room);
    return found;
}

/* parse_around(frame, at, value) -> Message, or None in doubt. */
static PyObject *codec_parse_around(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    enter();
    Source s;
    Py_ssize_t at = start_given(args, count, 1);
    if (count != 3 || at < HEADER_BYTES || !PyBytes_CheckExact(args[2]) ||
        source_open(&s, args[0], 0) < 0) {
        PyErr_SetString(PyExc_TypeError, "parse_around takes a frame, a place in it, and bytes");
        return NULL;
    }
    PyObject *message = NULL;
    Reader *r = &s.reader;
    size_t value_bytes = (size_t)PyBytes_GET_SIZE(args[2]);
    if (left(r) >= (size_t)at && header_is_sound(r->pos) &&
        left(r) - HEADER_BYTES + value_bytes == HEADER_LENGTH(r->pos)) {
        PyObject *request_id = PyLong_FromUnsignedLongLong(HEADER_REQUEST_ID(r->pos));
        if (request_id != NULL) {
            r->pos += HEADER_BYTES;
            r->apart = args[2];
            r->apart_at = r->base + at;
            message = read_message(r, HEADER_TYPE(r->base), request_id);
        }
        Py_XDECREF(request_id);
    }
    source_close(&s);
    return message != NULL || PyErr_Occurred() ? message : Py_NewRef(Py_None);
}
