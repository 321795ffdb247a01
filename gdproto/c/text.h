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

#define SAMPLE_BYTES 64

/* Whether what begins between `data` and `stop` is UTF-8, which may go on to `end`. */
static int is_utf8(const uint8_t *data, const uint8_t *stop, const uint8_t *end) {
#define FOLLOWS(n) ((data[n] & 0xC0) == 0x80)
    while (data < stop) {
        uint8_t lead = *data;
        if (lead < 0x80) {
            data += 1;
            while (stop - data >= SAMPLE_BYTES && is_ascii(data, SAMPLE_BYTES)) {
                data += SAMPLE_BYTES;
            }
        } else if (lead < 0xE0) {
            if (lead < 0xC2 || end - data < 2 || !FOLLOWS(1)) {
                return 0;
            }
            data += 2;
        } else if (lead < 0xF0) {
            if (end - data < 3 || !FOLLOWS(1) || !FOLLOWS(2) || (lead == 0xE0 && data[1] < 0xA0) ||
                (lead == 0xED && data[1] >= 0xA0)) {
                return 0;
            }
            data += 3;
        } else {
            if (lead > 0xF4 || end - data < 4 || !FOLLOWS(1) || !FOLLOWS(2) || !FOLLOWS(3) ||
                (lead == 0xF0 && data[1] < 0x90) || (lead == 0xF4 && data[1] >= 0x90)) {
                return 0;
            }
            data += 4;
        }
    }
    return 1;
}

INLINE int is_text(const uint8_t *data, size_t size) {
    return LIKELY(is_ascii(data, size)) || is_utf8(data, data + size, data + size);
}

/* A long text that is not UTF-8 where it first goes beyond ASCII need not be decoded so far. */
#define LONG_TEXT_BYTES 4096

INLINE int begins_as_utf8(const uint8_t *data, size_t size) {
    const uint8_t *end = data + size;
    while (end - data >= SAMPLE_BYTES && is_ascii(data, SAMPLE_BYTES)) {
        data += SAMPLE_BYTES;
    }
    return is_utf8(data, end - data > SAMPLE_BYTES ? data + SAMPLE_BYTES : end, end);
}

NOINLINE PyObject *new_utf8(const uint8_t *data, size_t size) {
    if (UNLIKELY(size >= LONG_TEXT_BYTES) && !begins_as_utf8(data, size)) {
        return NULL;
    }
    PyObject *text = PyUnicode_DecodeUTF8((const char *)data, (Py_ssize_t)size, NULL);
    if (text == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear();
    }
    return text;
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
