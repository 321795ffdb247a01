/* A worker in C: it serves apps on the lanes that an arbiter has it inherit.
 *
 * Rules: a thread for each lane, which blocks. An app is a table of actions by name; an action gets
 * a gd_call and answers by gd_call_result, gd_call_fail, or gd_call_chunk; what it does not answer
 * is a result of none. What it is given lives until it returns. A call that nobody waits for any
 * more is told by gd_call_chunk and gd_call_is_cancelled; one whose lane has ended ends the
 * process. */
#ifndef GD_WORKER_H
#define GD_WORKER_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gd_json.h"

#define GD_WORKER_AT_FAULT 1
#define GD_WORKER_BOOT_FAILED 3
#define GD_WORKER_ARBITER_GONE 4
#define GD_WORKER_TEXT_BYTES ((size_t)64 * 1024)
#define GD_WORKER_READ_BYTES ((size_t)64 * 1024)

struct gd_call;

/* Something that can be called. */
typedef struct gd_action {
    const char *name;
    void (*run)(struct gd_call *call, void *state);
} gd_action;

/* What is served under a path. `init` returns why the app cannot be, or NULL; both may be NULL. */
typedef struct gd_app {
    const char *path;
    const gd_action *actions;
    size_t action_count;
    void *state;
    const char *(*init)(void *state);
    void (*close)(void *state);
} gd_app;

struct gd_worker;

/* The worker's end of a stream to the arbiter. */
typedef struct gd_lane {
    struct gd_worker *worker;
    pthread_t thread;
    int fd;
    gd_connection connection;
    gd_buffer out;
    gd_event event;
} gd_lane;

/* The apps that a process serves, and on which lanes. */
typedef struct gd_worker {
    const gd_app **apps;
    size_t app_count;
    gd_lane *lanes;
    size_t lane_count;
    const char *failure; /* why it cannot serve */
    const char *failed_app;
} gd_worker;

/* One request. */
typedef struct gd_call {
    gd_lane *lane;
    uint64_t request_id;
    gd_message message; /* its own copy */
    gd_buffer bytes;
    gd_arena arena; /* for what the answer is made of */
    bool is_streaming;
    bool is_cancelled;
    bool is_answered;
} gd_call;

static inline const gd_value *gd_call_arg(const gd_call *call, size_t at) {
    static const gd_value none = {GD_KIND_NONE, 0, {0}};
    const gd_value *args = &call->message.request.args;
    return at < args->size ? &args->items[at] : &none;
}

/* The trace that the caller takes part in, a dict, as headers of HTTP would tell it; or none. */
static inline const gd_value *gd_call_trace(const gd_call *call) {
    return &call->message.request.trace;
}

/* --- a lane's socket --- */

static inline void gd__lane_write(gd_lane *lane) {
    size_t sent = 0;
    while (sent < lane->out.size) {
        ssize_t came = send(lane->fd, lane->out.bytes + sent, lane->out.size - sent, MSG_NOSIGNAL);
        if (came < 0 && errno == EINTR) {
            continue;
        }
        if (came < 0) {
            _exit(GD_WORKER_ARBITER_GONE);
        }
        sent += (size_t)came;
    }
    lane->out.size = 0;
}

/* Read once; false where nothing is there and it should not wait. */
static inline bool gd__lane_read(gd_lane *lane, bool waits) {
    uint8_t *room = gd_connection_room(&lane->connection, GD_WORKER_READ_BYTES);
    ssize_t came;
    if (room == NULL) {
        _exit(GD_WORKER_AT_FAULT);
    }
    do {
        came = recv(lane->fd, room, gd_connection_room_size(&lane->connection), waits ? 0 : MSG_DONTWAIT);
    } while (came < 0 && errno == EINTR);
    if (came < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return false;
    }
    if (came > 0) {
        gd_connection_received(&lane->connection, (size_t)came);
    } else {
        gd_connection_end(&lane->connection);
    }
    return true;
}

/* --- answers --- */

/* A text that can be encoded, and fits: bytes that are no UTF-8 are escaped. */
static inline gd_value gd__sendable_text(gd_arena *arena, const char *text) {
    const uint8_t *bytes = (const uint8_t *)text;
    size_t left = strlen(text), size = 0;
    char *kept = (char *)gd_arena_take(arena, GD_WORKER_TEXT_BYTES + 8);
    if (kept == NULL) {
        return gd_text("");
    }
    while (left > 0) {
        size_t taken = gd__char_bytes(bytes, left);
        if (size + (taken == 0 ? 4 : taken) > GD_WORKER_TEXT_BYTES) {
            break;
        }
        if (taken == 0) {
            size += (size_t)snprintf(kept + size, 8, "\\x%02x", (unsigned)bytes[0]);
            taken = 1;
        } else {
            memcpy(kept + size, bytes, taken);
            size += taken;
        }
        bytes += taken;
        left -= taken;
    }
    return gd_string(kept, size);
}

/* As much of a string as an ERROR may tell. */
static inline gd_value gd__cut(gd_value text) {
    if (text.size > GD_WORKER_TEXT_BYTES) {
        text.size = GD_WORKER_TEXT_BYTES;
        while (text.size > 0 && ((uint8_t)text.text[text.size] & 0xC0) == 0x80) {
            text.size--;
        }
    }
    return text;
}

/* Send a message; false, with a fault, where it cannot be written. */
static inline bool gd__lane_send(gd_lane *lane, const gd_message *message, gd_fault *fault) {
    if (gd_connection_send(&lane->connection, message, &lane->out, fault) != GD_CODE_OK) {
        return false;
    }
    gd__lane_write(lane);
    return true;
}

/* Send an ERROR of the exchange; one that cannot be written either is sent without details. */
static inline void gd__lane_send_error(gd_lane *lane, uint64_t request_id, const char *type,
    gd_value text, gd_value details) {
    gd_message error = gd_make_error(request_id, gd_text(type), text, details);
    gd_fault fault;
    if (!gd__lane_send(lane, &error, &fault)) {
        error.error.details = gd_none();
        (void)gd__lane_send(lane, &error, &fault);
    }
}

static inline bool gd__is_wanted(const gd_call *call) {
    gd_state state = gd_connection_state(&call->lane->connection, call->request_id);
    return !call->is_answered && state != GD_STATE_IDLE;
}

static inline void gd__call_fail_as(
    gd_call *call, const char *type, const char *kind, const char *text) {
    gd_pair details[4];
    size_t count = 2;
    details[0] = gd_pair_of("app_path", gd__cut(call->message.request.app_path));
    details[1] = gd_pair_of("action", gd__cut(call->message.request.action));
    if (kind != NULL) {
        details[count++] = gd_pair_of("exception_type", gd_text(kind));
        details[count++] = gd_pair_of("exception_bases", gd_list(NULL, 0));
    }
    if (gd__is_wanted(call)) {
        call->is_answered = true;
        gd__lane_send_error(call->lane, call->request_id, type,
            gd__sendable_text(&call->arena, text), gd_dict(details, count));
    }
}

/* Answer that the call failed; `kind` names what was thrown, NULL for nothing that has a name. */
static inline void gd_call_fail(gd_call *call, const char *kind, const char *text) {
    gd__call_fail_as(call, "DirtyAppError", kind, text);
}

static inline void gd__fail_by(gd_call *call, const gd_fault *fault) {
    char text[GD_PATH_BYTES + 64];
    snprintf(text, sizeof text, "the result cannot be encoded: %s %s", gd_code_name(fault->code),
        fault->path);
    gd_call_fail(call, NULL, text);
}

/* Answer by one value. */
static inline void gd_call_result(gd_call *call, gd_value value) {
    gd_message response = gd_make_response(call->request_id, value);
    gd_fault fault;
    if (!gd__is_wanted(call)) {
        return;
    }
    if (gd__lane_send(call->lane, &response, &fault)) {
        call->is_answered = true;
    } else {
        gd__fail_by(call, &fault);
    }
}

/* --- what comes while a call runs --- */

static inline void gd__lane_refuse(gd_lane *lane, const gd_fault *fault) {
    gd_pair details[3];
    gd_message error;
    gd_fault own;
    size_t count = 0;
    if (fault->scope == GD_SCOPE_CONNECTION) {
        _exit(GD_WORKER_AT_FAULT);
    }
    details[count++] = gd_pair_of("code", gd_text(gd_code_name(fault->code)));
    if (fault->has_offset) {
        details[count++] = gd_pair_of("offset", gd_integer((int64_t)fault->offset));
    }
    if (fault->path[0] != 0) {
        details[count++] = gd_pair_of("path", gd_text(fault->path));
    }
    /* The exchange is none any more, so this goes past the connection's table. */
    error = gd_make_error(fault->request_id, gd_text("DirtyProtocolError"),
        gd_text(gd_code_name(fault->code)), gd_dict(details, count));
    if (gd_serialize(&error, &lane->out, &own) == GD_CODE_OK) {
        gd__lane_write(lane);
    }
}

/* One event that came while a call runs. */
static inline void gd__call_hear(gd_call *call, const gd_event *event) {
    if (event->kind == GD_EVENT_CLOSED) {
        _exit(GD_WORKER_ARBITER_GONE);
    }
    if (event->kind == GD_EVENT_FAULT) {
        gd__lane_refuse(call->lane, &event->fault);
    } else if (event->kind == GD_EVENT_MESSAGE && event->message.type == GD_MESSAGE_CANCEL) {
        call->is_cancelled = true;
    }
}

/* Take in what has come, without waiting. What follows the exchange is not for this call. */
static inline void gd__call_listen(gd_call *call) {
    gd_lane *lane = call->lane;
    while (gd__is_wanted(call)) {
        if (gd_connection_next(&lane->connection, &lane->event) != GD_EVENT_NONE) {
            gd__call_hear(call, &lane->event);
        } else if (!gd__lane_read(lane, false)) {
            return;
        }
    }
    call->is_cancelled = true;
}

/* Whether nobody waits for the call any more. */
static inline bool gd_call_is_cancelled(gd_call *call) {
    if (!call->is_cancelled) {
        gd__call_listen(call);
    }
    return call->is_cancelled;
}

/* Answer by a stream, which ends when the action returns; for one that may have no items. */
static inline void gd_call_begin_stream(gd_call *call) {
    call->is_streaming = true;
}

/* Send an item of a stream; false where no more are wanted. */
static inline bool gd_call_chunk(gd_call *call, gd_value item) {
    gd_message chunk = gd_make_chunk(call->request_id, item);
    gd_fault fault;
    call->is_streaming = true;
    if (gd_call_is_cancelled(call) || call->is_answered) {
        return false;
    }
    if (!gd__lane_send(call->lane, &chunk, &fault)) {
        gd__fail_by(call, &fault);
        return false;
    }
    return true;
}

/* --- calls --- */

static inline const gd_app *gd__app_of(const gd_worker *worker, const gd_value *path) {
    size_t at;
    for (at = 0; at < worker->app_count; at++) {
        if (gd_is_text(path, worker->apps[at]->path)) {
            return worker->apps[at];
        }
    }
    return NULL;
}

static inline const gd_action *gd__action_of(const gd_app *app, const gd_value *name) {
    size_t at;
    if (name->size > 0 && name->text[0] == '_') {
        return NULL;
    }
    for (at = 0; at < app->action_count; at++) {
        if (gd_is_text(name, app->actions[at].name)) {
            return &app->actions[at];
        }
    }
    return NULL;
}

/* Answer for an action that has returned. */
static inline void gd__call_end(gd_call *call) {
    gd_message end = gd_make_end(call->request_id);
    gd_fault fault;
    if (!gd__is_wanted(call)) {
        return;
    }
    if (call->is_cancelled) {
        gd__lane_send_error(call->lane, call->request_id, "DirtyCancelledError",
            gd_text("the caller gave up"), gd_none());
    } else if (call->is_streaming) {
        (void)gd__lane_send(call->lane, &end, &fault);
    } else {
        gd_call_result(call, gd_none());
    }
}

static inline void gd__call_run(gd_call *call) {
    const gd_app *app = gd__app_of(call->lane->worker, &call->message.request.app_path);
    const gd_action *action = app != NULL ? gd__action_of(app, &call->message.request.action)
                                          : NULL;
    if (app == NULL) {
        gd__call_fail_as(
            call, "DirtyAppNotFoundError", NULL, "this worker does not serve the app");
    } else if (action == NULL) {
        gd_call_fail(call, NULL, "the app has no such action, or it is private");
    } else {
        action->run(call, app->state);
        gd__call_end(call);
    }
}

/* Serve a REQUEST. Its message is copied, since more is read while it runs. */
static inline void gd__lane_serve(gd_lane *lane) {
    gd_call call;
    gd_fault fault;
    memset(&call, 0, sizeof call);
    call.lane = lane;
    call.request_id = lane->event.request_id;
    call.bytes = gd_buffer_new(gd_heap());
    call.arena = gd_arena_new(gd_heap());
    if (gd_serialize(&lane->event.message, &call.bytes, &fault) != GD_CODE_OK ||
        gd_parse(call.bytes.bytes, call.bytes.size, &call.arena, &call.message,
            &fault) != GD_CODE_OK) {
        _exit(GD_WORKER_AT_FAULT);
    }
    gd__call_run(&call);
    gd_buffer_free(&call.bytes);
    gd_arena_free(&call.arena);
}

/* --- lanes --- */

static inline void gd__lane_tell(gd_lane *lane) {
    gd_worker *worker = lane->worker;
    gd_value paths[64], extension = gd_text("cancel");
    gd_pair about[4];
    gd_message response;
    gd_fault fault;
    size_t at;
    for (at = 0; at < worker->app_count && at < 64; at++) {
        paths[at] = gd_text(worker->apps[at]->path);
    }
    about[0] = gd_pair_of("pid", gd_integer(getpid()));
    about[1] = gd_pair_of("apps", gd_list(paths, at));
    about[2] = gd_pair_of("version", gd_text("1"));
    about[3] = gd_pair_of("extensions", gd_list(&extension, 1));
    response = gd_make_response(lane->event.request_id, gd_dict(about, 4));
    (void)gd__lane_send(lane, &response, &fault);
}

static inline void gd__lane_tell_failure(gd_lane *lane) {
    gd_pair details[1];
    details[0] = gd_pair_of("app_path", gd_text(lane->worker->failed_app));
    gd__lane_send_error(lane, lane->event.request_id, "DirtyAppError",
        gd_text(lane->worker->failure), gd_dict(details, 1));
}

/* What one event asks for; false where the lane is over. */
static inline bool gd__lane_take(gd_lane *lane) {
    switch (lane->event.kind) {
    case GD_EVENT_CLOSED:
        return false;
    case GD_EVENT_FAULT:
        gd__lane_refuse(lane, &lane->event.fault);
        break;
    case GD_EVENT_MESSAGE:
        if (lane->event.message.type == GD_MESSAGE_STATUS && lane->worker->failure != NULL) {
            gd__lane_tell_failure(lane);
            return false;
        } else if (lane->event.message.type == GD_MESSAGE_STATUS) {
            gd__lane_tell(lane);
        } else if (lane->event.message.type == GD_MESSAGE_REQUEST) {
            gd__lane_serve(lane);
        }
        break;
    case GD_EVENT_NONE:
    case GD_EVENT_ENDED:
    default:
        break;
    }
    return true;
}

static inline void *gd__lane_run(void *given) {
    gd_lane *lane = (gd_lane *)given;
    bool goes_on = true;
    while (goes_on) {
        while (goes_on && gd_connection_next(&lane->connection, &lane->event) != GD_EVENT_NONE) {
            goes_on = gd__lane_take(lane);
        }
        if (goes_on) {
            gd__lane_read(lane, true);
        }
    }
    gd_connection_free(&lane->connection);
    gd_buffer_free(&lane->out);
    close(lane->fd);
    return NULL;
}

/* --- the process --- */

static inline void gd__not_for_us(int number) {
    (void)number;
}

/* An arbiter says by its lanes when a worker is to end; a terminal's Ctrl-C reaches everybody. */
static inline void gd__worker_hear_no_signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = gd__not_for_us;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Initialise the apps of that list; `failure` says which cannot be. */
static inline void gd__worker_boot(gd_worker *worker, const gd_value *paths, const gd_app *apps,
    size_t count) {
    uint32_t at;
    for (at = 0; at < paths->size && worker->failure == NULL; at++) {
        size_t which = 0;
        while (which < count && !gd_is_text(&paths->items[at], apps[which].path)) {
            which++;
        }
        worker->failed_app = paths->items[at].kind == GD_KIND_STRING ? paths->items[at].text : "";
        if (which == count) {
            worker->failure = "this worker has no such app";
            break;
        }
        worker->failure = apps[which].init != NULL ? apps[which].init(apps[which].state) : NULL;
        if (worker->failure == NULL) {
            worker->apps[worker->app_count++] = &apps[which];
        }
    }
}

static inline bool gd__worker_open(gd_worker *worker, const char *numbers) {
    size_t count = 1;
    const char *at;
    for (at = numbers; *at; at++) {
        count += *at == ',';
    }
    worker->lanes = (gd_lane *)calloc(count, sizeof(gd_lane));
    if (worker->lanes == NULL) {
        return false;
    }
    for (at = numbers; worker->lane_count < count; at++) {
        gd_lane *lane = &worker->lanes[worker->lane_count++];
        char *end;
        lane->worker = worker;
        lane->fd = (int)strtol(at, &end, 10);
        lane->out = gd_buffer_new(gd_heap());
        gd_connection_init(&lane->connection, GD_ROLE_WORKER, gd_heap());
        if (end == at || fcntl(lane->fd, F_SETFD, FD_CLOEXEC) < 0) {
            return false;
        }
        at = end;
    }
    return true;
}

static inline void gd__worker_serve(gd_worker *worker) {
    size_t at;
    for (at = 0; at < worker->lane_count; at++) {
        if (pthread_create(&worker->lanes[at].thread, NULL, gd__lane_run,
                &worker->lanes[at]) != 0) {
            _exit(GD_WORKER_AT_FAULT);
        }
    }
    for (at = 0; at < worker->lane_count; at++) {
        pthread_join(worker->lanes[at].thread, NULL);
    }
}

static inline int gd__worker_main(gd_worker *worker, const gd_value *paths, const char *numbers,
    const gd_app *apps, size_t count) {
    size_t at;
    worker->apps = (const gd_app **)calloc(paths->size + (size_t)1, sizeof(const gd_app *));
    if (worker->apps == NULL || !gd__worker_open(worker, numbers)) {
        fprintf(stderr, "worker: GD_WORKER_FDS: no lanes in %s\n", numbers);
        return GD_WORKER_AT_FAULT;
    }
    gd__worker_boot(worker, paths, apps, count);
    gd__worker_serve(worker);
    for (at = worker->app_count; at-- > 0;) {
        if (worker->apps[at]->close != NULL) {
            worker->apps[at]->close(worker->apps[at]->state);
        }
    }
    return worker->failure != NULL ? GD_WORKER_BOOT_FAILED : 0;
}

/* Serve those of the apps that the arbiter asks for, until it lets go of all lanes. Returns what the
 * process is to exit with. */
static inline int gd_worker_run(const gd_app *apps, size_t count) {
    const char *numbers = getenv("GD_WORKER_FDS"), *list = getenv("GD_WORKER_APPS");
    gd_arena arena = gd_arena_new(gd_heap());
    gd_worker worker;
    gd_value paths;
    int status = GD_WORKER_AT_FAULT;
    memset(&worker, 0, sizeof worker);
    gd__worker_hear_no_signals();
    if (numbers == NULL || list == NULL || !json_read(list, strlen(list), &arena, &paths) ||
        paths.kind != GD_KIND_LIST) {
        fprintf(stderr,
            "worker: GD_WORKER_FDS and GD_WORKER_APPS say what to serve: have an arbiter start it\n");
    } else {
        status = gd__worker_main(&worker, &paths, numbers, apps, count);
    }
    free(worker.apps);
    free(worker.lanes);
    gd_arena_free(&arena);
    return status;
}

#endif
