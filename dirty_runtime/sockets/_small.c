/* What `small.py` says. For what is little the interpreter is held: to let it go and take it back costs
 * as much as the system call, which waits for nothing. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>

#include "_passed.h"

#ifndef MSG_NOSIGNAL
/* Python ignores SIGPIPE anyway. */
#define MSG_NOSIGNAL 0
#endif

/* As in `small.py`; and of what is sent, from where on the interpreter is let go. */
enum { SMALL_BYTES = 64 * 1024, SHORT_BYTES = 4096 };

/* Read into this, and copied from it: what most reads bring is a fraction of it. Each thread has one:
 * the interpreter's lock may be another's, or none. */
static _Thread_local char buffer[SMALL_BYTES];

/* Names of methods, which a module owns. */
struct names {
    PyObject *receive_data, *receive_eof;
};

/* A descriptor; -1 with an exception for what is none. */
static int descriptor(PyObject *number) {
    long fd = PyLong_AsLong(number);
    if ((fd < 0 || fd > INT_MAX) && !PyErr_Occurred()) {
        PyErr_SetString(PyExc_ValueError, "a descriptor is not negative");
    }
    return PyErr_Occurred() ? -1 : (int)fd;
}

/* Whether what failed only has to be done later. */
static int is_for_later(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Give the connection what has come; 0, or -1 with an exception. */
static int hand_on(const struct names *names, PyObject *connection, const char *data, ssize_t count) {
    PyObject *bytes = count ? PyBytes_FromStringAndSize(data, count) : NULL;
    if (count && bytes == NULL) {
        return -1;
    }
    PyObject *method = count ? names->receive_data : names->receive_eof, *given[] = {connection, bytes};
    PyObject *done = PyObject_VectorcallMethod(method, given, count ? 2 : 1, NULL);
    Py_XDECREF(bytes);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static PyObject *receive_small(PyObject *module, PyObject *const *args, Py_ssize_t given) {
    if ((given != 2 && given != 3) || (given == 3 && !PyList_Check(args[2]))) {
        PyErr_SetString(PyExc_TypeError, "receive_small takes a descriptor, a connection, a list");
        return NULL;
    }
    int fd = descriptor(args[0]);
    if (fd < 0) {
        return NULL;
    }
    struct passed passed = {.count = 0};
    ssize_t count = given == 2 ? recv(fd, buffer, SMALL_BYTES, MSG_DONTWAIT)
                               : receive_passed(fd, buffer, SMALL_BYTES, &passed);
    if (count < 0) {
        return is_for_later() ? Py_NewRef(Py_None) : PyErr_SetFromErrno(PyExc_OSError);
    }
    if (passed.count && put_passed(args[2], &passed) < 0) {
        return NULL;
    }
    int failed = hand_on(PyModule_GetState(module), args[1], buffer, count) < 0;
    return failed ? NULL : PyLong_FromSsize_t(count);
}

static PyObject *send_small(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 2 || !PyBytes_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "send_small takes a descriptor and bytes");
        return NULL;
    }
    int fd = descriptor(args[0]);
    if (fd < 0) {
        return NULL;
    }
    const char *data = PyBytes_AS_STRING(args[1]);
    size_t size = (size_t)PyBytes_GET_SIZE(args[1]);
    PyThreadState *aside = size > SHORT_BYTES ? PyEval_SaveThread() : NULL;
    ssize_t sent = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    int fault = errno;
    if (aside != NULL) {
        PyEval_RestoreThread(aside);
    }
    errno = fault;
    if (sent < 0 && !is_for_later()) {
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    return PyLong_FromSsize_t(sent < 0 ? 0 : sent);
}

static PyMethodDef functions[] = {
    {"receive_small", (PyCFunction)(void (*)(void))receive_small, METH_FASTCALL,
     "receive_small(number, connection, passed=None) -> int | None"},
    {"send_small", (PyCFunction)(void (*)(void))send_small, METH_FASTCALL,
     "send_small(number, data) -> int"},
    {NULL, NULL, 0, NULL},
};

static int exec_module(PyObject *module) {
    struct names *names = PyModule_GetState(module);
    names->receive_data = PyUnicode_InternFromString("receive_data");
    names->receive_eof = PyUnicode_InternFromString("receive_eof");
    return names->receive_data == NULL || names->receive_eof == NULL ? -1 : 0;
}

static void free_module(void *module) {
    struct names *names = PyModule_GetState(module);
    Py_XDECREF(names->receive_data);
    Py_XDECREF(names->receive_eof);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)exec_module},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "dirty_runtime.sockets._small",
    .m_size = sizeof(struct names),
    .m_methods = functions,
    .m_slots = slots,
    .m_free = free_module,
};

PyMODINIT_FUNC PyInit__small(void) { return PyModuleDef_Init(&definition); }
