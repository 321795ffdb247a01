/* === What no other thread changes meanwhile ==================================================

   The GIL sees to that for as long as no Python code runs. Without it, what others could change is
   held or copied before it is read, and a connection is used by one thread at a time. */

/* Said of a dict that is not written as one of few pairs. */
#define MANY 1

static int write_list(Writer *w, PyObject *const *items, Py_ssize_t count, int depth);

#ifndef Py_GIL_DISABLED

#define HOLD_CONNECTION(self)
#define RELEASE_CONNECTION()

INLINE PyObject *alone_container(PyObject *value) { return value; }
INLINE void alone_end(PyObject *value) { (void)value; }

INLINE int write_few(Writer *w, PyObject *pairs, int depth) {
    (void)w, (void)pairs, (void)depth;
    return MANY;
}

INLINE int write_items(Writer *w, PyObject *list, int depth) {
    return write_list(w, ((PyListObject *)list)->ob_item, PyList_GET_SIZE(list), depth);
}

#else

#define HOLD_CONNECTION(self) Py_BEGIN_CRITICAL_SECTION(self)
#define RELEASE_CONNECTION() Py_END_CRITICAL_SECTION()

/* So many items or pairs are held on the stack. */
#define FEW 16

static int write_few(Writer *w, PyObject *pairs, int depth);

INLINE void alone_end(PyObject *value) { Py_XDECREF(value); }

INLINE PyObject *alone_container(PyObject *value) {
    return PyDict_Check(value)   ? PyDict_Copy(value)
           : PyList_Check(value) ? PyList_AsTuple(value)
                                 : Py_NewRef(value);
}

INLINE void few_end(PyObject **few, Py_ssize_t count) {
    while (count > 0) {
        Py_DECREF(few[--count]);
    }
}

static int write_items(Writer *w, PyObject *list, int depth) {
    PyObject *few[FEW] = {NULL};
    Py_ssize_t count = 0, all;
    Py_BEGIN_CRITICAL_SECTION(list);
    for (all = PyList_GET_SIZE(list); all <= FEW && count < all; count++) {
        few[count] = Py_NewRef(PyList_GET_ITEM(list, count));
    }
    Py_END_CRITICAL_SECTION();
    if (all > FEW) {
        PyObject *alone = alone_container(list);
        int failed = alone == NULL ? -1 : write_list(w, ((PyTupleObject *)alone)->ob_item, PyTuple_GET_SIZE(alone), depth);
        alone_end(alone);
        return failed;
    }
    int failed = write_list(w, few, count, depth);
    few_end(few, count);
    return failed;
}

#endif
