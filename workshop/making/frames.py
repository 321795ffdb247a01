"""The vectors of frames: the header, and what stands around a payload."""

from __future__ import annotations

from collections.abc import Iterator

from gdproto.conformance.cases import Recipe

from .collected import As, Collected, fault
from .meaning import BARE, SMALLEST, canonical, message
from .wire import (
    AT,
    CODE,
    HEADER_BYTES,
    LIMIT,
    MAGIC,
    MESSAGE_CODE,
    NONE,
    VERSION,
    frame,
    header,
    pairs,
    size,
    text,
    u32,
)

END_OF_HEADER = header(MESSAGE_CODE["END"], 0)
REQUEST = canonical("REQUEST", SMALLEST["REQUEST"])


def areas() -> Iterator[Collected]:
    """The areas of frames."""
    out = Collected("frame", "headers", "The header: its fields, their gaps and their order.")
    good(out)
    magic(out)
    versions(out)
    types(out)
    request_ids(out)
    order(out)
    yield out
    out = Collected("frame", "lengths", "What is cut short, too long, or not to be there at all.")
    cut(out)
    trailing(out)
    payloads_of_bare_messages(out)
    largest(out)
    yield out


def good(out: Collected) -> None:
    """Every message in its smallest form; the neighbours of much else."""
    for name in MESSAGE_CODE:
        payload = SMALLEST.get(name)
        out.add(
            f"frame-{slug(name)}",
            "GD-FRAME-001",
            "valid",
            bytes=canonical(name, payload),
            message=message(name, payload),
        )


def slug(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def refused(
    out: Collected,
    name: str,
    requires: str,
    data: Recipe,
    code: str,
    offset: int,
    neighbour: str = "frame-end",
    scope: str = "connection",
    notes: str = "",
) -> None:
    """A frame at fault outside of its payload."""
    error = fault(code, offset, scope=scope)
    out.undecodable(name, requires, data, error, neighbour, notes)


def magic(out: Collected) -> None:
    for name, raw in {
        "lower-case": "6764", "first-byte": "4844", "second-byte": "4745", "swapped": "4447",
        "zero": "0000", "ff": "ffff",
    }.items():  # fmt: skip
        data = raw + END_OF_HEADER[4:]
        refused(out, f"magic-{name}", "GD-FRAME-002 GD-ERR-002", data, "bad_magic", AT["magic"])


def versions(out: Collected) -> None:
    spoken = int(VERSION, 16)
    for version in sorted(set(range(256)) - {spoken}):
        data = MAGIC + f"{version:02x}" + END_OF_HEADER[6:]
        code = "unsupported_version"
        requires = "GD-FRAME-003 GD-ERR-002"
        refused(out, f"version-{version:02x}", requires, data, code, AT["version"])


def types(out: Collected) -> None:
    for code in sorted(set(range(256)) - set(MESSAGE_CODE.values())):
        refused(
            out,
            f"message-type-{code:02x}",
            "GD-FRAME-004 GD-ERR-002",
            header(code, 0),
            "unknown_message_type",
            AT["type"],
        )


def request_ids(out: Collected) -> None:
    for name, number in {
        "0": 0, "1": 1, "255": 255, "2-32": 2**32, "2-53-plus-1": 2**53 + 1, "2-63": 2**63,
        "max-minus-1": 2**64 - 2, "max": 2**64 - 1,
    }.items():  # fmt: skip
        data = frame("END", request_id=number)
        said = message("END", request_id=number)
        out.add(f"request-id-{name}", "GD-FRAME-017", "valid", bytes=data, message=said)
    for name, number, near in (("above", 2**64, "max"), ("below", -1, "0")):
        out.add(
            f"request-id-{name}",
            "GD-FRAME-019",
            "invalid",
            message=message("END", request_id=number),
            error=fault("int_out_of_range", path="request_id", scope="exchange"),
            neighbour=f"request-id-{near}",
        )


def order(out: Collected) -> None:
    """Faults in several fields of the header: the first field in order is reported."""
    long = u32(LIMIT["max_payload_bytes"] + 1)
    end = f"{MESSAGE_CODE['END']:02x}"
    unknown = "ff"
    rest = "00" * 8
    for name, data, code, field in (
        ("magic-before-version", "4748" + "02" + end + u32(0), "bad_magic", "magic"),
        ("magic-before-all", "0000" + "00" + unknown + long, "bad_magic", "magic"),
        ("version-before-type", MAGIC + "02" + unknown + u32(0), "unsupported_version", "version"),
        ("version-before-length", MAGIC + "02" + end + long, "unsupported_version", "version"),
        ("type-before-length", MAGIC + VERSION + unknown + long, "unknown_message_type", "type"),
        ("length-before-payload", MAGIC + VERSION + end + long, "payload_too_large", "length"),
    ):
        refused(out, name, "GD-FRAME-007", data + rest, code, AT[field], "request-id-0")
    data = header(MESSAGE_CODE["END"], 5)
    refused(
        out,
        "unexpected-before-truncated",
        "GD-FRAME-022",
        data,
        "unexpected_payload",
        AT["length"],
        scope="exchange",
        notes="What the header promises is not to be there, whether it comes or not.",
    )
    for length in (2, 3, HEADER_BYTES - 1):
        data = ("5858" + END_OF_HEADER[4:])[: 2 * length]
        refused(
            out,
            f"bad-magic-cut-{length}",
            "GD-FRAME-007",
            data,
            "truncated",
            length,
            notes="A header is judged only when all of it is there.",
        )


def cut(out: Collected) -> None:
    """Beginnings of a frame, to the byte before its end."""
    for length in range(size(REQUEST)):
        data = REQUEST[: 2 * length]
        requires = "GD-FRAME-010 GD-ERR-005"
        refused(
            out, f"frame-request-cut-{length}", requires, data, "truncated", length, "frame-request"
        )
    limit = LIMIT["max_payload_bytes"]
    data = header(MESSAGE_CODE["REQUEST"], limit)
    neighbour = "frame-request"
    refused(
        out,
        "length-limit-alone",
        "GD-FRAME-010 GD-FRAME-006",
        data,
        "truncated",
        HEADER_BYTES,
        neighbour,
    )


def trailing(out: Collected) -> None:
    for name in MESSAGE_CODE:
        data = canonical(name, SMALLEST.get(name))
        refused(
            out,
            f"frame-{slug(name)}-trailing",
            "GD-FRAME-020",
            data + NONE,
            "trailing_data",
            size(data),
            f"frame-{slug(name)}",
            "exchange",
        )
    for what, payload in {"payload-at-fault": "07", "field-missing": pairs()}.items():
        data = frame("RESPONSE", payload)
        refused(out, f"frame-trailing-before-{what}", "GD-FRAME-020", data + NONE, "trailing_data",
                size(data), "frame-response", "exchange")  # fmt: skip
    refused(
        out,
        "frame-twice",
        "GD-FRAME-020",
        REQUEST * 2,
        "trailing_data",
        size(REQUEST),
        "frame-request",
        "exchange",
        "A whole frame again is no less too many.",
    )


def payloads_of_bare_messages(out: Collected) -> None:
    for name in BARE:
        for what, payload in {"none": NONE, "dict": pairs(), "bad": "ff"}.items():
            refused(
                out,
                f"{slug(name)}-with-{what}",
                "GD-FRAME-008 GD-FRAME-023",
                frame(name, payload),
                "unexpected_payload",
                AT["length"],
                f"frame-{slug(name)}",
                "exchange",
            )


def largest(out: Collected) -> None:
    """A RESPONSE whose payload takes as much as it may, as bytes."""
    limit = LIMIT["max_payload_bytes"]
    before = CODE["dict"] + u32(1) + text("result") + CODE["bytes"]
    room = limit - size(before) - 4
    code = MESSAGE_CODE["RESPONSE"]
    for name, length in {"limit-minus-1": room - 1, "limit": room}.items():
        held = {"repeat": "61", "times": length}
        head = header(code, size(before) + 4 + length) + before + u32(length)
        said = message("RESPONSE", {"result": As(bytes=[held])})
        requires = "GD-FRAME-006 GD-LIM-001"
        out.add(f"payload-{name}", requires, "valid", bytes=[head, held], message=said)
    for name, length in {"limit-plus-1": limit + 1, "ffffffff": 2**32 - 1}.items():
        refused(
            out,
            f"payload-{name}",
            "GD-FRAME-005 GD-LIM-002 GD-ERR-002",
            header(MESSAGE_CODE["RESPONSE"], length),
            "payload_too_large",
            AT["length"],
            "frame-response",
        )
    held = {"repeat": "61", "times": room + 1}
    out.add(
        "serialize-payload-limit-plus-1",
        "GD-FRAME-021 GD-LIM-002",
        "invalid",
        message=message("RESPONSE", {"result": As(bytes=[held])}),
        error=fault("payload_too_large", scope="exchange"),
        neighbour="payload-limit",
    )
