"""Messages to bytes."""

from __future__ import annotations

from .. import ir
from ..layout import container, key_bytes, may_be_absent
from .fields import check, dict_heads
from .printing import Lines, block


def write_method(fields: tuple[ir.Field, ...], spec: ir.Spec) -> Lines:
    return [
        "",
        *block("    def _write_payload(self, out: Write) -> None:", _write(fields, spec, 1), 2),
    ]


def _write(fields: tuple[ir.Field, ...], spec: ir.Spec, depth: int, lead: bytes = b"") -> Lines:
    """Write the dict of `fields` after the bytes `lead`."""
    expression, head = dict_heads(fields, spec, "self.")
    out: Lines = []
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
        lines = [
            *check(field, source, "raise Doubt", tuples=True),
            f"out({key!r})",
            _write_call(field, source, spec, depth),
        ]
        out += block(f"if {source} is not None:", lines) if may_be_absent(field) else lines
    return out


def _write_call(field: ir.Field, source: str, spec: ir.Spec, depth: int) -> str:
    holder = container(field, spec)
    if holder is not None:
        return f"write_{holder.name}({source}, out, {depth + 1})"
    return f"write_value({source}, out, {depth})"
