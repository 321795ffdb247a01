"""Section of limits and constants of the header."""

from __future__ import annotations

from .. import ir, layout
from ..naming import screaming
from ..template import fill
from .printing import constant


def section(spec: ir.Spec) -> str:
    """Limits, and the codes of operations."""
    return fill(
        LIMITS,
        limits=[f"#define GD_{screaming(one.name)} {one.value}u /* {one.meaning} */"
                for one in spec.limits],
        version=str(spec.version),
        header_bytes=str(spec.header_bytes),
        value_bytes=str(layout.largest_value_bytes(spec)),
        raw_data=str(spec.raw_data_bytes),
        first=f"{spec.extension_codes[0]:#04x}",
        last=f"{spec.extension_codes[1]:#04x}",
        operations=[line for name, held in spec.enumerations for line in _enumeration(name, held)],
    )  # fmt: skip


def _enumeration(name: str, held: tuple[tuple[str, int], ...]) -> list[str]:
    """Constants, such as ``GD_STASH_OP_PUT``."""
    return [f"#define {constant(screaming(name), one)} {number}" for one, number in held]


LIMITS = """
/* --- limits --- */

#define GD_VERSION «version»
#define GD_HEADER_BYTES «header_bytes»u
«limits»
#define GD_MAX_VALUE_BYTES «value_bytes»u /* one value that is encoded alone */
#define GD_RAW_DATA_BYTES «raw_data»u /* of what was at fault, in the details of an ERROR */
#define GD_FIRST_EXTENSION «first»
#define GD_LAST_EXTENSION «last»
«operations»
"""
