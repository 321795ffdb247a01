"""Codecs that misread or miswrite headers, each by a change of the declaration."""

from __future__ import annotations

from collections.abc import Iterator

from gdproto.spec.codegen import ir

from .mutant import SPEC, Change, Mutant, change, where


def frame(name: str, change: Change) -> Mutant:
    return Mutant(name, change=change)


def headers() -> Iterator[Mutant]:
    yield frame("magic-swapped", change(where(ir.HeaderField, name="magic"), constant=b"DG"))
    yield frame("version-2", change(where(ir.HeaderField, name="version"), constant=2))
    for name in ("length", "request_id", "type"):
        yield frame(f"{name}-signed", change(where(ir.HeaderField, name=name), number="signed"))
    for one in SPEC.messages:
        yield frame(
            f"{one.name.lower()}-under-another-code",
            change(where(ir.Message, name=one.name), code=0x7E),
        )
    for code in (0x00, 0x06, 0x13, 0x8F, 0xFF):
        extra = ir.Message("EXTRA", code, None, (), "", "A message too many")
        yield frame(
            f"extra-message-{code:02x}",
            change(where(ir.Spec), messages=(*SPEC.messages, extra)),
        )


def limits() -> Iterator[Mutant]:
    limit = next(one for one in SPEC.limits if one.name == "max_payload_bytes")
    for name, by in (("above", 1), ("below", -1)):
        yield frame(
            f"limit-of-payload-{name}",
            change(where(ir.Limit, name=limit.name), value=limit.value + by),
        )


def scopes() -> Iterator[Mutant]:
    """How much dies with a fault."""
    for code in SPEC.error_codes:
        for phase, scope in code.scopes:
            # A refused value has no scope that its caller sees, and a state's is in its row.
            if phase not in ("encode", "state"):
                other = {"connection": "exchange", "exchange": "connection"}[scope]
                scopes = tuple((p, other if p == phase else s) for p, s in code.scopes)
                name = f"scope-of-{code.name}-in-{phase}".replace("_", "-")
                yield frame(name, change(where(ir.ErrorCode, name=code.name), scopes=scopes))


GROUPS = (headers, limits, scopes)
MUTANTS = tuple(mutant for group in GROUPS for mutant in group())
