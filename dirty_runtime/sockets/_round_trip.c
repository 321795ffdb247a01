/* What `round_trip.py` says, with the interpreter let go once for all of it: threads that call at the
 * same time hand the interpreter on half as often. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "_passed.h"

#ifndef MSG_NOSIGNAL
/* Python ignores SIGPIPE anyway. */
#define MSG_NOSIGNAL 0
#endif

/* Small answers are whole with this; of a large one it is the beginning. */
enum { ANSWER_BYTES = 16 * 1024 };

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The socket's timeout in seconds, negative for none; -1 with an exception if it has none such. */
static double timeout_of(PyObject *connected) {
    PyObject *timeout = PyObject_GetAttrString(connected, "timeout");
    if (timeout == NULL) {
        return -1.0;
    }
    double seconds = timeout == Py_None ? -1.0 : PyFloat_AsDouble(timeout);
    Py_DECREF(timeout);
    return seconds;
}

/* Sleep until something can be read or written; -1 with errno when `end_s`, if not negative, has
 * come, or a signal. */
static int wait_for(int fd, short what, double end_s) {
    int left_ms = -1;
    if (end_s >= 0.0) {
        double left_s = end_s - now_s();
        if (left_s <= 0.0) {
            errno = ETIMEDOUT;
            return -1;
        }
        left_ms = left_s < INT_MAX / 1000 ? (int)(left_s * 1000.0) + 1 : INT_MAX;
    }
    struct pollfd one = {fd, what, 0};
    return poll(&one, 1, left_ms) < 0 ? -1 : 0;
}

/* Send what is left of a frame; -1 with errno if that fails. */
static int send_rest(int fd, const char **rest, size_t *left, double end_s) {
    while (*left > 0) {
        ssize_t sent = send(fd, *rest, *left, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            *rest += sent;
            *left -= (size_t)sent;
        } else if ((errno != EAGAIN && errno != EWOULDBLOCK) || wait_for(fd, POLLOUT, end_s) < 0) {
            return -1;
        }
    }
    return 0;
}

static ssize_t receive(
    int fd, char *answer, double awake_s, double end_s, struct passed *passed) {
    double asleep_s = awake_s > 0.0 ? now_s() + awake_s : 0.0;
    for (;;) {
        if ((asleep_s == 0.0 || now_s() >= asleep_s) && wait_for(fd, POLLIN, end_s) < 0) {
            return -1;
        }
        ssize_t count = passed == NULL ? recv(fd, answer, ANSWER_BYTES, MSG_DONTWAIT)
                                       : receive_passed(fd, answer, ANSWER_BYTES, passed);
        if (count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
            return count;
        }
    }
}

static PyObject *round_trip(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if ((count != 3 && count != 4) || !PyBytes_Check(args[1]) ||
        (count == 4 && !PyList_Check(args[3]))) {
        PyErr_SetString(PyExc_TypeError, "round_trip takes a socket, bytes, seconds and a list");
        return NULL;
    }
    int fd = PyObject_AsFileDescriptor(args[0]);
    double awake_s = fd < 0 ? 0.0 : PyFloat_AsDouble(args[2]);
    double timeout_s = fd < 0 || PyErr_Occurred() ? 0.0 : timeout_of(args[0]);
    if (PyErr_Occurred()) {
        return NULL;
    }
    double end_s = timeout_s < 0.0 ? -1.0 : now_s() + timeout_s;
    const char *rest = PyBytes_AS_STRING(args[1]);
    size_t left = (size_t)PyBytes_GET_SIZE(args[1]);
    char answer[ANSWER_BYTES];
    struct passed passed = {.count = 0};
    for (;;) {
        ssize_t got;
        Py_BEGIN_ALLOW_THREADS
        got = send_rest(fd, &rest, &left, end_s);
        if (got == 0) {
            got = receive(fd, answer, awake_s, end_s, count == 4 ? &passed : NULL);
        }
        Py_END_ALLOW_THREADS
        if (got >= 0) {
            if (passed.count && put_passed(args[3], &passed) < 0) {
                return NULL;
            }
            return PyBytes_FromStringAndSize(answer, got);
        }
        if (errno != EINTR) {
            return PyErr_SetFromErrno(PyExc_OSError);
        }
        if (PyErr_CheckSignals() < 0) {
            return NULL;
        }
    }
}

static PyMethodDef functions[] = {
    {"round_trip", (PyCFunction)(void (*)(void))round_trip, METH_FASTCALL,
     "round_trip(connected, frame, awake_s, passed=None) -> bytes"},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
/* It keeps nothing between calls: any interpreter may have its own, and none needs a lock. */
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "dirty_runtime.sockets._round_trip",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__round_trip(void) { return PyModuleDef_Init(&definition); }
