"""The grammar backend: frames and values in ABNF (RFC 5234), of which each terminal is one byte.

What ABNF cannot say stands in comments: that a length or count is that of what follows, and what
a limit forbids.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import ir
from .layout import value_type

PATH = "docs/generated/grammar.abnf"
# A rule: its name, its elements, and a comment.
Rule = tuple[str, str, str]


def files(spec: ir.Spec) -> dict[str, str]:
    """File contents by path below the repository's root, without their marker."""
    return {PATH: text(spec)}


def text(spec: ir.Spec) -> str:
    """The grammar."""
    groups = (
        ("A direction of a connection.", _stream(spec)),
        ("The messages.", _messages(spec)),
        ("The fields of the header.", _header(spec)),
        ("Values.", _values(spec)),
        ("UTF-8, as in RFC 3629: no surrogates, no overlong forms.", iter(UTF8)),
    )
    return "\n".join(f"; {title}\n\n{_rules(list(rules))}" for title, rules in groups)


def _rules(rules: list[Rule]) -> str:
    width = max(len(name) for name, _, _ in rules)
    lines = []
    for name, elements, comment in rules:
        if comment:
            lines.append(f"; {comment}")
        lines.append(f"{name:<{width}} = {elements}")
    return "\n".join(lines) + "\n"


def _stream(spec: ir.Spec) -> Iterator[Rule]:
    yield "stream", "*frame", ""
    yield "frame", _either([_name(message.name) for message in spec.messages]), ""


def _either(names: list[str]) -> str:
    """Alternatives, a few on a line."""
    lines = [" / ".join(names[at : at + 6]) for at in range(0, len(names), 6)]
    return "\n         / ".join(lines)


def _name(name: str) -> str:
    return name.lower().replace("_", "-")


def _messages(spec: ir.Spec) -> Iterator[Rule]:
    for message in spec.messages:
        before = []
        for field in spec.header:
            if field.name == "type":
                before.append(f"%x{message.code:02X}")
            elif field.name == "length" and message.fields is None:
                before.append("nothing")
            else:
                before.append(_name(field.name))
        payload = [] if message.fields is None else ["payload"]
        yield _name(message.name), " ".join(before + payload), ""
    yield "payload", _name(value_type("dict", spec).name), "of as many bytes as length says"


def _header(spec: ir.Spec) -> Iterator[Rule]:
    for field in spec.header:
        if field.name == "type":
            continue
        elements, comment = f"{field.size}OCTET", ""
        if isinstance(field.constant, bytes):
            elements = "%x" + field.constant.hex(".").upper()
        elif field.constant is not None:
            elements = f"%x{field.constant:0{2 * field.size}X}"
        elif field.limit is not None:
            comment = f"big-endian, at most {field.limit.value}"
        yield _name(field.name), elements, comment
        if field.name == "length":
            yield "nothing", f"{field.size}%x00", ""


def _values(spec: ir.Spec) -> Iterator[Rule]:
    yield "value", _either([_name(value.name) for value in spec.values]), ""
    limits: dict[str, ir.SizeField] = {}
    for value in spec.values:
        code, elements, comment = f"%x{value.code:02X}", "", ""
        match value.body:
            case ir.Fixed(_, size):
                elements = f" {size}OCTET"
            case ir.Mapped(_, size, choices):
                raws = " / ".join(f"%x{raw:0{2 * size}X}" for raw, _ in choices)
                elements = f" ( {raws} )"
            case ir.Blob(length, is_text):
                limits["size"] = length
                elements = " size *utf8-char" if is_text else " size *OCTET"
                comment = "as many bytes as size says"
            case ir.Container(count, depth, _, key_error):
                limits["count"] = count
                elements = " count *pair" if key_error else " count *value"
                comment = f"as many as count says; open in at most {depth.value - 1} others"
        yield _name(value.name), code + elements, comment
    yield "pair", f"{_name(value_type('string', spec).name)} value", "no key twice in a dict"
    for name, field in limits.items():
        yield name, f"{field.size}OCTET", f"big-endian, at most {field.limit.value}"


UTF8: tuple[Rule, ...] = (
    ("utf8-char", "%x00-7F / utf8-2 / utf8-3 / utf8-4", ""),
    ("utf8-2", "%xC2-DF utf8-tail", ""),
    (
        "utf8-3",
        "%xE0 %xA0-BF utf8-tail / %xE1-EC 2utf8-tail\n"
        "         / %xED %x80-9F utf8-tail / %xEE-EF 2utf8-tail",
        "",
    ),
    (
        "utf8-4",
        "%xF0 %x90-BF 2utf8-tail / %xF1-F3 3utf8-tail\n         / %xF4 %x80-8F 2utf8-tail",
        "",
    ),
    ("utf8-tail", "%x80-BF", ""),
)
