/* The header as a testee of the conformance suite, on stdin and stdout (conformance/contract.md). */
#include <ctype.h>
#include <errno.h>

#include "gd_json.h"
#include "sha256.h"

#define MOST_REPEATED ((size_t)300 * 1024 * 1024)

/* What a command is carried out with. */
typedef struct testee {
    gd_arena arena;
    gd_buffer out;
    const char *unsupported;
} testee;

static gd_value unsupported(testee *run, const char *why) {
    run->unsupported = why;
    return gd_none();
}

static void *taken(testee *run, size_t size) {
    void *memory = gd_arena_take(&run->arena, size);
    if (memory == NULL) {
        fprintf(stderr, "testee: no memory for %zu bytes\n", size);
        exit(1);
    }
    return memory;
}

static const gd_value *held(const gd_value *object, const char *key) {
    static const gd_value none = {GD_KIND_NONE, 0, {0}};
    const gd_value *found = gd_get(object, key);
    return found != NULL ? found : &none;
}

static size_t count_of(const gd_value *value) {
    if (value->kind == GD_KIND_STRING) {
        return (size_t)strtoull(value->text, NULL, 10);
    }
    return value->kind == GD_KIND_INTEGER && value->integer > 0 ? (size_t)value->integer : 0;
}

/* --- JSON forms --- */

static unsigned digit_of(char digit) {
    return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(tolower(digit) - 'a' + 10);
}

static void append(gd_buffer *to, const void *bytes, size_t size) {
    if (!gd_buffer_append(to, bytes, size)) {
        fprintf(stderr, "testee: no memory\n");
        exit(1);
    }
}

static void append_hex(gd_buffer *to, const gd_value *text) {
    uint32_t at;
    for (at = 0; at + 1 < text->size; at += 2) {
        uint8_t byte = (uint8_t)(digit_of(text->text[at]) * 16 + digit_of(text->text[at + 1]));
        append(to, &byte, 1);
    }
}

static void append_numeral(gd_buffer *to, size_t number) {
    char numeral[24];
    append(to, numeral, (size_t)snprintf(numeral, sizeof numeral, "%07zu", number));
}

/* Put what a recipe makes behind the bytes. */
static void append_made(gd_buffer *to, const gd_value *recipe) {
    size_t times = count_of(held(recipe, "times")), at;
    if (recipe->kind == GD_KIND_STRING) {
        append_hex(to, recipe);
    } else if (recipe->kind == GD_KIND_LIST) {
        for (at = 0; at < recipe->size; at++) {
            append_made(to, &recipe->items[at]);
        }
    } else if (gd_get(recipe, "repeat") != NULL) {
        gd_buffer part = gd_buffer_new(gd_heap());
        append_made(&part, held(recipe, "repeat"));
        for (at = 0; at < times && part.size > 0; at++) {
            append(to, part.bytes, part.size);
        }
        gd_buffer_free(&part);
    } else {
        const gd_value *parts = held(recipe, "numbered");
        for (at = 0; at < times; at++) {
            append_made(to, &parts->items[0]);
            append_numeral(to, at);
            append_made(to, &parts->items[1]);
        }
    }
}

/* What a recipe makes, in the arena. */
static const uint8_t *made(testee *run, const gd_value *recipe, size_t *size) {
    gd_buffer bytes = gd_buffer_new(gd_heap());
    uint8_t *kept;
    append_made(&bytes, recipe);
    kept = (uint8_t *)taken(run, bytes.size + 1);
    if (bytes.size > 0) {
        memcpy(kept, bytes.bytes, bytes.size);
    }
    *size = bytes.size;
    gd_buffer_free(&bytes);
    return kept;
}

static gd_value from_typed(testee *run, const gd_value *typed);

/* UTF-16 units in hex as bytes like UTF-8, in which half a pair stands for itself. */
static gd_value from_utf16(testee *run, const gd_value *hex) {
    size_t at, count, size = 0;
    const uint8_t *units = made(run, hex, &count);
    char *text = (char *)taken(run, 2 * count + 1);
    for (at = 0; at + 1 < count; at += 2) {
        uint32_t unit = ((uint32_t)units[at] << 8) | units[at + 1];
        uint32_t next = at + 3 < count ? ((uint32_t)units[at + 2] << 8) | units[at + 3] : 0;
        if (unit >= 0xD800 && unit < 0xDC00 && next >= 0xDC00 && next < 0xE000) {
            unit = 0x10000 + ((unit - 0xD800) << 10) + (next - 0xDC00);
            at += 2;
        }
        size += json_put_char(text + size, unit);
    }
    return gd_string(text, size);
}

static gd_value from_numeral(testee *run, const char *text) {
    char *end;
    errno = 0;
    if (text[0] == '-') {
        long long number = strtoll(text, &end, 10);
        return errno != 0 ? unsupported(run, "an int64_t holds no such integer")
                          : gd_integer(number);
    } else {
        unsigned long long number = strtoull(text, &end, 10);
        return errno != 0 ? unsupported(run, "a uint64_t holds no such integer")
                          : gd_unsigned(number);
    }
}

static gd_value from_bits(testee *run, const gd_value *hex) {
    size_t size;
    uint64_t bits = gd__get64(made(run, hex, &size));
    gd_value value = gd_float(0.0);
    memcpy(&value.number, &bits, sizeof bits);
    return value;
}

static gd_value from_list(testee *run, const gd_value *typed) {
    gd_value *items = (gd_value *)taken(run, typed->size * sizeof(gd_value) + 1);
    uint32_t at;
    for (at = 0; at < typed->size; at++) {
        items[at] = from_typed(run, &typed->items[at]);
    }
    return gd_list(items, typed->size);
}

static gd_value from_dict(testee *run, const gd_value *typed) {
    gd_pair *pairs = (gd_pair *)taken(run, typed->size * sizeof(gd_pair) + 1);
    uint32_t at;
    for (at = 0; at < typed->size; at++) {
        pairs[at].key = from_typed(run, &typed->items[at].items[0]);
        pairs[at].value = from_typed(run, &typed->items[at].items[1]);
    }
    return gd_dict(pairs, typed->size);
}

static gd_value from_repeated(testee *run, const gd_value *typed) {
    size_t at, times = count_of(held(typed, "times"));
    gd_value *items, item = from_typed(run, held(typed, "item"));
    if (times > MOST_REPEATED / sizeof(gd_value)) {
        return unsupported(run, "so many items do not fit");
    }
    items = (gd_value *)taken(run, times * sizeof(gd_value) + 1);
    for (at = 0; at < times; at++) {
        items[at] = item;
    }
    return gd_list(items, times);
}

static gd_value from_numbered(testee *run, const gd_value *typed) {
    size_t at, times = count_of(held(typed, "times"));
    gd_pair *pairs = (gd_pair *)taken(run, times * sizeof(gd_pair) + 1);
    char *keys = (char *)taken(run, 24 * times + 1);
    for (at = 0; at < times; at++) {
        int size = snprintf(keys + 24 * at, 24, "%07zu", at);
        pairs[at].key = gd_string(keys + 24 * at, (size_t)size);
        pairs[at].value = gd_none();
    }
    return gd_dict(pairs, times);
}

static gd_value wrapped(testee *run, bool in_list, gd_value key, const gd_value *inner) {
    gd_pair *pair = (gd_pair *)taken(run, sizeof(gd_pair));
    pair->key = key;
    pair->value = inner != NULL ? *inner : gd_none();
    if (in_list) {
        return gd_list(&pair->value, inner != NULL);
    }
    return gd_dict(pair, inner != NULL);
}

static gd_value from_nested(testee *run, const gd_value *typed) {
    size_t level, times = count_of(held(typed, "times"));
    bool in_list = gd_is_text(held(typed, "in"), "list");
    const gd_value *key = held(typed, "key"), *around = gd_get(typed, "around");
    gd_value the_key = key->kind == GD_KIND_STRING ? *key : gd_text("");
    gd_value value = wrapped(run, in_list, the_key, NULL);
    if (around != NULL) {
        gd_value inner = from_typed(run, around);
        value = wrapped(run, in_list, the_key, &inner);
    }
    for (level = 1; level < times; level++) {
        value = wrapped(run, in_list, the_key, &value);
    }
    return value;
}

static gd_value from_typed(testee *run, const gd_value *typed) {
    const gd_value *form, *what;
    size_t size;
    if (typed->kind != GD_KIND_DICT || typed->size != 1) {
        return unsupported(run, "no form of a value");
    }
    form = &typed->pairs[0].key;
    what = &typed->pairs[0].value;
    if (gd_is_text(form, "none")) {
        return gd_none();
    }
    if (gd_is_text(form, "bool")) {
        return gd_bool(gd_is_text(what, "true"));
    }
    if (gd_is_text(form, "int64")) {
        return from_numeral(run, what->text);
    }
    if (gd_is_text(form, "float64")) {
        return from_bits(run, what);
    }
    if (gd_is_text(form, "bytes")) {
        const uint8_t *bytes = made(run, what, &size);
        return gd_bytes(bytes, size);
    }
    if (gd_is_text(form, "string")) {
        const uint8_t *text = what->kind == GD_KIND_STRING ? NULL : made(run, what, &size);
        return text == NULL ? *what : gd_string((const char *)text, size);
    }
    if (gd_is_text(form, "utf16")) {
        return from_utf16(run, what);
    }
    if (gd_is_text(form, "list")) {
        return from_list(run, what);
    }
    if (gd_is_text(form, "dict")) {
        return from_dict(run, what);
    }
    if (gd_is_text(form, "repeated")) {
        return from_repeated(run, what);
    }
    if (gd_is_text(form, "numbered")) {
        return from_numbered(run, what);
    }
    if (gd_is_text(form, "nested")) {
        return from_nested(run, what);
    }
    if (gd_is_text(form, "foreign")) {
        gd_value foreign = gd_none();
        foreign.kind = (gd_kind)15;
        return foreign;
    }
    return unsupported(run, "no form of a value");
}

static void put_typed(gd_buffer *out, const gd_value *value) {
    uint64_t bits;
    uint32_t at;
    switch (value->kind) {
    case GD_KIND_NONE:
        json_put(out, "{\"none\": \"\"}");
        return;
    case GD_KIND_BOOL:
        json_putf(out, "{\"bool\": \"%s\"}", value->boolean ? "true" : "false");
        return;
    case GD_KIND_INTEGER:
        json_putf(out, "{\"int64\": \"%lld\"}", (long long)value->integer);
        return;
    case GD_KIND_LARGE:
        json_putf(out, "{\"int64\": \"%llu\"}", (unsigned long long)value->large);
        return;
    case GD_KIND_FLOAT:
        memcpy(&bits, &value->number, sizeof bits);
        json_putf(out, "{\"float64\": \"%016llx\"}", (unsigned long long)bits);
        return;
    case GD_KIND_BYTES:
        json_put(out, "{\"bytes\": ");
        json_put_hex(out, value->bytes, value->size);
        break;
    case GD_KIND_STRING:
        json_put(out, "{\"string\": ");
        json_put_text(out, value->text, value->size);
        break;
    case GD_KIND_LIST:
        json_put(out, "{\"list\": [");
        for (at = 0; at < value->size; at++) {
            json_put(out, at > 0 ? ", " : "");
            put_typed(out, &value->items[at]);
        }
        json_put(out, "]");
        break;
    case GD_KIND_DICT:
        json_put(out, "{\"dict\": [");
        for (at = 0; at < value->size; at++) {
            json_put(out, at > 0 ? ", [" : "[");
            put_typed(out, &value->pairs[at].key);
            json_put(out, ", ");
            put_typed(out, &value->pairs[at].value);
            json_put(out, "]");
        }
        json_put(out, "]");
        break;
    default:
        return;
    }
    json_put(out, "}");
}

static gd_message from_typed_message(testee *run, const gd_value *typed) {
    const gd_value *name = held(typed, "type"), *fields = held(typed, "fields");
    const char *id = held(typed, "request_id")->text;
    const char *const *names;
    gd_message message = gd__made(GD_MESSAGE_END, 0);
    unsigned code;
    size_t at, count;
    errno = 0;
    for (code = 0; code < 256; code++) {
        if (gd__message_index(code) >= 0 &&
            gd_is_text(name, gd_message_type_name((gd_message_type)code))) {
            message = gd__made((gd_message_type)code, strtoull(id, NULL, 10));
        }
    }
    if (errno != 0 || id[0] == '-') {
        run->unsupported = "a uint64_t holds no such id";
    }
    names = gd_field_names(message.type, &count);
    for (at = 0; at < count; at++) {
        const gd_value *field = gd_get(fields, names[at]);
        message.fields[at] = field != NULL ? from_typed(run, field) : gd_none();
    }
    return message;
}

static void put_message(gd_buffer *out, const gd_message *message) {
    size_t at, count;
    const char *const *names = gd_field_names(message->type, &count);
    json_putf(out, "{\"type\": \"%s\", \"request_id\": \"%llu\", \"fields\": {",
        gd_message_type_name(message->type), (unsigned long long)message->request_id);
    for (at = 0; at < count; at++) {
        json_putf(out, "%s\"%s\": ", at > 0 ? ", " : "", names[at]);
        put_typed(out, &message->fields[at]);
    }
    json_put(out, "}}");
}

/* The members of a fault, without braces. */
static void put_fault(gd_buffer *out, const gd_fault *fault) {
    json_putf(out, "\"code\": \"%s\", \"scope\": \"%s\", ", gd_code_name(fault->code),
        fault->scope == GD_SCOPE_CONNECTION ? "connection" : "exchange");
    if (fault->has_offset) {
        json_putf(out, "\"offset\": %zu, ", fault->offset);
    }
    json_put(out, "\"path\": ");
    json_put_text(out, fault->path, strlen(fault->path));
}

static void put_error(gd_buffer *out, const gd_fault *fault) {
    json_put(out, "\"error\": {");
    put_fault(out, fault);
    json_put(out, "}");
}

/* --- commands: each writes its answer's members --- */

static void put_written(gd_buffer *out, gd_code code, const gd_buffer *bytes, bool digest,
    const gd_fault *fault) {
    uint8_t sum[32];
    if (code != GD_CODE_OK) {
        put_error(out, fault);
    } else if (digest) {
        sha256(bytes->bytes, bytes->size, sum);
        json_put(out, "\"sha256\": ");
        json_put_hex(out, sum, sizeof sum);
    } else {
        json_put(out, "\"bytes\": ");
        json_put_hex(out, bytes->bytes, bytes->size);
    }
}

/* Read a value or a message, and tell it, or the digest of what it makes again. */
static void read_one(testee *run, const gd_value *command, bool whole_frame, bool digest) {
    gd_buffer again = gd_buffer_new(gd_heap());
    gd_value value = gd_none();
    gd_message message = gd__made(GD_MESSAGE_END, 0);
    gd_fault fault;
    gd_code code;
    size_t size;
    const uint8_t *bytes = made(run, held(command, "bytes"), &size);
    if (whole_frame) {
        code = gd_parse(bytes, size, &run->arena, &message, &fault);
    } else {
        code = gd_decode(bytes, size, &run->arena, &value, &fault);
    }
    if (code != GD_CODE_OK) {
        put_error(&run->out, &fault);
    } else if (digest) {
        code = whole_frame ? gd_serialize(&message, &again, &fault)
                           : gd_encode(&value, &again, &fault);
        put_written(&run->out, code, &again, true, &fault);
    } else if (whole_frame) {
        json_put(&run->out, "\"message\": ");
        put_message(&run->out, &message);
    } else {
        json_put(&run->out, "\"value\": ");
        put_typed(&run->out, &value);
    }
    gd_buffer_free(&again);
}

static void write_one(testee *run, const gd_value *command, bool whole_frame, bool digest) {
    gd_buffer bytes = gd_buffer_new(gd_heap());
    gd_fault fault;
    gd_code code;
    if (whole_frame) {
        gd_message message = from_typed_message(run, held(command, "message"));
        code = run->unsupported != NULL ? GD_CODE_OK : gd_serialize(&message, &bytes, &fault);
    } else {
        gd_value value = from_typed(run, held(command, "value"));
        code = run->unsupported != NULL ? GD_CODE_OK : gd_encode(&value, &bytes, &fault);
    }
    put_written(&run->out, code, &bytes, digest, &fault);
    gd_buffer_free(&bytes);
}

static void put_event(gd_buffer *out, const gd_event *event) {
    switch (event->kind) {
    case GD_EVENT_MESSAGE:
        json_putf(out, "{\"event\": \"message\", \"ended\": %s, \"message\": ", event->ended ? "true" : "false");
        put_message(out, &event->message);
        break;
    case GD_EVENT_ENDED:
        json_putf(out, "{\"event\": \"ended\", \"request_id\": \"%llu\"",
            (unsigned long long)event->request_id);
        break;
    case GD_EVENT_CLOSED:
        json_put(out, "{\"event\": \"closed\"");
        break;
    case GD_EVENT_FAULT:
    case GD_EVENT_NONE:
    default:
        json_putf(out, "{\"event\": \"error\", \"request_id\": \"%llu\", ",
            (unsigned long long)event->request_id);
        put_fault(out, &event->fault);
    }
    json_put(out, "}");
}

static void put_events(gd_buffer *out, gd_connection *connection) {
    const char *between = "";
    gd_event event;
    json_put(out, "{\"events\": [");
    while (gd_connection_next(connection, &event) != GD_EVENT_NONE) {
        json_put(out, between);
        put_event(out, &event);
        between = ", ";
    }
    json_put(out, "]}");
}

static void send_step(testee *run, gd_connection *connection, const gd_value *typed) {
    gd_message message = from_typed_message(run, typed);
    gd_buffer bytes = gd_buffer_new(gd_heap());
    gd_fault fault;
    json_put(&run->out, "{");
    if (run->unsupported == NULL) {
        put_written(&run->out, gd_connection_send(connection, &message, &bytes, &fault), &bytes,
            false, &fault);
    }
    json_put(&run->out, "}");
    gd_buffer_free(&bytes);
}

static void step(testee *run, gd_connection *connection, const gd_value *asked) {
    const gd_value *received = gd_get(asked, "receive"), *abandoned = gd_get(asked, "abandon");
    const gd_value *permitted = gd_get(asked, "permit");
    size_t size;
    if (gd_get(asked, "send") != NULL) {
        send_step(run, connection, held(asked, "send"));
        return;
    }
    if (received != NULL) {
        const uint8_t *bytes = made(run, received, &size);
        gd_connection_receive(connection, bytes, size);
    } else if (abandoned != NULL) {
        gd_connection_abandon(connection, strtoull(abandoned->text, NULL, 10));
    } else if (permitted != NULL) {
        gd_connection_permit(connection, (size_t)strtoull(permitted->text, NULL, 10));
    } else {
        gd_connection_end(connection);
    }
    put_events(&run->out, connection);
}

static void session(testee *run, const gd_value *command) {
    const gd_value *steps = held(command, "steps");
    gd_connection connection;
    uint32_t at;
    int role = gd_role_named(held(command, "role")->text);
    if (role < 0) {
        run->unsupported = "no such role";
        return;
    }
    gd_connection_init(&connection, (gd_role)role, gd_heap());
    json_put(&run->out, "\"steps\": [");
    for (at = 0; at < steps->size; at++) {
        json_put(&run->out, at > 0 ? ", " : "");
        step(run, &connection, &steps->items[at]);
    }
    json_put(&run->out, "]");
    gd_connection_free(&connection);
}

static void carry_out(testee *run, const gd_value *command) {
    const gd_value *operation = held(command, "op");
    bool digest = held(command, "digest")->boolean;
    if (gd_is_text(operation, "decode")) {
        read_one(run, command, false, digest);
    } else if (gd_is_text(operation, "parse")) {
        read_one(run, command, true, digest);
    } else if (gd_is_text(operation, "encode")) {
        write_one(run, command, false, digest);
    } else if (gd_is_text(operation, "serialize")) {
        write_one(run, command, true, digest);
    } else if (gd_is_text(operation, "session")) {
        session(run, command);
    } else {
        run->unsupported = "no such operation";
    }
}

static const char DECLARATION[] =
    "\"contract\": 1, \"name\": \"gd.h\", \"language\": \"C11\", \"version\": \"1\", "
    "\"operations\": [\"decode\", \"encode\", \"parse\", \"serialize\", \"session\"], "
    "\"roles\": [\"client\", \"arbiter\", \"lane\", \"worker\"], "
    "\"reports\": [\"scope\", \"offset\", \"path\"], "
    "\"policies\": {\"non-string-keys\": \"refused\", \"nan-payload\": \"kept\"}";

static void answer(testee *run, const gd_value *command) {
    const gd_value *number = held(command, "n");
    size_t start;
    run->out.size = 0;
    json_putf(&run->out, "{\"n\": %lld, ", (long long)number->integer);
    start = run->out.size;
    run->unsupported = NULL;
    if (gd_is_text(held(command, "do"), "start")) {
        json_put(&run->out, DECLARATION);
    } else {
        carry_out(run, command);
    }
    if (run->unsupported != NULL) {
        run->out.size = start;
        json_put(&run->out, "\"unsupported\": ");
        json_put_text(&run->out, run->unsupported, strlen(run->unsupported));
    }
    json_put(&run->out, "}");
}

/* --- envelopes --- */

/* Read one command; false at the end. */
static bool receive(testee *run, gd_buffer *in, gd_value *command) {
    uint8_t head[4];
    uint32_t size;
    if (fread(head, 1, 4, stdin) < 4) {
        return false;
    }
    size = gd__get32(head);
    in->size = 0;
    if (!gd_buffer_reserve(in, size) || fread(in->bytes, 1, size, stdin) < size) {
        return false;
    }
    return json_read((const char *)in->bytes, size, &run->arena, command) &&
        !gd_is_text(held(command, "do"), "stop");
}

static void deliver(const gd_buffer *out) {
    uint8_t head[4];
    gd__put32(head, (uint32_t)out->size);
    fwrite(head, 1, 4, stdout);
    fwrite(out->bytes, 1, out->size, stdout);
    fflush(stdout);
}

int main(void) {
    testee run = {gd_arena_new(gd_heap()), gd_buffer_new(gd_heap()), NULL};
    gd_buffer in = gd_buffer_new(gd_heap());
    gd_value command;
    while (receive(&run, &in, &command)) {
        answer(&run, &command);
        deliver(&run.out);
        gd_arena_reset(&run.arena);
    }
    gd_buffer_free(&in);
    gd_buffer_free(&run.out);
    gd_arena_free(&run.arena);
    return 0;
}
