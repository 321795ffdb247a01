"""Section of reading: one loop over the bytes, which judges as the chapter on values says.

Two keys of one dict that are equal are looked for where the dict ends, or where another fault is
found inside of it: the repeated key stands before that, and so it is the one that is reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import ir, layout
from ..naming import screaming
from ..template import fill
from .printing import KINDS, code, get, integer, sized

TRUNCATED = code("truncated")


def section(spec: ir.Spec) -> str:
    """Values from bytes."""
    items, pairs = layout.element_bytes("list", spec), layout.element_bytes("dict", spec)
    the_dict = layout.value_type("dict", spec).body
    assert isinstance(the_dict, ir.Container)
    key = layout.value_type("string", spec)
    return fill(
        READING,
        pair_bytes=str(pairs),
        item_bytes=str(items),
        key_code=f"{key.code:#04x}",
        key_codes=[f"case {value.code:#04x}:" for value in spec.values],
        key_error=code(the_dict.key_error),
        value_error=code(spec.value_error),
        key_head=str(layout.header_size(key.body)),
        key=list(_body(key)),
        values=[line for value in spec.values for line in _value(value)],
        steps=[line for value in spec.values for line in _step(value)],
    )


def _value(value: ir.ValueType) -> Iterator[str]:
    yield f"case {value.code:#04x}:"
    yield from (f"    {line}" for line in _body(value))
    yield "    break;"


def _refused(condition: str, fault: str, where: str) -> Iterator[str]:
    yield f"if ({condition}) {{"
    yield f"    refusal = {fault};"
    yield f"    where = {where};"
    yield "    goto refused;"
    yield "}"


def _body(value: ir.ValueType) -> Iterator[str]:
    match value.body:
        case ir.Empty():
            yield from (f"slot->kind = {KINDS[value.kind]};", "at++;")
        case ir.Mapped(size=size):
            yield from _refused(f"end - at < {1 + size}", TRUNCATED, "end")
            yield from _mapped(value, value.body)
        case ir.Fixed(size=size):
            yield from _refused(f"end - at < {1 + size}", TRUNCATED, "end")
            yield from _number(value, value.body)
        case ir.Blob(length=length, text=is_text):
            yield from _size(length, 1)
            if is_text:
                yield from _refused("!gd__is_utf8(bytes + at, size)", code("invalid_utf8"), "at")
            held = "text = (const char *)(bytes + at)" if is_text else "bytes = bytes + at"
            yield f"slot->kind = {KINDS[value.kind]};"
            yield "slot->size = size;"
            yield f"slot->{held};"
            yield "at += (ptrdiff_t)size;"
        case ir.Container():
            yield from _container(value, value.body)


def _mapped(value: ir.ValueType, body: ir.Mapped) -> Iterator[str]:
    numbers = {held: number for number, held in body.choices}
    place = get("(bytes + at + 1)", sized(f"spec.tlv: value type '{value.name}'", body.size))
    yield f"number = {place};"
    condition = f"number != {numbers[False]} && number != {numbers[True]}"
    yield from _refused(condition, code(body.error), "at + 1")
    yield f"slot->kind = {KINDS[value.kind]};"
    yield f"slot->boolean = number == {numbers[True]};"
    yield f"at += {1 + body.size};"


def _number(value: ir.ValueType, body: ir.Fixed) -> Iterator[str]:
    place = get("(bytes + at + 1)", sized(f"spec.tlv: value type '{value.name}'", body.size))
    if body.number == ir.FLOAT:
        yield f"number = {place};"
        yield "memcpy(&slot->number, &number, sizeof slot->number);"
        yield f"slot->kind = {KINDS[value.kind]};"
    elif body.number == ir.SIGNED:
        bits = 8 * body.size
        yield f"slot->integer = (int{bits}_t){place};"
        yield f"slot->kind = {KINDS[value.kind]};"
    else:
        yield f"slot->large = {place};"
        yield "slot->kind = slot->large > INT64_MAX ? GD_KIND_LARGE : GD_KIND_INTEGER;"
    yield f"at += {1 + body.size};"
    yield from _ranged(value, body)


def _ranged(value: ir.ValueType, body: ir.Fixed) -> Iterator[str]:
    """Whether the type holds the integer: bytes may hold more than it permits."""
    if value.kind != "integer" or value.minimum is None or value.maximum is None:
        return
    bits, is_signed = 8 * body.size, body.number == ir.SIGNED
    lowest, highest = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if is_signed else (0, 2**bits - 1)
    held = "slot->integer" if is_signed else "slot->large"
    form = integer if is_signed else "UINT64_C({})".format
    faults = [f"{held} < {form(value.minimum)}"] if value.minimum > lowest else []
    faults += [f"{held} > {form(value.maximum)}"] if value.maximum < highest else []
    if faults:
        yield from _refused(" || ".join(faults), code("int_out_of_range"), f"at - {body.size}")


def _size(field: ir.SizeField, unit: int) -> Iterator[str]:
    """Read a size behind the type byte, judge it, and go on to what follows it."""
    head = 1 + field.size
    yield from _refused(f"end - at < {head}", TRUNCATED, "end")
    limit = f"GD_{screaming(field.limit.name)}"
    number = get("(bytes + at + 1)", field.size)
    if field.size == 8:
        yield f"number = {number};"
        yield "size = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;"
    else:
        yield f"size = {number};"
    yield from _refused(f"size > {limit}", code(field.limit.error), "at + 1")
    owed = "(ptrdiff_t)size" if unit == 1 else f"(ptrdiff_t)size * {unit}"
    yield from _refused(f"{owed} > fit - at - {head}", TRUNCATED, "at + 1")
    yield f"at += {head};"


def _container(value: ir.ValueType, body: ir.Container) -> Iterator[str]:
    yield from _refused("depth == GD_MAX_DEPTH", code(body.depth.error), "at")
    yield from _size(body.count, body.smallest_element_bytes)
    per, member = (2, "pairs") if value.kind == "dict" else (1, "items")
    cast = "(const gd_pair *)" if value.kind == "dict" else ""
    yield f"slot->kind = {KINDS[value.kind]};"
    yield "slot->size = size;"
    yield f"slot->{member} = NULL;"
    yield "if (size == 0) {"
    yield "    break;"
    yield "}"
    count = "2 * (size_t)size" if per == 2 else "(size_t)size"
    yield f"values = (gd_value *)gd_arena_take(reader->arena, {count} * sizeof(gd_value));"
    yield from _refused("values == NULL", "GD_CODE_NO_MEMORY", "at")
    yield f"slot->{member} = {cast}values;"
    yield f"fit -= (ptrdiff_t)size * {body.smallest_element_bytes};"
    yield "open[depth].slot = slot;"
    yield "open[depth].stop = stop;"
    yield "open[depth].is_dict = is_dict;"
    yield "depth++;"
    yield "slot = values;"
    yield f"stop = values + {count};"
    yield f"is_dict = {'true' if value.kind == 'dict' else 'false'};"
    yield "goto begun;"


def _step(value: ir.ValueType) -> Iterator[str]:
    """How far it is to what follows a value that has been judged, and what that is."""
    yield f"case {value.code:#04x}:"
    match value.body:
        case ir.Empty():
            yield "    at += 1;"
        case ir.Mapped(size=size) | ir.Fixed(size=size):
            yield f"    at += {1 + size};"
        case ir.Blob(length=length):
            head = 1 + length.size
            yield f"    at += {head} + (size_t){get('(bytes + at + 1)', length.size)};"
        case ir.Container(count=count):
            per = " * 2" if value.kind == "dict" else ""
            yield f"    left += (size_t){get('(bytes + at + 1)', count.size)}{per};"
            yield f"    at += {1 + count.size};"
    yield "    break;"


READING = """
/* --- reading --- */

/* A list or dict that is open: the value that it is, and where the one around it ends. */
typedef struct gd__open {
    gd_value *slot;
    gd_value *stop;
    bool is_dict;
} gd__open;

/* What a value is read from, and where reading stopped. */
typedef struct gd__reader {
    const uint8_t *bytes;
    size_t size;
    size_t at;
    gd_arena *arena;
    size_t depth;
    gd_value *slot;
    gd__open open[GD_MAX_DEPTH];
} gd__reader;

static inline gd_code gd__read(gd__reader *reader, gd_value *root, size_t *offset) {
    const uint8_t *const bytes = reader->bytes;
    const ptrdiff_t end = (ptrdiff_t)reader->size;
    /* Where the bytes end that nothing around this value is still owed. */
    ptrdiff_t fit = end, at = (ptrdiff_t)reader->at, where = 0;
    gd__open *const open = reader->open;
    gd_value *slot = root, *stop = root + 1, *values;
    gd_code refusal = GD_CODE_OK;
    bool is_dict = false;
    size_t depth = 0, found;
    uint64_t number;
    uint32_t size;
    goto value;
begun:
    if (!is_dict) {
        fit += «item_bytes»;
        goto value;
    }
    fit += «pair_bytes»;
    if (at >= end) {
        refusal = GD_CODE_TRUNCATED;
        where = end;
        goto refused;
    }
    if (bytes[at] != «key_code») {
        goto no_key;
    }
    «key»
    slot++;
value:
    if (at >= end) {
        refusal = GD_CODE_TRUNCATED;
        where = end;
        goto refused;
    }
    switch (bytes[at]) {
    «values»
    default:
        refusal = «value_error»;
        where = at;
        goto refused;
    }
    for (slot++; slot == stop; slot++) {
        if (depth == 0) {
            goto done;
        }
        depth--;
        slot = open[depth].slot;
        stop = open[depth].stop;
        if (is_dict) {
            if (!gd__repeated(slot->pairs, slot->size, &reader->arena->allocator, &found)) {
                found = slot->size;
                refusal = GD_CODE_NO_MEMORY;
            }
            if (found < slot->size || refusal != GD_CODE_OK) {
                values = (gd_value *)(uintptr_t)&slot->pairs[found < slot->size ? found : 0].value;
                where = at;
                refusal = refusal != GD_CODE_OK ? refusal : GD_CODE_DUPLICATE_KEY;
                depth++;
                slot = values;
                goto refused;
            }
        }
        is_dict = open[depth].is_dict;
    }
    goto begun;
no_key:
    where = at;
    switch (bytes[at]) {
    «key_codes»
        refusal = «key_error»;
        break;
    default:
        refusal = «value_error»;
    }
refused:
    reader->depth = depth;
    reader->slot = slot;
    *offset = (size_t)where;
    return refusal;
done:
    reader->at = (size_t)at;
    return GD_CODE_OK;
}

/* How many keys of an open dict have been gone through up to this value of it; a list has none. */
static inline size_t gd__keys_past(const gd_value *container, const gd_value *slot) {
    if (container->kind != GD_KIND_DICT) {
        return 0;
    }
    return ((size_t)(slot - (const gd_value *)container->pairs) + 1) / 2;
}

/* Where reading stopped in the container that is open at this depth. */
static inline const gd_value *gd__stopped(const gd__reader *reader, size_t depth) {
    return depth + 1 < reader->depth ? reader->open[depth + 1].slot : reader->slot;
}

/* The path to where reading stopped, from the outermost container to one at this depth. */
static inline void gd__path_read(gd__path *path, const gd__reader *reader, size_t depth) {
    size_t at;
    for (at = 0; at < depth; at++) {
        const gd_value *container = reader->open[at].slot, *slot = gd__stopped(reader, at);
        if (container->kind == GD_KIND_LIST) {
            gd__path_index(path, (size_t)(slot - container->items));
        } else if ((slot - (const gd_value *)container->pairs) % 2 == 1) {
            gd__path_key(path, slot[-1].text, slot[-1].size);
        }
    }
}

/* Tell of a fault, or of a repeated key that stands before it. */
static inline gd_code gd__refuse(const gd__reader *reader, gd_code code, size_t offset,
    gd_fault *fault) {
    gd__path path;
    size_t at, found = 0;
    gd__fault_at(fault, code, GD_SCOPE_EXCHANGE, offset);
    path = gd__path_of(fault);
    for (at = 0; at < reader->depth; at++) {
        const gd_value *dict = reader->open[at].slot;
        size_t count = gd__keys_past(dict, gd__stopped(reader, at));
        if (!gd__repeated(dict->pairs, count, &reader->arena->allocator, &found)) {
            fault->code = GD_CODE_NO_MEMORY;
            break;
        }
        if (found < count) {
            const gd_value *key = &dict->pairs[found].key;
            fault->code = GD_CODE_DUPLICATE_KEY;
            fault->offset = (size_t)((const uint8_t *)key->text - reader->bytes) - «key_head»;
            gd__path_read(&path, reader, at);
            gd__path_key(&path, key->text, key->size);
            gd__path_end(&path);
            return fault->code;
        }
    }
    gd__path_read(&path, reader, reader->depth);
    gd__path_end(&path);
    return fault->code;
}

/* The value that begins at `at` and takes all bytes up to the end. */
static inline gd_code gd__decode(const uint8_t *bytes, size_t at, size_t size, gd_arena *arena,
    gd_value *value, gd_fault *fault) {
    gd__reader reader;
    size_t offset = 0;
    gd_code refusal;
    reader.bytes = bytes;
    reader.at = at;
    reader.size = size;
    reader.arena = arena;
    refusal = gd__read(&reader, value, &offset);
    if (refusal != GD_CODE_OK) {
        return gd__refuse(&reader, refusal, offset, fault);
    }
    if (reader.at < size) {
        return gd__fault_at(fault, GD_CODE_TRAILING_DATA, GD_SCOPE_EXCHANGE, reader.at);
    }
    return GD_CODE_OK;
}

/* Read the value that all of the bytes encode. It borrows from them, and from the arena. */
static inline gd_code gd_decode(const uint8_t *bytes, size_t size, gd_arena *arena,
    gd_value *value, gd_fault *fault) {
    return gd__decode(bytes, 0, size, arena, value, fault);
}

/* Where a value ends that has been judged. */
static inline size_t gd__after(const uint8_t *bytes, size_t at) {
    size_t left = 1;
    for (; left > 0; left--) {
        switch (bytes[at]) {
        «steps»
        default:
            return at;
        }
    }
    return at;
}
"""
