/* === Writer: bytes that grow ================================================================= */

/* Small encodings never leave the stack; larger ones grow inside a bytes object. */
#define SCRATCH_BYTES 1024
/* As in gdproto/frames.py. */
#define PART_BYTES (64 * 1024)

typedef struct {
    uint8_t *pos;
    uint8_t *end;
    uint8_t *start;
    PyObject *heap;  /* the bytes object that holds them, or NULL while they are in `scratch` */
    PyObject *parts; /* a list of what stands before `start`, or NULL where all is in one piece */
    size_t before;   /* how many bytes that is */
    size_t most;     /* as many bytes as may be written: more are refused, soon */
    PyObject *trail; /* at a fault: keys and indexes that lead there, the innermost first; or NULL */
    PyObject *culprit; /* the key or value at fault, or NULL */
    int is_key, is_again; /* it is a key; one that has been written already */
    uint8_t scratch[SCRATCH_BYTES];
} Writer;

INLINE void writer_init(Writer *w, size_t most) {
    w->is_key = w->is_again = 0;
    w->pos = w->start = w->scratch;
    w->end = w->scratch + SCRATCH_BYTES;
    w->heap = w->parts = w->trail = w->culprit = NULL;
    w->before = 0;
    w->most = most;
}

INLINE size_t written(const Writer *w) { return w->before + (size_t)(w->pos - w->start); }

/* The key or value at hand is at fault, if nothing within it is. */
COLD int write_blame(Writer *w, PyObject *culprit, int is_key, int is_again) {
    if (w->culprit == NULL) {
        w->culprit = Py_NewRef(culprit);
        w->is_key = is_key;
        w->is_again = is_again;
    }
    return -1;
}

/* What stands at `step`, which is given away, is at fault or holds what is. */
COLD int write_lost(Writer *w, PyObject *step, PyObject *value) {
    if (step == NULL || PyErr_Occurred() || (w->trail == NULL && (w->trail = PyList_New(0)) == NULL)) {
        Py_XDECREF(step);
        return -1;
    }
    int failed = PyList_Append(w->trail, step) < 0;
    Py_DECREF(step);
    return failed ? -1 : write_blame(w, value, 0, 0);
}

COLD int write_lost_at(Writer *w, Py_ssize_t index, PyObject *value) {
    return PyErr_Occurred() ? -1 : write_lost(w, PyLong_FromSsize_t(index), value);
}

NOINLINE int writer_grow(Writer *w, size_t more) {
    size_t used = (size_t)(w->pos - w->start);
    size_t size = 2 * used + more + 256;
    if (size > PY_SSIZE_T_MAX / 2 || w->before + used > w->most) {
        return DOUBT;
    }
    if (size > w->most + more) {
        size = used + more > w->most + 1 ? used + more : w->most + 1;
    }
    if (w->heap == NULL) {
        w->heap = new_bytes(size);
        if (w->heap == NULL) {
            return -1;
        }
        memcpy(PyBytes_AS_STRING(w->heap), w->start, used);
    } else if (_PyBytes_Resize(&w->heap, (Py_ssize_t)size) < 0) {
        return -1;
    }
    w->start = (uint8_t *)PyBytes_AS_STRING(w->heap);
    w->pos = w->start + used;
    w->end = w->start + size;
    return 0;
}

/* Make room for `size` bytes at `pos`. */
INLINE int writer_reserve(Writer *w, size_t size) {
    if (LIKELY((size_t)(w->end - w->pos) >= size)) {
        return 0;
    }
    return writer_grow(w, size);
}

/* All that was written, as bytes; NULL with an exception. The writer is spent. */
static PyObject *writer_finish(Writer *w) {
    Py_ssize_t used = w->pos - w->start;
    if (w->heap == NULL) {
        return PyBytes_FromStringAndSize((const char *)w->start, used);
    }
    if (PyBytes_GET_SIZE(w->heap) != used) {
        _PyBytes_Resize(&w->heap, used);
    }
    return w->heap;
}

INLINE void writer_drop(Writer *w) {
    Py_CLEAR(w->heap);
    Py_CLEAR(w->parts);
    Py_CLEAR(w->trail);
    Py_CLEAR(w->culprit);
}

/* The first byte of all. */
INLINE uint8_t *writer_first(Writer *w) {
    return w->before == 0 ? w->start : (uint8_t *)PyBytes_AS_STRING(PyList_GET_ITEM(w->parts, 0));
}

/* Let a bytes object, whose head has been written, stand in the list of parts itself. */
NOINLINE int writer_set_aside(Writer *w, PyObject *blob) {
    Py_ssize_t used = w->pos - w->start;
    PyObject *head = PyBytes_FromStringAndSize((const char *)w->start, used);
    if (head == NULL) {
        return -1;
    }
    int failed = w->before > w->most || PyList_Append(w->parts, head) < 0 || PyList_Append(w->parts, blob) < 0;
    Py_DECREF(head);
    w->before += (size_t)used + (size_t)PyBytes_GET_SIZE(blob);
    w->pos = w->start;
    return failed ? -1 : 0;
}

/* The list of parts, to which what was written last is added; NULL with an exception. The writer
   is spent. */
static PyObject *writer_parts(Writer *w) {
    PyObject *parts = w->parts;
    if (w->pos > w->start) {
        PyObject *last = writer_finish(w);
        if (last == NULL || PyList_Append(parts, last) < 0) {
            Py_CLEAR(parts);
        }
        Py_XDECREF(last);
    } else {
        Py_CLEAR(w->heap);
    }
    return parts;
}

INLINE int write_raw(Writer *w, const void *data, size_t size) {
    if (writer_reserve(w, size) < 0) {
        return -1;
    }
    memcpy(w->pos, data, size);
    w->pos += size;
    return 0;
}
