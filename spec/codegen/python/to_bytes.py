"""Messages to bytes."""

from __future__ import annotations

from .. import ir
from ..layout import container, key_bytes, leaves_default_out, may_be_absent
from .fields import check, dict_heads, is_present
from .printing import Lines, block


def write_method(fields: tuple[ir.Field, ...], spec: ir.Spec) -> Lines:
    return [
        "",
        *block("    def _write_payload(self, out: Write) -> None:", _write(fields, spec, 1), 2),
    ]


def _write(fields: tuple[ir.Field, ...], spec: ir.Spec, depth: int, lead: bytes = b"") -> Lines:
    """Write the dict of `fields` after the bytes `lead`."""
    expression, head = dict_heads(fields, spec, "self.")
    # What equals a default may still be of another type.
    out = [
        line
        for f in fields
        if leaves_default_out(f)
        for line in check(f, f"self.{f.name}", "raise Doubt")
    ]
    if not head:
        out += [f"out({lead!r})"] if lead else []
        out.append(f"out({expression})")
    lead = lead + head if head else b""
    for field in fields:
        source, key = f"self.{field.name}", lead + key_bytes(field.name, spec)
        lead = b""
        if field.fields:
            out += _write(field.fields, spec, depth + 1, key)
            continue
        judged = (
            [] if leaves_default_out(field) else check(field, source, "raise Doubt", tuples=True)
        )
        lines = [*judged, f"out({key!r})", _write_call(field, source, spec, depth)]
        present = f"if {is_present(field, source)}:"
        out += block(present, lines) if may_be_absent(field) else lines
    return out


def _write_call(field: ir.Field, source: str, spec: ir.Spec, depth: int) -> str:
    holder = container(field, spec)
    if holder is not None:
        return f"write_{holder.name}({source}, out, {depth + 1})"
    return f"write_value({source}, out, {depth})"
