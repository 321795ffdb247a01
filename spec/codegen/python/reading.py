"""Reading values."""

from __future__ import annotations

from collections.abc import Callable

from .. import ir
from .printing import Lines, chain
from .writing import runnable


def _read_arms(
    by_kind: dict[str, list[ir.ValueType]], suffix: str, put: Callable[[str], str]
) -> list[tuple[str, Lines]]:
    arms: list[tuple[str, Lines]] = []
    for types in by_kind.values():
        for v in types:
            name = v.name.upper()
            match v.body:
                case ir.Fixed(_, size):
                    body = [put(f"_UNPACK_{name}(data, pos + 1)[0]"), f"pos += {size + 1}"]
                case ir.Mapped(_, size, _):
                    body = [
                        f"value = _CHOICES_{name}.get(data[pos + 1])",
                        "if value is None:",
                        "    raise Doubt",
                        put("value"),
                        f"pos += {size + 1}",
                    ]
                case ir.Empty():
                    body = [put("None"), "pos += 1"]
                case ir.Blob(length, text):
                    body = [
                        f"start = pos + {length.size + 1}",
                        f"pos = start + _SIZE_{name}(data, pos + 1)[0]",
                        put(_read_text("data[start:pos]", suffix) if text else "data[start:pos]"),
                    ]
                case ir.Container():
                    body = [
                        f"value, pos = read_{v.name}{suffix}(data, pos + 1, depth + 1)",
                        put("value"),
                    ]
            arms.append((f"code == {v.code:#04x}", body))
    return arms


def _read_text(source: str, suffix: str) -> str:
    return f'str({source}, "utf-8")' if suffix else f"{source}.decode()"


def _read_head(v: ir.ValueType) -> Lines:
    assert isinstance(v.body, ir.Container)
    return [
        f"    count = _SIZE_{v.name.upper()}(data, pos)[0]",
        f"    if depth > MAX_DEPTH or count > {v.body.count.limit.value}:",
        "        raise Doubt",
        f"    pos += {v.body.count.size}",
    ]


def _read_runs(by_kind: dict[str, list[ir.ValueType]], suffix: str) -> Lines:
    alike = runnable(by_kind)
    if not alike:
        return []
    codes = "bytes(data[pos:end:{0}])" if suffix else "data[pos:end:{0}]"
    out = ["    while count >= RUN:", "        code = data[pos]"]
    arms = []
    for v in alike:
        name = v.name.upper()
        arms.append(
            (
                f"code == {v.code:#04x}",
                [
                    f"end = pos + _STRIDE_{name} * RUN",
                    f"if {codes.format(f'_STRIDE_{name}')} != _CODES_{name} or end > len(data):",
                    "    break",
                    f"items.extend(_RUN_{name}.unpack_from(data, pos))",
                ],
            )
        )
    out += [f"        {line}" for line in chain(arms, ["break"])]
    return [*out, "        pos = end", "        count -= RUN"]


def readers(spec: ir.Spec, by_kind: dict[str, list[ir.ValueType]], suffix: str, data: str) -> Lines:
    (the_list,), (the_dict,), (text,) = by_kind["list"], by_kind["dict"], by_kind["string"]
    assert isinstance(text.body, ir.Blob)
    in_list = chain(_read_arms(by_kind, suffix, lambda e: f"append({e})"), ["raise Doubt"])
    in_dict = chain(_read_arms(by_kind, suffix, lambda e: f"pairs[key] = {e}"), ["raise Doubt"])
    alone = chain(_read_arms(by_kind, suffix, lambda e: f"result = {e}"), ["raise Doubt"])
    return [
        "",
        f"def read_value{suffix}(data: {data}, pos: int, depth: int = 0) -> tuple[Any, int]:",
        '    """The value at `pos` and where it ends, which may lie past the data: check that."""',
        "    code = data[pos]",
        "    value: Any",
        "    result: Any",
        *(f"    {line}" for line in alone),
        "    return result, pos",
        "",
        "",
        f"def read_{the_list.name}{suffix}("
        f"data: {data}, pos: int, depth: int) -> tuple[list[Any], int]:",
        '    """The list whose count is at `pos`, and where it ends."""',
        *_read_head(the_list),
        "    items: list[Any] = []",
        "    value: Any",
        "    append = items.append",
        *_read_runs(by_kind, suffix),
        "    for _ in repeat(None, count):",
        "        code = data[pos]",
        *(f"        {line}" for line in in_list),
        "    return items, pos",
        "",
        "",
        f"def read_{the_dict.name}{suffix}("
        f"data: {data}, pos: int, depth: int) -> tuple[dict[str, Any], int]:",
        '    """The dict whose count is at `pos`, and where it ends."""',
        *_read_head(the_dict),
        "    pairs: dict[str, Any] = {}",
        "    value: Any",
        "    for _ in repeat(None, count):",
        f"        code, size = _READ_HEAD_{text.name.upper()}(data, pos)",
        f"        if code != {text.code:#04x}:",
        "            raise Doubt",
        f"        start = pos + {text.body.length.size + 1}",
        "        pos = start + size",
        f"        key = {_read_text('data[start:pos]', suffix)}",
        "        code = data[pos]",
        *(f"        {line}" for line in in_dict),
        "    if len(pairs) != count:",
        "        raise Doubt",
        "    return pairs, pos",
        "",
    ]
