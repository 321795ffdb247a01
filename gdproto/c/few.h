/* === A dict of few pairs, without the GIL ====================================================

   Its keys and values are held while it is written: a copy would take longer than all the rest. */

#ifdef Py_GIL_DISABLED

INLINE int write_held(Writer *w, PyObject **few, int count, int depth) {
    if (open_dict(w, count) < 0) {
        return -1;
    }
    for (int i = 0; i < count; i++) {
        PyObject *key = few[2 * i], *value = few[2 * i + 1];
        if (UNLIKELY(write_text(w, key) < 0)) {
            return PyErr_Occurred() ? -1 : write_blame(w, key, 1, 0);
        }
        if (UNLIKELY(write_any(w, value, depth) < 0)) {
            return write_lost(w, Py_NewRef(key), value);
        }
    }
    return 0;
}

/* MANY where they are more, or a key is not plain; else as write_pairs. */
static int write_few(Writer *w, PyObject *pairs, int depth) {
    PyObject *few[2 * FEW], *key, *value;
    Py_ssize_t at = 0;
    int count = 0, is_plain;
    Py_BEGIN_CRITICAL_SECTION(pairs);
    is_plain = PyDict_GET_SIZE(pairs) <= FEW;
    while (is_plain && PyDict_Next(pairs, &at, &key, &value)) {
        is_plain = PyUnicode_CheckExact(key);
        few[2 * count] = Py_NewRef(key);
        few[2 * count + 1] = Py_NewRef(value);
        count += 1;
    }
    Py_END_CRITICAL_SECTION();
    int failed = is_plain ? write_held(w, few, count, depth) : MANY;
    few_end(few, 2 * count);
    return failed;
}

#endif
