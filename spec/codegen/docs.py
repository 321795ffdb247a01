"""The documentation backend: tables and byte diagrams, in Markdown and SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from . import answer_pages, ir, state_diagram
from .layout import types_of
from .markdown import code, table

FOLDER = "docs/generated"


def files(spec: ir.Spec) -> dict[str, str]:
    """File contents by path below the repository's root, without their marker."""
    pages = {
        "limits.md": table(
            ("limit", "value", "beyond it", "bounds"),
            ((code(v.name), f"{v.value:,}", code(v.error), v.meaning) for v in spec.limits),
        ),
        "header.md": table(
            ("offset", "size", "field", "value", "otherwise", "meaning"),
            (
                (str(f.offset), str(f.size), f.name, _header_value(f), code(f.error), f.meaning)
                for f in spec.header
            ),
        ),
        "values.md": table(
            ("code", "type", "body"),
            ((_hex(v.code), v.name, v.meaning) for v in spec.values),
        ),
        "messages.md": _messages(spec),
        "errors.md": table(
            ("code", "found in: scope", "meaning"),
            (
                (code(e.name), ", ".join(f"{p}: {s}" for p, s in e.scopes), e.meaning)
                for e in spec.error_codes
            ),
        ),
        "judging.md": _judging(spec),
        "error-types.md": table(
            ("error_type", "specialises", "details", "meaning"),
            (
                (code(t.name), code(t.parent), ", ".join(t.details), t.meaning)
                for t in spec.error_types
            ),
        ),
        "exchanges.md": _exchanges(spec),
        "exchanges.svg": state_diagram.svg([name for name, _ in spec.states], spec.transitions),
        "header.svg": _svg([(f.name, f.size) for f in spec.header], spec.header_bytes),
    }
    pages |= answer_pages.pages(spec)
    for value in spec.values:
        pages[f"value-{value.name}.svg"] = _svg(_cells(value), 16)
    return {f"{FOLDER}/{name}": text for name, text in pages.items()}


def _hex(code: int) -> str:
    return f"`{code:#04x}`"


def _header_value(field: ir.HeaderField) -> str:
    if isinstance(field.constant, bytes):
        return code(field.constant.hex(" "))
    if field.constant is not None:
        return code(f"{field.constant:02x}")
    return f"at most {field.limit.value:,}" if field.limit else "any" if not field.error else ""


def _messages(spec: ir.Spec) -> str:
    overview = table(
        ("code", "message", "payload", "meaning"),
        (
            (_hex(m.code), m.name, "fields" if m.fields is not None else "none", m.meaning)
            for m in spec.messages
        ),
    )
    parts = [overview]
    for message in spec.messages:
        if message.fields:
            rows = _field_rows(message.fields, spec)
            head = ("field", "type", "absent means", "permitted", "meaning")
            parts.append(f"\n## {message.name}\n\n{table(head, rows)}")
    return "".join(parts)


def _field_rows(
    fields: Sequence[ir.Field], spec: ir.Spec, prefix: str = ""
) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for f in fields:
        absent = code("missing_field") if f.required else _absent(f)
        types = " or ".join(types_of(f, spec)) or "any"
        rows.append((code(prefix + f.name), types, absent, _permitted(f), f.meaning))
        rows += _field_rows(f.fields, spec, f"{prefix}{f.name}.")
    return rows


def _absent(field: ir.Field) -> str:
    if field.default is None:
        return "none"
    meant = code("[]" if field.default == () else str(field.default))
    return meant if field.default_written else f"{meant}, left out"


def _permitted(field: ir.Field) -> str:
    parts = []
    if field.finite:
        parts.append("finite")
    if field.minimum is not None:
        parts.append(f"at least {field.minimum}")
    if field.maximum is not None:
        parts.append(f"at most {field.maximum}")
    if field.scalar:
        parts.append("no list or dict")
    parts += [f"{value} {name}" for name, value in field.choices]
    return ", ".join(parts) or "all"


def _judging(spec: ir.Spec) -> str:
    """A table for each stage; a fault without an offset or a path has none there."""
    offsets, places = ({**dict(told), "none": ""} for told in (spec.offsets, spec.places))
    parts = []
    for stage in spec.stages:
        rows = [
            (code(one.code), one.fault, offsets[one.offset], places[one.path])
            for one in stage.checks
        ]
        parts.append(f"**{stage.name}**: {stage.meaning}\n")
        parts += [table(("code", "reported when", "offset", "path"), rows)] if rows else []
    return "\n".join(parts)


def _most_open(role: ir.Role) -> str:
    most = str(role.max_open or "any number")
    return f"{most}, or what STATUS tells as `{role.more_by}`" if role.more_by else most


def _exchanges(spec: ir.Spec) -> str:
    states = table(("state", "meaning"), ((code(s), m) for s, m in spec.states))
    roles = table(
        ("role", "side", "peer", "exchanges it or its peer opens", "open at once"),
        ((r.name, r.side, r.peer, ", ".join(r.opens), _most_open(r)) for r in spec.roles),
    )
    legal = [t for t in spec.transitions if not t.scope]
    refused = [t for t in spec.transitions if t.scope]
    return "\n".join(
        [
            states,
            roles,
            "## Permitted\n",
            table(
                ("state", "sender", "message", "next", "outcome"),
                ((t.state, t.sender, t.message, t.next, t.outcome) for t in legal),
            ),
            "## Refused\n",
            table(
                ("state", "sender", "message", "code", "scope", "next"),
                (
                    (t.state, t.sender, t.message, code(t.outcome), t.scope, _next(t))
                    for t in refused
                ),
            ),
        ]
    )


def _next(refused: ir.Transition) -> str:
    """The state after; nothing is left of it when the connection ends."""
    return refused.next if refused.scope == "exchange" else "none"


def _cells(value: ir.ValueType) -> list[tuple[str, int]]:
    cells = [(f"type {value.code:02x}", 1)]
    match value.body:
        case ir.Fixed(_, size) | ir.Mapped(_, size, _, _):
            cells.append(("value", size))
        case ir.Blob(length, text):
            cells += [("length", length.size), ("UTF-8 text …" if text else "bytes …", 8)]
        case ir.Container(count):
            cells += [("count", count.size), ("elements …", 8)]
    return cells


BYTE_WIDTH = 52
CELL_HEIGHT = 40


def _svg(cells: Sequence[tuple[str, int]], width_bytes: int) -> str:
    """A row of labelled cells, each as wide as its bytes, under a ruler of offsets."""
    shapes = []
    offset = 0
    for label, size in cells:
        x, width = 1 + offset * BYTE_WIDTH, size * BYTE_WIDTH
        shapes.append(
            f'<rect x="{x}" y="18" width="{width}" height="{CELL_HEIGHT}" class="cell"/>'
            f'<text x="{x + 3}" y="13" class="offset">{offset}</text>'
            f'<text x="{x + width / 2:g}" y="43" text-anchor="middle">{escape(label)}</text>'
        )
        offset += size
    total = 2 + max(width_bytes, offset) * BYTE_WIDTH
    style = (
        "text{font:13px sans-serif;fill:currentColor}"
        ".offset{font-size:10px;opacity:.7}"
        ".cell{fill:none;stroke:currentColor}"
    )
    body = "\n".join(shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} 60" role="img">\n'
        f"<style>{style}</style>\n{body}\n</svg>\n"
    )
