"""Section of writing: one loop over a value, which judges it and writes it into a buffer.

What is refused leaves the buffer as it was. A payload that has become too large is written over
itself from then on: it is refused in the end, but what else is wrong with it comes first.
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import ir, layout
from ..naming import screaming
from ..template import fill
from .printing import KINDS, code, integer, put, sized

# What a value takes at most, but for the bytes of a blob.
ROOM = 16


def section(spec: ir.Spec) -> str:
    """Bytes from values."""
    the_dict = layout.value_type("dict", spec).body
    assert isinstance(the_dict, ir.Container)
    key = layout.value_type("string", spec)
    integers = [value for value in spec.values if value.kind == "integer"]
    others = [value for value in spec.values if value.kind != "integer"]
    return fill(
        WRITING,
        room=str(ROOM),
        key=list(_body(key, "slot")),
        key_error=code(the_dict.key_error),
        values=[line for value in others for line in _value(value)],
        small=_integers([v for v in integers if _low(v) < 2**63], "integer"),
        large=_integers([v for v in integers if _high(v) >= 2**63], "large"),
    )


def _low(value: ir.ValueType) -> int:
    assert value.minimum is not None
    return value.minimum


def _high(value: ir.ValueType) -> int:
    assert value.maximum is not None
    return value.maximum


def _value(value: ir.ValueType) -> Iterator[str]:
    yield f"case {KINDS[value.kind]}:"
    yield from (f"    {line}" for line in _body(value, "slot"))
    yield "    break;"


def _refused(condition: str, fault: str) -> Iterator[str]:
    yield f"if ({condition}) {{"
    yield f"    refusal = {fault};"
    yield "    goto refused;"
    yield "}"


def _integers(values: list[ir.ValueType], member: str) -> list[str]:
    """Choose among the types of integers by their ranges."""
    lines: list[str] = []
    for value in values:
        condition = _range(value, member)
        lines += [
            *([f"if ({condition}) {{"] if condition else []),
            *(("    " if condition else "") + line for line in _number(value, member)),
            f"{'    ' if condition else ''}break;",
            *(["}"] if condition else []),
        ]
        if not condition:
            return lines
    return [*lines, f"refusal = {code('int_out_of_range')};", "goto refused;"]  # fmt: skip


def _range(value: ir.ValueType, member: str) -> str:
    """The condition under which the type holds the member; empty where it always does."""
    lowest, highest = (-(2**63), 2**63 - 1) if member == "integer" else (2**63, 2**64 - 1)
    form = integer if member == "integer" else "UINT64_C({})".format
    bounds = [f"slot->{member} >= {form(_low(value))}"] if _low(value) > lowest else []
    bounds += [f"slot->{member} <= {form(_high(value))}"] if _high(value) < highest else []
    return " && ".join(bounds)


def _number(value: ir.ValueType, member: str) -> Iterator[str]:
    assert isinstance(value.body, ir.Fixed)
    size = sized(f"spec.tlv: value type '{value.name}'", value.body.size)
    yield f"to[0] = {value.code:#04x};"
    yield put("to + 1", size, f"slot->{member}")
    yield f"to += {1 + size};"


def _body(value: ir.ValueType, slot: str) -> Iterator[str]:
    type_byte = f"to[0] = {value.code:#04x};"
    match value.body:
        case ir.Empty():
            yield from (type_byte, "to++;")
        case ir.Mapped(size=size, choices=choices):
            numbers = {held: number for number, held in choices}
            yield type_byte
            yield put("to + 1", size, f"{slot}->boolean ? {numbers[True]} : {numbers[False]}")
            yield f"to += {1 + size};"
        case ir.Fixed(size=size):
            yield f"memcpy(&number, &{slot}->number, sizeof number);"
            yield type_byte
            yield put("to + 1", size, "number")
            yield f"to += {1 + size};"
        case ir.Blob(length=length, text=is_text):
            yield from _blob(length, is_text, type_byte, slot)
        case ir.Container():
            yield from _container(value, value.body, type_byte)


def _blob(length: ir.SizeField, is_text: bool, type_byte: str, slot: str) -> Iterator[str]:
    limit = f"GD_{screaming(length.limit.name)}"
    raw = f"(const uint8_t *){slot}->text" if is_text else f"{slot}->bytes"
    if is_text:
        yield from _refused(f"!gd__is_utf8({raw}, {slot}->size)", code("invalid_text"))
    yield from _refused(f"{slot}->size > {limit}", code(length.limit.error))
    yield f"if ((size_t)(stop - to) < {slot}->size + (size_t){ROOM}) {{"
    yield f"    if (!gd__grow(writer, &to, &stop, {slot}->size)) {{"
    yield "        refusal = GD_CODE_NO_MEMORY;"
    yield "        goto refused;"
    yield "    }"
    yield "}"
    yield type_byte
    yield put("to + 1", length.size, f"{slot}->size")
    yield f"to += {1 + length.size};"
    yield f"gd__copy(to, {raw}, {slot}->size);"
    yield f"to += {slot}->size;"


def _container(value: ir.ValueType, body: ir.Container, type_byte: str) -> Iterator[str]:
    limit = f"GD_{screaming(body.count.limit.name)}"
    per, member = ("2 * ", "pairs") if value.kind == "dict" else ("", "items")
    cast = "(const gd_value *)" if value.kind == "dict" else ""
    yield from _refused("depth + writer->outer == GD_MAX_DEPTH", code(body.depth.error))
    yield from _refused(f"slot->size > {limit}", code(body.count.limit.error))
    yield type_byte
    yield put("to + 1", body.count.size, "slot->size")
    yield f"to += {1 + body.count.size};"
    yield "if (slot->size == 0) {"
    yield "    break;"
    yield "}"
    yield "open[depth].slot = slot;"
    yield "open[depth].last = last;"
    yield "open[depth].is_dict = is_dict;"
    yield "depth++;"
    yield f"is_dict = {'true' if value.kind == 'dict' else 'false'};"
    yield f"last = {cast}slot->{member} + {per}(size_t)slot->size;"
    yield f"slot = {cast}slot->{member};"
    yield "goto begun;"


WRITING = """
/* --- writing --- */

/* A list or dict that is open, and where the one around it ends. */
typedef struct gd__shown {
    const gd_value *slot;
    const gd_value *last;
    bool is_dict;
} gd__shown;

/* Where values are written to, and where writing stopped. `outer` containers are open around. */
typedef struct gd__writer {
    gd_buffer *out;
    size_t start;
    size_t most;
    size_t outer;
    bool is_over;
    size_t depth;
    const gd_value *slot;
    gd__shown open[GD_MAX_DEPTH];
} gd__writer;

static inline void gd__writer_begin(gd__writer *writer, gd_buffer *out, size_t most, size_t outer) {
    writer->out = out;
    writer->start = out->size;
    writer->most = most;
    writer->outer = outer;
    writer->is_over = false;
    writer->depth = 0;
}

/* Make room for so many bytes of a blob, and for a little more. */
static inline bool gd__grow(gd__writer *writer, uint8_t **to, uint8_t **stop, size_t size) {
    gd_buffer *out = writer->out;
    out->size = out->bytes == NULL ? 0 : (size_t)(*to - out->bytes);
    if (out->size - writer->start > writer->most) {
        writer->is_over = true;
        out->size = writer->start;
    }
    if (!gd_buffer_reserve(out, size + 2 * «room»)) {
        return false;
    }
    *to = out->bytes + out->size;
    *stop = out->bytes + out->capacity;
    return true;
}

static inline void gd__copy(uint8_t *to, const uint8_t *from, size_t size) {
    if (size >= 16) {
        memcpy(to, from, size);
    } else if (size >= 8) {
        uint64_t first, last;
        memcpy(&first, from, 8);
        memcpy(&last, from + size - 8, 8);
        memcpy(to, &first, 8);
        memcpy(to + size - 8, &last, 8);
    } else if (size >= 4) {
        uint32_t first, last;
        memcpy(&first, from, 4);
        memcpy(&last, from + size - 4, 4);
        memcpy(to, &first, 4);
        memcpy(to + size - 4, &last, 4);
    } else if (size > 0) {
        to[0] = from[0];
        to[size / 2] = from[size / 2];
        to[size - 1] = from[size - 1];
    }
}

static inline gd_code gd__write(gd__writer *writer, const gd_value *root) {
    gd__shown *const open = writer->open;
    const gd_value *slot = root, *last = root + 1;
    gd_code refusal = GD_CODE_OK;
    bool is_dict = false;
    size_t depth = 0, found;
    uint64_t number;
    uint8_t *to = NULL, *stop = NULL;
    if (writer->out->bytes != NULL) {
        to = writer->out->bytes + writer->out->size;
        stop = writer->out->bytes + writer->out->capacity;
    }
    goto value;
begun:
    if (is_dict) {
        if (slot->kind != GD_KIND_STRING) {
            refusal = «key_error»;
            goto refused;
        }
        «key»
        slot++;
    }
value:
    if (stop - to < «room» && !gd__grow(writer, &to, &stop, 0)) {
        refusal = GD_CODE_NO_MEMORY;
        goto refused;
    }
    switch (slot->kind) {
    «values»
    case GD_KIND_INTEGER:
        «small»
    case GD_KIND_LARGE:
        «large»
    default:
        refusal = GD_CODE_UNSUPPORTED_TYPE;
        goto refused;
    }
    for (slot++; slot == last; slot++) {
        if (depth == 0) {
            goto done;
        }
        depth--;
        slot = open[depth].slot;
        last = open[depth].last;
        if (is_dict) {
            if (!gd__repeated(slot->pairs, slot->size, &writer->out->allocator, &found)) {
                refusal = GD_CODE_NO_MEMORY;
                goto refused;
            }
            if (found < slot->size) {
                refusal = GD_CODE_DUPLICATE_KEY;
                slot = &slot->pairs[found].value;
                depth++;
                goto refused;
            }
        }
        is_dict = open[depth].is_dict;
    }
    goto begun;
refused:
    writer->depth = depth;
    writer->slot = slot;
    return refusal;
done:
    writer->out->size = (size_t)(to - writer->out->bytes);
    return GD_CODE_OK;
}

static inline const gd_value *gd__reached(const gd__writer *writer, size_t depth) {
    return depth + 1 < writer->depth ? writer->open[depth + 1].slot : writer->slot;
}

static inline void gd__path_written(gd__path *path, const gd__writer *writer, size_t depth) {
    size_t at;
    for (at = 0; at < depth; at++) {
        const gd_value *container = writer->open[at].slot, *slot = gd__reached(writer, at);
        if (container->kind == GD_KIND_LIST) {
            gd__path_index(path, (size_t)(slot - container->items));
        } else if ((slot - (const gd_value *)container->pairs) % 2 == 1) {
            gd__path_key(path, slot[-1].text, slot[-1].size);
        }
    }
}

/* Tell where it is what cannot be written, or else of a repeated key before it. `path` leads to the
 * value. */
static inline gd_code gd__decline(const gd__writer *writer, gd__path *path, gd_fault *fault) {
    size_t at, found = 0;
    for (at = 0; at < writer->depth; at++) {
        const gd_value *dict = writer->open[at].slot;
        size_t count = gd__keys_past(dict, gd__reached(writer, at));
        if (!gd__repeated(dict->pairs, count, &writer->out->allocator, &found)) {
            fault->code = GD_CODE_NO_MEMORY;
            break;
        }
        if (found < count) {
            fault->code = GD_CODE_DUPLICATE_KEY;
            gd__path_written(path, writer, at);
            gd__path_key(path, dict->pairs[found].key.text, dict->pairs[found].key.size);
            gd__path_end(path);
            return fault->code;
        }
    }
    gd__path_written(path, writer, writer->depth);
    gd__path_end(path);
    return fault->code;
}

static inline bool gd__is_over(const gd__writer *writer) {
    return writer->is_over || writer->out->size - writer->start > writer->most;
}

/* Write a value behind the bytes that the buffer has. What is refused leaves them as they were. */
static inline gd_code gd_encode(const gd_value *value, gd_buffer *out, gd_fault *fault) {
    gd__writer writer;
    gd__path path;
    gd_code refusal;
    gd__writer_begin(&writer, out, GD_MAX_VALUE_BYTES, 0);
    refusal = gd__write(&writer, value);
    if (refusal != GD_CODE_OK) {
        out->size = writer.start;
        gd__fault(fault, refusal, GD_SCOPE_EXCHANGE);
        path = gd__path_of(fault);
        return gd__decline(&writer, &path, fault);
    }
    if (gd__is_over(&writer)) {
        out->size = writer.start;
        return gd__fault(fault, GD_CODE_PAYLOAD_TOO_LARGE, GD_SCOPE_EXCHANGE);
    }
    return GD_CODE_OK;
}
"""
