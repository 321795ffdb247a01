/* A test of a lane: what follows an exchange that a fault has ended is the next call's, and a call
 * knows its caller's trace. */
#include "gd_worker.h"

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static void forever(gd_call *call, void *state) {
    (void)state;
    while (gd_call_chunk(call, gd_none())) {
    }
}

static void seven(gd_call *call, void *state) {
    (void)state;
    gd_call_result(call, gd_integer(7));
}

static void trace(gd_call *call, void *state) {
    (void)state;
    gd_call_result(call, *gd_call_trace(call));
}

/* Put a REQUEST behind the bytes. */
static void ask(gd_buffer *bytes, uint64_t request_id, const char *action, gd_value trace) {
    gd_message request = gd_make_request(request_id, gd_text("a:B"), gd_text(action), gd_none(),
        gd_none(), gd_none(), gd_none(), trace, gd_none());
    gd_fault fault;
    if (gd_serialize(&request, bytes, &fault) != GD_CODE_OK) {
        exit(1);
    }
}

/* A CANCEL with a payload of one byte, which it may not have. */
static void cancel_wrongly(gd_buffer *bytes, uint64_t request_id) {
    gd_header header = {GD_MESSAGE_CANCEL, 1, request_id};
    uint8_t frame[GD_HEADER_BYTES + 1] = {0};
    gd_header_write(&header, frame);
    gd_buffer_append(bytes, frame, sizeof frame);
}

/* Read until the lane's end; whether the answers were an ERROR, 7, and the trace or none. */
static bool is_answered(int fd) {
    gd_buffer came = gd_buffer_new(gd_heap());
    gd_arena arena = gd_arena_new(gd_heap());
    bool has_error = false, has_seven = false, has_trace = false, has_none = false;
    size_t at = 0;
    ssize_t count;
    do {
        gd_buffer_reserve(&came, 65536);
        count = recv(fd, came.bytes + came.size, came.capacity - came.size, 0);
        came.size += count > 0 ? (size_t)count : 0;
    } while (count > 0);
    while (at < came.size) {
        gd_header header;
        gd_message message;
        gd_fault fault;
        if (gd_header_read(came.bytes + at, &header, &fault) != GD_CODE_OK ||
            gd_parse(came.bytes + at, GD_HEADER_BYTES + header.length, &arena, &message,
                &fault) != GD_CODE_OK) {
            return false;
        }
        has_error |= message.type == GD_MESSAGE_ERROR && message.request_id == 1;
        has_seven |= message.type == GD_MESSAGE_RESPONSE && message.request_id == 2;
        if (message.type == GD_MESSAGE_RESPONSE && message.request_id == 3) {
            const gd_value *parent = gd_get(&message.response.result, "traceparent");
            has_trace = parent != NULL && gd_is_text(parent, PARENT);
        } else if (message.type == GD_MESSAGE_RESPONSE && message.request_id == 4) {
            has_none = message.response.result.kind == GD_KIND_NONE;
        }
        at += GD_HEADER_BYTES + header.length;
    }
    gd_buffer_free(&came);
    gd_arena_free(&arena);
    return has_error && has_seven && has_trace && has_none;
}

int main(void) {
    const gd_action actions[] = {{"forever", forever}, {"seven", seven}, {"trace", trace}};
    const gd_app app = {"a:B", actions, 3, NULL, NULL, NULL};
    const gd_app *apps[] = {&app};
    gd_buffer bytes = gd_buffer_new(gd_heap());
    gd_pair parent = gd_pair_of("traceparent", gd_text(PARENT));
    gd_worker worker;
    gd_lane lane;
    int ends[2];
    bool is_well;
    memset(&worker, 0, sizeof worker);
    memset(&lane, 0, sizeof lane);
    worker.apps = apps;
    worker.app_count = 1;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        return 1;
    }
    lane.worker = &worker;
    lane.fd = ends[1];
    lane.out = gd_buffer_new(gd_heap());
    gd_connection_init(&lane.connection, GD_ROLE_WORKER, gd_heap());
    /* All at once: it is in the lane's hands before the first call begins. */
    ask(&bytes, 1, "forever", gd_none());
    cancel_wrongly(&bytes, 1);
    ask(&bytes, 2, "seven", gd_none());
    ask(&bytes, 3, "trace", gd_dict(&parent, 1));
    ask(&bytes, 4, "trace", gd_none());
    send(ends[0], bytes.bytes, bytes.size, 0);
    shutdown(ends[0], SHUT_WR);
    gd__lane_run(&lane);
    is_well = is_answered(ends[0]);
    printf(is_well ? "all well\n" : "a call was not answered as it should be\n");
    close(ends[0]);
    gd_buffer_free(&bytes);
    return is_well ? 0 : 1;
}
