/* === Keys of dicts =========================================================================== */

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
