/* A fuzz target: whatever comes, nothing breaks; and what is read makes bytes that are read alike.
 *
 * Rules: the first byte says what the rest is: a value, a frame, or a stream for a role. */
#include "gd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds) {
        abort();
    }
}

/* Encoding what was decoded gives bytes that mean the same, and so the same bytes again. */
static void value_again(const gd_value *value, gd_arena *arena) {
    gd_buffer bytes = gd_buffer_new(gd_heap()), again = gd_buffer_new(gd_heap());
    gd_value read;
    gd_fault fault;
    must(gd_encode(value, &bytes, &fault) == GD_CODE_OK);
    must(gd_decode(bytes.bytes, bytes.size, arena, &read, &fault) == GD_CODE_OK);
    must(gd_encode(&read, &again, &fault) == GD_CODE_OK);
    must(bytes.size == again.size && memcmp(bytes.bytes, again.bytes, bytes.size) == 0);
    gd_buffer_free(&bytes);
    gd_buffer_free(&again);
}

static void message_again(const gd_message *message, gd_arena *arena) {
    gd_buffer bytes = gd_buffer_new(gd_heap());
    gd_message read;
    gd_fault fault;
    must(gd_serialize(message, &bytes, &fault) == GD_CODE_OK);
    must(gd_parse(bytes.bytes, bytes.size, arena, &read, &fault) == GD_CODE_OK);
    must(read.type == message->type && read.request_id == message->request_id);
    gd_buffer_free(&bytes);
}

/* A digest of all events of a stream that comes in portions of so many bytes. */
static uint64_t heard(gd_role role, const uint8_t *data, size_t size, size_t portion) {
    gd_connection connection;
    gd_event event;
    uint64_t seen = 14695981039346656037u;
    size_t at = 0;
    gd_connection_init(&connection, role, gd_heap());
    do {
        size_t taken = size - at < portion ? size - at : portion;
        must(gd_connection_receive(&connection, data + at, taken));
        at += taken;
        if (at == size) {
            gd_connection_end(&connection);
        }
        while (gd_connection_next(&connection, &event) != GD_EVENT_NONE) {
            seen = (seen ^ (uint64_t)event.kind ^ (event.request_id << 3)) * 1099511628211u;
            if (event.kind == GD_EVENT_FAULT) {
                seen =
                    (seen ^ (uint64_t)event.fault.code ^ (event.fault.offset << 8)) * 1099511628211u;
            }
        }
    } while (at < size);
    must(connection.is_over);
    gd_connection_free(&connection);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gd_arena arena = gd_arena_new(gd_heap());
    gd_value value;
    gd_message message;
    gd_fault fault;
    if (size == 0) {
        return 0;
    }
    if (data[0] % 6 == 0) {
        if (gd_decode(data + 1, size - 1, &arena, &value, &fault) == GD_CODE_OK) {
            value_again(&value, &arena);
        } else {
            must(fault.offset <= size - 1 && strlen(fault.path) < GD_PATH_BYTES);
        }
    } else if (data[0] % 6 == 1) {
        if (gd_parse(data + 1, size - 1, &arena, &message, &fault) == GD_CODE_OK) {
            message_again(&message, &arena);
        }
    } else {
        gd_role role = (gd_role)(data[0] % 6 - 2);
        must(heard(role, data + 1, size - 1, size) == heard(role, data + 1, size - 1, 1 + data[0] / 6));
    }
    gd_arena_free(&arena);
    return 0;
}
