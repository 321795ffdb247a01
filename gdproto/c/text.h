/* === Text ==================================================================================== */

#define HIGH_BITS 0x8080808080808080ULL

INLINE int is_ascii(const uint8_t *data, size_t size) {
    uint64_t seen = 0, word;
    uint32_t head, tail;
    if (size >= 8) {
        memcpy(&seen, data + size - 8, 8);
        for (const uint8_t *stop = data + size - 8; data < stop; data += 8) {
            memcpy(&word, data, 8);
            seen |= word;
        }
    } else if (size >= 4) {
        memcpy(&head, data, 4);
        memcpy(&tail, data + size - 4, 4);
        seen = head | tail;
    } else if (size > 0) {
        seen = data[0] | data[size / 2] | data[size - 1];
    }
    return (seen & HIGH_BITS) == 0;
}

INLINE PyObject *new_ascii(const uint8_t *data, size_t size) {
    PyObject *text = PyUnicode_New((Py_ssize_t)size, 127);
    if (LIKELY(text != NULL)) {
        copy_short(PyUnicode_1BYTE_DATA(text), data, size);
    }
    return text;
}

NOINLINE PyObject *new_utf8(const uint8_t *data, size_t size) {
    PyObject *text = PyUnicode_DecodeUTF8((const char *)data, (Py_ssize_t)size, NULL);
    if (text == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear();
    }
    return text;
}

static int is_text(const uint8_t *data, size_t size) {
    PyObject *text = is_ascii(data, size) ? Py_NewRef(Py_None) : new_utf8(data, size);
    Py_XDECREF(text);
    return text != NULL;
}

INLINE PyObject *read_text(const uint8_t *data, size_t size) {
    return LIKELY(is_ascii(data, size)) ? new_ascii(data, size) : new_utf8(data, size);
}

/* The UTF-8 form of `length` code units of one width; NULL for a lone surrogate. */
#define PUT_UTF8(name, unit)                                                                   \
    static uint8_t *name(uint8_t *at, const unit *data, Py_ssize_t length) {                   \
        for (const unit *stop = data + length; data < stop; data++) {                          \
            uint32_t c = *data;                                                                \
            if (c < 0x80) {                                                                    \
                *at++ = (uint8_t)c;                                                            \
            } else if (c < 0x800) {                                                            \
                *at++ = (uint8_t)(0xC0 | c >> 6);                                              \
                *at++ = (uint8_t)(0x80 | (c & 0x3F));                                          \
            } else if (c < 0x10000) {                                                          \
                if (c >= 0xD800 && c <= 0xDFFF) {                                              \
                    return NULL;                                                               \
                }                                                                              \
                *at++ = (uint8_t)(0xE0 | c >> 12);                                             \
                *at++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));                                     \
                *at++ = (uint8_t)(0x80 | (c & 0x3F));                                          \
            } else {                                                                           \
                *at++ = (uint8_t)(0xF0 | c >> 18);                                             \
                *at++ = (uint8_t)(0x80 | (c >> 12 & 0x3F));                                    \
                *at++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));                                     \
                *at++ = (uint8_t)(0x80 | (c & 0x3F));                                          \
            }                                                                                  \
        }                                                                                      \
        return at;                                                                             \
    }

PUT_UTF8(put_utf8_from_1, Py_UCS1)
PUT_UTF8(put_utf8_from_2, Py_UCS2)
PUT_UTF8(put_utf8_from_4, Py_UCS4)

static uint8_t *put_utf8(uint8_t *at, PyObject *text) {
    const void *data = PyUnicode_DATA(text);
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    switch (PyUnicode_KIND(text)) {
    case PyUnicode_1BYTE_KIND: return put_utf8_from_1(at, data, length);
    case PyUnicode_2BYTE_KIND: return put_utf8_from_2(at, data, length);
    default: return put_utf8_from_4(at, data, length);
    }
}

INLINE int is_compact_ascii(PyObject *text) {
#if PY_VERSION_HEX < 0x030C0000
    return PyUnicode_IS_READY(text) && PyUnicode_IS_COMPACT_ASCII(text);
#else
    return PyUnicode_IS_COMPACT_ASCII(text);
#endif
}

INLINE int make_ready(PyObject *text) {
#if PY_VERSION_HEX < 0x030C0000
    return PyUnicode_READY(text);
#else
    (void)text;
    return 0;
#endif
}
