/* @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit */
/* === Messages ================================================================================ */

/* Names of the slots, the request id first. */
static const char *const field_names[MESSAGES][MAX_FIELDS] = {
    {"request_id", "app_path", "action", "args", "kwargs", "timeout", "priority", "trace", "extensions"},
    {"request_id", "result"},
    {"request_id", "error_type", "message", "details"},
    {"request_id", "data"},
    {"request_id"},
    {"request_id", "op", "table", "key", "value", "pattern", "ttl", "initial", "version", "count", "after", "wait"},
    {"request_id"},
    {"request_id", "op", "count", "slot", "call"},
    {"request_id"},
    {"request_id"},
    {"request_id"},
};

static const uint8_t message_codes[MESSAGES] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x10, 0x11, 0x12, 0x80, 0x81, 0x82};
static const uint8_t has_fields[MESSAGES] = {1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0};

#define SLOT(self, index, field) \
    (*(PyObject **)((char *)(self) + home->field_offsets[index][field]))

INLINE int class_index(PyTypeObject *type) {
    for (int i = 0; i < MESSAGES; i++) {
        if (TYPE(MESSAGE_TYPES + i) == type) {
            return i;
        }
    }
    return -1;
}

static int write_REQUEST(Writer *w, PyObject *self) {
    PyObject *app_path = SLOT(self, 0, 1);
    PyObject *action = SLOT(self, 0, 2);
    PyObject *timeout = SLOT(self, 0, 5);
    PyObject *priority = SLOT(self, 0, 6);
    PyObject *trace = SLOT(self, 0, 7);
    PyObject *extensions = SLOT(self, 0, 8);
    PyObject *args = SLOT(self, 0, 3);
    PyObject *kwargs = SLOT(self, 0, 4);
    if (app_path == NULL || action == NULL || timeout == NULL || priority == NULL || trace == NULL || extensions == NULL || args == NULL || kwargs == NULL) {
        return DOUBT;
    }
    if (!PyLong_CheckExact(priority) && (!PyLong_Check(priority) || PyBool_Check(priority))) {
        return DOUBT;
    }
     {
        int overflow;
        long long number = int_value(priority, &overflow);
        if (overflow || number < -10 || number > 10) {
            return DOUBT;
        }
    }
    int priority_overflow;
    int has_priority = int_value(priority, &priority_overflow) != 0;
    if (write_raw(w, "\041\000\000\000\004", 5) < 0) {
        return -1;
    }
    put32(w->pos - 4, (uint32_t)(4 + (timeout != Py_None) + (has_priority) + (trace != Py_None) + (extensions != Py_None)));
    if (!PyUnicode_CheckExact(app_path)) {
        return DOUBT;
    }
    if (write_raw(w, "\021\000\000\000\010app_path", 13) < 0 || write_text(w, app_path) < 0) {
        return -1;
    }
    if (!PyUnicode_CheckExact(action)) {
        return DOUBT;
    }
    if (write_raw(w, "\021\000\000\000\006action", 11) < 0 || write_text(w, action) < 0) {
        return -1;
    }
    if (timeout != Py_None) {
        if (!PyFloat_CheckExact(timeout) && !PyLong_CheckExact(timeout) && (!PyLong_Check(timeout) || PyBool_Check(timeout))) {
            return DOUBT;
        }
        if (PyFloat_CheckExact(timeout)) {
            double number = PyFloat_AS_DOUBLE(timeout);
            if (!isfinite(number) || number < 0) {
                return DOUBT;
            }
        }
        else {
            int overflow;
            long long number = int_value(timeout, &overflow);
            if (overflow || number < 0) {
                return DOUBT;
            }
        }
        if (write_raw(w, "\021\000\000\000\007timeout", 12) < 0 || write_any(w, timeout, 1) < 0) {
            return -1;
        }
    }
    if (has_priority) {
        if (write_raw(w, "\021\000\000\000\010priority", 13) < 0 || write_any(w, priority, 1) < 0) {
            return -1;
        }
    }
    if (trace != Py_None) {
        if (!PyDict_CheckExact(trace)) {
            return DOUBT;
        }
        if (write_raw(w, "\021\000\000\000\005trace", 10) < 0 || write_any(w, trace, 1) < 0) {
            return -1;
        }
    }
    if (extensions != Py_None) {
        if (!PyList_CheckExact(extensions) && !PyTuple_CheckExact(extensions)) {
            return DOUBT;
        }
        if (write_raw(w, "\021\000\000\000\012extensions", 15) < 0 || write_any(w, extensions, 1) < 0) {
            return -1;
        }
    }
    if (!PyList_CheckExact(args) && !PyTuple_CheckExact(args)) {
        return DOUBT;
    }
    if (write_raw(w, "\021\000\000\000\004args", 9) < 0 || write_any(w, args, 1) < 0) {
        return -1;
    }
    if (!PyDict_CheckExact(kwargs)) {
        return DOUBT;
    }
    if (write_raw(w, "\021\000\000\000\006kwargs", 11) < 0 || write_any(w, kwargs, 1) < 0) {
        return -1;
    }
    return 0;
}

static int read_REQUEST(Reader *r, PyObject **fields) {
    const uint8_t *root = r->pos;
    if (left(r) < 5) {
        return DOUBT;
    }
    r->pos += 5;
    size_t count = 4;
    if (!reader_takes(r, "\021\000\000\000\010app_path", 13)) {
        return DOUBT;
    }
    fields[1] = read_short(r);
    if (fields[1] == NULL) {
        return FAULT;
    }
    if (!PyUnicode_CheckExact(fields[1])) {
        return fields[1] == Py_None ? DOUBT : FAULT;
    }
    if (!reader_takes(r, "\021\000\000\000\006action", 11)) {
        return DOUBT;
    }
    fields[2] = read_short(r);
    if (fields[2] == NULL) {
        return FAULT;
    }
    if (!PyUnicode_CheckExact(fields[2])) {
        return fields[2] == Py_None ? DOUBT : FAULT;
    }
    if (reader_takes(r, "\021\000\000\000\007timeout", 12)) {
        count += 1;
        fields[5] = read_any(r, 1, 0);
        if (fields[5] == NULL) {
            return FAULT;
        }
        if (!PyFloat_CheckExact(fields[5]) && !PyLong_CheckExact(fields[5])) {
            return fields[5] == Py_None ? DOUBT : FAULT;
        }
        if (PyFloat_CheckExact(fields[5])) {
            double number = PyFloat_AS_DOUBLE(fields[5]);
            if (!isfinite(number) || number < 0) {
                return fields[5] == Py_None ? DOUBT : FAULT;
            }
        }
        else {
            int overflow;
            long long number = int_value(fields[5], &overflow);
            if (overflow || number < 0) {
                return fields[5] == Py_None ? DOUBT : FAULT;
            }
        }
    }
    else {
        fields[5] = Py_NewRef(Py_None);
    }
    if (reader_takes(r, "\021\000\000\000\010priority", 13)) {
        count += 1;
        fields[6] = read_any(r, 1, 0);
        if (fields[6] == NULL) {
            return FAULT;
        }
        if (!PyLong_CheckExact(fields[6])) {
            return fields[6] == Py_None ? DOUBT : FAULT;
        }
         {
            int overflow;
            long long number = int_value(fields[6], &overflow);
            if (overflow || number < -10 || number > 10) {
                return fields[6] == Py_None ? DOUBT : FAULT;
            }
        }
    }
    else {
        fields[6] = PyLong_FromLong(0);
        if (fields[6] == NULL) {
            return DOUBT;
        }
    }
    if (reader_takes(r, "\021\000\000\000\005trace", 10)) {
        count += 1;
        fields[7] = read_any(r, 1, 0);
        if (fields[7] == NULL) {
            return FAULT;
        }
        if (!PyDict_CheckExact(fields[7])) {
            return fields[7] == Py_None ? DOUBT : FAULT;
        }
    }
    else {
        fields[7] = Py_NewRef(Py_None);
    }
    if (reader_takes(r, "\021\000\000\000\012extensions", 15)) {
        count += 1;
        fields[8] = read_any(r, 1, 0);
        if (fields[8] == NULL) {
            return FAULT;
        }
        if (!PyList_CheckExact(fields[8])) {
            return fields[8] == Py_None ? DOUBT : FAULT;
        }
        Py_SETREF(fields[8], PyList_AsTuple(fields[8]));
        if (fields[8] == NULL) {
            return -1;
        }
    }
    else {
        fields[8] = Py_NewRef(Py_None);
    }
    if (!reader_takes(r, "\021\000\000\000\004args", 9)) {
        return DOUBT;
    }
    fields[3] = read_any(r, 1, 0);
    if (fields[3] == NULL) {
        return FAULT;
    }
    if (!PyList_CheckExact(fields[3])) {
        return fields[3] == Py_None ? DOUBT : FAULT;
    }
    Py_SETREF(fields[3], PyList_AsTuple(fields[3]));
    if (fields[3] == NULL) {
        return -1;
    }
    if (!reader_takes(r, "\021\000\000\000\006kwargs", 11)) {
        return DOUBT;
    }
    fields[4] = read_any(r, 1, 0);
    if (fields[4] == NULL) {
        return FAULT;
    }
    if (!PyDict_CheckExact(fields[4])) {
        return fields[4] == Py_None ? DOUBT : FAULT;
    }
    if (*root != 0x21 || get32(root + 1) != count) {
        return DOUBT;
    }
    return r->pos == r->end ? 0 : DOUBT;
}

static int write_RESPONSE(Writer *w, PyObject *self) {
    PyObject *result = SLOT(self, 1, 1);
    if (result == NULL) {
        return DOUBT;
    }
    if (write_raw(w, "\041\000\000\000\001\021\000\000\000\006result", 16) < 0 || write_any(w, result, 1) < 0) {
        return -1;
    }
    return 0;
}

static int read_RESPONSE(Reader *r, PyObject **fields) {
    if (!reader_takes(r, "\041\000\000\000\001\021\000\000\000\006result", 16)) {
        return DOUBT;
    }
    fields[1] = read_any(r, 1, 0);
    if (fields[1] == NULL) {
        return FAULT;
    }
    return r->pos == r->end ? 0 : DOUBT;
}

static int write_ERROR(Writer *w, PyObject *self) {
    PyObject *error_type = SLOT(self, 2, 1);
    PyObject *message = SLOT(self, 2, 2);
    PyObject *details = SLOT(self, 2, 3);
    if (error_type == NULL || message == NULL || details == NULL) {
        return DOUBT;
    }
    if (!PyUnicode_CheckExact(error_type)) {
        return DOUBT;
    }
    if (write_raw(w, "\041\000\000\000\001\021\000\000\000\005error\041\000\000\000\003\021\000\000\000\012error_type", 35) < 0 || write_text(w, error_type) < 0) {
        return -1;
    }
    if (!PyUnicode_CheckExact(message)) {
        return DOUBT;
    }
    if (write_raw(w, "\021\000\000\000\007message", 12) < 0 || write_text(w, message) < 0) {
        return -1;
    }
    if (!PyDict_CheckExact(details)) {
        return DOUBT;
    }
    if (write_raw(w, "\021\000\000\000\007details", 12) < 0 || write_any(w, details, 2) < 0) {
        return -1;
    }
    return 0;
}

static int read_ERROR(Reader *r, PyObject **fields) {
    if (!reader_takes(r, "\041\000\000\000\001\021\000\000\000\005error\041\000\000\000\003\021\000\000\000\012error_type", 35)) {
        return DOUBT;
    }
    fields[1] = read_short(r);
    if (fields[1] == NULL) {
        return FAULT;
    }
    if (!PyUnicode_CheckExact(fields[1])) {
        return fields[1] == Py_None ? DOUBT : FAULT;
    }
    if (!reader_takes(r, "\021\000\000\000\007message", 12)) {
        return DOUBT;
    }
    fields[2] = read_short(r);
    if (fields[2] == NULL) {
        return FAULT;
    }
    if (!PyUnicode_CheckExact(fields[2])) {
        return fields[2] == Py_None ? DOUBT : FAULT;
    }
    if (!reader_takes(r, "\021\000\000\000\007details", 12)) {
        return DOUBT;
    }
    fields[3] = read_any(r, 2, 0);
    if (fields[3] == NULL) {
        return FAULT;
    }
    if (!PyDict_CheckExact(fields[3])) {
        return fields[3] == Py_None ? DOUBT : FAULT;
    }
    return r->pos == r->end ? 0 : DOUBT;
}

static int write_CHUNK(Writer *w, PyObject *self) {
    PyObject *data = SLOT(self, 3, 1);
    if (data == NULL) {
        return DOUBT;
    }
    if (write_raw(w, "\041\000\000\000\001\021\000\000\000\004data", 14) < 0 || write_any(w, data, 1) < 0) {
        return -1;
    }
    return 0;
}

static int read_CHUNK(Reader *r, PyObject **fields) {
    if (!reader_takes(r, "\041\000\000\000\001\021\000\000\000\004data", 14)) {
        return DOUBT;
    }
    fields[1] = read_any(r, 1, 0);
    if (fields[1] == NULL) {
        return FAULT;
    }
    return r->pos == r->end ? 0 : DOUBT;
}

static int write_STASH(Writer *w, PyObject *self) {
    PyObject *op = SLOT(self, 5, 1);
    PyObject *table = SLOT(self, 5, 2);
    PyObject *key = SLOT(self, 5, 3);
    PyObject *value = SLOT(self, 5, 4);
    PyObject *pattern = SLOT(self, 5, 5);
    PyObject *ttl = SLOT(self, 5, 6);
    PyObject *initial = SLOT(self, 5, 7);
    PyObject *version = SLOT(self, 5, 8);
    PyObject *count = SLOT(self, 5, 9);
    PyObject *after = SLOT(self, 5, 10);
    PyObject *wait = SLOT(self, 5, 11);
    if (op == NULL || table == NULL || key == NULL || value == NULL || pattern == NULL || ttl == NULL || initial == NULL || version == NULL || count == NULL || after == NULL || wait == NULL) {
        return DOUBT;
    }
    if (write_raw(w, "\041\000\000\000\002", 5) < 0) {
        return -1;
    }
    put32(w->pos - 4, (uint32_t)(2 + (key != Py_None) + (value != Py_None) + (pattern != Py_None) + (ttl != Py_None) + (initial != Py_None) + (version != Py_None) + (count != Py_None) + (after != Py_None) + (wait != Py_None)));
    if (!PyLong_CheckExact(op) && (!PyLong_Check(op) || PyBool_Check(op))) {
        return DOUBT;
    }
     {
        int overflow;
        long long number = int_value(op, &overflow);
        if (overflow || (number != 1 && number != 2 && number != 3 && number != 4 && number != 5 && number != 6 && number != 7 && number != 8 && number != 9 && number != 10 && number != 11 && number != 12 && number != 13 && number != 14 && number != 15 && number != 16 && number != 17 && number != 18 && number != 19 && number != 20 && number != 21 && number != 22 && number != 23 && number != 24 && number != 25 && number != 26)) {
            return DOUBT;
        }
    }
    if (write_raw(w, "\021\000\000\000\002op", 7) < 0 || write_any(w, op, 1) < 0) {
        return -1;
    }
    if (!PyUnicode_CheckExact(table)) {
        return DOUBT;
    }
    if (write_raw(w, "\021\000\000\000\005table", 10) < 0 || write_text(w, table) < 0) {
        return -1;
    }
    if (key != Py_None) {
        if (PyList_Check(key) || PyDict_Check(key) || PyTuple_Check(key) || Py_IS_TYPE(key, TYPE(ENCODED_TYPE))) {
            return DOUBT;
        }
        if (write_raw(w, "\021\000\000\000\003key", 8) < 0 || write_any(w, key, 1) < 0) {
            return -1;
        }
    }
    if (value != Py_None) {
        if (write_raw(w, "\021\000\000\000\005value", 10) < 0 || write_any(w, value, 1) < 0) {
            return -1;
        }
    }
    if (pattern != Py_None) {
        if (!PyUnicode_CheckExact(pattern)) {
            return DOUBT;
        }
        if (write_raw(w, "\021\000\000\000\007pattern", 12) < 0 || write_text(w, pattern) < 0) {
            return -1;
        }
    }
    if (ttl != Py_None) {
        if (!PyFloat_CheckExact(ttl) && !PyLong_CheckExact(ttl) && (!PyLong_Check(ttl) || PyBool_Check(ttl))) {
            return DOUBT;
        }
        if (PyFloat_CheckExact(ttl)) {
            double number = PyFloat_AS_DOUBLE(ttl);
            if (!isfinite(number) || number < 0) {
                return DOUBT;
            }
        }
        else {
            int overflow;
            long long number = int_value(ttl, &overflow);
            if (overflow || number < 0) {
                return DOUBT;
            }
        }
        if (write_raw(w, "\021\000\000\000\003ttl", 8) < 0 || write_any(w, ttl, 1) < 0) {
            return -1;
        }
    }
    if (initial != Py_None) {
        if (!PyFloat_CheckExact(initial) && !PyLong_CheckExact(initial) && (!PyLong_Check(initial) || PyBool_Check(initial))) {
            return DOUBT;
        }
        if (PyFloat_CheckExact(initial)) {
            double number = PyFloat_AS_DOUBLE(initial);
            if (!isfinite(number)) {
                return DOUBT;
            }
        }
        else {
            int overflow;
            int_value(initial, &overflow);
            if (overflow) {
                return DOUBT;
            }
        }
        if (write_raw(w, "\021\000\000\000\007initial", 12) < 0 || write_any(w, initial, 1) < 0) {
            return -1;
        }
    }
    if (version != Py_None) {
        if (!PyLong_CheckExact(version) && (!PyLong_Check(version) || PyBool_Check(version))) {
            return DOUBT;
        }
         {
            int overflow;
            long long number = int_value(version, &overflow);
            if (overflow || number < 0) {
                return DOUBT;
            }
        }
        if (write_raw(w, "\021\000\000\000\007version", 12) < 0 || write_any(w, version, 1) < 0) {
            return -1;
        }
    }
    if (count != Py_None) {
        if (!PyLong_CheckExact(count) && (!PyLong_Check(count) || PyBool_Check(count))) {
            return DOUBT;
        }
         {
            int overflow;
            long long number = int_value(count, &overflow);
            if (overflow || number < 1) {
                return DOUBT;
            }
        }
        if (write_raw(w, "\021\000\000\000\005count", 10) < 0 || write_any(w, count, 1) < 0) {
            return -1;
        }
    }
    if (after != Py_None) {
        if (PyList_Check(after) || PyDict_Check(after) || PyTuple_Check(after) || Py_IS_TYPE(after, TYPE(ENCODED_TYPE))) {
            return DOUBT;
        }
        if (write_raw(w, "\021\000\000\000\005after", 10) < 0 || write_any(w, after, 1) < 0) {
            return -1;
        }
    }
    if (wait != Py_None) {
        if (!PyFloat_CheckExact(wait) && !PyLong_CheckExact(wait) && (!PyLong_Check(wait) || PyBool_Check(wait))) {
            return DOUBT;
        }
        if (PyFloat_CheckExact(wait)) {
            double number = PyFloat_AS_DOUBLE(wait);
            if (!isfinite(number) || number < 0) {
                return DOUBT;
            }
        }
        else {
            int overflow;
            long long number = int_value(wait, &overflow);
            if (overflow || number < 0) {
                return DOUBT;
            }
        }
        if (write_raw(w, "\021\000\000\000\004wait", 9) < 0 || write_any(w, wait, 1) < 0) {
            return -1;
        }
    }
    return 0;
}

static int read_STASH(Reader *r, PyObject **fields) {
    const uint8_t *root = r->pos;
    if (left(r) < 5) {
        return DOUBT;
    }
    r->pos += 5;
    size_t count = 2;
    if (!reader_takes(r, "\021\000\000\000\002op", 7)) {
        return DOUBT;
    }
    fields[1] = read_any(r, 1, 0);
    if (fields[1] == NULL) {
        return FAULT;
    }
    if (!PyLong_CheckExact(fields[1])) {
        return fields[1] == Py_None ? DOUBT : FAULT;
    }
     {
        int overflow;
        long long number = int_value(fields[1], &overflow);
        if (overflow || (number != 1 && number != 2 && number != 3 && number != 4 && number != 5 && number != 6 && number != 7 && number != 8 && number != 9 && number != 10 && number != 11 && number != 12 && number != 13 && number != 14 && number != 15 && number != 16 && number != 17 && number != 18 && number != 19 && number != 20 && number != 21 && number != 22 && number != 23 && number != 24 && number != 25 && number != 26)) {
            return fields[1] == Py_None ? DOUBT : FAULT;
        }
    }
    if (!reader_takes(r, "\021\000\000\000\005table", 10)) {
        return DOUBT;
    }
    fields[2] = read_short(r);
    if (fields[2] == NULL) {
        return FAULT;
    }
    if (!PyUnicode_CheckExact(fields[2])) {
        return fields[2] == Py_None ? DOUBT : FAULT;
    }
    if (reader_takes(r, "\021\000\000\000\003key", 8)) {
        count += 1;
        fields[3] = read_any(r, 1, 0);
        if (fields[3] == NULL) {
            return FAULT;
        }
        if (PyList_Check(fields[3]) || PyDict_Check(fields[3]) || PyTuple_Check(fields[3]) || Py_IS_TYPE(fields[3], TYPE(ENCODED_TYPE))) {
            return fields[3] == Py_None ? DOUBT : FAULT;
        }
    }
    else {
        fields[3] = Py_NewRef(Py_None);
    }
    if (reader_takes(r, "\021\000\000\000\005value", 10)) {
        count += 1;
        fields[4] = read_any(r, 1, 0);
        if (fields[4] == NULL) {
            return FAULT;
        }
    }
    else {
        fields[4] = Py_NewRef(Py_None);
    }
    if (reader_takes(r, "\021\000\000\000\007pattern", 12)) {
        count += 1;
        fields[5] = read_short(r);
        if (fields[5] == NULL) {
            return FAULT;
        }
        if (!PyUnicode_CheckExact(fields[5])) {
            return fields[5] == Py_None ? DOUBT : FAULT;
        }
    }
    else {
        fields[5] = Py_NewRef(Py_None);
    }
    if (reader_takes(r, "\021\000\000\000\003ttl", 8)) {
        count += 1;
        fields[6] = read_any(r, 1, 0);
        if (fields[6] == NULL) {
            return FAULT;
        }
        if (!PyFloat_CheckExact(fields[6]) && !PyLong_CheckExact(fields[6])) {
            return fields[6] == Py_None ? DOUBT : FAULT;
        }
        if (PyFloat_CheckExact(fields[6])) {
            double number = PyFloat_AS_DOUBLE(fields[6]);
            if (!isfinite(number) || number < 0) {
                return fields[6] == Py_None ? DOUBT : FAULT;
            }
        }
        else {
            int overflow;
            long long number = int_value(fields[6], &overflow);
            if (overflow || number < 0) {
                return fields[6] == Py_None ? DOUBT : FAULT;
            }
        }
    }
    else {
        fields[6] = Py_NewRef(Py_None);
    }
    if (reader_takes(r, "\021\000\000\000\007initial", 12)) {
        count += 1;
        fields[7] = read_any(r, 1, 0);
        if (fields[7] == NULL) {
            return FAULT;
        }
        if (!PyFloat_CheckExact(fields[7]) && !PyLong_CheckExact(fields[7])) {
            return fields[7] == Py_None ? DOUBT : FAULT;
        }
        if (PyFloat_CheckExact(fields[7])) {
            double number = PyFloat_AS_DOUBLE(fields[7]);
            if (!isfinite(number)) {
                return fields[7] == Py_None ? DOUBT : FAULT;
            }
        }
        else {
            int overflow;
            int_value(fields[7], &overflow);
            if (overflow) {
                return fields[7] == Py_None ? DOUBT : FAULT;
            }
        }
    }
    else {
        fields[7] = Py_NewRef(Py_None);
    }
    if (reader_takes(r, "\021\000\000\000\007version", 12)) {
        count += 1;
        fields[8] = read_any(r, 1, 0);
        if (fields[8] == NULL) {
            return FAULT;
        }
        if (!PyLong_CheckExact(fields[8])) {
            return fields[8] == Py_None ? DOUBT : FAULT;
        }
         {
            int overflow;
            long long number = int_value(fields[8], &overflow);
            if (overflow || number < 0) {
                return fields[8] == Py_None ? DOUBT : FAULT;
            }
        }
    }
    else {
        fields[8] = Py_NewRef(Py_None);
    }
    if (reader_takes(r, "\021\000\000\000\005count", 10)) {
        count += 1;
        fields[9] = read_any(r, 1, 0);
        if (fields[9] == NULL) {
            return FAULT;
        }
        if (!PyLong_CheckExact(fields[9])) {
            return fields[9] == Py_None ? DOUBT : FAULT;
        }
         {
            int overflow;
            long long number = int_value(fields[9], &overflow);
            if (overflow || number < 1) {
                return fields[9] == Py_None ? DOUBT : FAULT;
            }
        }
    }
    else {
        fields[9] = Py_NewRef(Py_None);
    }
    if (reader_takes(r, "\021\000\000\000\005after", 10)) {
        count += 1;
        fields[10] = read_any(r, 1, 0);
        if (fields[10] == NULL) {
            return FAULT;
        }
        if (PyList_Check(fields[10]) || PyDict_Check(fields[10]) || PyTuple_Check(fields[10]) || Py_IS_TYPE(fields[10], TYPE(ENCODED_TYPE))) {
            return fields[10] == Py_None ? DOUBT : FAULT;
        }
    }
    else {
        fields[10] = Py_NewRef(Py_None);
    }
    if (reader_takes(r, "\021\000\000\000\004wait", 9)) {
        count += 1;
        fields[11] = read_any(r, 1, 0);
        if (fields[11] == NULL) {
            return FAULT;
        }
        if (!PyFloat_CheckExact(fields[11]) && !PyLong_CheckExact(fields[11])) {
            return fields[11] == Py_None ? DOUBT : FAULT;
        }
        if (PyFloat_CheckExact(fields[11])) {
            double number = PyFloat_AS_DOUBLE(fields[11]);
            if (!isfinite(number) || number < 0) {
                return fields[11] == Py_None ? DOUBT : FAULT;
            }
        }
        else {
            int overflow;
            long long number = int_value(fields[11], &overflow);
            if (overflow || number < 0) {
                return fields[11] == Py_None ? DOUBT : FAULT;
            }
        }
    }
    else {
        fields[11] = Py_NewRef(Py_None);
    }
    if (*root != 0x21 || get32(root + 1) != count) {
        return DOUBT;
    }
    return r->pos == r->end ? 0 : DOUBT;
}

static int write_MANAGE(Writer *w, PyObject *self) {
    PyObject *op = SLOT(self, 7, 1);
    PyObject *count = SLOT(self, 7, 2);
    PyObject *slot = SLOT(self, 7, 3);
    PyObject *call = SLOT(self, 7, 4);
    if (op == NULL || count == NULL || slot == NULL || call == NULL) {
        return DOUBT;
    }
    if (write_raw(w, "\041\000\000\000\002", 5) < 0) {
        return -1;
    }
    put32(w->pos - 4, (uint32_t)(2 + (slot != Py_None) + (call != Py_None)));
    if (!PyLong_CheckExact(op) && (!PyLong_Check(op) || PyBool_Check(op))) {
        return DOUBT;
    }
     {
        int overflow;
        long long number = int_value(op, &overflow);
        if (overflow || (number != 1 && number != 2 && number != 3 && number != 4 && number != 5 && number != 6 && number != 7 && number != 8)) {
            return DOUBT;
        }
    }
    if (write_raw(w, "\021\000\000\000\002op", 7) < 0 || write_any(w, op, 1) < 0) {
        return -1;
    }
    if (!PyLong_CheckExact(count) && (!PyLong_Check(count) || PyBool_Check(count))) {
        return DOUBT;
    }
    if (write_raw(w, "\021\000\000\000\005count", 10) < 0 || write_any(w, count, 1) < 0) {
        return -1;
    }
    if (slot != Py_None) {
        if (!PyLong_CheckExact(slot) && (!PyLong_Check(slot) || PyBool_Check(slot))) {
            return DOUBT;
        }
         {
            int overflow;
            long long number = int_value(slot, &overflow);
            if (overflow || number < 0) {
                return DOUBT;
            }
        }
        if (write_raw(w, "\021\000\000\000\004slot", 9) < 0 || write_any(w, slot, 1) < 0) {
            return -1;
        }
    }
    if (call != Py_None) {
        if (!PyLong_CheckExact(call) && (!PyLong_Check(call) || PyBool_Check(call))) {
            return DOUBT;
        }
         {
            int overflow;
            long long number = int_value(call, &overflow);
            if (overflow || number < 1) {
                return DOUBT;
            }
        }
        if (write_raw(w, "\021\000\000\000\004call", 9) < 0 || write_any(w, call, 1) < 0) {
            return -1;
        }
    }
    return 0;
}

static int read_MANAGE(Reader *r, PyObject **fields) {
    const uint8_t *root = r->pos;
    if (left(r) < 5) {
        return DOUBT;
    }
    r->pos += 5;
    size_t count = 2;
    if (!reader_takes(r, "\021\000\000\000\002op", 7)) {
        return DOUBT;
    }
    fields[1] = read_any(r, 1, 0);
    if (fields[1] == NULL) {
        return FAULT;
    }
    if (!PyLong_CheckExact(fields[1])) {
        return fields[1] == Py_None ? DOUBT : FAULT;
    }
     {
        int overflow;
        long long number = int_value(fields[1], &overflow);
        if (overflow || (number != 1 && number != 2 && number != 3 && number != 4 && number != 5 && number != 6 && number != 7 && number != 8)) {
            return fields[1] == Py_None ? DOUBT : FAULT;
        }
    }
    if (!reader_takes(r, "\021\000\000\000\005count", 10)) {
        return DOUBT;
    }
    fields[2] = read_any(r, 1, 0);
    if (fields[2] == NULL) {
        return FAULT;
    }
    if (!PyLong_CheckExact(fields[2])) {
        return fields[2] == Py_None ? DOUBT : FAULT;
    }
    if (reader_takes(r, "\021\000\000\000\004slot", 9)) {
        count += 1;
        fields[3] = read_any(r, 1, 0);
        if (fields[3] == NULL) {
            return FAULT;
        }
        if (!PyLong_CheckExact(fields[3])) {
            return fields[3] == Py_None ? DOUBT : FAULT;
        }
         {
            int overflow;
            long long number = int_value(fields[3], &overflow);
            if (overflow || number < 0) {
                return fields[3] == Py_None ? DOUBT : FAULT;
            }
        }
    }
    else {
        fields[3] = Py_NewRef(Py_None);
    }
    if (reader_takes(r, "\021\000\000\000\004call", 9)) {
        count += 1;
        fields[4] = read_any(r, 1, 0);
        if (fields[4] == NULL) {
            return FAULT;
        }
        if (!PyLong_CheckExact(fields[4])) {
            return fields[4] == Py_None ? DOUBT : FAULT;
        }
         {
            int overflow;
            long long number = int_value(fields[4], &overflow);
            if (overflow || number < 1) {
                return fields[4] == Py_None ? DOUBT : FAULT;
            }
        }
    }
    else {
        fields[4] = Py_NewRef(Py_None);
    }
    if (*root != 0x21 || get32(root + 1) != count) {
        return DOUBT;
    }
    return r->pos == r->end ? 0 : DOUBT;
}

/* Write the payload behind room for the header, and then the header. */
INLINE int write_message(Writer *w, PyObject *self, int index) {
    PyObject *id = SLOT(self, index, 0);
    if (id == NULL || !PyLong_CheckExact(id)) {
        return DOUBT;
    }
    unsigned long long request_id = PyLong_AsUnsignedLongLong(id);
    if (request_id == (unsigned long long)-1 && PyErr_Occurred()) {
        PyErr_Clear();
        return DOUBT;
    }
    int done = 0;
    switch (index) {
        case 0: done = write_REQUEST(w, self); break;
        case 1: done = write_RESPONSE(w, self); break;
        case 2: done = write_ERROR(w, self); break;
        case 3: done = write_CHUNK(w, self); break;
        case 5: done = write_STASH(w, self); break;
        case 7: done = write_MANAGE(w, self); break;
        default: break;
    }
    size_t length = w->before + (size_t)(w->pos - w->start) - HEADER_BYTES;
    if (done < 0 || length > MAX_PAYLOAD_BYTES) {
        return -1;
    }
    put_header(writer_first(w), message_codes[index], length, request_id);
    return 0;
}

/* The message whose fields stand in the order in which they are written, or NULL;
   `is_faulty` where it is none in any order. */
INLINE PyObject *read_in_order(Reader *r, int index, PyObject *request_id, int *is_faulty) {
    PyObject *fields[MAX_FIELDS] = {NULL}, *message = NULL;
    int done = 0;
    switch (index) {
        case 0: done = read_REQUEST(r, fields); break;
        case 1: done = read_RESPONSE(r, fields); break;
        case 2: done = read_ERROR(r, fields); break;
        case 3: done = read_CHUNK(r, fields); break;
        case 5: done = read_STASH(r, fields); break;
        case 7: done = read_MANAGE(r, fields); break;
        default: break;
    }
    *is_faulty = done == FAULT;
    if (LIKELY(done == 0)) {
        PyTypeObject *type = TYPE(MESSAGE_TYPES + index);
        message = type->tp_alloc(type, 0);
    }
    if (UNLIKELY(message == NULL)) {
        for (int i = 1; i < MAX_FIELDS; i++) {
            Py_XDECREF(fields[i]);
        }
        return NULL;
    }
    fields[0] = Py_NewRef(request_id);
    for (int i = 0; i < MAX_FIELDS && field_names[index][i] != NULL; i++) {
        SLOT(message, index, i) = fields[i];
    }
    return message;
}


/* Step over a value without judging what is in it. */
NOINLINE int skip_value(Reader *r) {
    for (uint64_t pending = 1; pending > 0; pending--) {
        if (pending > left(r)) {
            return DOUBT;
        }
        size_t step;
        switch (*r->pos) {
            case CODE_NONE: step = 1; break;
            case CODE_BOOL: step = 2; break;
            case CODE_INT64: step = 9; break;
            case CODE_FLOAT64: step = 9; break;
            case CODE_BYTES: {
                step = 5;
                if (left(r) < step) {
                    return DOUBT;
                }
                size_t size = get32(r->pos + 1);
                step += size;
                break;
            }
            case CODE_STRING: {
                step = 5;
                if (left(r) < step) {
                    return DOUBT;
                }
                size_t size = get32(r->pos + 1);
                step += size;
                break;
            }
            case CODE_LIST: {
                step = 5;
                if (left(r) < step) {
                    return DOUBT;
                }
                size_t size = get32(r->pos + 1);
                pending += size * 1;
                break;
            }
            case CODE_DICT: {
                step = 5;
                if (left(r) < step) {
                    return DOUBT;
                }
                size_t size = get32(r->pos + 1);
                pending += size * 2;
                break;
            }
            default: return DOUBT;
        }
        if (step > left(r)) {
            return DOUBT;
        }
        r->pos += step;
    }
    return 0;
}

/* The size of the bytes value at hand, 0 if it is none, and where its bytes begin. */
INLINE size_t bytes_head(const Reader *r, size_t *at) {
    if (left(r) < 5 || *r->pos != CODE_BYTES) {
        return 0;
    }
    size_t size = get32(r->pos + 1);
    *at = (size_t)(r->pos - r->base) + 5;
    return size <= 67108864 ? size : 0;
}

#define MOST_NAMES 64

/* Find the values of the keys `names` in the dict at hand, which is right. */
static int read_spans(Reader *r, PyObject *names, PyObject *found) {
    Py_ssize_t count = PyTuple_GET_SIZE(names), sizes[MOST_NAMES];
    const char *texts[MOST_NAMES];
    if (count > MOST_NAMES) {
        PyErr_SetString(PyExc_ValueError, "too many names");
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *key = PyTuple_GET_ITEM(names, i);
        texts[i] = PyUnicode_AsUTF8AndSize(key, &sizes[i]);
        if (texts[i] == NULL) {
            return -1;
        }
    }
    size_t pairs = get32(r->pos + 1);
    r->pos += 5;
    for (; pairs > 0 && PyDict_GET_SIZE(found) < count; pairs--) {
        size_t size = get32(r->pos + 1);
        const uint8_t *name = r->pos + 5;
        r->pos += 5 + size;
        Py_ssize_t which = 0;
        while (which < count && ((size_t)sizes[which] != size || memcmp(texts[which], name, size) != 0)) {
            which += 1;
        }
        const uint8_t *start = r->pos;
        if (skip_long_value(r) < 0) {
            return DOUBT;
        }
        if (which < count) {
            PyObject *span = Py_BuildValue("nn", start - r->base, r->pos - r->base);
            PyObject *key = PyTuple_GET_ITEM(names, which);
            int failed = span == NULL || PyDict_SetItem(found, key, span);
            Py_XDECREF(span);
            if (failed) {
                return -1;
            }
        }
    }
    return 0;
}

INLINE int routing_field(const uint8_t *name, size_t size) {
    if (size == 8 && memcmp(name, "app_path", size) == 0) {
        return 0;
    }
    if (size == 6 && memcmp(name, "action", size) == 0) {
        return 1;
    }
    if (size == 7 && memcmp(name, "timeout", size) == 0) {
        return 2;
    }
    if (size == 8 && memcmp(name, "priority", size) == 0) {
        return 3;
    }
    if (size == 4 && memcmp(name, "args", size) == 0) {
        return 4;
    }
    if (size == 6 && memcmp(name, "kwargs", size) == 0) {
        return 5;
    }
    return -1;
}

/* Find the fields by which a REQUEST is routed, wherever they stand. */
static int peek_routing(Reader *r, PyObject **found) {
    const size_t owed = 0;
    if (left(r) < 1 || *r->pos != 0x21) {
        return DOUBT;
    }
    if (UNLIKELY(left(r) < 5)) {
        return DOUBT;
    }
    size_t count = get32(r->pos + 1);
    r->pos += 5;
    if (UNLIKELY(count > 1048576 || count * 6 + owed > left(r))) {
        return DOUBT;
    }
    int missing = ROUTING_FIELDS;
    for (; count > 0 && missing > 0; count--) {
        if (left(r) < 5 || *r->pos != 0x11) {
            return DOUBT;
        }
        size_t size = get32(r->pos + 1);
        if (size > left(r) - 5) {
            return DOUBT;
        }
        const uint8_t *name = r->pos + 5;
        r->pos += 5 + size;
        int which = routing_field(name, size);
        if (which > 3) {
            if (missing == 1 && found[3] == NULL) {
                missing = 0;
                break;
            }
            if (skip_long_value(r) < 0) {
                return DOUBT;
            }
        }
        else if (which < 0) {
            if (!is_text(name, size) || skip_long_value(r) < 0) {
                return DOUBT;
            }
        }
        else {
            if (found[which] != NULL) {
                return DOUBT;
            }
            found[which] = read_short(r);
            if (found[which] == NULL) {
                return DOUBT;
            }
            missing -= 1;
        }
    }
    if (missing > 0 && r->pos != r->end) {
        return DOUBT;
    }
    if (found[0] == NULL) {
        return DOUBT;
    }
    if (!PyUnicode_CheckExact(found[0])) {
        return DOUBT;
    }
    if (found[1] == NULL) {
        return DOUBT;
    }
    if (!PyUnicode_CheckExact(found[1])) {
        return DOUBT;
    }
    if (found[2] != NULL && found[2] != Py_None) {
        if (!PyFloat_CheckExact(found[2]) && !PyLong_CheckExact(found[2])) {
            return DOUBT;
        }
        if (PyFloat_CheckExact(found[2])) {
            double number = PyFloat_AS_DOUBLE(found[2]);
            if (!isfinite(number) || number < 0) {
                return DOUBT;
            }
        }
        else {
            int overflow;
            long long number = int_value(found[2], &overflow);
            if (overflow || number < 0) {
                return DOUBT;
            }
        }
    }
    if (found[3] != NULL && found[3] != Py_None) {
        if (!PyLong_CheckExact(found[3])) {
            return DOUBT;
        }
         {
            int overflow;
            long long number = int_value(found[3], &overflow);
            if (overflow || number < -10 || number > 10) {
                return DOUBT;
            }
        }
    }
    else {
        Py_XDECREF(found[3]);
        found[3] = PyLong_FromLong(0);
        if (found[3] == NULL) {
            return DOUBT;
        }
    }
    return 0;
}

