/* What `tally.py` says. The numbers are doubles in a buffer of its owner, which is not resized while it
 * is written to: the interpreter is held. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

enum { MOST_BOUNDS = 64, OUTCOMES = 3 };

/* As in `tally.py`. */
static const double NEWEST = 0.2;

/* A histogram's bounds; behind its buckets, of which there is one more, stands its sum. */
struct bounds {
    Py_ssize_t count;
    double ends[MOST_BOUNDS];
};

/* As in `histogram.py`, from where they are read. */
static struct bounds seconds, bytes;

/* Count the number; gives where the next histogram begins. */
static double *count(double *histogram, const struct bounds *of, double number) {
    Py_ssize_t low = 0, high = of->count;
    while (low < high) {
        Py_ssize_t middle = (low + high) / 2;
        if (of->ends[middle] < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    histogram[low] += 1;
    histogram[of->count + 1] += number;
    return histogram + of->count + 2;
}

/* How many numbers an action has. */
static Py_ssize_t length(void) { return OUTCOMES + bytes.count + 2 + 2 * (seconds.count + 2); }

/* Have the doubles of a buffer that has so many; NULL with an exception. */
static double *doubles(PyObject *of, Py_buffer *held, Py_ssize_t wanted) {
    if (PyObject_GetBuffer(of, held, PyBUF_WRITABLE) < 0) {
        return NULL;
    }
    if (held->len != wanted * (Py_ssize_t)sizeof(double)) {
        PyBuffer_Release(held);
        PyErr_Format(PyExc_ValueError, "this takes %zd doubles", wanted);
        return NULL;
    }
    return held->buf;
}

/* A number, or what stands for None. */
static double number_or(PyObject *given, double none) {
    return given == Py_None ? none : PyFloat_AsDouble(given);
}

static PyObject *add(PyObject *module, PyObject *const *args, Py_ssize_t given) {
    (void)module;
    if (given != 7) {
        PyErr_SetString(PyExc_TypeError, "add takes two arrays, an outcome, a size, three times");
        return NULL;
    }
    int is_answered = args[2] != Py_None, has_run = args[5] != Py_None;
    long outcome = is_answered ? PyLong_AsLong(args[2]) : 0;
    double size = PyFloat_AsDouble(args[3]), arrived_s = PyFloat_AsDouble(args[4]);
    double now_s = PyFloat_AsDouble(args[6]), started_s = number_or(args[5], now_s);
    if (PyErr_Occurred()) {
        return NULL;
    }
    if (outcome < 0 || outcome >= OUTCOMES) {
        PyErr_SetString(PyExc_IndexError, "there is no such outcome");
        return NULL;
    }
    Py_buffer numbers_held, average_held;
    double *average, *numbers = doubles(args[0], &numbers_held, length());
    if (numbers == NULL) {
        return NULL;
    }
    if ((average = doubles(args[1], &average_held, 1)) != NULL) {
        double run_s = now_s - started_s;
        numbers[outcome] += is_answered;
        double *next = count(count(numbers + OUTCOMES, &bytes, size), &seconds, started_s - arrived_s);
        if (has_run) {
            count(next, &seconds, run_s);
        }
        if (has_run && is_answered) {
            *average += NEWEST * (run_s - *average);
        }
        PyBuffer_Release(&average_held);
    }
    PyBuffer_Release(&numbers_held);
    return average == NULL ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef functions[] = {
    {"add", (PyCFunction)(void (*)(void))add, METH_FASTCALL,
     "add(numbers, average, outcome, size_bytes, arrived_s, started_s, now_s) -> None"},
    {NULL, NULL, 0, NULL},
};

/* Read the bounds of this name; 0, or -1 with an exception. */
static int read_bounds(PyObject *histogram, const char *name, struct bounds *into) {
    PyObject *ends = PyObject_GetAttrString(histogram, name);
    if (ends == NULL || !PyTuple_Check(ends) || PyTuple_GET_SIZE(ends) > MOST_BOUNDS) {
        Py_XDECREF(ends);
        PyErr_Format(PyExc_ImportError, "%s is no tuple of so many bounds", name);
        return -1;
    }
    into->count = PyTuple_GET_SIZE(ends);
    for (Py_ssize_t at = 0; at < into->count; at++) {
        into->ends[at] = PyFloat_AsDouble(PyTuple_GET_ITEM(ends, at));
    }
    Py_DECREF(ends);
    return PyErr_Occurred() ? -1 : 0;
}

static int exec_module(PyObject *module) {
    (void)module;
    PyObject *histogram = PyImport_ImportModule("dirty_runtime.arbiter.telemetry.histogram");
    if (histogram == NULL) {
        return -1;
    }
    int failed = read_bounds(histogram, "SECONDS", &seconds) < 0 ||
                 read_bounds(histogram, "BYTES", &bytes) < 0;
    Py_DECREF(histogram);
    return failed ? -1 : 0;
}

/* The bounds are those of one interpreter's modules: it serves the arbiter, which is one. */
static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)exec_module},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "dirty_runtime.arbiter.telemetry._tally",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__tally(void) { return PyModuleDef_Init(&definition); }
