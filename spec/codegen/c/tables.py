"""The facts of the wire: limits, codes, the header, and what each role may send when."""

from __future__ import annotations

from .. import ir
from ..layout import largest_value_bytes
from ..python.routing import EARLY, ROUTING
from .printing import Lines, function, get, put, text


def facts(spec: ir.Spec, source_hash: str) -> Lines:
    at = {field.name: field for field in spec.header}
    constants = [_constant_check(f) for f in spec.header if f.constant is not None]
    length = at["length"]
    assert length.limit is not None
    return [
        f'#define SPEC_HASH "{source_hash}"',
        *(f"#define {limit.name.upper()} {limit.value}" for limit in spec.limits),
        f"#define MAX_PATH_CHARS {spec.paths.max_path_chars}",
        *(
            f"#define {v.name.upper()}_BYTES {v.body.smallest_element_bytes}"
            for v in spec.values
            if isinstance(v.body, ir.Container)
        ),
        f"#define MOST_VALUE_BYTES {largest_value_bytes(spec)}",
        f"#define ROUTING_FIELDS {len(ROUTING)}",
        f"#define EARLY_FIELD {ROUTING.index(EARLY)}",
        *(f"#define CODE_{v.name.upper()} {v.code:#04x}" for v in spec.values),
        "",
        f"#define HEADER_BYTES {spec.header_bytes}",
        *(_header_reader(at[name]) for name in ("type", "length", "request_id")),
        "",
        *_code_index(spec),
        *function(
            "INLINE int header_is_sound(const uint8_t *at)",
            [
                f"return {' && '.join(constants)} &&",
                "       code_index[HEADER_TYPE(at)] >= 0 &&",
                f"       HEADER_LENGTH(at) <= {length.limit.value};",
            ],
        ),
        *function(
            "INLINE void put_header(uint8_t *at, uint8_t code, size_t length, uint64_t request_id)",
            [_put_header_field(field) for field in spec.header],
        ),
    ]


def _header_reader(field: ir.HeaderField) -> str:
    return f"#define HEADER_{field.name.upper()}(at) {get(field, f'(at) + {field.offset}')}"


def _code_index(spec: ir.Spec) -> Lines:
    index = {message.code: i for i, message in enumerate(spec.messages)}
    rows = [
        ", ".join(str(index.get(code, -1)) for code in range(row, row + 16))
        for row in range(0, 256, 16)
    ]
    return [
        f"#define MESSAGES {len(spec.messages)}",
        "/* Of a message, its request id among them. */",
        f"#define MAX_FIELDS {1 + max(len(message.arguments) for message in spec.messages)}",
        "",
        "/* Message codes to places in the tables of messages. */",
        "static const int8_t code_index[256] = {",
        *(f"    {row}," for row in rows),
        "};",
        "",
    ]


def _constant_check(field: ir.HeaderField) -> str:
    if isinstance(field.constant, bytes):
        return f"memcmp(at + {field.offset}, {text(field.constant)}, {field.size}) == 0"
    return f"{get(field, f'at + {field.offset}')} == {field.constant}"


def _put_header_field(field: ir.HeaderField) -> str:
    at = f"at + {field.offset}"
    if isinstance(field.constant, bytes):
        return f"memcpy({at}, {text(field.constant)}, {field.size});"
    names = {"type": "code", "length": "length", "request_id": "request_id"}
    value = names[field.name] if field.constant is None else str(field.constant)
    return put(field, at, value)


def states(spec: ir.Spec) -> Lines:
    """What is delivered; the first state is that of no exchange."""
    names = [name for name, _ in spec.states]
    opener = next(t.sender for t in spec.transitions if t.state == names[0] and t.next != names[0])
    sides = [next(r.side for r in spec.roles if r.side != opener), opener]
    rows = {(t.state, t.sender, t.message): t for t in spec.transitions}

    def place(role: ir.Role, state: str, side: str, message: ir.Message) -> int:
        row = rows[state, side, message.name]
        opens = state == names[0] and row.next != names[0]
        if row.outcome != "deliver" or (opens and message.name not in role.opens):
            return 0
        return 1 + names.index(row.next)

    table: Lines = []
    for role in spec.roles:
        table.append(f"    {{ /* {role.name} */")
        for state in names:
            sent = (
                ", ".join(str(place(role, state, side, m)) for m in spec.messages) for side in sides
            )
            table.append(f"        {{{', '.join(f'{{{one}}}' for one in sent)}}}, /* {state} */")
        table.append("    },")
    return [
        f"#define CONNECTION_REQUEST_ID {spec.connection_request_id}",
        f"#define STATES {len(names)}",
        "#define IDLE_STATE 0",
        f"#define ROLES {len(spec.roles)}",
        "",
        "/* One more than the place of the next state, for a frame delivered; 0 for others.",
        "   By role, state, whether the opener sends it, and message. */",
        "static const uint8_t moves[ROLES][STATES][2][MESSAGES] = {",
        *table,
        "};",
        "static const uint8_t opener_roles[ROLES] = "
        f"{{{', '.join(str(int(r.side == opener)) for r in spec.roles)}}};",
    ]
