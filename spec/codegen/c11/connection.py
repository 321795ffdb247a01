"""Section of connections, without I/O."""

from __future__ import annotations

from .. import ir, layout
from ..template import fill
from .printing import constant


def section(spec: ir.Spec) -> str:
    """One end of a connection."""
    opener, _ = layout.sides(spec)
    sender = "GD_SIDE_OPENER" if spec.notice.sender == opener else "GD_SIDE_ANSWERER"
    return fill(
        CONNECTION,
        idle=constant("STATE", layout.idle(spec)),
        abandoned=constant("STATE", layout.given_up(spec)),
        notice=constant("MESSAGE", spec.notice.message),
        notice_sender=sender,
        notice_id=str(spec.connection_request_id),
    )


CONNECTION = """
/* --- connection --- */

/* What came of received bytes. */
typedef enum gd_event_kind {
    GD_EVENT_NONE, /* more bytes are needed, or nothing more can come */
    GD_EVENT_MESSAGE, /* `message`, and whether its exchange has `ended` with it */
    GD_EVENT_ENDED, /* the exchange `request_id`, which was given up, is over */
    GD_EVENT_CLOSED, /* the stream has ended between frames */
    GD_EVENT_FAULT /* `fault`; of scope connection it is the last event */
} gd_event_kind;

typedef struct gd_event {
    gd_event_kind kind;
    bool ended;
    uint64_t request_id;
    gd_message message;
    gd_fault fault;
} gd_event;

/* An open exchange; a state of idle marks a place that is free. */
typedef struct gd__exchange {
    uint64_t request_id;
    gd_state state;
} gd__exchange;

/* One end of a connection, without I/O: bytes in, events out; messages in, bytes out. */
typedef struct gd_connection {
    gd_role role;
    gd_allocator allocator;
    gd_buffer in;
    size_t start; /* of what has not been looked at, in `in` */
    gd_arena arena;
    gd_header skipped;
    size_t skip; /* bytes that are still to be dropped of the frame that `skipped` heads */
    bool has_ended; /* no bytes come any more */
    bool is_over; /* no events come any more */
    gd__exchange *exchanges; /* by their ids, in a table of a power of two */
    size_t places;
    size_t open; /* exchanges whose last frame is still to come, given up or not */
    size_t max_open; /* how many may be open at once; 0 for any number */
} gd_connection;

/* A connection, seen from one end. */
static inline void gd_connection_init(gd_connection *connection, gd_role role,
    gd_allocator allocator) {
    memset(connection, 0, sizeof *connection);
    connection->role = role;
    connection->max_open = gd_role_rule_of(role)->max_open;
    connection->allocator = allocator;
    connection->in = gd_buffer_new(allocator);
    connection->arena = gd_arena_new(allocator);
}

/* Give back all memory. */
static inline void gd_connection_free(gd_connection *connection) {
    gd_buffer_free(&connection->in);
    gd_arena_free(&connection->arena);
    gd__give_back(&connection->allocator, connection->exchanges,
        connection->places * sizeof(gd__exchange));
    connection->exchanges = NULL;
    connection->places = connection->open = 0;
}

static inline size_t gd__place_of(const gd_connection *connection, uint64_t request_id) {
    uint64_t mixed = (request_id ^ (request_id >> 32)) * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(mixed >> 32) & (connection->places - 1);
    while (connection->exchanges[at].state != «idle» &&
        connection->exchanges[at].request_id != request_id) {
        at = (at + 1) & (connection->places - 1);
    }
    return at;
}

/* What an exchange is at. */
static inline gd_state gd_connection_state(const gd_connection *connection, uint64_t request_id) {
    if (connection->places == 0) {
        return «idle»;
    }
    return connection->exchanges[gd__place_of(connection, request_id)].state;
}

/* Have a place for one exchange more; false where there is no memory. */
static inline bool gd__exchanges_grow(gd_connection *connection) {
    gd__exchange *before = connection->exchanges, *taken;
    size_t at, places = connection->places, grown = places == 0 ? 8 : 2 * places;
    if (2 * (connection->open + 1) <= places) {
        return true;
    }
    taken = (gd__exchange *)gd__take(&connection->allocator, grown * sizeof(gd__exchange));
    if (taken == NULL) {
        return false;
    }
    for (at = 0; at < grown; at++) {
        taken[at].request_id = 0;
        taken[at].state = «idle»;
    }
    connection->exchanges = taken;
    connection->places = grown;
    for (at = 0; at < places; at++) {
        if (before[at].state != «idle») {
            taken[gd__place_of(connection, before[at].request_id)] = before[at];
        }
    }
    gd__give_back(&connection->allocator, before, places * sizeof(gd__exchange));
    return true;
}

/* Free a place, and move those behind it up that would not be found any more. */
static inline void gd__exchange_drop(gd_connection *connection, size_t at) {
    gd__exchange moved;
    connection->exchanges[at].state = «idle»;
    connection->open--;
    for (;;) {
        at = (at + 1) & (connection->places - 1);
        moved = connection->exchanges[at];
        if (moved.state == «idle») {
            return;
        }
        connection->exchanges[at].state = «idle»;
        connection->exchanges[gd__place_of(connection, moved.request_id)] = moved;
    }
}

/* Have an exchange enter a state; there is a place for it. */
static inline void gd__enter(gd_connection *connection, uint64_t request_id, gd_state state) {
    size_t at;
    if (connection->places == 0) {
        return;
    }
    at = gd__place_of(connection, request_id);
    if (connection->exchanges[at].state != «idle») {
        if (state == «idle») {
            gd__exchange_drop(connection, at);
            return;
        }
    } else if (state == «idle») {
        return;
    } else {
        connection->open++;
    }
    connection->exchanges[at].request_id = request_id;
    connection->exchanges[at].state = state;
}

/* The row for a frame, with what the role permits. */
static inline const gd_move *gd__move(const gd_connection *connection, gd_side sender,
    gd_message_type type, uint64_t request_id) {
    const gd_role_rule *role = gd_role_rule_of(connection->role);
    gd_state state = gd_connection_state(connection, request_id);
    const gd_move *move = gd_move_of(state, sender, type);
    if (state == «idle» && move->next != «idle») {
        bool is_full = connection->max_open > 0 && connection->open >= connection->max_open;
        if (is_full || ((role->opens >> gd__message_index(type)) & 1u) == 0) {
            return gd__not_opened();
        }
    }
    return move;
}

/* Write a message, which becomes part of its exchange, behind the bytes that the buffer has. What
 * is refused leaves them and the connection as they were. */
static inline gd_code gd_connection_send(gd_connection *connection, const gd_message *message,
    gd_buffer *out, gd_fault *fault) {
    gd_side side = gd_role_rule_of(connection->role)->side;
    const gd_move *move = gd__move(connection, side, message->type, message->request_id);
    if (move->code != GD_CODE_OK) {
        gd__fault(fault, move->code, move->scope);
        fault->request_id = message->request_id;
        return move->code;
    }
    if (!gd__exchanges_grow(connection)) {
        return gd__fault(fault, GD_CODE_NO_MEMORY, GD_SCOPE_EXCHANGE);
    }
    if (gd_serialize(message, out, fault) != GD_CODE_OK) {
        return fault->code;
    }
    gd__enter(connection, message->request_id, move->next);
    return GD_CODE_OK;
}

/* Have up to so many exchanges open at once, where the worker's STATUS told so many. */
static inline void gd_connection_permit(gd_connection *connection, size_t count) {
    size_t least = gd_role_rule_of(connection->role)->max_open;
    connection->max_open = least == 0 || least > count ? least : count;
}

/* Give up an exchange that this side opened: its frames are discarded until the last one. */
static inline void gd_connection_abandon(gd_connection *connection, uint64_t request_id) {
    if (gd_connection_state(connection, request_id) != «idle») {
        gd__enter(connection, request_id, «abandoned»);
    }
}

/* Where the next bytes may be put, at least `least` of them; NULL where there is no memory. */
static inline uint8_t *gd_connection_room(gd_connection *connection, size_t least) {
    gd_buffer *in = &connection->in;
    if (connection->start > 0 && 2 * connection->start >= in->size) {
        memmove(in->bytes, in->bytes + connection->start, in->size - connection->start);
        in->size -= connection->start;
        connection->start = 0;
    }
    return gd_buffer_reserve(in, least > 0 ? least : 1) ? in->bytes + in->size : NULL;
}

/* How many bytes fit there. */
static inline size_t gd_connection_room_size(const gd_connection *connection) {
    return connection->in.capacity - connection->in.size;
}

/* Take so many bytes of the room as received. */
static inline void gd_connection_received(gd_connection *connection, size_t count) {
    connection->in.size += count;
}

/* Take bytes from the transport, in any portions; false where there is no memory. */
static inline bool gd_connection_receive(gd_connection *connection, const uint8_t *bytes,
    size_t size) {
    uint8_t *room = gd_connection_room(connection, size);
    if (room == NULL) {
        return false;
    }
    if (size > 0) {
        memcpy(room, bytes, size);
    }
    gd_connection_received(connection, size);
    return true;
}

/* The transport delivers nothing more. */
static inline void gd_connection_end(gd_connection *connection) {
    connection->has_ended = true;
}

/* Drop what has come of a payload that is to be skipped. */
static inline void gd__skip(gd_connection *connection) {
    size_t there = connection->in.size - connection->start;
    size_t dropped = connection->skip < there ? connection->skip : there;
    connection->start += dropped;
    connection->skip -= dropped;
}

static inline gd_event_kind gd__told(gd_connection *connection, gd_event *event) {
    event->kind = GD_EVENT_FAULT;
    event->request_id = event->fault.request_id;
    if (event->fault.scope == GD_SCOPE_CONNECTION) {
        connection->is_over = true;
    }
    return event->kind;
}

static inline gd_event_kind gd__nothing_more(gd_connection *connection, gd_event *event) {
    size_t there = connection->in.size - connection->start;
    uint64_t request_id = 0;
    gd_header header;
    if (!connection->has_ended) {
        return event->kind;
    }
    if (connection->skip > 0) {
        there = GD_HEADER_BYTES + connection->skipped.length - connection->skip;
        request_id = connection->skipped.request_id;
    } else if (there >= GD_HEADER_BYTES) {
        gd_header_read(connection->in.bytes + connection->start, &header, &event->fault);
        request_id = header.request_id;
    }
    if (there > 0) {
        gd__fault_at(&event->fault, GD_CODE_TRUNCATED, GD_SCOPE_CONNECTION, there);
        event->fault.request_id = request_id;
        return gd__told(connection, event);
    }
    connection->is_over = true;
    event->kind = GD_EVENT_CLOSED;
    return event->kind;
}

static inline bool gd__is_notice(const gd_connection *connection, const gd_header *header,
    gd_side sender) {
    return header->request_id == «notice_id» && header->type == «notice» &&
        sender == «notice_sender» && gd_connection_state(connection, header->request_id) == «idle»;
}

static inline gd_side gd__peer_side(const gd_connection *connection) {
    bool is_opener = gd_role_rule_of(connection->role)->side == GD_SIDE_OPENER;
    return is_opener ? GD_SIDE_ANSWERER : GD_SIDE_OPENER;
}

/* Read the message of a frame that is to be delivered. */
static inline gd_event_kind gd__delivered(gd_connection *connection, const gd_header *header,
    const uint8_t *frame, gd_side sender, bool ends, gd_event *event) {
    gd_code refusal = gd__message_read(header, frame, &connection->arena, &event->message,
        &event->fault);
    event->ended = ends;
    if (refusal == GD_CODE_OK) {
        event->kind = GD_EVENT_MESSAGE;
        return event->kind;
    }
    if (gd_connection_state(connection, header->request_id) != «idle») {
        gd__enter(connection, header->request_id, gd__after_fault(sender, ends));
    }
    return gd__told(connection, event);
}

/* Take a whole frame through the table. */
static inline gd_event_kind gd__received(gd_connection *connection, const gd_header *header,
    const uint8_t *frame, gd_event *event) {
    gd_side sender = gd__peer_side(connection);
    gd_state state = gd_connection_state(connection, header->request_id);
    const gd_move *move;
    if (gd__is_notice(connection, header, sender)) {
        return gd__delivered(connection, header, frame, sender, false, event);
    }
    move = gd__move(connection, sender, header->type, header->request_id);
    if (move->outcome == GD_OUTCOME_DELIVER) {
        bool ends = move->next == «idle»;
        gd__delivered(connection, header, frame, sender, ends, event);
        if (event->kind == GD_EVENT_MESSAGE) {
            gd__enter(connection, header->request_id, move->next);
        }
        return event->kind;
    }
    gd__enter(connection, header->request_id, move->next);
    if (move->outcome == GD_OUTCOME_REFUSE) {
        gd__fault(&event->fault, move->code, move->scope);
        event->fault.request_id = header->request_id;
        return gd__told(connection, event);
    }
    if (state != «idle» && move->next == «idle») {
        event->kind = GD_EVENT_ENDED;
    }
    return event->kind;
}

/* The next event. What it holds lives until the next call on this connection. Without memory it is
 * a fault of scope connection. */
static inline gd_event_kind gd_connection_next(gd_connection *connection, gd_event *event) {
    event->kind = GD_EVENT_NONE;
    gd_arena_reset(&connection->arena);
    while (!connection->is_over && event->kind == GD_EVENT_NONE) {
        const uint8_t *frame;
        gd_header header;
        size_t there;
        gd__skip(connection);
        there = connection->in.size - connection->start;
        if (connection->skip > 0 || there < GD_HEADER_BYTES) {
            return gd__nothing_more(connection, event);
        }
        frame = connection->in.bytes + connection->start;
        if (gd_header_read(frame, &header, &event->fault) != GD_CODE_OK) {
            return gd__told(connection, event);
        }
        event->request_id = header.request_id;
        if (gd_header_check_presence(&header, &event->fault) != GD_CODE_OK) {
            gd_side sender = gd__peer_side(connection);
            if (gd_connection_state(connection, header.request_id) != «idle») {
                gd__enter(connection, header.request_id, gd__after_fault(sender, true));
            }
            connection->skipped = header;
            connection->skip = GD_HEADER_BYTES + (size_t)header.length;
            return gd__told(connection, event);
        }
        if (there - GD_HEADER_BYTES < header.length) {
            return gd__nothing_more(connection, event);
        }
        if (!gd__exchanges_grow(connection)) {
            gd__fault(&event->fault, GD_CODE_NO_MEMORY, GD_SCOPE_CONNECTION);
            return gd__told(connection, event);
        }
        connection->start += GD_HEADER_BYTES + (size_t)header.length;
        gd__received(connection, &header, frame, event);
    }
    return event->kind;
}
"""
