/* A client in C: calls, streams and questions over an arbiter's Unix socket.
 *
 * Rules: a client may be used by many threads at once; each call has a connection of its own while
 * it lasts, and leaves it to the next one. Nothing is sent twice. A call that ends early (its time
 * is over, it is cancelled, its stream is closed) closes its connection, by which the arbiter knows.
 * What an answer or a stream holds lives until gd_answer_free, or until its next item. */
#ifndef GD_CLIENT_H
#define GD_CLIENT_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "gd.h"

#define GD_CLIENT_IDLE 16
#define GD_CLIENT_READ_BYTES ((size_t)64 * 1024)
#define GD_CLIENT_TEXT_BYTES 512

/* Why a call failed: the error type as the specification has it, and what it says. */
typedef struct gd_failure {
    gd_error_type type;
    gd_code code; /* of a fault, where one is known; else GD_CODE_OK */
    char message[GD_CLIENT_TEXT_BYTES];
    gd_value details; /* a dict or none; lives as long as the answer */
} gd_failure;

/* What another thread ends calls by: gd_cancel() ends all that were given it, for good. */
typedef struct gd_cancellation {
    int fds[2];
} gd_cancellation;

/* False where the system has no pipe left. */
static inline bool gd_cancellation_init(gd_cancellation *cancellation) {
    return pipe(cancellation->fds) == 0;
}

static inline void gd_cancel(gd_cancellation *cancellation) {
    char byte = 0;
    while (write(cancellation->fds[1], &byte, 1) < 0 && errno == EINTR) {
    }
}

static inline void gd_cancellation_free(gd_cancellation *cancellation) {
    close(cancellation->fds[0]);
    close(cancellation->fds[1]);
}

/* A connection, which has one exchange at a time. */
typedef struct gd_channel {
    int fd;
    uint64_t last_id;
    gd_connection connection;
    gd_buffer out;
    gd_event event;
} gd_channel;

/* What calls share: where the arbiter is, and connections that rest. */
typedef struct gd_client {
    char socket_path[sizeof((struct sockaddr_un *)0)->sun_path];
    pthread_mutex_t lock;
    gd_channel *idle[GD_CLIENT_IDLE];
    size_t idle_count;
} gd_client;

/* How a call is to be made. All zeros is a call without an end of its own. */
typedef struct gd_terms {
    double timeout_s; /* from now on, and told to the arbiter; 0 for none */
    int64_t priority;
    const gd_cancellation *cancellation; /* or NULL */
    gd_value trace; /* that it takes part in, a dict, as headers of HTTP would tell it; or none */
} gd_terms;

/* What came of a call. */
typedef struct gd_answer {
    bool is_failed;
    gd_failure failure;
    gd_value result;
    gd_channel *channel;
    gd_client *client;
} gd_answer;

/* A stream that is being read. */
typedef struct gd_stream {
    gd_client *client;
    gd_channel *channel;
    gd_terms terms;
    double until_s;
    bool is_over;
    bool is_failed;
    gd_failure failure;
} gd_stream;

/* --- clients --- */

/* A variable of the environment; an empty one is as one that is not set. */
static inline const char *gd__client_variable(const char *name) {
    const char *text = getenv(name);
    return text != NULL && text[0] != 0 ? text : NULL;
}

/* A client of the arbiter at that path; NULL for the one that the environment names. False where
 * there is no path, or it is too long. */
static inline bool gd_client_init(gd_client *client, const char *socket_path) {
    memset(client, 0, sizeof *client);
    if (socket_path == NULL) {
        socket_path = gd__client_variable("DIRTY_SOCKET");
    }
    if (socket_path == NULL) {
        socket_path = gd__client_variable("GUNICORN_DIRTY_SOCKET");
    }
    if (socket_path == NULL || strlen(socket_path) >= sizeof client->socket_path) {
        return false;
    }
    memcpy(client->socket_path, socket_path, strlen(socket_path) + 1);
    return pthread_mutex_init(&client->lock, NULL) == 0;
}

static inline void gd__channel_close(gd_channel *channel) {
    close(channel->fd);
    gd_connection_free(&channel->connection);
    gd_buffer_free(&channel->out);
    free(channel);
}

/* Close the connections that rest. No call may run. */
static inline void gd_client_free(gd_client *client) {
    while (client->idle_count > 0) {
        gd__channel_close(client->idle[--client->idle_count]);
    }
    pthread_mutex_destroy(&client->lock);
}

/* --- failures --- */

static inline void gd__failed(gd_failure *failure, const char *type, gd_code code,
    const char *message) {
    failure->type = gd_error_type_named(type, strlen(type));
    failure->code = code;
    failure->details = gd_none();
    snprintf(failure->message, sizeof failure->message, "%s", message);
}

static inline void gd__failed_by(gd_failure *failure, const gd_fault *fault) {
    char text[GD_CLIENT_TEXT_BYTES];
    snprintf(text, sizeof text, "%s %.300s", gd_code_name(fault->code), fault->path);
    gd__failed(failure, "DirtyProtocolError", fault->code, text);
}

static inline bool gd__begins(const gd_value *text, const char *with) {
    return text->size >= strlen(with) && memcmp(text->text, with, strlen(with)) == 0;
}

/* What an ERROR says. gunicorn has two failures of the stash in a text alone. */
static inline void gd__failed_as_told(gd_failure *failure, const gd_error *error) {
    const gd_value *type = &error->error_type, *code;
    gd__failed(failure, "", GD_CODE_OK, "");
    failure->type = gd_error_type_named(type->text, type->size);
    snprintf(failure->message, sizeof failure->message, "%.*s", (int)error->message.size,
        error->message.text);
    failure->details = error->details;
    if (gd_is_text(type, "DirtyError") && gd__begins(&error->message, "Key not found: ")) {
        failure->type = gd_error_type_named("StashKeyNotFoundError",
            strlen("StashKeyNotFoundError"));
    } else if (gd_is_text(type, "DirtyError") && gd__begins(&error->message, "Table not found: ")) {
        failure->type = gd_error_type_named("StashTableNotFoundError",
            strlen("StashTableNotFoundError"));
    }
    code = gd_get(&error->details, "code");
    if (code != NULL && code->kind == GD_KIND_STRING) {
        int known;
        for (known = GD_CODE_OK + 1; known < GD_CODE_NO_MEMORY; known++) {
            if (gd_is_text(code, gd_code_name((gd_code)known))) {
                failure->code = (gd_code)known;
            }
        }
    }
}

/* --- a connection's socket --- */

static inline double gd__now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Wait for the socket. False, with the failure, where something else came first. */
static inline bool gd__channel_wait(const gd_channel *channel, short what, const gd_terms *terms,
    double until_s, gd_failure *failure) {
    struct pollfd polled[2];
    for (;;) {
        double left_s = until_s - gd__now_s();
        int wait_ms = left_s > 1e6 ? 1000000000 : left_s > 0 ? (int)(left_s * 1e3) + 1
                                                             : 0;
        int came;
        polled[0].fd = channel->fd;
        polled[0].events = what;
        polled[1].fd = terms->cancellation != NULL ? terms->cancellation->fds[0] : -1;
        polled[1].events = POLLIN;
        polled[0].revents = polled[1].revents = 0;
        came = poll(polled, 2, until_s > 0 ? wait_ms : -1);
        if (came < 0 && errno != EINTR) {
            gd__failed(failure, "DirtyConnectionError", GD_CODE_OK, strerror(errno));
            return false;
        }
        if (polled[1].revents != 0) {
            gd__failed(failure, "DirtyCancelledError", GD_CODE_OK, "the call was cancelled");
            return false;
        }
        if (polled[0].revents != 0) {
            return true;
        }
        if (until_s > 0 && gd__now_s() >= until_s) {
            gd__failed(failure, "DirtyTimeoutError", GD_CODE_OK, "the time of the call is over");
            return false;
        }
    }
}

static inline bool gd__channel_write(gd_channel *channel, const gd_terms *terms, double until_s,
    gd_failure *failure) {
    size_t sent = 0;
    while (sent < channel->out.size) {
        ssize_t came = send(channel->fd, channel->out.bytes + sent, channel->out.size - sent,
            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (came >= 0) {
            sent += (size_t)came;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!gd__channel_wait(channel, POLLOUT, terms, until_s, failure)) {
                return false;
            }
        } else if (errno != EINTR) {
            gd__failed(failure, "DirtyConnectionError", GD_CODE_OK, strerror(errno));
            return false;
        }
    }
    channel->out.size = 0;
    return true;
}

/* Read what has come; false for nothing. */
static inline bool gd__channel_read(gd_channel *channel) {
    uint8_t *room = gd_connection_room(&channel->connection, GD_CLIENT_READ_BYTES);
    ssize_t came = -1;
    if (room != NULL) {
        came = recv(channel->fd, room, gd_connection_room_size(&channel->connection), MSG_DONTWAIT);
    }
    if (came < 0 && room != NULL && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return false;
    }
    if (came > 0) {
        gd_connection_received(&channel->connection, (size_t)came);
    } else {
        gd_connection_end(&channel->connection);
    }
    return true;
}

/* The next event of the exchange; NULL, with the failure, where none will come. */
static inline const gd_event *gd__channel_next(gd_channel *channel, const gd_terms *terms,
    double until_s, gd_failure *failure) {
    gd_event *event = &channel->event;
    for (;;) {
        switch (gd_connection_next(&channel->connection, event)) {
        case GD_EVENT_NONE:
            if (!gd__channel_read(channel) &&
                !gd__channel_wait(channel, POLLIN, terms, until_s, failure)) {
                return NULL;
            }
            break;
        case GD_EVENT_MESSAGE:
            if (event->message.type != GD_MESSAGE_ERROR) {
                return event;
            }
            gd__failed_as_told(failure, &event->message.error);
            return NULL;
        case GD_EVENT_FAULT:
            gd__failed_by(failure, &event->fault);
            return NULL;
        case GD_EVENT_CLOSED:
            gd__failed(failure, "DirtyConnectionError", GD_CODE_OK,
                "the arbiter closed the connection");
            return NULL;
        case GD_EVENT_ENDED:
        default:
            break;
        }
    }
}

/* --- connections of a client --- */

static inline gd_channel *gd__channel_open(const gd_client *client, gd_failure *failure) {
    gd_channel *channel = (gd_channel *)calloc(1, sizeof(gd_channel));
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, client->socket_path, sizeof address.sun_path);
    if (channel == NULL) {
        gd__failed(failure, "DirtyConnectionError", GD_CODE_NO_MEMORY, "no memory");
        return NULL;
    }
    channel->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    gd_connection_init(&channel->connection, GD_ROLE_CLIENT, gd_heap());
    channel->out = gd_buffer_new(gd_heap());
    if (channel->fd < 0 || fcntl(channel->fd, F_SETFD, FD_CLOEXEC) < 0 ||
        connect(channel->fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        char text[GD_CLIENT_TEXT_BYTES];
        snprintf(text, sizeof text, "%.200s: %s", client->socket_path, strerror(errno));
        gd__failed(failure, "DirtyConnectionError", GD_CODE_OK, text);
        gd__channel_close(channel);
        return NULL;
    }
    return channel;
}

/* Whether a connection that rested is still good: nothing has come with the last answer or since. */
static inline bool gd__is_good(gd_channel *channel) {
    return gd_connection_next(&channel->connection, &channel->event) == GD_EVENT_NONE &&
        !gd__channel_read(channel) && channel->connection.open == 0;
}

static inline gd_channel *gd__channel_take(gd_client *client, gd_failure *failure) {
    for (;;) {
        gd_channel *channel = NULL;
        pthread_mutex_lock(&client->lock);
        if (client->idle_count > 0) {
            channel = client->idle[--client->idle_count];
        }
        pthread_mutex_unlock(&client->lock);
        if (channel == NULL) {
            return gd__channel_open(client, failure);
        }
        if (gd__is_good(channel)) {
            return channel;
        }
        gd__channel_close(channel);
    }
}

/* Leave a connection to the next call; one with an open exchange, or at its end, is closed. */
static inline void gd__channel_leave(gd_client *client, gd_channel *channel) {
    if (channel->connection.open == 0 && !channel->connection.is_over) {
        pthread_mutex_lock(&client->lock);
        if (client->idle_count < GD_CLIENT_IDLE) {
            client->idle[client->idle_count++] = channel;
            channel = NULL;
        }
        pthread_mutex_unlock(&client->lock);
    }
    if (channel != NULL) {
        gd__channel_close(channel);
    }
}

/* Send what opens an exchange, on a connection of its own; NULL with the failure. */
static inline gd_channel *gd__ask(gd_client *client, gd_message *message, const gd_terms *terms,
    double until_s, gd_failure *failure) {
    gd_channel *channel = gd__channel_take(client, failure);
    gd_fault fault;
    if (channel == NULL) {
        return NULL;
    }
    message->request_id = ++channel->last_id;
    if (gd_connection_send(&channel->connection, message, &channel->out, &fault) != GD_CODE_OK) {
        gd__failed_by(failure, &fault);
        gd__channel_leave(client, channel);
        return NULL;
    }
    if (!gd__channel_write(channel, terms, until_s, failure)) {
        gd__channel_close(channel);
        return NULL;
    }
    return channel;
}

static inline gd_terms gd__terms_of(const gd_terms *terms) {
    gd_terms none;
    memset(&none, 0, sizeof none);
    return terms != NULL ? *terms : none;
}

static inline double gd__until_s(const gd_terms *terms) {
    return terms->timeout_s > 0 ? gd__now_s() + terms->timeout_s : 0.0;
}

static inline gd_message gd__request(const char *app_path, const char *action, gd_value args,
    gd_value kwargs, const gd_terms *terms) {
    gd_value timeout = terms->timeout_s > 0 ? gd_float(terms->timeout_s) : gd_none();
    return gd_make_request(0, gd_text(app_path), gd_text(action), args, kwargs, timeout,
        gd_integer(terms->priority), terms->trace, gd_none());
}

/* --- calls --- */

/* Give back what an answer holds. */
static inline void gd_answer_free(gd_answer *answer) {
    if (answer->channel != NULL) {
        gd__channel_leave(answer->client, answer->channel);
        answer->channel = NULL;
    }
}

/* Ask by a message, whose id is chosen here. Returns whether there is a result. */
static inline bool gd_client_ask(gd_client *client, gd_message message, const gd_terms *given,
    gd_answer *answer) {
    gd_terms terms = gd__terms_of(given);
    double until_s = gd__until_s(&terms);
    const gd_event *event = NULL;
    memset(answer, 0, sizeof *answer);
    answer->client = client;
    answer->is_failed = true;
    answer->channel = gd__ask(client, &message, &terms, until_s, &answer->failure);
    if (answer->channel != NULL) {
        event = gd__channel_next(answer->channel, &terms, until_s, &answer->failure);
    }
    if (event != NULL && event->message.type == GD_MESSAGE_RESPONSE) {
        answer->is_failed = false;
        answer->result = event->message.response.result;
    } else if (event != NULL) {
        gd__failed(&answer->failure, "DirtyError", GD_CODE_OK,
            "the action streams: read it as a stream");
    }
    return !answer->is_failed;
}

#define GD__ANY_KIND ~0u

/* Ask by a message whose result is of some kinds, which are bits: any other result is a failure. */
static inline bool gd__client_ask_for(unsigned kinds, gd_client *client, gd_message message,
    const gd_terms *terms, gd_answer *answer) {
    if (gd_client_ask(client, message, terms, answer) &&
        (kinds & (1u << answer->result.kind)) == 0) {
        answer->is_failed = true;
        gd__failed(&answer->failure, "DirtyProtocolError", GD_CODE_OK,
            "the answer is of another kind");
    }
    return !answer->is_failed;
}

/* Call an action. `args` is a list, `kwargs` a dict, and either may be none. */
static inline bool gd_client_call(gd_client *client, const char *app_path, const char *action,
    gd_value args, gd_value kwargs, const gd_terms *given, gd_answer *answer) {
    gd_terms terms = gd__terms_of(given);
    return gd_client_ask(client, gd__request(app_path, action, args, kwargs, &terms), given,
        answer);
}

/* Ask for the arbiter's state. */
static inline bool gd_client_status(gd_client *client, const gd_terms *terms, gd_answer *answer) {
    return gd_client_ask(client, gd_make_status(0), terms, answer);
}

/* Have workers added, removed, set to a count, or reloaded: a GD_MANAGE_OP_... and a count. */
static inline bool gd_client_manage(gd_client *client, int64_t op, int64_t count,
    const gd_terms *terms, gd_answer *answer) {
    gd_message message = gd_make_manage(0, gd_integer(op), gd_integer(count), gd_none(),
        gd_none());
    return gd_client_ask(client, message, terms, answer);
}

/* Work on a table of the stash: a GD_STASH_OP_...; what the operation does not take is none. In
 * gd_stash.h each operation has a function of its own, with all that it may be given. */
static inline bool gd_client_stash(gd_client *client, int64_t op, const char *table, gd_value key,
    gd_value value, gd_value pattern, const gd_terms *terms, gd_answer *answer) {
    gd_message message = gd_make_stash(0, gd_integer(op), gd_text(table), key, value, pattern,
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd_client_ask(client, message, terms, answer);
}

/* --- streams --- */

/* Call an action that streams. Close it in any case. Returns whether it was sent. */
static inline bool gd_client_stream(gd_client *client, const char *app_path, const char *action,
    gd_value args, gd_value kwargs, const gd_terms *given, gd_stream *stream) {
    gd_message message;
    memset(stream, 0, sizeof *stream);
    stream->client = client;
    stream->terms = gd__terms_of(given);
    stream->until_s = gd__until_s(&stream->terms);
    message = gd__request(app_path, action, args, kwargs, &stream->terms);
    stream->channel = gd__ask(client, &message, &stream->terms, stream->until_s, &stream->failure);
    stream->is_over = stream->is_failed = stream->channel == NULL;
    return !stream->is_failed;
}

/* The next item, which lives until the call after this one; NULL at the end, which `is_failed` tells
 * from a failure. A plain result is the only item. */
static inline const gd_value *gd_stream_next(gd_stream *stream) {
    const gd_event *event;
    if (stream->is_over) {
        return NULL;
    }
    event = gd__channel_next(stream->channel, &stream->terms, stream->until_s, &stream->failure);
    if (event == NULL) {
        stream->is_over = stream->is_failed = true;
        return NULL;
    }
    stream->is_over = event->ended;
    if (event->message.type == GD_MESSAGE_END) {
        return NULL;
    }
    return &event->message.fields[0];
}

/* Give the stream up, or give back what is left of it. */
static inline void gd_stream_close(gd_stream *stream) {
    if (stream->channel != NULL) {
        gd__channel_leave(stream->client, stream->channel);
        stream->channel = NULL;
    }
    stream->is_over = true;
}

#endif
