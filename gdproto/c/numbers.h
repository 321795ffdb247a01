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
