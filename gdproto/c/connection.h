/* === Connections =============================================================================

   The plain course of a connection: whole frames that the state of their exchange permits. The
   state is that of the Python object, in its slots; nothing of it is changed before a doubt. */

/* As they are told apart in `home.h`. */
static const char *const slot_names[] = {"raw",   "_number", "_states", "_buffer", "_start",
                                         "_skip", "_header", "_eof",    "_closed", "_runs",
                                         "_is_doubtful", "_max_open"};

#define OWN(self, slot) (*(PyObject **)((char *)(self) + home->slot_offsets[slot]))

INLINE void own_set(PyObject *self, int slot, PyObject *value) {
    Py_XSETREF(OWN(self, slot), value);
}

/* Whether all slots are there; they are from `__init__` on. */
INLINE int is_connection(PyObject *self) {
    if (!Py_IS_TYPE(self, TYPE(CONNECTION_TYPE))) {
        return 0;
    }
    for (int i = 0; i < CONNECTION_SLOTS; i++) {
        if (OWN(self, i) == NULL) {
            return 0;
        }
    }
    return PyDict_CheckExact(OWN(self, SLOT_STATES));
}

/* What a frame does to its exchange: the place of the next state, or DOUBT for whatever is not
   simply delivered. */
INLINE int next_state(PyObject *self, int from_opener, int message, PyObject *request_id) {
    PyObject *states = OWN(self, SLOT_STATES);
    int overflow, state = IDLE_STATE;
    long long role = int_value(OWN(self, SLOT_NUMBER), &overflow);
    PyObject *name = PyDict_GetItemWithError(states, request_id);
    if (name != NULL) {
        for (state = 0; state < STATES && home->owned[STATE_NAMES + state] != name; state++) {
        }
    }
    if (PyErr_Occurred() || state == STATES || role < 0 || role >= ROLES) {
        return -1;
    }
    int next = moves[role][state][from_opener][message] - 1;
    if (state == IDLE_STATE && next >= 0 && next != IDLE_STATE && PyDict_GET_SIZE(states)) {
        long long most = int_value(OWN(self, SLOT_MAX_OPEN), &overflow);
        if (most && PyDict_GET_SIZE(states) >= most) {
            return DOUBT;
        }
    }
    return next;
}

INLINE int apply_state(PyObject *self, PyObject *request_id, int next) {
    PyObject *states = OWN(self, SLOT_STATES);
    if (next != IDLE_STATE) {
        return PyDict_SetItem(states, request_id, home->owned[STATE_NAMES + next]);
    }
    return PyDict_GET_SIZE(states) ? PyDict_DelItem(states, request_id) : 0;
}

INLINE int role_is_opener(PyObject *self) {
    int overflow;
    long long role = int_value(OWN(self, SLOT_NUMBER), &overflow);
    return role >= 0 && role < ROLES && opener_roles[role];
}

/* --- receiving --- */

INLINE PyObject *new_event(PyTypeObject *type, PyObject *first, PyObject *second, int ended) {
    PyObject *event = first && second ? type->tp_alloc(type, type == TYPE(FRAME_EVENT_TYPE) ? 3 : 2) : NULL;
    if (event == NULL) {
        return NULL;
    }
    int at = 0;
    PyTuple_SET_ITEM(event, at++, Py_NewRef(first));
    if (type == TYPE(FRAME_EVENT_TYPE)) {
        PyTuple_SET_ITEM(event, at++, Py_NewRef(second));
    }
    PyTuple_SET_ITEM(event, at, Py_NewRef(ended ? Py_True : Py_False));
    return event;
}

/* How many of the bytes `there` the frame at `at` takes, which is whole, together with those that
   follow it with the same message of the same exchange. */
INLINE size_t run_size(const uint8_t *at, size_t there) {
    size_t size = HEADER_BYTES + HEADER_LENGTH(at);
    while (there - size >= HEADER_BYTES) {
        const uint8_t *next = at + size;
        if (!header_is_sound(next) || HEADER_TYPE(next) != HEADER_TYPE(at) ||
            HEADER_REQUEST_ID(next) != HEADER_REQUEST_ID(at) ||
            HEADER_LENGTH(next) > there - size - HEADER_BYTES) {
            break;
        }
        size += HEADER_BYTES + HEADER_LENGTH(next);
    }
    return size;
}

/* Whether the message is an answer that leaves its exchange in this state: a CHUNK. */
INLINE int comes_in_runs(PyObject *self, int message, int state) {
    int overflow;
    long long role = int_value(OWN(self, SLOT_NUMBER), &overflow);
    return state != IDLE_STATE && moves[role][state][0][message] - 1 == state;
}

/* The event of the whole frame at `at`, or NULL. Stores how many of the bytes `there` it took. */
NOINLINE PyObject *frame_event(PyObject *self, PyObject *buffer, const uint8_t *at, size_t there,
                               size_t *taken) {
    size_t size = *taken = HEADER_BYTES + HEADER_LENGTH(at);
    PyObject *event = NULL, *header = NULL, *content = NULL, *frame = NULL;
    int message = code_index[HEADER_TYPE(at)];
    PyObject *request_id = PyLong_FromUnsignedLongLong(HEADER_REQUEST_ID(at));
    int next = request_id ? next_state(self, !role_is_opener(self), message, request_id) : -1;
    if (next >= 0) {
        int raw = OWN(self, SLOT_RAW) == Py_True, is_bytes = PyBytes_CheckExact(buffer);
        if (OWN(self, SLOT_RUNS) == Py_True && role_is_opener(self) && comes_in_runs(self, message, next)) {
            size = *taken = run_size(at, there);
        }
        /* A frame that is decoded stays where it is, if that is kept as it is meanwhile. */
        int whole = is_bytes && (!raw || (size_t)PyBytes_GET_SIZE(buffer) == size);
        frame = whole ? Py_NewRef(buffer)
                      : PyBytes_FromStringAndSize((const char *)at, (Py_ssize_t)size);
        if (raw) {
            header = new_header_from(at);
            event = new_event(TYPE(FRAME_EVENT_TYPE), header, frame, next == IDLE_STATE);
        } else if (frame != NULL && OWN(self, SLOT_RAW) == Py_False) {
            at = is_bytes ? at : (const uint8_t *)PyBytes_AS_STRING(frame);
            Reader reader = {at + HEADER_BYTES, at + size, at, NULL, NULL, NULL};
            content = read_message(&reader, HEADER_TYPE(at), request_id);
            event = new_event(TYPE(MESSAGE_EVENT_TYPE), content, Py_None, next == IDLE_STATE);
            if (UNLIKELY(event == NULL)) {
                /* It need not be read again before it is judged. */
                own_set(self, SLOT_IS_DOUBTFUL, Py_NewRef(Py_True));
            }
        }
        if (event != NULL && apply_state(self, request_id, next) < 0) {
            Py_CLEAR(event);
        }
    }
    Py_XDECREF(request_id);
    Py_XDECREF(header);
    Py_XDECREF(content);
    Py_XDECREF(frame);
    return event;
}

/* What is plain; NULL in doubt. */
INLINE PyObject *next_event(PyObject *self) {
    int overflow;
    if (LIKELY(is_connection(self) && OWN(self, SLOT_CLOSED) == Py_None &&
               OWN(self, SLOT_HEADER) == Py_None && OWN(self, SLOT_SKIP) == home->owned[ZERO])) {
        PyObject *buffer = OWN(self, SLOT_BUFFER);
        int is_bytes = PyBytes_CheckExact(buffer);
        if (is_bytes || PyByteArray_CheckExact(buffer)) {
            const uint8_t *data = is_bytes ? (const uint8_t *)PyBytes_AS_STRING(buffer)
                                           : (const uint8_t *)PyByteArray_AS_STRING(buffer);
            size_t all = (size_t)(is_bytes ? PyBytes_GET_SIZE(buffer) : PyByteArray_GET_SIZE(buffer));
            size_t start = (size_t)int_value(OWN(self, SLOT_START), &overflow);
            if (start == all && OWN(self, SLOT_EOF) == Py_False) {
                return Py_NewRef(home->owned[NEED_DATA]);
            }
            const uint8_t *at = data + start;
            if (start <= all && all - start >= HEADER_BYTES && header_is_sound(at) &&
                all - start - HEADER_BYTES >= HEADER_LENGTH(at) &&
                HEADER_REQUEST_ID(at) != CONNECTION_REQUEST_ID &&
                (has_fields[code_index[HEADER_TYPE(at)]] || HEADER_LENGTH(at) == 0)) {
                size_t size;
                PyObject *event = frame_event(self, buffer, at, all - start, &size);
                if (LIKELY(event != NULL)) {
                    if (start + size == all) {
                        /* An idle connection keeps nothing alive. */
                        own_set(self, SLOT_BUFFER, Py_NewRef(home->owned[NO_BYTES]));
                        own_set(self, SLOT_START, Py_NewRef(home->owned[ZERO]));
                    } else {
                        own_set(self, SLOT_START, PyLong_FromSize_t(start + size));
                    }
                    return event;
                }
            }
        }
    }
    return NULL;
}

static PyObject *connection_next_event(PyObject *self, PyObject *unused) {
    (void)unused;
    enter();
    PyObject *event;
    HOLD_CONNECTION(self);
    event = next_event(self);
    RELEASE_CONNECTION();
    return LIKELY(event != NULL) ? event : fall_back(FALLBACK_NEXT_EVENT, &self, 1, NULL);
}

/* Take what is plain: whether it is. */
INLINE int receive(PyObject *self, PyObject *data) {
    int overflow;
    if (LIKELY(is_connection(self) && PyBytes_CheckExact(data) &&
               OWN(self, SLOT_HEADER) == Py_None)) {
        PyObject *buffer = OWN(self, SLOT_BUFFER);
        long long start = int_value(OWN(self, SLOT_START), &overflow);
        if (PyBytes_CheckExact(buffer) && start == PyBytes_GET_SIZE(buffer)) {
            own_set(self, SLOT_BUFFER, Py_NewRef(data));
            own_set(self, SLOT_START, Py_NewRef(home->owned[ZERO]));
            return 1;
        }
    }
    return 0;
}

static PyObject *connection_receive_data(PyObject *self, PyObject *data) {
    enter();
    int is_taken;
    HOLD_CONNECTION(self);
    is_taken = receive(self, data);
    RELEASE_CONNECTION();
    if (LIKELY(is_taken)) {
        Py_RETURN_NONE;
    }
    PyObject *args[] = {self, data};
    return fall_back(FALLBACK_RECEIVE_DATA, args, 2, NULL);
}

/* --- sending --- */

/* Write a message, whose class has this `index`, that may be sent now. Returns the state that its
   exchange is in then, or -1. */
INLINE int write_legal(Writer *w, PyObject *self, PyObject *message, int index) {
    PyObject *request_id = SLOT(message, index, 0);
    if (UNLIKELY(request_id == NULL || !PyLong_CheckExact(request_id))) {
        return DOUBT;
    }
    int next = next_state(self, role_is_opener(self), index, request_id);
    if (next < 0) {
        return DOUBT;
    }
    w->pos += HEADER_BYTES;
    if (UNLIKELY(write_message(w, message, index) < 0)) {
        /* It need not be written again before it is judged. */
        own_set(self, SLOT_IS_DOUBTFUL, Py_NewRef(Py_True));
        return -1;
    }
    return next;
}

/* The bytes, or with a list for them, which is given away, the parts, of a message that may be sent
   now and is then taken for sent; NULL in doubt. */
INLINE PyObject *send_plain(PyObject *self, PyObject *message, PyObject *parts) {
    int index = class_index(Py_TYPE(message));
    PyObject *alone = index >= 0 && is_connection(self) ? alone_message(message, index) : NULL;
    if (UNLIKELY(alone == NULL)) {
        Py_XDECREF(parts);
        return NULL;
    }
    Writer w;
    PyObject *data = NULL;
    writer_init(&w, HEADER_BYTES + MAX_PAYLOAD_BYTES);
    w.parts = parts;
    int next = write_legal(&w, self, alone, index);
    if (LIKELY(next >= 0)) {
        data = parts == NULL ? writer_finish(&w) : writer_parts(&w);
        if (data != NULL && apply_state(self, SLOT(alone, index, 0), next) < 0) {
            Py_CLEAR(data);
        }
    } else {
        writer_drop(&w);
    }
    alone_end(alone);
    return data;
}

static PyObject *connection_send(PyObject *self, PyObject *message) {
    enter();
    PyObject *data;
    HOLD_CONNECTION(self);
    data = send_plain(self, message, NULL);
    RELEASE_CONNECTION();
    if (LIKELY(data != NULL)) {
        return data;
    }
    PyObject *args[] = {self, message};
    return fall_back(FALLBACK_SEND, args, 2, NULL);
}

static PyObject *connection_send_parts(PyObject *self, PyObject *message) {
    enter();
    PyObject *parts = PyList_New(0), *data;
    if (parts == NULL) {
        return NULL;
    }
    HOLD_CONNECTION(self);
    data = send_plain(self, message, parts);
    RELEASE_CONNECTION();
    if (LIKELY(data != NULL)) {
        return data;
    }
    PyObject *args[] = {self, message};
    return fall_back(FALLBACK_SEND_PARTS, args, 2, NULL);
}

/* Take a frame with this header, if it may be sent now, for sent: whether it may. */
INLINE int send_header(PyObject *self, PyObject *header) {
    if (UNLIKELY(!is_connection(self) || !Py_IS_TYPE(header, TYPE(HEADER_TYPE)) ||
                 !PyLong_CheckExact(PyTuple_GET_ITEM(header, 0)) ||
                 !PyLong_CheckExact(PyTuple_GET_ITEM(header, 2)))) {
        return 0;
    }
    int overflow;
    long long code = int_value(PyTuple_GET_ITEM(header, 0), &overflow);
    PyObject *request_id = PyTuple_GET_ITEM(header, 2);
    if (code < 0 || code > 255 || code_index[code] < 0) {
        return 0;
    }
    int next = next_state(self, role_is_opener(self), code_index[code], request_id);
    return next >= 0 && apply_state(self, request_id, next) == 0;
}

static PyObject *connection_send_frame(PyObject *self, PyObject *const *args, Py_ssize_t count,
                                       PyObject *names) {
    enter();
    if (LIKELY(count == 2 && names == NULL)) {
        int is_sent;
        HOLD_CONNECTION(self);
        is_sent = send_header(self, args[1]);
        RELEASE_CONNECTION();
        if (LIKELY(is_sent)) {
            return Py_NewRef(args[0]);
        }
    }
    PyObject *all[8] = {self};
    size_t given = (size_t)count + (names ? (size_t)PyTuple_GET_SIZE(names) : 0);
    if (given > 7) {
        return PyErr_Format(PyExc_TypeError, "send_frame takes a frame and its header");
    }
    memcpy(all + 1, args, given * sizeof(PyObject *));
    return fall_back(FALLBACK_SEND_FRAME, all, (size_t)count + 1, names);
}
