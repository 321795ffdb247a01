/* The least that a round trip over Unix sockets costs: framed messages, no Python, no features.
 *
 *   relay HOPS CALLS REQUEST_BYTES RESPONSE_BYTES [apart]
 *
 * A client sends a frame of REQUEST_BYTES and waits for one of RESPONSE_BYTES, CALLS times, one
 * after another. With HOPS 1 a worker answers it directly. With HOPS 2 a relay stands between, a
 * process that waits for either side with poll and forwards what it reads, as an arbiter does.
 * Prints the nanoseconds of every call, one to a line. With `apart` neighbours in the chain run on
 * different cores, so that every hop wakes another core; otherwise the scheduler decides.
 *
 * Rules: a frame is a 16-byte header, whose bytes 4 to 7 hold the payload's length, big-endian, and
 * the payload. Client and worker read whole frames; the relay reads the header, then forwards the
 * payload as it comes. Who finds its peer gone ends; the client ends the others so.
 */

#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HEADER_BYTES = 16, LENGTH_AT = 4, RELAY_BYTES = 256 * 1024 };

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void *allocate(size_t bytes) {
    void *memory = calloc(1, bytes);
    if (memory == NULL) fail("relay: memory");
    return memory;
}

static uint32_t length_of(const unsigned char *header) {
    const unsigned char *at = header + LENGTH_AT;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* A frame of `bytes` in all, with zeros for a payload. */
static unsigned char *make_frame(size_t bytes) {
    unsigned char *frame = allocate(bytes);
    uint32_t length = (uint32_t)(bytes - HEADER_BYTES);
    for (int i = 0; i < 4; i++) frame[LENGTH_AT + i] = (unsigned char)(length >> (24 - 8 * i));
    return frame;
}

static void send_all(int fd, const unsigned char *data, size_t bytes) {
    while (bytes > 0) {
        ssize_t sent = send(fd, data, bytes, 0);
        if (sent < 0) fail("relay: send");
        data += sent;
        bytes -= (size_t)sent;
    }
}

/* Read one frame of at most `room` bytes; its size, or 0 when the peer has closed. */
static size_t receive_frame(int fd, unsigned char *frame, size_t room) {
    size_t have = 0, need = HEADER_BYTES;
    while (have < need) {
        ssize_t got = recv(fd, frame + have, room - have, 0);
        if (got < 0) fail("relay: recv");
        if (got == 0) return 0;
        have += (size_t)got;
        if (have >= HEADER_BYTES) need = HEADER_BYTES + length_of(frame);
        if (need > room) {
            fprintf(stderr, "relay: a frame of %zu bytes where %zu were expected\n", need, room);
            exit(1);
        }
    }
    return have;
}

static void work(int fd, size_t request_bytes, size_t response_bytes) {
    unsigned char *request = allocate(request_bytes), *response = make_frame(response_bytes);
    while (receive_frame(fd, request, request_bytes) > 0) send_all(fd, response, response_bytes);
    exit(0);
}

/* Forward one frame from `from` to `to`; 0 when the peer has closed. */
static int forward(int from, int to, unsigned char *buffer) {
    size_t have = 0, done = 0, need = HEADER_BYTES;
    while (done < need) {
        ssize_t got = recv(from, buffer + have, RELAY_BYTES - have, 0);
        if (got < 0) fail("relay: recv");
        if (got == 0) return 0;
        have += (size_t)got;
        if (done == 0) {
            if (have < HEADER_BYTES) continue;
            need = HEADER_BYTES + length_of(buffer);
        }
        send_all(to, buffer, have);
        done += have;
        have = 0;
    }
    return 1;
}

static void relay(int client, int worker) {
    unsigned char *buffer = allocate(RELAY_BYTES);
    struct pollfd ends[2] = {{client, POLLIN, 0}, {worker, POLLIN, 0}};
    for (;;) {
        if (poll(ends, 2, -1) < 0) fail("relay: poll");
        for (int i = 0; i < 2; i++)
            if (ends[i].revents && !forward(ends[i].fd, ends[1 - i].fd, buffer)) exit(0);
    }
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void call(int fd, long calls, size_t request_bytes, size_t response_bytes) {
    unsigned char *request = make_frame(request_bytes), *response = allocate(response_bytes);
    int64_t *taken_ns = allocate((size_t)calls * sizeof *taken_ns);
    for (long i = 0; i < calls; i++) {
        int64_t start_ns = now_ns();
        send_all(fd, request, request_bytes);
        if (receive_frame(fd, response, response_bytes) != response_bytes) {
            fprintf(stderr, "relay: no whole response\n");
            exit(1);
        }
        taken_ns[i] = now_ns() - start_ns;
    }
    for (long i = 0; i < calls; i++) printf("%lld\n", (long long)taken_ns[i]);
}

static void connect_pair(int ends[2]) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) fail("relay: socketpair");
}

/* Run on the first or the second core that this process may use. */
static void stay_on(int second) {
#ifdef __linux__
    cpu_set_t usable, chosen;
    CPU_ZERO(&chosen);
    if (sched_getaffinity(0, sizeof usable, &usable) < 0) fail("relay: cores");
    for (int core = 0, found = 0; core < CPU_SETSIZE; core++)
        if (CPU_ISSET(core, &usable) && found++ == second) CPU_SET(core, &chosen);
    if (sched_setaffinity(0, sizeof chosen, &chosen) < 0) fail("relay: a second core");
#else
    (void)second;
    fprintf(stderr, "relay: cannot choose cores here\n");
    exit(1);
#endif
}

/* Whether this is the new process; `place` counts along the chain, the client being 0. */
static int started(int place, int apart) {
    pid_t pid = fork();
    if (pid < 0) fail("relay: fork");
    if (pid == 0 && apart) stay_on(place % 2);
    return pid == 0;
}

int main(int argc, char **argv) {
    long numbers[4] = {0};
    int apart = argc == 6 && strcmp(argv[5], "apart") == 0;
    for (int i = 0; i < 4 && (argc == 5 || apart); i++) numbers[i] = strtol(argv[i + 1], NULL, 10);
    long hops = numbers[0], calls = numbers[1];
    if ((hops != 1 && hops != 2) || calls < 1 || numbers[2] < HEADER_BYTES ||
        numbers[3] < HEADER_BYTES) {
        fprintf(stderr, "usage: relay 1|2 CALLS REQUEST_BYTES RESPONSE_BYTES [apart]\n");
        return 2;
    }
    size_t request_bytes = (size_t)numbers[2], response_bytes = (size_t)numbers[3];
    signal(SIGPIPE, SIG_DFL); /* A process whose peer is gone has nothing left to do. */

    int near[2], far[2];
    connect_pair(near);
    if (hops == 2) {
        connect_pair(far);
        if (started(1, apart)) {
            close(near[0]);
            close(far[1]);
            relay(near[1], far[0]);
        }
        close(near[1]);
        close(far[0]);
    }
    int worker_end = hops == 2 ? far[1] : near[1];
    if (started((int)hops, apart)) {
        close(near[0]);
        work(worker_end, request_bytes, response_bytes);
    }
    close(worker_end);
    if (apart) stay_on(0);
    call(near[0], calls, request_bytes, response_bytes);
    close(near[0]);
    for (long i = 0; i < hops; i++) wait(NULL);
    return 0;
}
