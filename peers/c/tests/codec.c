/* Tests of the header: what the vectors do not ask. */
#include "../lib/gd_json.h"

static int failures;

#define CHECK(what)                                                    \
    do {                                                               \
        if (!(what)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
            failures++;                                                \
        }                                                              \
    } while (0)

/* An allocator that counts, and fails when its time has come. */
typedef struct counted {
    size_t held;
    size_t most;
    long left; /* how often memory may be taken; below 0 for always */
} counted;

static void *resize(void *context, void *memory, size_t old_size, size_t new_size) {
    counted *count = (counted *)context;
    void *taken;
    if (new_size == 0) {
        count->held -= old_size;
        free(memory);
        return NULL;
    }
    if (count->left == 0) {
        return NULL;
    }
    count->left -= count->left > 0;
    taken = realloc(memory, new_size);
    if (taken != NULL) {
        count->held += new_size - old_size;
        count->most = count->held > count->most ? count->held : count->most;
    }
    return taken;
}

static gd_allocator counting(counted *count) {
    gd_allocator allocator;
    allocator.resize = resize;
    allocator.context = count;
    return allocator;
}

/* --- values made by chance, the same in each run --- */

static uint64_t chance = 88172645463325252u;

static uint32_t below(uint32_t bound) {
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (uint32_t)((chance >> 32) % bound);
}

static const char *const TEXTS[] = {"", "a", "key", "ümlaut", "日本語", "\xf0\x9f\x8e\x89", "seven77",
    "eight888", "a longer text, of more than sixteen bytes"};

static gd_value any_value(gd_arena *arena, int depth) {
    uint32_t at, count = below(5);
    uint64_t bits;
    gd_value value;
    gd_value *items;
    gd_pair *pairs;
    switch (below(depth > 0 ? 8 : 6)) {
    case 0:
        return gd_none();
    case 1:
        return gd_bool(below(2) != 0);
    case 2:
        bits = ((uint64_t)below(UINT32_MAX) << 32) | below(UINT32_MAX);
        return gd_integer((int64_t)(bits >> below(64)));
    case 3:
        bits = ((uint64_t)below(UINT32_MAX) << 32) | below(UINT32_MAX);
        value = gd_float(0.0);
        memcpy(&value.number, &bits, sizeof bits);
        return value;
    case 4:
        return gd_text(TEXTS[below(9)]);
    case 5:
        return gd_bytes(TEXTS[below(9)], below(2));
    case 6:
        items = (gd_value *)gd_arena_take(arena, (size_t)count * sizeof *items + 1);
        for (at = 0; at < count; at++) {
            items[at] = any_value(arena, depth - 1);
        }
        return gd_list(items, count);
    default:
        pairs = (gd_pair *)gd_arena_take(arena, (size_t)count * sizeof *pairs + 1);
        for (at = 0; at < count; at++) {
            pairs[at] = gd_pair_of(TEXTS[at], any_value(arena, depth - 1));
        }
        return gd_dict(pairs, count);
    }
}

/* What was written is read, and makes the same bytes again; and so cut short it is refused. */
static void round_trips(void) {
    gd_arena made = gd_arena_new(gd_heap()), arena = gd_arena_new(gd_heap());
    gd_buffer bytes = gd_buffer_new(gd_heap()), again = gd_buffer_new(gd_heap());
    gd_fault fault;
    gd_value value, read;
    int run;
    for (run = 0; run < 3000; run++) {
        gd_arena_reset(&made);
        gd_arena_reset(&arena);
        bytes.size = again.size = 0;
        value = any_value(&made, 5);
        CHECK(gd_encode(&value, &bytes, &fault) == GD_CODE_OK);
        CHECK(gd_decode(bytes.bytes, bytes.size, &arena, &read, &fault) == GD_CODE_OK);
        CHECK(gd_encode(&read, &again, &fault) == GD_CODE_OK);
        CHECK(bytes.size == again.size && memcmp(bytes.bytes, again.bytes, bytes.size) == 0);
        CHECK(gd_decode(bytes.bytes, below((uint32_t)bytes.size), &arena, &read,
                  &fault) == GD_CODE_TRUNCATED);
    }
    gd_arena_free(&made);
    gd_arena_free(&arena);
    gd_buffer_free(&bytes);
    gd_buffer_free(&again);
}

static void a_message_is_read_as_it_was_written(void) {
    gd_value args[2], list;
    gd_message request, read;
    gd_buffer bytes = gd_buffer_new(gd_heap());
    gd_arena arena = gd_arena_new(gd_heap());
    gd_fault fault;
    args[0] = gd_integer(7);
    args[1] = gd_text("seven");
    list = gd_list(args, 2);
    request = gd_make_request(5, gd_text("shop:Prices"), gd_text("of"), list, gd_none(), gd_none(),
        gd_none(), gd_none(), gd_none());
    CHECK(gd_serialize(&request, &bytes, &fault) == GD_CODE_OK);
    CHECK(gd_parse(bytes.bytes, bytes.size, &arena, &read, &fault) == GD_CODE_OK);
    CHECK(read.type == GD_MESSAGE_REQUEST && read.request_id == 5);
    CHECK(gd_is_text(&read.request.app_path, "shop:Prices"));
    CHECK(read.request.args.size == 2 && read.request.args.items[0].integer == 7);
    CHECK(read.request.kwargs.kind == GD_KIND_DICT && read.request.timeout.kind == GD_KIND_NONE);
    gd_buffer_free(&bytes);
    gd_arena_free(&arena);
}

/* A fault says where it is, and leaves the buffer as it was. */
static void what_is_refused_is_not_written(void) {
    gd_pair pairs[2];
    gd_value bad = gd_dict(pairs, 2);
    gd_buffer out = gd_buffer_new(gd_heap());
    gd_fault fault;
    gd_buffer_append(&out, "kept", 4);
    pairs[0] = gd_pair_of("a", gd_none());
    pairs[1] = gd_pair_of("two words", gd_string("\xff", 1));
    CHECK(gd_encode(&bad, &out, &fault) == GD_CODE_INVALID_TEXT);
    CHECK(strcmp(fault.path, "[\"two words\"]") == 0 && !fault.has_offset);
    pairs[1] = gd_pair_of("a", gd_string("\xff", 1));
    CHECK(gd_encode(&bad, &out, &fault) == GD_CODE_DUPLICATE_KEY);
    CHECK(strcmp(fault.path, "a") == 0);
    CHECK(out.size == 4 && memcmp(out.bytes, "kept", 4) == 0);
    gd_buffer_free(&out);
}

/* A count that the bytes do not justify takes no memory. */
static void memory_follows_the_input(void) {
    static const uint8_t claims[] = {0x20, 0x00, 0x0f, 0xff, 0xff, 0x00};
    counted count = {0, 0, -1};
    gd_arena arena = gd_arena_new(counting(&count));
    gd_value value;
    gd_fault fault;
    CHECK(gd_decode(claims, sizeof claims, &arena, &value, &fault) == GD_CODE_TRUNCATED);
    CHECK(fault.has_offset && fault.offset == 1);
    CHECK(count.most == 0);
    gd_arena_free(&arena);
}

/* Wherever memory ends, that is told, and all that was taken comes back. */
static void memory_that_ends_is_no_crash(void) {
    long left;
    for (left = 0; left < 40; left++) {
        counted count = {0, 0, 0};
        gd_connection client, arbiter;
        gd_buffer wire = gd_buffer_new(counting(&count));
        gd_event event;
        gd_fault fault;
        gd_pair many[100];
        char keys[100][12];
        gd_message request;
        int at;
        count.left = left;
        for (at = 0; at < 100; at++) {
            snprintf(keys[at], sizeof keys[at], "%d", at);
            many[at] = gd_pair_of(keys[at], gd_none());
        }
        request = gd_make_request(1, gd_text("a:B"), gd_text("c"), gd_none(), gd_dict(many, 100),
            gd_none(), gd_none(), gd_none(), gd_none());
        gd_connection_init(&client, GD_ROLE_CLIENT, counting(&count));
        gd_connection_init(&arbiter, GD_ROLE_ARBITER, counting(&count));
        if (gd_connection_send(&client, &request, &wire, &fault) != GD_CODE_OK) {
            CHECK(fault.code == GD_CODE_NO_MEMORY && wire.size == 0 && client.open == 0);
        } else if (gd_connection_receive(&arbiter, wire.bytes, wire.size)) {
            gd_event_kind kind = gd_connection_next(&arbiter, &event);
            CHECK(kind == GD_EVENT_MESSAGE ||
                (kind == GD_EVENT_FAULT && event.fault.code == GD_CODE_NO_MEMORY));
        }
        gd_connection_free(&client);
        gd_connection_free(&arbiter);
        gd_buffer_free(&wire);
        CHECK(count.held == 0);
    }
}

/* Thousands of exchanges are open at once, and end in another order. */
static void many_exchanges_are_kept_apart(void) {
    gd_connection client;
    gd_buffer wire = gd_buffer_new(gd_heap());
    gd_event event;
    gd_fault fault;
    uint64_t id;
    gd_message answer;
    gd_connection_init(&client, GD_ROLE_CLIENT, gd_heap());
    for (id = 1; id <= 5000; id++) {
        gd_message status = gd_make_status(id * 8);
        CHECK(gd_connection_send(&client, &status, &wire, &fault) == GD_CODE_OK);
    }
    CHECK(client.open == 5000);
    for (id = 5000; id > 0; id--) {
        uint64_t which = (id * 7919) % 5000 + 1;
        wire.size = 0;
        answer = gd_make_response(which * 8, gd_none());
        CHECK(gd_serialize(&answer, &wire, &fault) == GD_CODE_OK);
        CHECK(gd_connection_receive(&client, wire.bytes, wire.size));
        CHECK(gd_connection_next(&client, &event) == GD_EVENT_MESSAGE && event.ended);
        CHECK(event.message.request_id == which * 8);
    }
    CHECK(client.open == 0);
    gd_connection_free(&client);
    gd_buffer_free(&wire);
}

static void error_types_are_known_by_name(void) {
    gd_error_type type = gd_error_type_named("DirtyAppNotFoundError", 21);
    CHECK(type == GD_ERROR_DIRTY_APP_NOT_FOUND_ERROR);
    CHECK(gd_error_rule_of(type)->parent == GD_ERROR_DIRTY_APP_ERROR);
    CHECK(gd_error_type_named("Unheard", 7) == GD_ERROR_DIRTY_ERROR);
}

static void json_is_read_and_written(void) {
    static const char text[] =
        "{\"a\": [1, -2, 1.5, true, null, \"\\u00e9\\ud83c\\udf89\\n\"], \"b\": {}}";
    static const char again[] = "{\"a\": [1, -2, 1.5, true, null, \"é🎉\\u000a\"], \"b\": {}}";
    gd_arena arena = gd_arena_new(gd_heap());
    gd_buffer out = gd_buffer_new(gd_heap());
    gd_value value;
    CHECK(json_read(text, strlen(text), &arena, &value));
    json_write(&out, &value);
    CHECK(out.size == strlen(again) && memcmp(out.bytes, again, out.size) == 0);
    CHECK(!json_read("[1", 2, &arena, &value) && !json_read("[1] 2", 5, &arena, &value) &&
        !json_read("\"a\\", 3, &arena, &value));
    gd_arena_free(&arena);
    gd_buffer_free(&out);
}

int main(void) {
    round_trips();
    a_message_is_read_as_it_was_written();
    what_is_refused_is_not_written();
    memory_follows_the_input();
    memory_that_ends_is_no_crash();
    many_exchanges_are_kept_apart();
    error_types_are_known_by_name();
    json_is_read_and_written();
    if (failures == 0) {
        printf("all well\n");
    }
    return failures == 0 ? 0 : 1;
}
