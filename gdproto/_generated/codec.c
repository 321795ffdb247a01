/* @generated from spec/ (3d94bc879995c9c2) by python -m spec.codegen --write; do not edit */
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

/* === Wire facts ============================================================================== */

#define SPEC_HASH "3d94bc879995c9c2"
#define MAX_PAYLOAD_BYTES 67108864
#define MAX_BLOB_BYTES 67108864
#define MAX_ITEMS 1048576
#define MAX_DEPTH 512
#define DEPTH (MAX_DEPTH < MAX_C_DEPTH ? MAX_DEPTH : MAX_C_DEPTH)
#define CODE_NONE 0x00
#define CODE_BOOL 0x01
#define CODE_INT64 0x05
#define CODE_FLOAT64 0x06
#define CODE_BYTES 0x10
#define CODE_STRING 0x11
#define CODE_LIST 0x20
#define CODE_DICT 0x21

#define HEADER_BYTES 16
#define HEADER_TYPE(at) get8((at) + 3)
#define HEADER_LENGTH(at) get32((at) + 4)
#define HEADER_REQUEST_ID(at) get64((at) + 8)

/* Message codes to places in the tables below. */
static const int8_t code_index[256] = {
    -1, 0, 1, 2, 3, 4, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
};

INLINE int header_is_sound(const uint8_t *at) {
    return memcmp(at + 0, "GD", 2) == 0 && get8(at + 2) == 1 &&
           code_index[HEADER_TYPE(at)] >= 0 &&
           HEADER_LENGTH(at) <= 67108864;
}

INLINE void put_header(uint8_t *at, uint8_t code, size_t length, uint64_t request_id) {
    memcpy(at + 0, "GD", 2);
    put8(at + 2, (uint8_t)1);
    put8(at + 3, (uint8_t)code);
    put32(at + 4, (uint32_t)length);
    put64(at + 8, (uint64_t)request_id);
}

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

static const char *const fallback_names[] = {"encode", "decode", "serialize", "parse", "parse_payload", "parse_header", "peek_request", "readable", "next_event", "receive_data", "send", "send_parts", "send_frame"};

/* === Writing values ========================================================================== */

static int write_list(Writer *w, PyObject *const *items, Py_ssize_t count, int depth);
static int write_dict(Writer *w, PyObject *pairs, int depth);
static int write_other(Writer *w, PyObject *value, int depth);

INLINE int write_int(Writer *w, PyObject *value) {
    int overflow;
    long long number = int_value(value, &overflow);
    if (overflow == 0) {
        if (1) {
            if (writer_reserve(w, 9) < 0) {
                return -1;
            }
            uint8_t *to = w->pos;
            *to = CODE_INT64;
            put64(to + 1, (uint64_t)number);
            w->pos = to + 9;
            return 0;
        }
        return DOUBT;
    }
    return DOUBT;
}

INLINE int write_float(Writer *w, PyObject *value) {
    if (writer_reserve(w, 9) < 0) {
        return -1;
    }
    uint8_t *to = w->pos;
    *to = CODE_FLOAT64;
    putf64(to + 1, PyFloat_AS_DOUBLE(value));
    w->pos = to + 9;
    return 0;
}

NOINLINE int write_wide_text(Writer *w, PyObject *value) {
    if (make_ready(value) < 0) {
        return -1;
    }
    size_t length = (size_t)PyUnicode_GET_LENGTH(value);
    size_t widest = PyUnicode_KIND(value) == 1 ? 2 : PyUnicode_KIND(value) == 2 ? 3 : 4;
    if (length > 67108864 || writer_reserve(w, 5 + length * widest) < 0) {
        return -1;
    }
    uint8_t *stop = put_utf8(w->pos + 5, value);
    if (stop == NULL || (size_t)(stop - w->pos) - 5 > 67108864) {
        return DOUBT;
    }
    uint8_t *to = w->pos;
    *to = CODE_STRING;
    put32(to + 1, (uint32_t)(stop - w->pos - 5));
    to += 5;
    w->pos = to;
    w->pos = stop;
    return 0;
}

INLINE int write_text(Writer *w, PyObject *value) {
    if (LIKELY(is_compact_ascii(value))) {
        size_t size = (size_t)PyUnicode_GET_LENGTH(value);
        if ((size_t)size > 67108864) {
            return DOUBT;
        }
        if (writer_reserve(w, 5 + (size_t)size) < 0) {
            return -1;
        }
        uint8_t *to = w->pos;
        *to = CODE_STRING;
        put32(to + 1, (uint32_t)size);
        to += 5;
        w->pos = to;
        copy_short(to, (const char *)value + sizeof(PyASCIIObject), size);
        w->pos = to + size;
        return 0;
    }
    return write_wide_text(w, value);
}

INLINE int write_blob(Writer *w, const void *data, size_t size) {
    if ((size_t)size > 67108864) {
        return DOUBT;
    }
    if (writer_reserve(w, 5 + (size_t)size) < 0) {
        return -1;
    }
    uint8_t *to = w->pos;
    *to = CODE_BYTES;
    put32(to + 1, (uint32_t)size);
    to += 5;
    w->pos = to;
    memcpy(to, data, size);
    w->pos = to + size;
    return 0;
}

/* A large one may stand aside. */
INLINE int write_bytes(Writer *w, PyObject *value) {
    size_t size = (size_t)PyBytes_GET_SIZE(value);
    if (LIKELY(w->parts == NULL || size < PART_BYTES || size > 67108864)) {
        return write_blob(w, PyBytes_AS_STRING(value), size);
    }
    if (writer_reserve(w, 5) < 0) {
        return -1;
    }
    uint8_t *to = w->pos;
    *to = CODE_BYTES;
    put32(to + 1, (uint32_t)size);
    to += 5;
    w->pos = to;
    return writer_set_aside(w, value);
}

/* `depth` containers are open. */
INLINE int write_value(Writer *w, PyObject *value, int depth) {
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyUnicode_Type) {
        return write_text(w, value);
    }
    if (type == &PyLong_Type) {
        return write_int(w, value);
    }
    if (type == &PyFloat_Type) {
        return write_float(w, value);
    }
    if (type == &PyDict_Type) {
        return write_dict(w, value, depth + 1);
    }
    if (type == &PyList_Type) {
        return write_list(w, ((PyListObject *)value)->ob_item, PyList_GET_SIZE(value), depth + 1);
    }
    if (type == &PyTuple_Type) {
        return write_list(w, ((PyTupleObject *)value)->ob_item, PyTuple_GET_SIZE(value), depth + 1);
    }
    if (value == Py_None) {
        return write_raw(w, "\000", 1);
    }
    if (value == Py_False) {
        return write_raw(w, "\001\000", 2);
    }
    if (value == Py_True) {
        return write_raw(w, "\001\001", 2);
    }
    if (type == &PyBytes_Type) {
        return write_bytes(w, value);
    }
    return write_other(w, value, depth);
}

NOINLINE int write_any(Writer *w, PyObject *value, int depth) {
    return write_value(w, value, depth);
}

static int write_list(Writer *w, PyObject *const *items, Py_ssize_t count, int depth) {
    if (depth > DEPTH || (size_t)count > 1048576) {
        return DOUBT;
    }
    if (writer_reserve(w, 5) < 0) {
        return -1;
    }
    uint8_t *to = w->pos;
    *to = CODE_LIST;
    put32(to + 1, (uint32_t)count);
    to += 5;
    w->pos = to;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (PyFloat_CheckExact(items[i])) {
            if (writer_reserve(w, (size_t)(count - i) * 9) < 0) {
                return -1;
            }
            uint8_t *to = w->pos;
            while (i < count && PyFloat_CheckExact(items[i])) {
                *to = CODE_FLOAT64;
                putf64(to + 1, PyFloat_AS_DOUBLE(items[i]));
                to += 9;
                i += 1;
            }
            w->pos = to;
            if (i == count) {
                break;
            }
        }
        if (write_value(w, items[i], depth) < 0) {
            return -1;
        }
    }
    return 0;
}

static int write_dict(Writer *w, PyObject *pairs, int depth) {
    PyObject *key, *value;
    Py_ssize_t at = 0, count = PyDict_GET_SIZE(pairs);
    if (depth > DEPTH || (size_t)count > 1048576) {
        return DOUBT;
    }
    if (writer_reserve(w, 5) < 0) {
        return -1;
    }
    uint8_t *to = w->pos;
    *to = CODE_DICT;
    put32(to + 1, (uint32_t)count);
    to += 5;
    w->pos = to;
    while (PyDict_Next(pairs, &at, &key, &value)) {
        /* Other keys may have the same text. */
        if (!PyUnicode_CheckExact(key) || write_text(w, key) < 0 ||
            write_value(w, value, depth) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Subclasses as their base, and what is like bytes. */
static int write_other(Writer *w, PyObject *value, int depth) {
    if (PyLong_Check(value)) {
        return write_int(w, value);
    }
    if (PyFloat_Check(value)) {
        return write_float(w, value);
    }
    if (PyUnicode_Check(value)) {
        return write_text(w, value);
    }
    if (PyBytes_Check(value)) {
        return write_bytes(w, value);
    }
    if (PyList_Check(value)) {
        return write_list(w, ((PyListObject *)value)->ob_item, PyList_GET_SIZE(value), depth + 1);
    }
    if (PyTuple_Check(value)) {
        return write_list(w, ((PyTupleObject *)value)->ob_item, PyTuple_GET_SIZE(value), depth + 1);
    }
    if (PyDict_Check(value)) {
        return write_dict(w, value, depth + 1);
    }
    if (PyByteArray_Check(value) || PyMemoryView_Check(value)) {
        Py_buffer buffer;
        if (PyObject_GetBuffer(value, &buffer, PyBUF_SIMPLE) < 0) {
            PyErr_Clear();
            return DOUBT;
        }
        int done = write_blob(w, buffer.buf, (size_t)buffer.len);
        PyBuffer_Release(&buffer);
        return done;
    }
    return DOUBT;
}


/* === Reading values ========================================================================== */

static PyObject *read_list(Reader *r, int depth, size_t owed);
static PyObject *read_dict(Reader *r, int depth, size_t owed);

/* `depth` containers are open, which still owe `owed` bytes after this value. */
INLINE PyObject *read_value(Reader *r, int depth, size_t owed) {
    if (UNLIKELY(r->pos >= r->end)) {
        return NULL;
    }
    switch (*r->pos) {
        case CODE_NONE: {
            r->pos += 1;
            return Py_NewRef(Py_None);
        }
        case CODE_BOOL: {
            if (UNLIKELY(left(r) < 2)) {
                return NULL;
            }
            r->pos += 2;
            switch (get8(r->pos - 1)) {
                case 0: return Py_NewRef(Py_False);
                case 1: return Py_NewRef(Py_True);
                default: return NULL;
            }
        }
        case CODE_INT64: {
            if (UNLIKELY(left(r) < 9)) {
                return NULL;
            }
            r->pos += 9;
            return PyLong_FromLongLong((int64_t)get64(r->pos - 8));
        }
        case CODE_FLOAT64: {
            if (UNLIKELY(left(r) < 9)) {
                return NULL;
            }
            r->pos += 9;
            return PyFloat_FromDouble(getf64(r->pos - 8));
        }
        case CODE_BYTES: {
            if (UNLIKELY(left(r) < 5)) {
                return NULL;
            }
            size_t size = get32(r->pos + 1);
            if (UNLIKELY(r->pos + 5 == r->apart_at)) {
                r->pos += 5;
                return read_apart(r, size);
            }
            if (UNLIKELY(size > left(r) - 5 || size > 67108864)) {
                return NULL;
            }
            const uint8_t *data = r->pos + 5;
            PyObject *value = read_blob(r, data, size);
            r->pos += 5 + size;
            return value;
        }
        case CODE_STRING: {
            if (UNLIKELY(left(r) < 5)) {
                return NULL;
            }
            size_t size = get32(r->pos + 1);
            if (UNLIKELY(size > left(r) - 5 || size > 67108864)) {
                return NULL;
            }
            const uint8_t *data = r->pos + 5;
            PyObject *value = read_text(data, size);
            r->pos += 5 + size;
            return value;
        }
        case CODE_LIST: {
            return read_list(r, depth + 1, owed);
        }
        case CODE_DICT: {
            return read_dict(r, depth + 1, owed);
        }
    }
    return NULL;
}

NOINLINE PyObject *read_any(Reader *r, int depth, size_t owed) {
    return read_value(r, depth, owed);
}

/* A value that is a text most often, and the same one again and again. */
INLINE PyObject *read_short(Reader *r) {
    if (LIKELY(left(r) >= 5 && *r->pos == 0x11)) {
        size_t size = get32(r->pos + 1);
        if (LIKELY(size <= KEY_BYTES && size <= left(r) - 5)) {
            r->pos += 5 + size;
            return read_key(r->pos - size, size, 1);
        }
    }
    return read_any(r, 1, 0);
}

static PyObject *read_list(Reader *r, int depth, size_t owed) {
    if (UNLIKELY(depth > DEPTH || left(r) < 5)) {
        return NULL;
    }
    size_t count = get32(r->pos + 1);
    r->pos += 5;
    if (UNLIKELY(count > 1048576 || count * 1 + owed > left(r))) {
        return NULL;
    }
    PyObject *items = PyList_New((Py_ssize_t)count);
    if (UNLIKELY(items == NULL)) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        while (i < count && left(r) >= 9 && *r->pos == CODE_FLOAT64) {
            PyObject *number = PyFloat_FromDouble(getf64(r->pos + 1));
            if (UNLIKELY(number == NULL)) {
                Py_DECREF(items);
                return NULL;
            }
            PyList_SET_ITEM(items, i, number);
            r->pos += 9;
            i += 1;
        }
        if (i == count) {
            break;
        }
        PyObject *item = read_value(r, depth, owed + (count - 1 - i) * 1);
        if (UNLIKELY(item == NULL)) {
            Py_DECREF(items);
            return NULL;
        }
        PyList_SET_ITEM(items, i, item);
    }
    return items;
}

static PyObject *read_dict(Reader *r, int depth, size_t owed) {
    if (UNLIKELY(depth > DEPTH || left(r) < 5)) {
        return NULL;
    }
    size_t count = get32(r->pos + 1);
    r->pos += 5;
    if (UNLIKELY(count > 1048576 || count * 6 + owed > left(r))) {
        return NULL;
    }
    PyObject *pairs = PyDict_New();
    if (UNLIKELY(pairs == NULL)) {
        return NULL;
    }
    size_t i = 0;
    while (i < count) {
        if (UNLIKELY(left(r) < 5 || *r->pos != 0x11)) {
            break;
        }
        size_t size = get32(r->pos + 1);
        if (UNLIKELY(size > left(r) - 5)) {
            break;
        }
        PyObject *key = read_key(r->pos + 5, size, count <= MANY_KEYS);
        r->pos += 5 + size;
        if (UNLIKELY(key == NULL)) {
            break;
        }
        PyObject *value = read_value(r, depth, owed + (count - 1 - i) * 6);
        if (UNLIKELY(value == NULL || dict_set(pairs, key, value) < 0)) {
            Py_DECREF(key);
            Py_XDECREF(value);
            break;
        }
        Py_DECREF(key);
        Py_DECREF(value);
        i += 1;
    }
    /* Two equal keys make the dict smaller than it says. */
    if (UNLIKELY(i < count || (size_t)PyDict_GET_SIZE(pairs) != count)) {
        Py_DECREF(pairs);
        return NULL;
    }
    return pairs;
}


/* === Messages ================================================================================ */

#define MESSAGES 9
#define MAX_FIELDS 6

/* Names of the slots, the request id first. */
static const char *const field_names[MESSAGES][MAX_FIELDS] = {
    {"request_id", "app_path", "action", "args", "kwargs", "timeout"},
    {"request_id", "result"},
    {"request_id", "error_type", "message", "details"},
    {"request_id", "data"},
    {"request_id"},
    {"request_id", "op", "table", "key", "value", "pattern"},
    {"request_id"},
    {"request_id", "op", "count"},
    {"request_id"},
};

static const uint8_t message_codes[MESSAGES] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x10, 0x11, 0x12, 0x80};
static const uint8_t has_fields[MESSAGES] = {1, 1, 1, 1, 0, 1, 0, 1, 0};

/* The classes, and where their slots lie: see `bind_class`. */
static struct {
    PyTypeObject *type;
    Py_ssize_t offsets[MAX_FIELDS];
} classes[MESSAGES];

#define SLOT(self, index, field) \
    (*(PyObject **)((char *)(self) + classes[index].offsets[field]))

INLINE int class_index(PyTypeObject *type) {
    for (int i = 0; i < MESSAGES; i++) {
        if (classes[i].type == type) {
            return i;
        }
    }
    return -1;
}

static int write_REQUEST(Writer *w, PyObject *self) {
    PyObject *app_path = SLOT(self, 0, 1);
    PyObject *action = SLOT(self, 0, 2);
    PyObject *timeout = SLOT(self, 0, 5);
    PyObject *args = SLOT(self, 0, 3);
    PyObject *kwargs = SLOT(self, 0, 4);
    if (app_path == NULL || action == NULL || timeout == NULL || args == NULL || kwargs == NULL) {
        return DOUBT;
    }
    if (write_raw(w, "\041\000\000\000\004", 5) < 0) {
        return -1;
    }
    put32(w->pos - 4, (uint32_t)(4 + (timeout != Py_None)));
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
        return DOUBT;
    }
    if (!PyUnicode_CheckExact(fields[1])) {
        return DOUBT;
    }
    if (!reader_takes(r, "\021\000\000\000\006action", 11)) {
        return DOUBT;
    }
    fields[2] = read_short(r);
    if (fields[2] == NULL) {
        return DOUBT;
    }
    if (!PyUnicode_CheckExact(fields[2])) {
        return DOUBT;
    }
    if (reader_takes(r, "\021\000\000\000\007timeout", 12)) {
        count += 1;
        fields[5] = read_any(r, 1, 0);
        if (fields[5] == NULL) {
            return DOUBT;
        }
        if (!PyFloat_CheckExact(fields[5]) && !PyLong_CheckExact(fields[5])) {
            return DOUBT;
        }
        if (PyFloat_CheckExact(fields[5])) {
            double number = PyFloat_AS_DOUBLE(fields[5]);
            if (!isfinite(number) || number < 0) {
                return DOUBT;
            }
        }
        else {
            int overflow;
            long long number = int_value(fields[5], &overflow);
            if (overflow || number < 0) {
                return DOUBT;
            }
        }
    }
    else {
        fields[5] = Py_NewRef(Py_None);
    }
    if (!reader_takes(r, "\021\000\000\000\004args", 9)) {
        return DOUBT;
    }
    fields[3] = read_any(r, 1, 0);
    if (fields[3] == NULL) {
        return DOUBT;
    }
    if (!PyList_CheckExact(fields[3])) {
        return DOUBT;
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
        return DOUBT;
    }
    if (!PyDict_CheckExact(fields[4])) {
        return DOUBT;
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
        return DOUBT;
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
        return DOUBT;
    }
    if (!PyUnicode_CheckExact(fields[1])) {
        return DOUBT;
    }
    if (!reader_takes(r, "\021\000\000\000\007message", 12)) {
        return DOUBT;
    }
    fields[2] = read_short(r);
    if (fields[2] == NULL) {
        return DOUBT;
    }
    if (!PyUnicode_CheckExact(fields[2])) {
        return DOUBT;
    }
    if (!reader_takes(r, "\021\000\000\000\007details", 12)) {
        return DOUBT;
    }
    fields[3] = read_any(r, 2, 0);
    if (fields[3] == NULL) {
        return DOUBT;
    }
    if (!PyDict_CheckExact(fields[3])) {
        return DOUBT;
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
        return DOUBT;
    }
    return r->pos == r->end ? 0 : DOUBT;
}

static int write_STASH(Writer *w, PyObject *self) {
    PyObject *op = SLOT(self, 5, 1);
    PyObject *table = SLOT(self, 5, 2);
    PyObject *key = SLOT(self, 5, 3);
    PyObject *value = SLOT(self, 5, 4);
    PyObject *pattern = SLOT(self, 5, 5);
    if (op == NULL || table == NULL || key == NULL || value == NULL || pattern == NULL) {
        return DOUBT;
    }
    if (write_raw(w, "\041\000\000\000\002", 5) < 0) {
        return -1;
    }
    put32(w->pos - 4, (uint32_t)(2 + (key != Py_None) + (value != Py_None) + (pattern != Py_None)));
    if (!PyLong_CheckExact(op) && (!PyLong_Check(op) || PyBool_Check(op))) {
        return DOUBT;
    }
     {
        int overflow;
        long long number = int_value(op, &overflow);
        if (overflow || (number != 1 && number != 2 && number != 3 && number != 4 && number != 5 && number != 6 && number != 7 && number != 8 && number != 9 && number != 10)) {
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
        if (PyList_Check(key) || PyDict_Check(key) || PyTuple_Check(key)) {
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
        return DOUBT;
    }
    if (!PyLong_CheckExact(fields[1])) {
        return DOUBT;
    }
     {
        int overflow;
        long long number = int_value(fields[1], &overflow);
        if (overflow || (number != 1 && number != 2 && number != 3 && number != 4 && number != 5 && number != 6 && number != 7 && number != 8 && number != 9 && number != 10)) {
            return DOUBT;
        }
    }
    if (!reader_takes(r, "\021\000\000\000\005table", 10)) {
        return DOUBT;
    }
    fields[2] = read_short(r);
    if (fields[2] == NULL) {
        return DOUBT;
    }
    if (!PyUnicode_CheckExact(fields[2])) {
        return DOUBT;
    }
    if (reader_takes(r, "\021\000\000\000\003key", 8)) {
        count += 1;
        fields[3] = read_any(r, 1, 0);
        if (fields[3] == NULL) {
            return DOUBT;
        }
        if (PyList_Check(fields[3]) || PyDict_Check(fields[3]) || PyTuple_Check(fields[3])) {
            return DOUBT;
        }
    }
    else {
        fields[3] = Py_NewRef(Py_None);
    }
    if (reader_takes(r, "\021\000\000\000\005value", 10)) {
        count += 1;
        fields[4] = read_any(r, 1, 0);
        if (fields[4] == NULL) {
            return DOUBT;
        }
    }
    else {
        fields[4] = Py_NewRef(Py_None);
    }
    if (reader_takes(r, "\021\000\000\000\007pattern", 12)) {
        count += 1;
        fields[5] = read_short(r);
        if (fields[5] == NULL) {
            return DOUBT;
        }
        if (!PyUnicode_CheckExact(fields[5])) {
            return DOUBT;
        }
    }
    else {
        fields[5] = Py_NewRef(Py_None);
    }
    if (*root != 0x21 || get32(root + 1) != count) {
        return DOUBT;
    }
    return r->pos == r->end ? 0 : DOUBT;
}

static int write_MANAGE(Writer *w, PyObject *self) {
    PyObject *op = SLOT(self, 7, 1);
    PyObject *count = SLOT(self, 7, 2);
    if (op == NULL || count == NULL) {
        return DOUBT;
    }
    if (!PyLong_CheckExact(op) && (!PyLong_Check(op) || PyBool_Check(op))) {
        return DOUBT;
    }
     {
        int overflow;
        long long number = int_value(op, &overflow);
        if (overflow || (number != 1 && number != 2 && number != 3 && number != 4)) {
            return DOUBT;
        }
    }
    if (write_raw(w, "\041\000\000\000\002\021\000\000\000\002op", 12) < 0 || write_any(w, op, 1) < 0) {
        return -1;
    }
    if (!PyLong_CheckExact(count) && (!PyLong_Check(count) || PyBool_Check(count))) {
        return DOUBT;
    }
    if (write_raw(w, "\021\000\000\000\005count", 10) < 0 || write_any(w, count, 1) < 0) {
        return -1;
    }
    return 0;
}

static int read_MANAGE(Reader *r, PyObject **fields) {
    if (!reader_takes(r, "\041\000\000\000\002\021\000\000\000\002op", 12)) {
        return DOUBT;
    }
    fields[1] = read_any(r, 1, 0);
    if (fields[1] == NULL) {
        return DOUBT;
    }
    if (!PyLong_CheckExact(fields[1])) {
        return DOUBT;
    }
     {
        int overflow;
        long long number = int_value(fields[1], &overflow);
        if (overflow || (number != 1 && number != 2 && number != 3 && number != 4)) {
            return DOUBT;
        }
    }
    if (!reader_takes(r, "\021\000\000\000\005count", 10)) {
        return DOUBT;
    }
    fields[2] = read_any(r, 1, 0);
    if (fields[2] == NULL) {
        return DOUBT;
    }
    if (!PyLong_CheckExact(fields[2])) {
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

/* The message whose fields stand in the order in which they are written, or NULL. */
INLINE PyObject *read_in_order(Reader *r, int index, PyObject *request_id) {
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
    if (LIKELY(done == 0)) {
        message = classes[index].type->tp_alloc(classes[index].type, 0);
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


/* === Routing ================================================================================= */

#define ROUTING_FIELDS 3

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
    return -1;
}

/* Find the fields by which a REQUEST is routed, wherever they stand. */
static int peek_routing(Reader *r, PyObject **found) {
    const int depth = 1;
    const size_t owed = 0;
    if (left(r) < 1 || *r->pos != 0x21) {
        return DOUBT;
    }
    if (UNLIKELY(depth > DEPTH || left(r) < 5)) {
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
        if (which < 0) {
            if (!is_text(name, size) || skip_value(r) < 0) {
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
    return 0;
}


/* === States ================================================================================== */

#define CONNECTION_REQUEST_ID 0
#define STATES 5
#define IDLE_STATE 0
#define ROLES 4

/* One more than the place of the next state, for a frame delivered; 0 for others.
   By role, state, whether the opener sends it, and message. */
static const uint8_t moves[ROLES][STATES][2][MESSAGES] = {
    { /* client */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 0, 0, 0, 0, 4, 4, 4, 0}}, /* idle */
        {{0, 1, 1, 3, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* calling */
        {{0, 0, 1, 3, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* streaming */
        {{0, 1, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* asking */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* abandoned */
    },
    { /* arbiter */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 0, 0, 0, 0, 4, 4, 4, 0}}, /* idle */
        {{0, 1, 1, 3, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* calling */
        {{0, 0, 1, 3, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* streaming */
        {{0, 1, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* asking */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* abandoned */
    },
    { /* lane */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 0, 0, 0, 0, 0, 4, 0, 0}}, /* idle */
        {{0, 1, 1, 3, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* calling */
        {{0, 0, 1, 3, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* streaming */
        {{0, 1, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* asking */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* abandoned */
    },
    { /* worker */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 0, 0, 0, 0, 0, 4, 0, 0}}, /* idle */
        {{0, 1, 1, 3, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* calling */
        {{0, 0, 1, 3, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* streaming */
        {{0, 1, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* asking */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5}}, /* abandoned */
    },
};
static const uint8_t opener_roles[ROLES] = {1, 0, 1, 0};
static const Py_ssize_t max_open[ROLES] = {0, 0, 1, 1};

/* === The functions that Python calls ========================================================= */

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
    Py_XDECREF(((Room *)self)->value);
    Py_TYPE(self)->tp_free(self);
}

static int room_getbuffer(PyObject *self, Py_buffer *view, int flags) {
    PyObject *value = ((Room *)self)->value;
    return PyBuffer_FillInfo(view, self, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value), 0, flags);
}

static PyBufferProcs room_buffer = {.bf_getbuffer = room_getbuffer};

static PyTypeObject room_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "gdproto._generated.codec.Room",
    .tp_basicsize = sizeof(Room),
    .tp_dealloc = room_dealloc,
    .tp_as_buffer = &room_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
};

static PyObject *room_in(PyObject *value) {
    Room *room = PyObject_New(Room, &room_type);
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

/* === Connections =============================================================================

   The plain course of a connection: whole frames that the state of their exchange permits. The
   state is that of the Python object, in its slots; nothing of it is changed before a doubt. */

static PyTypeObject *connection_type, *frame_event_type, *message_event_type;
static PyObject *need_data, *no_bytes, *zero;
static PyObject *state_names[STATES];

enum {
    SLOT_RAW,
    SLOT_NUMBER,
    SLOT_STATES,
    SLOT_BUFFER,
    SLOT_START,
    SLOT_SKIP,
    SLOT_HEADER,
    SLOT_EOF,
    SLOT_CLOSED,
    SLOT_RUNS,
    CONNECTION_SLOTS
};

static const char *const slot_names[] = {"raw",   "_number", "_states", "_buffer", "_start",
                                         "_skip", "_header", "_eof",    "_closed", "_runs"};
static Py_ssize_t slot_offsets[CONNECTION_SLOTS];

#define OWN(self, slot) (*(PyObject **)((char *)(self) + slot_offsets[slot]))

INLINE void own_set(PyObject *self, int slot, PyObject *value) {
    Py_XSETREF(OWN(self, slot), value);
}

/* Whether all slots are there; they are from `__init__` on. */
INLINE int is_connection(PyObject *self) {
    if (!Py_IS_TYPE(self, connection_type)) {
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
        for (state = 0; state < STATES && state_names[state] != name; state++) {
        }
    }
    if (PyErr_Occurred() || state == STATES || role < 0 || role >= ROLES) {
        return -1;
    }
    int next = moves[role][state][from_opener][message] - 1;
    if (state == IDLE_STATE && next >= 0 && next != IDLE_STATE && max_open[role] &&
        PyDict_GET_SIZE(states) >= max_open[role]) {
        return DOUBT;
    }
    return next;
}

INLINE int apply_state(PyObject *self, PyObject *request_id, int next) {
    PyObject *states = OWN(self, SLOT_STATES);
    if (next != IDLE_STATE) {
        return PyDict_SetItem(states, request_id, state_names[next]);
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
    PyObject *event = first && second ? type->tp_alloc(type, type == frame_event_type ? 3 : 2) : NULL;
    if (event == NULL) {
        return NULL;
    }
    int at = 0;
    PyTuple_SET_ITEM(event, at++, Py_NewRef(first));
    if (type == frame_event_type) {
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
            event = new_event(frame_event_type, header, frame, next == IDLE_STATE);
        } else if (frame != NULL && OWN(self, SLOT_RAW) == Py_False) {
            at = is_bytes ? at : (const uint8_t *)PyBytes_AS_STRING(frame);
            Reader reader = {at + HEADER_BYTES, at + size, at, NULL, NULL, NULL};
            content = read_message(&reader, HEADER_TYPE(at), request_id);
            event = new_event(message_event_type, content, Py_None, next == IDLE_STATE);
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

static PyObject *connection_next_event(PyObject *self, PyObject *unused) {
    (void)unused;
    int overflow;
    if (LIKELY(is_connection(self) && OWN(self, SLOT_CLOSED) == Py_None &&
               OWN(self, SLOT_HEADER) == Py_None && OWN(self, SLOT_SKIP) == zero)) {
        PyObject *buffer = OWN(self, SLOT_BUFFER);
        int is_bytes = PyBytes_CheckExact(buffer);
        if (is_bytes || PyByteArray_CheckExact(buffer)) {
            const uint8_t *data = is_bytes ? (const uint8_t *)PyBytes_AS_STRING(buffer)
                                           : (const uint8_t *)PyByteArray_AS_STRING(buffer);
            size_t all = (size_t)(is_bytes ? PyBytes_GET_SIZE(buffer) : PyByteArray_GET_SIZE(buffer));
            size_t start = (size_t)int_value(OWN(self, SLOT_START), &overflow);
            if (start == all && OWN(self, SLOT_EOF) == Py_False) {
                return Py_NewRef(need_data);
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
                        own_set(self, SLOT_BUFFER, Py_NewRef(no_bytes));
                        own_set(self, SLOT_START, Py_NewRef(zero));
                    } else {
                        own_set(self, SLOT_START, PyLong_FromSize_t(start + size));
                    }
                    return event;
                }
            }
        }
    }
    return fall_back(FALLBACK_NEXT_EVENT, &self, 1, NULL);
}

static PyObject *connection_receive_data(PyObject *self, PyObject *data) {
    int overflow;
    if (LIKELY(is_connection(self) && PyBytes_CheckExact(data) &&
               OWN(self, SLOT_HEADER) == Py_None)) {
        PyObject *buffer = OWN(self, SLOT_BUFFER);
        long long start = int_value(OWN(self, SLOT_START), &overflow);
        if (PyBytes_CheckExact(buffer) && start == PyBytes_GET_SIZE(buffer)) {
            own_set(self, SLOT_BUFFER, Py_NewRef(data));
            own_set(self, SLOT_START, Py_NewRef(zero));
            Py_RETURN_NONE;
        }
    }
    PyObject *args[] = {self, data};
    return fall_back(FALLBACK_RECEIVE_DATA, args, 2, NULL);
}

/* --- sending --- */

/* Write a message that may be sent now, and tell its request id. Returns the state that its exchange
   is in then, or -1. */
INLINE int write_legal(Writer *w, PyObject *self, PyObject *message, PyObject **id) {
    int index = class_index(Py_TYPE(message));
    if (UNLIKELY(index < 0 || !is_connection(self))) {
        return DOUBT;
    }
    PyObject *request_id = SLOT(message, index, 0);
    if (UNLIKELY(request_id == NULL || !PyLong_CheckExact(request_id))) {
        return DOUBT;
    }
    int next = next_state(self, role_is_opener(self), index, request_id);
    if (next < 0) {
        return DOUBT;
    }
    *id = request_id;
    w->pos += HEADER_BYTES;
    return write_message(w, message, index) == 0 ? next : -1;
}

/* `data`, which may be NULL with an exception, after the message has been sent. */
INLINE PyObject *sent(PyObject *self, PyObject *request_id, int next, PyObject *data) {
    if (data != NULL && apply_state(self, request_id, next) < 0) {
        Py_CLEAR(data);
    }
    return data;
}

static PyObject *connection_send(PyObject *self, PyObject *message) {
    Writer w;
    PyObject *request_id = NULL;
    writer_init(&w);
    int next = write_legal(&w, self, message, &request_id);
    if (LIKELY(next >= 0)) {
        return sent(self, request_id, next, writer_finish(&w));
    }
    writer_drop(&w);
    PyObject *args[] = {self, message};
    return fall_back(FALLBACK_SEND, args, 2, NULL);
}

static PyObject *connection_send_parts(PyObject *self, PyObject *message) {
    Writer w;
    PyObject *request_id = NULL;
    writer_init(&w);
    w.parts = PyList_New(0);
    int next = w.parts == NULL ? -1 : write_legal(&w, self, message, &request_id);
    if (LIKELY(next >= 0)) {
        return sent(self, request_id, next, writer_parts(&w));
    }
    writer_drop(&w);
    PyObject *args[] = {self, message};
    return fall_back(FALLBACK_SEND_PARTS, args, 2, NULL);
}

static PyObject *connection_send_frame(PyObject *self, PyObject *const *args, Py_ssize_t count,
                                       PyObject *names) {
    if (LIKELY(count == 2 && names == NULL && is_connection(self) &&
               Py_IS_TYPE(args[1], header_type) && PyLong_CheckExact(PyTuple_GET_ITEM(args[1], 0)) &&
               PyLong_CheckExact(PyTuple_GET_ITEM(args[1], 2)))) {
        int overflow;
        long long code = int_value(PyTuple_GET_ITEM(args[1], 0), &overflow);
        PyObject *request_id = PyTuple_GET_ITEM(args[1], 2);
        if (code >= 0 && code < 256 && code_index[code] >= 0) {
            int next = next_state(self, role_is_opener(self), code_index[code], request_id);
            if (next >= 0 && apply_state(self, request_id, next) == 0) {
                return Py_NewRef(args[0]);
            }
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

/* === The module ============================================================================== */

/* Where the slots called `names` lie in objects of a class. */
static int bind_slots(PyObject *type, const char *const *names, int count, Py_ssize_t *offsets) {
    for (int i = 0; i < count && names[i] != NULL; i++) {
        PyObject *slot = PyObject_GetAttrString(type, names[i]);
        if (slot == NULL) {
            return -1;
        }
        int is_slot = Py_IS_TYPE(slot, &PyMemberDescr_Type);
        offsets[i] = is_slot ? ((PyMemberDescrObject *)slot)->d_member->offset : 0;
        Py_DECREF(slot);
        if (!is_slot) {
            PyErr_Format(PyExc_TypeError, "%s is no slot", names[i]);
            return -1;
        }
    }
    return 0;
}

static int bind_fallbacks(PyObject *functions, int first, int stop) {
    for (int i = first; i < stop; i++) {
        PyObject *function = PyDict_GetItemString(functions, fallback_names[i]);
        if (function == NULL) {
            PyErr_Format(PyExc_KeyError, "no function for %s", fallback_names[i]);
            return -1;
        }
        Py_XSETREF(fallbacks[i], Py_NewRef(function));
    }
    return 0;
}

static PyObject *codec_bind(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *messages, *header, *peek, *functions;
    if (!PyArg_ParseTuple(args, "O!O!O!O!:bind", &PyDict_Type, &messages, &PyType_Type, &header,
                          &PyType_Type, &peek, &PyDict_Type, &functions)) {
        return NULL;
    }
    if (bind_fallbacks(functions, 0, FALLBACK_NEXT_EVENT) < 0) {
        return NULL;
    }
    for (int i = 0; i < MESSAGES; i++) {
        PyObject *code = PyLong_FromLong(message_codes[i]);
        PyObject *type = code ? PyDict_GetItemWithError(messages, code) : NULL;
        Py_XDECREF(code);
        if (type == NULL || !PyType_Check(type)) {
            return PyErr_Occurred() ? NULL
                                    : PyErr_Format(PyExc_KeyError, "no class for %d", message_codes[i]);
        }
        if (bind_slots(type, field_names[i], MAX_FIELDS, classes[i].offsets) < 0) {
            return NULL;
        }
        Py_XSETREF(classes[i].type, (PyTypeObject *)Py_NewRef(type));
    }
    Py_XSETREF(header_type, (PyTypeObject *)Py_NewRef(header));
    Py_XSETREF(peek_type, (PyTypeObject *)Py_NewRef(peek));
    Py_RETURN_NONE;
}

static PyObject *codec_bind_connection(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *type, *frame_event, *message_event, *nothing, *states, *functions;
    if (!PyArg_ParseTuple(args, "O!O!O!OO!O!:bind_connection", &PyType_Type, &type, &PyType_Type,
                          &frame_event, &PyType_Type, &message_event, &nothing, &PyTuple_Type,
                          &states, &PyDict_Type, &functions)) {
        return NULL;
    }
    if (PyTuple_GET_SIZE(states) != STATES) {
        return PyErr_Format(PyExc_ValueError, "%d states are needed", STATES);
    }
    for (int i = 0; i < STATES; i++) {
        Py_XSETREF(state_names[i], Py_NewRef(PyTuple_GET_ITEM(states, i)));
    }
    if (bind_slots(type, slot_names, CONNECTION_SLOTS, slot_offsets) < 0 ||
        bind_fallbacks(functions, FALLBACK_NEXT_EVENT, FALLBACKS) < 0) {
        return NULL;
    }
    Py_XSETREF(zero, PyLong_FromLong(0));
    Py_XSETREF(no_bytes, PyBytes_FromStringAndSize(NULL, 0));
    Py_XSETREF(need_data, Py_NewRef(nothing));
    Py_XSETREF(connection_type, (PyTypeObject *)Py_NewRef(type));
    Py_XSETREF(frame_event_type, (PyTypeObject *)Py_NewRef(frame_event));
    Py_XSETREF(message_event_type, (PyTypeObject *)Py_NewRef(message_event));
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
    {"begin_value", (PyCFunction)(void (*)(void))codec_begin_value, METH_FASTCALL,
     "begin_value($module, data, start, least, /)\n--\n\n"
     "The place in a frame, the object and its room, of a bytes value that has begun."},
    {"parse_around", (PyCFunction)(void (*)(void))codec_parse_around, METH_FASTCALL,
     "parse_around($module, frame, at, value, /)\n--\n\n"
     "Parse a frame without a value that belongs at a place in it; None in doubt."},
    {"bind", codec_bind, METH_VARARGS,
     "bind($module, messages, header, peek, functions, /)\n--\n\n"
     "Say what to build, and whom to ask in doubt.\n\n"
     "messages: message classes by code. header, peek: the classes of what parse_header and\n"
     "peek_request return. functions: the Python codec's functions by name."},
    {"bind_connection", codec_bind_connection, METH_VARARGS,
     "bind_connection($module, connection, frame_received, message_received, need_data, states,\n"
     "                functions, /)\n--\n\n"
     "The same for connections; states are the names of the states, in order."},
    {NULL, NULL, 0, NULL},
};

/* Methods of classes written in Python: descriptors, so that no Python frame stands between. */
static PyMethodDef methods[] = {
    {"to_bytes", message_to_bytes, METH_NOARGS,
     "to_bytes($self, /)\n--\n\nThe message as one frame; see gdproto.Message.to_bytes."},
    {"next_event", connection_next_event, METH_NOARGS,
     "next_event($self, /)\n--\n\nThe next event; see gdproto.Connection.next_event."},
    {"receive_data", connection_receive_data, METH_O,
     "receive_data($self, data, /)\n--\n\nTake bytes; see gdproto.Connection.receive_data."},
    {"send", connection_send, METH_O,
     "send($self, message, /)\n--\n\nThe bytes of a message; see gdproto.Connection.send."},
    {"send_parts", connection_send_parts, METH_O,
     "send_parts($self, message, /)\n--\n\n"
     "The bytes of a message in parts; see gdproto.Connection.send_parts."},
    {"send_frame", (PyCFunction)(void (*)(void))connection_send_frame,
     METH_FASTCALL | METH_KEYWORDS,
     "send_frame($self, frame, header=None)\n--\n\n"
     "Send an undecoded frame; see gdproto.Connection.send_frame."},
    {NULL, NULL, 0, NULL},
};

/* Keys, classes and fallbacks are kept in static memory, so one interpreter may have them. */
static PyInterpreterState *owner;

static int exec_module(PyObject *module) {
    if (owner != NULL && owner != PyInterpreterState_Get()) {
        PyErr_SetString(PyExc_ImportError, "the C codec serves one interpreter of a process");
        return -1;
    }
    owner = PyInterpreterState_Get();
    if (PyType_Ready(&room_type) < 0) {
        return -1;
    }
    for (PyMethodDef *method = methods; method->ml_name != NULL; method++) {
        PyObject *descriptor = PyDescr_NewMethod(&PyBaseObject_Type, method);
        if (descriptor == NULL) {
            return -1;
        }
        int failed = PyModule_AddObjectRef(module, method->ml_name, descriptor);
        Py_DECREF(descriptor);
        if (failed) {
            return -1;
        }
    }
    return PyModule_AddStringConstant(module, "SPEC_HASH", SPEC_HASH);
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
