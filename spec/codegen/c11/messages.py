"""Section of messages: a struct for each, rows that say what its fields may be, and whole frames.

A field is a gd_value, so that a none is an absent one and a program may hand in anything: what a
field may not hold is refused when it is written, as when it is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import ir, layout
from ..naming import snake
from ..template import fill
from .printing import KINDS, constant, integer, member, text


def section(spec: ir.Spec) -> str:
    """Messages from and to frames."""
    held = [message for message in spec.messages if message.fields is not None]
    return fill(
        MESSAGES,
        structs=[line for message in held for line in _struct(message)],
        members=[f"gd_{snake(one.name)} {member(one.name)};" for one in held],
        most=str(max(len(layout.leaves(one.fields or ())) for one in held)),
        makers=[line for message in spec.messages for line in _maker(message)],
        tables=[line for message in held for line in _tables(message, spec)],
        name_cases=[line for message in held for line in _names(message)],
        rule_cases=[line for message in held for line in _rule(message)],
        default_cases=list(_defaults(held)),
        dict_head=", ".join(f"{byte:#04x}" for byte in layout.dict_head(0, spec)),
        head_bytes=str(len(layout.dict_head(0, spec))),
        count_bits=str(8 * (len(layout.dict_head(0, spec)) - 1)),
    )


def _leaves(message: ir.Message) -> list[ir.Field]:
    return layout.leaves(message.fields or ())


def _struct(message: ir.Message) -> Iterator[str]:
    name = f"gd_{snake(message.name)}"
    yield f"/* {message.meaning} */"
    yield f"typedef struct {name} {{"
    for field in _leaves(message):
        optional = "" if field.required else "; none where it is absent"
        yield f"    gd_value {member(field.name)}; /* {field.meaning}{optional} */"
    yield f"}} {name};"
    yield ""


def _maker(message: ir.Message) -> Iterator[str]:
    own = snake(message.name)
    leaves = {field.name: field for field in _leaves(message)}
    taken = "".join(f", gd_value {member(name)}" for name in message.arguments)
    yield f"static inline gd_message gd_make_{own}(uint64_t request_id{taken}) {{"
    yield f"    gd_message made = gd__made({constant('MESSAGE', message.name)}, request_id);"
    for name in message.arguments:
        yield f"    made.{member(message.name)}.{member(leaves[name].name)} = {member(name)};"
    yield "    return made;"
    yield "}"
    yield ""


def _table_name(message: ir.Message, path: tuple[str, ...]) -> str:
    return f"gd__{snake('_'.join((message.name, *path)))}_fields"


def _tables(message: ir.Message, spec: ir.Spec) -> Iterator[str]:
    """Rows of the fields, those of nested dicts first."""
    yield from _table(message, message.fields or (), (), spec)


def _table(
    message: ir.Message, fields: tuple[ir.Field, ...], path: tuple[str, ...], spec: ir.Spec
) -> Iterator[str]:
    for field in fields:
        if field.fields:
            yield from _table(message, field.fields, (*path, field.name), spec)
    name = _table_name(message, path)
    yield f"static inline const gd__field *{name}(void) {{"
    for field in fields:
        if field.choices:
            numbers = ", ".join(integer(number) for _, number in field.choices)
            yield f"    static const int64_t {snake(field.name)}[] = {{{numbers}}};"
    yield f"    static const gd__field fields[{len(fields)}] = {{"
    yield from (f"        {_field(message, field, path, spec)}," for field in fields)
    yield "    };"
    yield "    return fields;"
    yield "}"
    yield ""


def _field(message: ir.Message, field: ir.Field, path: tuple[str, ...], spec: ir.Spec) -> str:
    key = "".join(f"\\{byte:03o}" for byte in layout.key_bytes(field.name, spec))
    kinds = " | ".join(f"1u << {KINDS[kind]}" for kind in field.types) or "0u"
    minimum = integer(-(2**63) if field.minimum is None else field.minimum)
    maximum = integer(2**63 - 1 if field.maximum is None else field.maximum)
    is_bound = field.minimum is not None or field.maximum is not None
    leaves = _leaves(message)
    slot = leaves.index(layout.leaves((field,))[0])
    inner = _table_name(message, (*path, field.name)) if field.fields else "NULL"
    return (
        f"{{{text(field.name)}, {len(field.name)}, {slot}, "
        f'"{key}", {len(layout.key_bytes(field.name, spec))}, {kinds}, '
        f"{_bool(field.required)}, {_bool(layout.leaves_default_out(field))}, "
        f"{_bool(field.finite)}, {_bool(field.scalar)}, {_bool(is_bound)}, {minimum}, {maximum}, "
        f"{snake(field.name) if field.choices else 'NULL'}, {len(field.choices)}, "
        f"{inner}, {len(field.fields)}, {_default_number(message, field)}}}"
    )


def _bool(held: bool) -> str:
    return "true" if held else "false"


def _default_number(message: ir.Message, field: ir.Field) -> int:
    """Which default it has: the message's code and the place of the field; 0 for none."""
    if field.required or field.default is None:
        return 0
    return message.code * 256 + _leaves(message).index(field)


def _defaults(messages: list[ir.Message]) -> Iterator[str]:
    for message in messages:
        for field in _leaves(message):
            number = _default_number(message, field)
            if number:
                yield f"case {number}: /* {field.name} of {message.name} */"
                yield f"    return {_default(field.default)};"


def _names(message: ir.Message) -> Iterator[str]:
    """The names of the fields of a struct, in their order."""
    names = ", ".join(text(field.name) for field in _leaves(message))
    yield f"case {constant('MESSAGE', message.name)}: {{"
    yield f"    static const char *const names[] = {{{names}}};"
    yield f"    *count = {len(_leaves(message))};"
    yield "    return names;"
    yield "}"


def _default(held: object) -> str:
    match held:
        case bool():
            return f"gd_bool({_bool(held)})"
        case int():
            return f"gd_integer({integer(held)})"
        case float():
            return f"gd_float({held.hex()})"
        case bytes():
            raw = "".join(f"\\{byte:03o}" for byte in held)
            return f'gd_bytes("{raw}", {len(held)})'
        case str():
            return f"gd_string({text(held)}, {len(held.encode())})"
        case dict():
            return "gd_dict(NULL, 0)"
    return "gd_list(NULL, 0)"


def _rule(message: ir.Message) -> Iterator[str]:
    yield f"case {constant('MESSAGE', message.name)}:"
    yield f"    *count = {len(message.fields or ())};"
    yield f"    return {_table_name(message, ())}();"


MESSAGES = """
/* --- messages --- */

«structs»
#define GD__MOST_FIELDS «most»

/* A message: its type says which member holds its fields, and all of them stand in `fields` too.
 * What has no payload has no member. */
typedef struct gd_message {
    gd_message_type type;
    uint64_t request_id;
    union {
        «members»
        gd_value fields[GD__MOST_FIELDS];
    };
} gd_message;

static inline gd_message gd__made(gd_message_type type, uint64_t request_id) {
    gd_message made;
    size_t at;
    made.type = type;
    made.request_id = request_id;
    for (at = 0; at < GD__MOST_FIELDS; at++) {
        made.fields[at] = gd_none();
    }
    return made;
}

/* Messages from their fields; gd_none() stands for one that is absent. */
«makers»
/* What a field may be. */
typedef struct gd__field {
    const char *name;
    uint32_t name_size;
    uint32_t slot; /* which of the message's fields it is, or the first one inside of it */
    const char *key; /* as it stands in a dict */
    uint32_t key_size;
    uint32_t kinds; /* a bit for each; none for all */
    bool is_required;
    bool is_default_left_out;
    bool is_finite;
    bool is_scalar;
    bool is_bound;
    int64_t minimum;
    int64_t maximum;
    const int64_t *choices;
    uint32_t choice_count;
    const struct gd__field *(*fields)(void); /* of the dict that it is */
    uint32_t field_count;
    uint32_t default_number;
} gd__field;

«tables»
/* The names of a message's fields, as they stand in `fields`. */
static inline const char *const *gd_field_names(gd_message_type type, size_t *count) {
    switch (type) {
    «name_cases»
    default:
        *count = 0;
        return NULL;
    }
}

/* The rows of a message's fields. */
static inline const gd__field *gd__fields_of(gd_message_type type, size_t *count) {
    switch (type) {
    «rule_cases»
    default:
        *count = 0;
        return NULL;
    }
}

/* What an absent field stands for. */
static inline gd_value gd__default(uint32_t number) {
    switch (number) {
    «default_cases»
    default:
        return gd_none();
    }
}

/* A field, and the dicts around it from the inside out. */
typedef struct gd__trail {
    const gd__field *field;
    const struct gd__trail *around;
} gd__trail;

static inline void gd__path_field(gd__path *path, const gd__trail *trail) {
    if (trail != NULL) {
        gd__path_field(path, trail->around);
        gd__path_key(path, trail->field->name, trail->field->name_size);
    }
}

static inline gd_code gd__field_fault(gd_fault *fault, gd_code code, const gd__trail *trail) {
    gd__path path;
    gd__fault(fault, code, GD_SCOPE_EXCHANGE);
    path = gd__path_of(fault);
    gd__path_field(&path, trail);
    gd__path_end(&path);
    return code;
}

static inline bool gd__is_chosen(const gd__field *field, const gd_value *value) {
    uint32_t at;
    for (at = 0; at < field->choice_count; at++) {
        if (value->kind == GD_KIND_INTEGER && value->integer == field->choices[at]) {
            return true;
        }
    }
    return field->choice_count == 0;
}

static inline bool gd__is_within(const gd__field *field, const gd_value *value) {
    switch (value->kind) {
    case GD_KIND_INTEGER:
        return value->integer >= field->minimum && value->integer <= field->maximum;
    case GD_KIND_LARGE:
        return field->maximum == INT64_MAX;
    case GD_KIND_FLOAT:
        if (field->minimum != INT64_MIN && value->number < (double)field->minimum) {
            return false;
        }
        return field->maximum == INT64_MAX || !(value->number > (double)field->maximum);
    default:
        return true;
    }
}

/* Judge the value of a field. */
static inline gd_code gd__judge(const gd__field *field, const gd_value *value) {
    gd_kind kind = value->kind == GD_KIND_LARGE ? GD_KIND_INTEGER : value->kind;
    if (field->kinds != 0 && ((field->kinds >> kind) & 1u) == 0) {
        return GD_CODE_WRONG_FIELD_TYPE;
    }
    if (field->is_finite && value->kind == GD_KIND_FLOAT && !isfinite(value->number)) {
        return GD_CODE_INVALID_FIELD_VALUE;
    }
    if (field->is_scalar && (kind == GD_KIND_LIST || kind == GD_KIND_DICT)) {
        return GD_CODE_INVALID_FIELD_VALUE;
    }
    if ((field->is_bound && !gd__is_within(field, value)) || !gd__is_chosen(field, value)) {
        return GD_CODE_INVALID_FIELD_VALUE;
    }
    return GD_CODE_OK;
}

/* --- messages from frames --- */

/* A place in a payload that has been read: where the value of these fields begins. */
static inline size_t gd__offset_of(const uint8_t *bytes, size_t at, const gd__trail *trail) {
    if (trail == NULL) {
        return at;
    }
    at = gd__offset_of(bytes, at, trail->around) + «head_bytes»;
    while (memcmp(bytes + at, trail->field->key, trail->field->key_size) != 0) {
        at = gd__after(bytes, gd__after(bytes, at));
    }
    return at + trail->field->key_size;
}

static inline const gd_value *gd__find(const gd_value *dict, const gd__field *field,
    uint32_t hint) {
    uint32_t at;
    for (at = 0; at < dict->size; at++) {
        uint32_t place = hint + at < dict->size ? hint + at : hint + at - dict->size;
        const gd_pair *pair = &dict->pairs[place];
        if (pair->key.size == field->name_size &&
            memcmp(pair->key.text, field->name, field->name_size) == 0) {
            return &pair->value;
        }
    }
    return NULL;
}

/* Take the fields out of a dict. `bytes` is what they were read from, and the payload begins at
 * GD_HEADER_BYTES. */
static inline gd_code gd__pick(const gd__field *fields, size_t count, const gd_value *dict,
    const gd__trail *around, const uint8_t *bytes, gd_message *message, gd_fault *fault) {
    uint32_t at;
    for (at = 0; at < count; at++) {
        const gd__field *field = &fields[at];
        const gd_value *value = gd__find(dict, field, at < dict->size ? at : 0);
        gd__trail here;
        gd_code refusal;
        here.field = field;
        here.around = around;
        if (value == NULL && field->is_required) {
            gd__field_fault(fault, GD_CODE_MISSING_FIELD, &here);
            fault->has_offset = true;
            fault->offset = gd__offset_of(bytes, GD_HEADER_BYTES, around);
            return fault->code;
        }
        if (!field->is_required && (value == NULL || value->kind == GD_KIND_NONE)) {
            message->fields[field->slot] = gd__default(field->default_number);
            continue;
        }
        refusal = gd__judge(field, value);
        if (refusal != GD_CODE_OK) {
            gd__field_fault(fault, refusal, &here);
            fault->has_offset = true;
            fault->offset = gd__offset_of(bytes, GD_HEADER_BYTES, &here);
            return refusal;
        }
        if (field->fields == NULL) {
            message->fields[field->slot] = *value;
            continue;
        }
        refusal = gd__pick(field->fields(), field->field_count, value, &here, bytes, message,
            fault);
        if (refusal != GD_CODE_OK) {
            return refusal;
        }
    }
    return GD_CODE_OK;
}

/* The message of a header that was judged, and of the whole frame. */
static inline gd_code gd__message_read(const gd_header *header, const uint8_t *frame,
    gd_arena *arena, gd_message *message, gd_fault *fault) {
    const gd__field *fields;
    size_t count;
    gd_value payload;
    gd_code refusal;
    *message = gd__made(header->type, header->request_id);
    if (!gd_has_payload(header->type)) {
        return GD_CODE_OK;
    }
    refusal = gd__decode(frame, GD_HEADER_BYTES, GD_HEADER_BYTES + (size_t)header->length, arena,
        &payload, fault);
    if (refusal == GD_CODE_OK && payload.kind != GD_KIND_DICT) {
        refusal = gd__fault_at(fault, GD_CODE_PAYLOAD_NOT_DICT, GD_SCOPE_EXCHANGE, GD_HEADER_BYTES);
    }
    if (refusal == GD_CODE_OK) {
        fields = gd__fields_of(header->type, &count);
        refusal = gd__pick(fields, count, &payload, NULL, frame, message, fault);
    }
    if (refusal != GD_CODE_OK) {
        fault->request_id = header->request_id;
    }
    return refusal;
}

/* Read the message of one whole frame. It borrows from the bytes, and from the arena. */
static inline gd_code gd_parse(const uint8_t *bytes, size_t size, gd_arena *arena,
    gd_message *message, gd_fault *fault) {
    gd_header header;
    if (size < GD_HEADER_BYTES) {
        return gd__fault_at(fault, GD_CODE_TRUNCATED, GD_SCOPE_CONNECTION, size);
    }
    if (gd_header_read(bytes, &header, fault) != GD_CODE_OK ||
        gd_header_check_presence(&header, fault) != GD_CODE_OK) {
        return fault->code;
    }
    if (size - GD_HEADER_BYTES < header.length) {
        gd__fault_at(fault, GD_CODE_TRUNCATED, GD_SCOPE_CONNECTION, size);
        fault->request_id = header.request_id;
        return fault->code;
    }
    if (size - GD_HEADER_BYTES > header.length) {
        gd__fault_at(fault, GD_CODE_TRAILING_DATA, GD_SCOPE_EXCHANGE,
            GD_HEADER_BYTES + (size_t)header.length);
        fault->request_id = header.request_id;
        return fault->code;
    }
    return gd__message_read(&header, bytes, arena, message, fault);
}

/* --- messages to frames --- */

static inline bool gd__is_default(const gd_value *value, uint32_t number) {
    gd_value held = gd__default(number);
    return value->kind == held.kind && value->kind == GD_KIND_INTEGER &&
        value->integer == held.integer;
}

/* What is written of a field: its value, or its default one; false for nothing. */
static inline bool gd__shown_value(const gd__field *field, const gd_message *message,
    gd_value *value) {
    *value = message->fields[field->slot];
    if (field->is_required) {
        return true;
    }
    if (value->kind == GD_KIND_NONE) {
        *value = gd__default(field->default_number);
    }
    return value->kind != GD_KIND_NONE &&
        !(field->is_default_left_out && gd__is_default(value, field->default_number));
}

/* Judge all fields in the order of the table. */
static inline gd_code gd__judge_all(const gd__field *fields, size_t count,
    const gd_message *message, const gd__trail *around, gd_fault *fault) {
    size_t at;
    for (at = 0; at < count; at++) {
        const gd__field *field = &fields[at];
        gd_value value;
        gd__trail here;
        gd_code refusal = GD_CODE_OK;
        here.field = field;
        here.around = around;
        if (field->fields != NULL) {
            refusal = gd__judge_all(field->fields(), field->field_count, message, &here, fault);
            if (refusal != GD_CODE_OK) {
                return refusal;
            }
        } else if (gd__shown_value(field, message, &value)) {
            refusal = gd__judge(field, &value);
        }
        if (refusal != GD_CODE_OK) {
            return gd__field_fault(fault, refusal, &here);
        }
    }
    return GD_CODE_OK;
}

/* Write one dict of fields, which other dicts of the message are around. */
static inline gd_code gd__write_fields(const gd__field *fields, size_t count,
    const gd_message *message, const gd__trail *around, gd__writer *writer, gd_fault *fault) {
    static const uint8_t head[«head_bytes»] = {«dict_head»};
    gd_buffer *out = writer->out;
    size_t at, counted = out->size - writer->start + 1;
    uint8_t written = 0;
    if (!gd_buffer_append(out, head, sizeof head)) {
        return gd__fault(fault, GD_CODE_NO_MEMORY, GD_SCOPE_EXCHANGE);
    }
    writer->outer++;
    for (at = 0; at < count; at++) {
        const gd__field *field = &fields[at];
        gd_value value = gd_none();
        gd__trail here;
        gd_code refusal;
        here.field = field;
        here.around = around;
        if (field->fields == NULL && !gd__shown_value(field, message, &value)) {
            continue;
        }
        written++;
        if (!gd_buffer_append(out, field->key, field->key_size)) {
            return gd__fault(fault, GD_CODE_NO_MEMORY, GD_SCOPE_EXCHANGE);
        }
        if (field->fields != NULL) {
            refusal = gd__write_fields(field->fields(), field->field_count, message, &here, writer,
                fault);
        } else {
            refusal = gd__write(writer, &value);
            if (refusal != GD_CODE_OK) {
                gd__path path = gd__path_of(fault);
                gd__fault(fault, refusal, GD_SCOPE_EXCHANGE);
                gd__path_field(&path, &here);
                refusal = gd__decline(writer, &path, fault);
            }
        }
        if (refusal != GD_CODE_OK) {
            return refusal;
        }
    }
    writer->outer--;
    /* What has become too large was written over; nobody reads it. */
    if (!writer->is_over) {
        gd__put«count_bits»(out->bytes + writer->start + counted, written);
    }
    return GD_CODE_OK;
}

static inline gd_code gd__write_payload(const gd_message *message, gd_buffer *out,
    gd_fault *fault) {
    size_t count;
    const gd__field *fields = gd__fields_of(message->type, &count);
    gd__writer writer;
    gd_code refusal = gd__judge_all(fields, count, message, NULL, fault);
    if (refusal != GD_CODE_OK) {
        return refusal;
    }
    gd__writer_begin(&writer, out, GD_MAX_PAYLOAD_BYTES, 0);
    refusal = gd__write_fields(fields, count, message, NULL, &writer, fault);
    if (refusal == GD_CODE_OK && gd__is_over(&writer)) {
        refusal = gd__fault(fault, GD_CODE_PAYLOAD_TOO_LARGE, GD_SCOPE_EXCHANGE);
    }
    return refusal;
}

/* Write a message's frame behind the bytes that the buffer has. What is refused leaves them as they
 * were. */
static inline gd_code gd_serialize(const gd_message *message, gd_buffer *out, gd_fault *fault) {
    static const uint8_t empty[GD_HEADER_BYTES] = {0};
    size_t start = out->size;
    gd_header header;
    gd_code refusal = GD_CODE_OK;
    if (!gd_buffer_append(out, empty, sizeof empty)) {
        return gd__fault(fault, GD_CODE_NO_MEMORY, GD_SCOPE_EXCHANGE);
    }
    if (gd_has_payload(message->type)) {
        refusal = gd__write_payload(message, out, fault);
    }
    if (refusal != GD_CODE_OK) {
        out->size = start;
        fault->request_id = message->request_id;
        return refusal;
    }
    header.type = message->type;
    header.length = (uint32_t)(out->size - start - GD_HEADER_BYTES);
    header.request_id = message->request_id;
    gd_header_write(&header, out->bytes + start);
    return GD_CODE_OK;
}
"""
