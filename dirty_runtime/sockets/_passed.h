/* What comes with the descriptors that are passed beside it, as `passing.py` says. */

#ifndef GD_PASSED_H
#define GD_PASSED_H

#include <Python.h>

#include <string.h>
#include <sys/socket.h>

#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif

/* Of one frame; and what stands in the place of those that the kernel could not give. */
enum { MOST_PASSED = 64, CUT = -1 };

/* The descriptors of one read. */
struct passed {
    int numbers[MOST_PASSED + 1];
    size_t count;
};

/* As recv, without waiting. */
static ssize_t receive_passed(int fd, char *data, size_t size, struct passed *passed) {
    char control[CMSG_SPACE(sizeof(int) * MOST_PASSED)];
    struct iovec room = {data, size};
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = &room;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    passed->count = 0;
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 || (message.msg_controllen == 0 && !(message.msg_flags & MSG_CTRUNC))) {
        return got;
    }
    for (struct cmsghdr *one = CMSG_FIRSTHDR(&message); one != NULL; one = CMSG_NXTHDR(&message, one)) {
        if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (count > MOST_PASSED - passed->count) {
            count = MOST_PASSED - passed->count;
        }
        memcpy(passed->numbers + passed->count, CMSG_DATA(one), count * sizeof(int));
        passed->count += count;
    }
    if (message.msg_flags & MSG_CTRUNC) {
        passed->numbers[passed->count++] = CUT;
    }
    return got;
}

/* Put them into a list; 0, or -1 with an exception. */
static int put_passed(PyObject *list, const struct passed *passed) {
    for (size_t i = 0; i < passed->count; i++) {
        PyObject *number = PyLong_FromLong(passed->numbers[i]);
        int done = number == NULL ? -1 : PyList_Append(list, number);
        Py_XDECREF(number);
        if (done < 0) {
            return -1;
        }
    }
    return 0;
}

#endif
