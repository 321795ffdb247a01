/* === Reader: the bytes that are left ========================================================= */

typedef struct {
    const uint8_t *pos;
    const uint8_t *end;
    const uint8_t *base;
    PyObject *view; /* a memoryview of all from `base` on, for zero-copy decoding, or NULL */
    PyObject *apart; /* a bytes value that is not among the bytes, or NULL */
    const uint8_t *apart_at; /* where it would be */
} Reader;

INLINE size_t left(const Reader *r) { return (size_t)(r->end - r->pos); }

/* Whether the bytes `data` come next; they are read then. */
INLINE int reader_takes(Reader *r, const char *data, size_t size) {
    if (left(r) < size || memcmp(r->pos, data, size) != 0) {
        return 0;
    }
    r->pos += size;
    return 1;
}

NOINLINE PyObject *view_at(Reader *r, const uint8_t *data, size_t size) {
    Py_ssize_t start = data - r->base;
    PyObject *from = PyLong_FromSsize_t(start);
    PyObject *to = PyLong_FromSsize_t(start + (Py_ssize_t)size);
    PyObject *slice = from && to ? PySlice_New(from, to, NULL) : NULL;
    PyObject *part = slice ? PyObject_GetItem(r->view, slice) : NULL;
    Py_XDECREF(from);
    Py_XDECREF(to);
    Py_XDECREF(slice);
    return part;
}

/* The value that is not among the bytes, and of which the head says `size`. */
NOINLINE PyObject *read_apart(Reader *r, size_t size) {
    PyObject *value = r->apart;
    return (size_t)PyBytes_GET_SIZE(value) == size ? Py_NewRef(value) : NULL;
}

INLINE PyObject *read_blob(Reader *r, const uint8_t *data, size_t size) {
    if (UNLIKELY(r->view != NULL)) {
        return view_at(r, data, size);
    }
    PyObject *blob = new_bytes(size);
    if (LIKELY(blob != NULL)) {
        memcpy(PyBytes_AS_STRING(blob), data, size);
    }
    return blob;
}
