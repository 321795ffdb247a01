/* === Keys of dicts =========================================================================== */

/* Keys come again and again: those of up to KEY_BYTES are kept, with their hash, one a place.
   A dict of more than MANY_KEYS has keys that are data. */
#define KEY_BYTES 32
#define MANY_KEYS 64

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

#ifndef Py_GIL_DISABLED

INLINE PyObject *kept_key(PyObject **place) { return *place; }

INLINE PyObject *keep_key(PyObject **place, PyObject *key) {
    Py_XSETREF(*place, Py_NewRef(key));
    return key;
}

#else

/* What another thread may read is kept to the end: the first that comes to a place stays there. As
   it is interned, threads do not count who has it. */
INLINE PyObject *kept_key(PyObject **place) {
    return atomic_load_explicit((_Atomic(PyObject *) *)place, memory_order_acquire);
}

INLINE PyObject *keep_key(PyObject **place, PyObject *key) {
    PyObject *nothing = NULL;
    if (kept_key(place) == NULL) {
        PyUnicode_InternInPlace(&key);
        Py_INCREF(key);
        if (!atomic_compare_exchange_strong((_Atomic(PyObject *) *)place, &nothing, key)) {
            Py_DECREF(key);
        }
    }
    return key;
}

#endif

INLINE PyObject *read_key(const uint8_t *data, size_t size, int keep) {
    if (size > KEY_BYTES || !keep) {
        return read_text(data, size);
    }
    PyObject **place = &home->owned[KEPT_KEYS + key_place(data, size)], *kept = kept_key(place);
    if (LIKELY(kept != NULL && (size_t)PyUnicode_GET_LENGTH(kept) == size &&
               same_short(PyUnicode_1BYTE_DATA(kept), data, size))) {
        return Py_NewRef(kept);
    }
    if (!is_ascii(data, size)) {
        return new_utf8(data, size);
    }
    PyObject *key = new_ascii(data, size);
    return key != NULL && PyObject_Hash(key) != -1 ? keep_key(place, key) : key;
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
