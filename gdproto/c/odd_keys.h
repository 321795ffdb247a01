/* === Keys that are not plain text ============================================================

   Numbers and None become their text, subclasses their base; two keys may then have the same one. */

/* The text of a key, or NULL: with an exception, or where there is none. */
static PyObject *text_of(PyObject *key) {
    PyObject *text = NULL;
    if (PyUnicode_Check(key)) {
        text = PyUnicode_FromObject(key);
    } else if (key == Py_None || PyBool_Check(key)) {
        text = PyObject_Str(key);
    } else if (PyLong_Check(key)) {
        text = PyLong_Type.tp_repr(key);
    } else if (PyFloat_Check(key)) {
        text = PyFloat_Type.tp_repr(key);
    }
    if (text == NULL && PyErr_ExceptionMatches(PyExc_ValueError)) {
        /* A number of too many digits. */
        PyErr_Clear();
    }
    return text;
}

/* The text of a key as it is written, from the first on that is not plain; NULL if it is at fault,
   or with an exception. `texts` are those before it. */
static PyObject *odd_key(Writer *w, PyObject *pairs, PyObject *key, PyObject **texts) {
    PyObject *text = text_of(key), *other, *value;
    Py_ssize_t at = 0;
    if (text == NULL) {
        if (!PyErr_Occurred()) {
            write_blame(w, key, 1, 0);
        }
        return NULL;
    }
    int failed = 0;
    if (*texts == NULL) {
        *texts = PySet_New(NULL);
        failed = *texts == NULL;
        while (!failed && PyDict_Next(pairs, &at, &other, &value) && other != key) {
            failed = PySet_Add(*texts, other) < 0;
        }
    }
    int is_again = failed ? -1 : PySet_Contains(*texts, text);
    if (is_again == 0 && PySet_Add(*texts, text) == 0) {
        return text;
    }
    if (is_again > 0) {
        write_blame(w, key, 1, 1);
    }
    Py_DECREF(text);
    return NULL;
}
