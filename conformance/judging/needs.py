"""How much of each limit a case takes, so that a testee with lower ones is not asked it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gdproto import HEADER_BYTES

from ..cases import Case, size

Json = Mapping[str, Any]

# The limits of which a testee may have lower ones.
LIMITS = frozenset(("max_payload_bytes", "max_blob_bytes", "max_items", "max_depth"))


def needs(case: Case) -> dict[str, int]:
    """By limit, how much of it the case takes."""
    taken = dict.fromkeys(sorted(LIMITS), 0)
    if case.kind in ("frame", "message") and case.bytes is not None:
        taken["max_payload_bytes"] = max(0, size(case.bytes) - HEADER_BYTES)
    if case.value is not None:
        _measure(case.value, 1, taken)
    said = [one["message"] for one in case.events if "message" in one]
    said += [one["send"] for one in case.steps if "send" in one]
    for message in [case.message, *said]:
        for held in message["fields"].values() if message else ():
            # The payload is a dict, and in an ERROR holds another.
            _measure(held, 3 if message and message["type"] == "ERROR" else 2, taken)
    return taken


def _measure(typed: Json, depth: int, taken: dict[str, int]) -> None:
    def at_least(name: str, number: int) -> None:
        taken[name] = max(taken[name], number)

    ((kind, held),) = typed.items()
    match kind:
        case "bytes" | "string":
            is_text = kind == "string" and isinstance(held, str)
            at_least("max_blob_bytes", len(held.encode()) if is_text else size(held))
        case "list" | "dict":
            at_least("max_depth", depth)
            at_least("max_items", len(held))
            for one in held:
                for inner in one if kind == "dict" else [one]:
                    _measure(inner, depth + 1, taken)
        case "repeated":
            at_least("max_depth", depth)
            at_least("max_items", int(held["times"]))
            _measure(held["item"], depth + 1, taken)
        case "numbered":
            at_least("max_depth", depth)
            at_least("max_items", int(held["times"]))
        case "nested":
            at_least("max_depth", depth + int(held["times"]) - 1)
            if "around" in held:
                _measure(held["around"], depth + int(held["times"]), taken)
