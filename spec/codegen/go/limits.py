"""limits.go: what one frame, value or container may hold."""

from __future__ import annotations

from .. import ir
from ..layout import largest_value_bytes
from .printing import documented, filled, limit

TEMPLATE = """
    package «package»

    // Limits, which hold in both directions: what is at one is accepted, what is beyond it is
    // refused.
    const (
        «limits»
    )
"""


def text(spec: ir.Spec, package: str) -> str:
    """The file."""
    rows = [
        (f"{limit(one)} bounds the {one.meaning}: {one.error}.", f"{limit(one)} = {one.value}")
        for one in spec.limits
    ]
    largest = largest_value_bytes(spec)
    rows.append(
        (
            "maxValueBytes bounds a value that is written alone: the largest blob with its head.",
            f"maxValueBytes = {largest}",
        )
    )
    return filled(TEMPLATE, package=package, limits=documented(rows))
