"""Judging values: one loop that stops at the first fault, and builds what it reads or does not."""

from __future__ import annotations

from .. import ir
from .printing import Lines, block, chain
from .writing import runnable

ByKind = dict[str, list[ir.ValueType]]


def judges(by_kind: ByKind) -> Lines:
    """`check_value`, and `build_value` for values that are too deep to recurse."""
    return [
        "",
        "# How fixed types run: their stride, and their codes in a run.",
        "_STRIDES = {",
        *(f"    {v.code:#04x}: {_step(v)}," for v in _steady(by_kind)),
        "}",
        "_CODES = {code: bytes([code]) * RUN for code in _STRIDES}",
        "",
        *_judge(by_kind, build=False),
        *_judge(by_kind, build=True),
    ]


def _steady(by_kind: ByKind) -> list[ir.ValueType]:
    """Types whose bytes are right whatever they are."""
    return [
        v for types in by_kind.values() for v in types if isinstance(v.body, ir.Fixed | ir.Empty)
    ]


def _step(v: ir.ValueType) -> int:
    return 1 + v.body.size if isinstance(v.body, ir.Fixed | ir.Mapped) else 1


def _judge(by_kind: ByKind, build: bool) -> Lines:
    result = "tuple[Any, int]" if build else "int"
    name = "build_value" if build else "check_value"
    first = "The value at `pos`, and where it" if build else "Where the value at `pos`"
    more = "" if build else ", route: Any = None"
    return [
        "",
        f"def {name}(data: bytes | memoryview, pos: int{more}) -> {result}:",
        f'    """{first} ends; never recurses.',
        "",
        *([] if build else [
            "    Args:",
            "        route: where to go on behind a key of the root; see `routing.Routing`.",
            "            Where it ends the walk, -1 is returned.",
            "",
        ]),
        "    Raises:",
        "        Faulty: something is wrong at a place.",
        '    """',
        '    text: Any = bytes.decode if type(data) is bytes else str',
        "    end = room = len(data)",
        "    count = left = 1",
        "    at = pos",
        "    key: str | None = None",
        "    around: list[Any] = []",
        *(["    root: list[Any] = []", "    holder: Any = root", "    inner: Any"] if build else
          ["    keys: set[str] | None = None"]),
        "    try:",
        "        while True:",
        *_nested(3, [f"if {'type(holder) is list' if build else 'keys is None'}:"]),
        *_nested(4, _list_loop(by_kind, build)),
        *_nested(3, ["else:"]),
        *_nested(4, _dict_loop(by_kind, build)),
        *_nested(3, block("if not left:", [
            *block("if not around:", [f"return {'root[0], pos' if build else 'pos'}"]),
            f"count, left, room, {_held(build)}, key = around.pop()",
        ])),
        "    except DOUBTS as doubt:",
        f"        around.append((count, left, room, {_held(build)}, key))",
        "        raise Faulty(at, around, doubt) from None",
        "",
    ]  # fmt: skip


def _held(build: bool) -> str:
    return "holder" if build else "keys"


def _nested(depth: int, lines: Lines) -> Lines:
    return [f"{'    ' * depth}{line}" if line else "" for line in lines]


def _list_loop(by_kind: ByKind, build: bool) -> Lines:
    unit = _element_bytes(by_kind["list"][0])
    return [
        *(_built_runs(by_kind) if build else _runs()),
        *block("while left:", [
            "at = pos",
            "left -= 1",
            "code = data[pos]",
            *chain(_arms(by_kind, unit, build, "holder.append({})"), ["raise Doubt"]),
        ]),
    ]  # fmt: skip


def _runs() -> Lines:
    return [
        "while left >= RUN and pos < end:",
        "    code = data[pos]",
        "    stop = pos + _STRIDES.get(code, 0) * RUN",
        "    if not pos < stop <= end:",
        "        break",
        "    if bytes(data[pos : stop : _STRIDES[code]]) != _CODES[code]:",
        "        break",
        "    pos = stop",
        "    left -= RUN",
    ]


def _built_runs(by_kind: ByKind) -> Lines:
    arms = [
        (
            f"code == {v.code:#04x}",
            [
                f"stop = pos + _STRIDE_{v.name.upper()} * RUN",
                f"if stop > end or bytes(data[pos:stop:_STRIDE_{v.name.upper()}])"
                f" != _CODES_{v.name.upper()}:",
                "    break",
                f"holder.extend(_RUN_{v.name.upper()}.unpack_from(data, pos))",
            ],
        )
        for v in runnable(by_kind)
    ]
    if not arms:
        return []
    return block("while left >= RUN and pos < end:", [
        "code = data[pos]",
        *chain(arms, ["break"]),
        "pos = stop",
        "left -= RUN",
    ])  # fmt: skip


def _dict_loop(by_kind: ByKind, build: bool) -> Lines:
    unit = _element_bytes(by_kind["dict"][0])
    (key,) = by_kind["string"]
    assert isinstance(key.body, ir.Blob)
    keys = _held(build)
    put = "holder[key] = {}"
    is_routing = "route is not None and len(around) == 1"
    routed = block(
        f"if {is_routing}:",
        [
            "stop = route(name, pos)",
            *block("if stop < 0:", ["return -1"]),
            *block("if stop != pos:", ["pos = stop", "continue"]),
        ],
    )
    return block("while left:", [
        *([] if build else block(f"if {is_routing} and not route.missing:", ["return -1"])),
        "at = pos",
        "key = None",
        "left -= 1",
        f"code, size = _READ_HEAD_{key.name.upper()}(data, pos)",
        f"pos += {1 + key.body.length.size} + size",
        *block(
            f"if code != {key.code:#04x} or size > {key.body.length.limit.value} "
            f"or pos > room - {_owed(unit)}:",
            ["raise Doubt"],
        ),
        'name = text(data[pos - size : pos], "utf-8")',
        *([] if build else routed),
        *block(f"{'if' if build else 'elif'} name in {keys}:", ["raise Again"]),
        *([] if build else block("else:", ["keys.add(name)"])),
        "key = name",
        "at = pos",
        "code = data[pos]",
        *chain(_arms(by_kind, unit, build, put), ["raise Doubt"]),
    ])  # fmt: skip


def _owed(unit: int) -> str:
    return "left" if unit == 1 else f"left * {unit}"


def _element_bytes(v: ir.ValueType) -> int:
    assert isinstance(v.body, ir.Container)
    return v.body.smallest_element_bytes


def _arms(by_kind: ByKind, unit: int, build: bool, put: str) -> list[tuple[str, Lines]]:
    return [
        (f"code == {v.code:#04x}", _arm(v, unit, build, put))
        for types in by_kind.values()
        for v in types
    ]


def _arm(v: ir.ValueType, unit: int, build: bool, put: str) -> Lines:
    name = v.name.upper()
    match v.body:
        case ir.Fixed(_, size):
            take = [put.format(f"_UNPACK_{name}(data, at + 1)[0]")] if build else []
            return [f"pos += {1 + size}", *block("if pos > end:", ["raise Doubt"]), *take]
        case ir.Mapped(_, size, _):
            take = [put.format(f"_CHOICES_{name}[data[at + 1]]")] if build else []
            return [
                *block(f"if data[pos + 1] not in _CHOICES_{name}:", ["raise Doubt"]),
                *take,
                f"pos += {1 + size}",
            ]
        case ir.Empty():
            return [*([put.format("None")] if build else []), "pos += 1"]
        case ir.Blob(length, is_text):
            raw = "data[pos - size : pos]"
            made = f'text({raw}, "utf-8")' if is_text else raw
            judged = chain(
                [("size < LONG_TEXT_BYTES", [made])], ["judge_text(data, pos - size, pos)"]
            )
            take = [put.format(made)] if build else judged if is_text else []
            return [
                f"size = _SIZE_{name}(data, pos + 1)[0]",
                f"pos += {1 + length.size} + size",
                *block(
                    f"if size > {length.limit.value} or pos > room - {_owed(unit)}:",
                    ["raise Doubt"],
                ),
                *take,
            ]
        case ir.Container():
            return _open(v, unit, build, put)


def _open(v: ir.ValueType, unit: int, build: bool, put: str) -> Lines:
    assert isinstance(v.body, ir.Container)
    made = "{}" if v.kind == "dict" else "[]"
    held = _held(build)
    needed = f"size * {_element_bytes(v)}" if _element_bytes(v) != 1 else "size"
    keys = "set()" if v.kind == "dict" else "None"
    return [
        *block("if len(around) >= MAX_DEPTH:", ["raise Doubt"]),
        f"size = _SIZE_{v.name.upper()}(data, pos + 1)[0]",
        f"pos += {1 + v.body.count.size}",
        *block(
            f"if size > {v.body.count.limit.value} or pos + {needed} > room - {_owed(unit)}:",
            ["raise Doubt"],
        ),
        *([f"inner = {made}", put.format("inner")] if build else []),
        *block("if size:", [
            f"around.append((count, left, room, {held}, key))",
            f"room -= {_owed(unit)}",
            f"{held} = {'inner' if build else keys}",
            "count = left = size",
            "break",
        ]),
    ]  # fmt: skip
