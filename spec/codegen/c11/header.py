"""Section of the header: its fields, judged in their order."""

from __future__ import annotations

from .. import ir
from ..errors import CompileError
from ..naming import screaming
from ..template import fill
from .printing import cases, code, constant, enumerators, get, put, sized, text


def section(spec: ir.Spec) -> str:
    """Message types, and headers from and to bytes."""
    bare = [message for message in spec.messages if message.fields is None]
    checked = [field for field in spec.header if field.error]
    return fill(
        HEADER,
        types=enumerators(
            (constant("MESSAGE", one.name), one.code, one.meaning) for one in spec.messages
        ),
        name_cases=cases((constant("MESSAGE", one.name), text(one.name)) for one in spec.messages),
        index_cases=cases(
            (constant("MESSAGE", one.name), str(number)) for number, one in enumerate(spec.messages)
        ),
        bare_cases=[f"case {constant('MESSAGE', one.name)}:" for one in bare],
        request_id=_get("request_id", spec),
        type=_get("type", spec),
        length=_get("length", spec),
        length_at=str(spec.header_field("length").offset),
        checks=[line for field in checked for line in _check(field, spec)],
        writes=[line for field in spec.header for line in _write(field)],
    )


def _get(name: str, spec: ir.Spec) -> str:
    field = spec.header_field(name)
    return get(f"(bytes + {field.offset})", _size(field))


def _size(field: ir.HeaderField) -> int:
    size = sized(f"spec.header: field '{field.name}'", field.size)
    if field.limit and field.limit.value >= 2**31:
        raise CompileError(f"spec.header: field '{field.name}': lengths are kept in 31 bits")
    return size


def _check(field: ir.HeaderField, spec: ir.Spec) -> list[str]:
    if isinstance(field.constant, bytes):
        wanted = ", ".join(f"{byte:#04x}" for byte in field.constant)
        condition = f"memcmp(bytes + {field.offset}, magic, {field.size}) != 0"
        declared = [f"static const uint8_t magic[{field.size}] = {{{wanted}}};"]
    elif field.constant is not None:
        condition, declared = f"{_get(field.name, spec)} != {field.constant}", []
    elif field.limit:
        condition = f"{_get(field.name, spec)} > GD_{screaming(field.limit.name)}"
        declared = []
    else:
        condition, declared = f"gd__message_index({_get(field.name, spec)}) < 0", []
    block = [
        *declared,
        f"if ({condition}) {{",
        f"    gd__fault_at(fault, {code(field.error)}, GD_SCOPE_CONNECTION, {field.offset});",
        *_known_id(field, spec),
        "    return fault->code;",
        "}",
    ]  # fmt: skip
    return block if not declared else ["{", *(f"    {line}" for line in block), "}"]


def _known_id(field: ir.HeaderField, spec: ir.Spec) -> list[str]:
    """A header that is none of ours names no exchange."""
    known = f"    fault->request_id = {_get('request_id', spec)};"
    return [known] if field.constant is None else []


def _write(field: ir.HeaderField) -> list[str]:
    if isinstance(field.constant, bytes):
        return [f"bytes[{field.offset + at}] = {byte:#04x};"
                for at, byte in enumerate(field.constant)]  # fmt: skip
    held = str(field.constant) if field.constant is not None else f"header->{field.name}"
    return [put(f"(bytes + {field.offset})" if field.size > 1 else f"bytes + {field.offset}",
                _size(field), held)]  # fmt: skip


HEADER = """
/* --- header --- */

/* What a frame means. */
typedef enum gd_message_type {
    «types»
} gd_message_type;

/* The name of a message type, as the specification writes it. */
static inline const char *gd_message_type_name(gd_message_type type) {
    switch (type) {
    «name_cases»
    }
    return "";
}

/* The place of a message type among all; -1 for a code that is none. */
static inline int gd__message_index(unsigned type) {
    switch (type) {
    «index_cases»
    default:
        return -1;
    }
}

/* Whether messages of this type have a payload. */
static inline bool gd_has_payload(gd_message_type type) {
    switch (type) {
    «bare_cases»
        return false;
    default:
        return true;
    }
}

/* What precedes a payload. */
typedef struct gd_header {
    gd_message_type type;
    uint32_t length; /* of the payload, in bytes */
    uint64_t request_id;
} gd_header;

/* Read and judge the first GD_HEADER_BYTES of a frame. */
static inline gd_code gd_header_read(const uint8_t *bytes, gd_header *header, gd_fault *fault) {
    «checks»
    header->type = (gd_message_type)«type»;
    header->length = (uint32_t)«length»;
    header->request_id = «request_id»;
    return GD_CODE_OK;
}

/* Judge whether the message may have the payload that its header tells of. */
static inline gd_code gd_header_check_presence(const gd_header *header, gd_fault *fault) {
    if (header->length == 0 || gd_has_payload(header->type)) {
        return GD_CODE_OK;
    }
    gd__fault_at(fault, GD_CODE_UNEXPECTED_PAYLOAD, GD_SCOPE_EXCHANGE, «length_at»);
    fault->request_id = header->request_id;
    return fault->code;
}

/* Write GD_HEADER_BYTES. */
static inline void gd_header_write(const gd_header *header, uint8_t *bytes) {
    «writes»
}
"""
