/* === Bytes: short runs, and large objects ==================================================== */

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
