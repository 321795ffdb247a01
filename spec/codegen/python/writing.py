"""Writing values."""

from __future__ import annotations

from .. import ir
from .printing import Lines, chain
from .types import PYTHON_TYPES


def _write_arms(by_kind: dict[str, list[ir.ValueType]]) -> list[tuple[str, Lines]]:
    arms: list[tuple[str, Lines]] = []
    for kind, types in by_kind.items():
        python, first = PYTHON_TYPES[kind], types[0]
        match first.body:
            case ir.Fixed():
                arms.append((f"kind is {python}", _write_fixed(types)))
            case ir.Mapped(_, _, choices):
                for raw, value in choices:
                    arms.append((f"value is {value}", [f"out({bytes([first.code, raw])!r})"]))
            case ir.Empty():
                arms.append(("value is None", [f"out({bytes([first.code])!r})"]))
            case ir.Blob():
                arms.append((f"kind is {python}", _write_blob(first)))
            case ir.Container():
                also = " or kind is tuple" if kind == "list" else ""
                arms.append(
                    (f"kind is {python}{also}", [f"write_{first.name}(value, out, depth + 1)"])
                )
    return arms


def _write_fixed(types: list[ir.ValueType]) -> Lines:
    if len(types) == 1:
        return [f"out(_PACK_{types[0].name.upper()}({types[0].code:#04x}, value))"]
    arms = [
        (
            f"{t.minimum} <= value <= {t.maximum}",
            [f"out(_PACK_{t.name.upper()}({t.code:#04x}, value))"],
        )
        for t in types
    ]
    return chain(arms, ["raise Doubt"])


def _write_blob(v: ir.ValueType) -> Lines:
    assert isinstance(v.body, ir.Blob)
    name = v.name.upper()
    source = "raw = value.encode()" if v.body.text else "raw = value"
    return [
        source,
        "size = len(raw)",
        f"if size > {v.body.length.limit.value}:",
        "    raise Doubt",
        "if size < 256:",
        f"    out(_SHORT_{name}[size])",
        "else:",
        "    if size > COUNTED_BYTES:",
        "        out.__self__.counted(size)",
        f"    out(_HEAD_{name}({v.code:#04x}, size))",
        "out(raw)",
    ]


def writers(spec: ir.Spec, by_kind: dict[str, list[ir.ValueType]]) -> Lines:
    (the_list,), (the_dict,), (text,) = by_kind["list"], by_kind["dict"], by_kind["string"]
    arms = chain(_write_arms(by_kind), ["raise Doubt"])
    encoded = ("kind is Encoded and depth <= 1", ["out(value)"])
    alone = chain([*_write_arms(by_kind), encoded], ["raise Doubt"])
    return [
        "",
        "def write_value(value: Any, out: Any, depth: int = 0) -> None:",
        '    """Pass the encoding of `value` to `out` in pieces; `depth` containers are open."""',
        "    kind = type(value)",
        *(f"    {line}" for line in alone),
        "",
        "",
        f"def write_{the_list.name}(values: Any, out: Any, depth: int) -> None:",
        '    """Write a list or tuple that makes `depth` open containers."""',
        *_write_head(the_list, "values"),
        "    done = 0",
        "    value = None",
        "    try:",
        *(f"    {line}" for line in _write_runs(by_kind)),
        "        for value in values:",
        "            kind = type(value)",
        *(f"            {line}" for line in arms),
        "    except DOUBTS:",
        "        out.__self__.lost_item(values, value, done)",
        "        raise",
        "",
        "",
        f"def write_{the_dict.name}(pairs: Any, out: Any, depth: int) -> None:",
        '    """Write a dict that makes `depth` open containers."""',
        *_write_head(the_dict, "pairs"),
        "    key = value = None",
        "    try:",
        "        for key, value in pairs.items():",
        "            if type(key) is not str:",
        "                raise Doubt",
        "            head = _keys.get(key)",
        "            out(_key(key) if head is None else head)",
        "            kind = type(value)",
        *(f"            {line}" for line in arms),
        "    except DOUBTS:",
        "        out.__self__.lost_pair(key, value)",
        "        raise",
        "",
        "",
        "def _key(key: str) -> bytes:",
        "    raw = key.encode()",
        *(f"    {line}" for line in _write_blob(text)[1:4]),
        f"    head = _HEAD_{text.name.upper()}({text.code:#04x}, size) + raw",
        "    if size <= KEY_CACHE_BYTES and len(_keys) < KEY_CACHE_SIZE:",
        "        _keys[key] = head",
        "    return head",
        "",
    ]


def _write_head(v: ir.ValueType, source: str = "values") -> Lines:
    assert isinstance(v.body, ir.Container)
    return [
        f"    count = len({source})",
        f"    if depth > MAX_DEPTH or count > {v.body.count.limit.value}:",
        "        raise Doubt",
        "    if len(out.__self__) > MOST_PIECES:",
        "        out.__self__.settle()",
        f"    out(_HEAD_{v.name.upper()}({v.code:#04x}, count))",
    ]


def runnable(by_kind: dict[str, list[ir.ValueType]]) -> list[ir.ValueType]:
    """Types whose runs are packed in one call: fixed size, and alone of their kind."""
    return [
        types[0]
        for types in by_kind.values()
        if len(types) == 1 and isinstance(types[0].body, ir.Fixed)
    ]


def _write_runs(by_kind: dict[str, list[ir.ValueType]]) -> Lines:
    arms = [
        (
            f"kinds == {{{PYTHON_TYPES[v.kind]}}}",
            [
                "try:",
                f"    packed = bytearray(_RUN_{v.name.upper()}.pack(*run))",
                "except (error, OverflowError):",
                "    break",
                f"packed[::_STRIDE_{v.name.upper()}] = _CODES_{v.name.upper()}",
            ],
        )
        for v in runnable(by_kind)
    ]
    if not arms:
        return []
    return [
        "    while count - done >= RUN:",
        "        run = values[done : done + RUN]",
        "        kinds = set(map(type, run))",
        *(f"        {line}" for line in chain(arms, ["break"])),
        "        out(packed)",
        "        done += RUN",
        "    if done:",
        "        values = values[done:]",
    ]
