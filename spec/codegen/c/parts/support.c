/* === Rules ===================================================================================

   This codec handles what is common and right, fast. Whatever it cannot vouch for is a DOUBT: a
   failure (-1 or NULL) without an exception set. The exported function then calls the Python
   codec with the same arguments, which finds the exact fault or the exact answer. A failure with
   an exception set, such as MemoryError, is passed on.

   No Python code runs between the first byte and the last: only exact types and the storage of
   subclasses are read, so nothing changes under our hands while the GIL is held. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#define DOUBT (-1)
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Deeper values are left to the Python codec: a thread's stack may be small, and a level takes
   some 200 bytes of it. */
#define MAX_C_DEPTH 64

/* === Numbers, big-endian ===================================================================== */

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ORDER16(number) (number)
#define ORDER32(number) (number)
#define ORDER64(number) (number)
#else
#define ORDER16(number) __builtin_bswap16(number)
#define ORDER32(number) __builtin_bswap32(number)
#define ORDER64(number) __builtin_bswap64(number)
#endif

INLINE void put8(uint8_t *at, uint8_t number) { *at = number; }
INLINE void put16(uint8_t *at, uint16_t number) { number = ORDER16(number); memcpy(at, &number, 2); }
INLINE void put32(uint8_t *at, uint32_t number) { number = ORDER32(number); memcpy(at, &number, 4); }
INLINE void put64(uint8_t *at, uint64_t number) { number = ORDER64(number); memcpy(at, &number, 8); }
INLINE uint8_t get8(const uint8_t *at) { return *at; }
INLINE uint16_t get16(const uint8_t *at) { uint16_t n; memcpy(&n, at, 2); return ORDER16(n); }
INLINE uint32_t get32(const uint8_t *at) { uint32_t n; memcpy(&n, at, 4); return ORDER32(n); }
INLINE uint64_t get64(const uint8_t *at) { uint64_t n; memcpy(&n, at, 8); return ORDER64(n); }

INLINE void putf32(uint8_t *at, double number) {
    float single = (float)number;
    uint32_t bits;
    memcpy(&bits, &single, 4);
    put32(at, bits);
}

INLINE void putf64(uint8_t *at, double number) {
    uint64_t bits;
    memcpy(&bits, &number, 8);
    put64(at, bits);
}

INLINE double getf32(const uint8_t *at) {
    uint32_t bits = get32(at);
    float single;
    memcpy(&single, &bits, 4);
    return single;
}

INLINE double getf64(const uint8_t *at) {
    uint64_t bits = get64(at);
    double number;
    memcpy(&number, &bits, 8);
    return number;
}

/* Most keys and texts are short: a call would take longer than these. */
INLINE void copy_short(void *to, const void *from, size_t size) {
    uint8_t *at = to;
    const uint8_t *data = from;
    uint64_t head, tail;
    if (size > 32) {
        memcpy(at, data, size);
    } else if (size >= 16) {
        memcpy(at, data, 16);
        memcpy(at + size - 16, data + size - 16, 16);
    } else if (size >= 8) {
        memcpy(&head, data, 8);
        memcpy(&tail, data + size - 8, 8);
        memcpy(at, &head, 8);
        memcpy(at + size - 8, &tail, 8);
    } else if (size >= 4) {
        memcpy(&head, data, 4);
        memcpy(&tail, data + size - 4, 4);
        memcpy(at, &head, 4);
        memcpy(at + size - 4, &tail, 4);
    } else if (size > 0) {
        at[size / 2] = data[size / 2];
        at[0] = data[0];
        at[size - 1] = data[size - 1];
    }
}

INLINE int same_short(const uint8_t *one, const uint8_t *other, size_t size) {
    uint64_t a, b, c, d;
    if (size > 16) {
        return memcmp(one, other, size) == 0;
    }
    if (size >= 8) {
        memcpy(&a, one, 8);
        memcpy(&b, other, 8);
        memcpy(&c, one + size - 8, 8);
        memcpy(&d, other + size - 8, 8);
        return ((a ^ b) | (c ^ d)) == 0;
    }
    if (size >= 4) {
        uint32_t e, f, g, h;
        memcpy(&e, one, 4);
        memcpy(&f, other, 4);
        memcpy(&g, one + size - 4, 4);
        memcpy(&h, other + size - 4, 4);
        return ((e ^ f) | (g ^ h)) == 0;
    }
    return size == 0 || (one[0] == other[0] && one[size / 2] == other[size / 2] &&
                         one[size - 1] == other[size - 1]);
}

/* === Large bytes objects ===================================================================== */

#define LARGE_BYTES (4 * 1024 * 1024)
#define PAGE_BYTES 4096

/* A new bytes object that is yet to be filled. Where it is large, its memory is fresh: a fault for
   each small page would take longer than copying what it holds. */
INLINE PyObject *new_bytes(size_t size) {
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
#ifdef MADV_HUGEPAGE
    if (UNLIKELY(size >= LARGE_BYTES) && bytes != NULL) {
        uintptr_t start = (uintptr_t)PyBytes_AS_STRING(bytes), mask = ~(uintptr_t)(PAGE_BYTES - 1);
        uintptr_t first = (start + PAGE_BYTES - 1) & mask, last = (start + size) & mask;
        /* Advice only: where pages are larger, or there are no large ones, nothing changes. */
        (void)madvise((void *)first, last - first, MADV_HUGEPAGE);
    }
#endif
    return bytes;
}

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
    uint8_t scratch[SCRATCH_BYTES];
} Writer;

INLINE void writer_init(Writer *w) {
    w->pos = w->start = w->scratch;
    w->end = w->scratch + SCRATCH_BYTES;
    w->heap = w->parts = NULL;
    w->before = 0;
}

NOINLINE int writer_grow(Writer *w, size_t more) {
    size_t used = (size_t)(w->pos - w->start);
    size_t size = 2 * used + more + 256;
    if (size > PY_SSIZE_T_MAX / 2) {
        return DOUBT;
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
    int failed = PyList_Append(w->parts, head) < 0 || PyList_Append(w->parts, blob) < 0;
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

/* Keys come again and again: those of up to KEY_BYTES are kept, with their hash, one a place.
   A dict of more than MANY_KEYS has keys that are data. */
#define KEY_PLACES 1024
#define KEY_BYTES 32
#define MANY_KEYS 64

static PyObject *kept_keys[KEY_PLACES];

INLINE size_t key_place(const uint8_t *data, size_t size) {
    uint64_t head = 0, tail = 0;
    if (size >= 8) {
        memcpy(&head, data, 8);
        memcpy(&tail, data + size - 8, 8);
    } else if (size >= 4) {
        uint32_t part;
        memcpy(&part, data, 4);
        head = part;
        memcpy(&part, data + size - 4, 4);
        tail = part;
    } else if (size > 0) {
        head = data[0] | (uint64_t)data[size / 2] << 8 | (uint64_t)data[size - 1] << 16;
    }
    uint64_t mixed = (head ^ (tail * 0x9E3779B97F4A7C15ULL) ^ size) * 0xD6E8FEB86659FD93ULL;
    return (size_t)(mixed >> 40) % KEY_PLACES;
}

INLINE PyObject *read_key(const uint8_t *data, size_t size, int keep) {
    if (size > KEY_BYTES || !keep) {
        return read_text(data, size);
    }
    PyObject **place = &kept_keys[key_place(data, size)], *kept = *place;
    if (LIKELY(kept != NULL && (size_t)PyUnicode_GET_LENGTH(kept) == size &&
               same_short(PyUnicode_1BYTE_DATA(kept), data, size))) {
        return Py_NewRef(kept);
    }
    if (!is_ascii(data, size)) {
        return new_utf8(data, size);
    }
    PyObject *key = new_ascii(data, size);
    if (key != NULL && PyObject_Hash(key) != -1) {
        Py_XSETREF(*place, Py_NewRef(key));
    }
    return key;
}

/* PyDict_SetItem for a text as key, whose hash is most often there already. */
INLINE int dict_set(PyObject *pairs, PyObject *key, PyObject *value) {
#if PY_VERSION_HEX < 0x030D0000
    Py_hash_t hash = ((PyASCIIObject *)key)->hash;
    if (LIKELY(hash != -1)) {
        return _PyDict_SetItem_KnownHash(pairs, key, value, hash);
    }
#endif
    return PyDict_SetItem(pairs, key, value);
}

/* The value of an int of one machine word or less; `overflow` as PyLong_AsLongLongAndOverflow. */
INLINE long long int_value(PyObject *value, int *overflow) {
#if PY_VERSION_HEX >= 0x030C0000
    if (LIKELY(PyUnstable_Long_IsCompact((PyLongObject *)value))) {
        *overflow = 0;
        return PyUnstable_Long_CompactValue((PyLongObject *)value);
    }
#else
    Py_ssize_t digits = Py_SIZE(value);
    if (LIKELY(digits >= -1 && digits <= 1)) {
        *overflow = 0;
        return digits * (long long)((PyLongObject *)value)->ob_digit[0];
    }
#endif
    return PyLong_AsLongLongAndOverflow(value, overflow);
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
