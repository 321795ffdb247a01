"""Limits, and the numbers of operations."""

from __future__ import annotations

from .. import ir, layout
from ..naming import screaming
from ..template import fill
from .words import doc, listed, sentence

LIMITS = """
    /** The limits of GD/1, and what is the same in every frame. */
    public final class Limits {
      «constants»

      private Limits() {}
    }
"""
ENUMERATION = """
    «doc»
    public enum «name» {
      «constants»

      private final int code;

      «name»(int code) {
        this.code = code;
      }

      /** The number that travels. */
      public int code() {
        return code;
      }
    }
"""


def files(spec: ir.Spec) -> dict[str, str]:
    """Limits, and an enumeration each."""
    numbers = {name: _enumeration(name, codes) for name, codes in spec.enumerations}
    return {"Limits": fill(LIMITS, constants=_constants(spec)), **numbers}


def _constants(spec: ir.Spec) -> list[str]:
    fixed = (
        ("int", "VERSION", spec.version, "The protocol's version, which each header carries."),
        ("int", "HEADER_BYTES", spec.header_bytes, "The size of a header."),
        ("int", "MAX_VALUE_BYTES", layout.largest_value_bytes(spec), "A value that is on its own."),
        (
            "long",
            "CONNECTION_REQUEST_ID",
            spec.connection_request_id,
            "The request id of an error about the connection.",
        ),
        (
            "int",
            "RAW_DATA_BYTES",
            spec.raw_data_bytes,
            "The bytes at fault that are told, at most.",
        ),
    )
    limits = [
        ("int", screaming(x.name), x.value, "At most: " + sentence(x.meaning)) for x in spec.limits
    ]
    lines: list[str] = []
    for kind, name, number, meaning in (*limits, *fixed):
        lines += [*doc(meaning, 1), f"public static final {kind} {name} = {number};", ""]
    return lines[:-1]


def _enumeration(name: str, codes: tuple[tuple[str, int], ...]) -> str:
    constants = listed((f"{screaming(one)}({number})", "") for one, number in codes)
    told = f"What {name.removesuffix('Op').upper()} can ask for."
    return fill(ENUMERATION, doc=doc(told), name=name, constants=constants)
