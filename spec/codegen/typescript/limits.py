"""`limits`: bounds, constants of the header, codes of messages and of operations."""

from __future__ import annotations

from collections.abc import Iterable

from .. import ir
from ..layout import largest_value_bytes, sides
from ..naming import screaming
from .printing import Lines, bigint, doc, number, quoted, sentence, union

NAME = "limits"


def text(spec: ir.Spec) -> str:
    lines = [
        "/** The bounds, constants and codes of GD/1. */",
        "",
        *_bounds(spec),
        *_constants(spec),
        "",
        *_codes(spec),
        *(line for name, members in spec.enumerations for line in _enumeration(name, members)),
    ]
    return "\n".join(lines) + "\n"


def _bounds(spec: ir.Spec) -> Iterable[str]:
    for limit in spec.limits:
        yield from doc(f"{sentence(limit.meaning)} Beyond it: `{limit.error}`.")
        yield f"export const {screaming(limit.name)} = {number(limit.value)};"
    yield from doc("The most bytes that a value alone may take.")
    yield f"export const MAX_VALUE_BYTES = {number(largest_value_bytes(spec))};"


def _constants(spec: ir.Spec) -> Lines:
    first, last = spec.extension_codes
    return [
        *doc("Size of the header."),
        f"export const HEADER_BYTES = {spec.header_bytes};",
        *doc("Version of the protocol."),
        f"export const VERSION = {spec.version};",
        *doc("An ERROR with this id that no exchange claims is about the connection."),
        f"export const CONNECTION_REQUEST_ID = {bigint(spec.connection_request_id)};",
        *doc("Codes of messages that are extensions, first and last."),
        f"export const EXTENSION_CODES = [0x{first:02x}, 0x{last:02x}] as const;",
        *doc("How much of what is at fault a report of it may show."),
        f"export const RAW_DATA_BYTES = {spec.raw_data_bytes};",
    ]


def _codes(spec: ir.Spec) -> Lines:
    opener, answerer = sides(spec)
    return [
        *doc("Codes of the messages, by their names."),
        "export const MESSAGE_CODES = {",
        *(
            line
            for message in spec.messages
            for line in (
                *doc(sentence(message.meaning), indent="  "),
                f"  {message.name}: 0x{message.code:02x},",
            )
        ),
        "} as const;",
        "export type MessageType = keyof typeof MESSAGE_CODES;",
        "",
        *doc("The extension to which a message belongs."),
        "export const EXTENSIONS = {",
        *(f"  {m.name}: {quoted(m.extension)}," for m in spec.messages if m.extension),
        "} as const;",
        "",
        *doc("The two ends of an exchange."),
        *union("Side", [quoted(opener), quoted(answerer)]),
    ]


def _enumeration(name: str, members: Iterable[tuple[str, int]]) -> Lines:
    return [
        "",
        *doc(f"Values of an operation: {name}."),
        f"export const {name} = {{",
        *(f"  {key}: {bigint(code)}," for key, code in members),
        "} as const;",
        f"export type {name} = (typeof {name})[keyof typeof {name}];",
    ]
