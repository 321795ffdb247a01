"""What the codec's parts say when they are asked alone: doors that stand further in.

Rules: as those of `doors`. A part of the codec that only the C codec asks, or an arbiter, or that
shows in large values alone, is asked for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from gdproto import Request, Response, Stash, encode
from gdproto.answers import FORMS, MANAGE_OPERATIONS, STASH_OPERATIONS
from gdproto.declaration import HEADER_BYTES

from .doors import Codec, leaves, peeked, tried, vars_of

PIECE_BYTES = 64 * 1024
ONE = encode(1)
RUN = 64


def pieces(codec: Codec) -> list[Any]:
    """Lists that grow, just below, at and above the size of a piece, and their frames."""
    told: list[Any] = []
    for size in (0, 1, PIECE_BYTES - 6, PIECE_BYTES - 5, PIECE_BYTES - 1, PIECE_BYTES):
        grown = codec.ListPieces()
        for items in ([encode(b"x" * max(0, size - 5))] if size else [], [ONE, ONE], [], [ONE]) * 3:
            grown.add(items)
            told.append((grown.count, _answered(grown.value())))
    for size in range(PIECE_BYTES - 20, PIECE_BYTES + 20):
        value = codec.Pieces([encode(b"x" * (size - 5))])
        told.append(_answered(value))
    return told


def _answered(value: Any) -> Any:
    header, parts = value.response(7)
    whole = bytes(value)
    return len(whole), whole[:9], whole[-9:], str(header), _sizes(parts), parts[0][:60]


def _sizes(parts: list[Any]) -> list[Any]:
    return [(len(one), bytes(one[-5:])) for one in parts]


def near_limits(codec: Codec, limits: Mapping[str, int]) -> list[Any]:
    """Lists that grow past what a list may hold, and what a frame may; texts and blobs too."""
    items, payload = limits["max_items"], limits["max_payload_bytes"]
    told = [_tried_adding(codec, [[ONE] * (items + by), [ONE]]) for by in (-2, -1, 0, 1)]
    head = len(encode({"result": None})) - 1
    for size in (payload - head - 6, payload - head - 5, payload - head - 4, payload, payload + 1):
        told.append(_tried_adding(codec, [[b"x" * size], [b"y"]]))
        told.append(tried(codec, partial(_answered, codec.Pieces([b"x" * size]))))
    return told


def _tried_adding(codec: Codec, added: list[list[bytes]]) -> Any:
    grown, told = codec.ListPieces(), []
    for items in added:
        told.append(tried(codec, partial(grown.add, items)))
        told.append((grown.count, tried(codec, lambda: _answered(grown.value()))))
    return told


def texts(codec: Codec) -> list[Any]:
    """Long texts, right and at fault around the end of a piece, of which parts are judged."""
    fast = import_module(f"{codec.__name__}.fast")
    told: list[Any] = []
    good = "é".encode()
    for at in (0, 1, PIECE_BYTES - 2, PIECE_BYTES - 1, PIECE_BYTES, 2 * PIECE_BYTES - 1):
        for inside in (good, b"\xff", b"\xc3x", good[:1]):
            text = b"a" * at + inside + b"b" * (PIECE_BYTES if inside != good[:1] else 0)
            data = b"\xff" * 3 + text + b"\xff" * 3
            told.append(_judged(fast, data, 3, 3 + len(text)))
    return told


def _judged(fast: Any, data: bytes, start: int, stop: int) -> str:
    try:
        return str(fast.judge_text(data, start, stop))
    except UnicodeDecodeError as error:
        return f"{type(error).__name__} {error.reason}"


def written(codec: Codec) -> list[Any]:
    """What has been written, put together when there is much of it, and counted."""
    fast = import_module(f"{codec.__name__}.fast")
    told: list[Any] = []
    large = b"L" * PIECE_BYTES
    for held in ([b"a", b"b"], [b"a", large, b"b", b"c"], [large, b"a", bytearray(large)],
                 [large[1:], b"c", large]):  # fmt: skip
        for by in (-1, 0, 1):
            out = fast.Written(held)
            out.most = sum(map(len, held)) + by
            try:
                told.append(str(out.settle()))
            except fast.TooLarge:
                told.append("too large")
            told.append(_sizes(out))
    for most in (9, 10, 11):
        out = fast.Written()
        told.append((out.most, out.trail, out.culprit, out.is_key))
        out.most = most
        try:
            told += [str(out.counted(5)), str(out.counted(5))]
        except fast.TooLarge:
            told.append("too large")
    return told


def steps(codec: Codec) -> list[Any]:
    """Where values end, of one kind in a row and of others among them, and where fields are."""
    stepping = import_module(f"{codec.__name__}.stepping")
    told: list[Any] = []
    for value in _rows():
        data = encode(value)
        for shift in (b"", b"\x05\x06\x11"):
            for held in (shift + data, memoryview(shift + data + data)):
                told.append(_stepped(stepping, held, len(shift)))
    for value in _SIZED:
        told.append([stepping.size(held, 1) for held in _held(b"\x11" + encode(value))])
    whole = encode({"a": 1, "bb": [1, {"c": None}], "ccc": "text", "d": b"x"})
    for names in ((), ("a",), ("bb", "d"), ("ccc", "nowhere"), ("a", "bb", "ccc", "d")):
        told.append(sorted(stepping.spans(b"\x20" + whole + b"\x11", 1, names).items()))
    return told


_SIZED = (b"", b"four", "", "é", "x" * 70_000, 1, 1.5, None, True, [1, 2, 3], {"a": 1})


def _rows() -> Iterator[Any]:
    yield from (None, 1, "text", b"", [], {}, [[1], {"a": [2.5]}])
    for count in (RUN - 1, RUN, RUN + 1, 2 * RUN, 2 * RUN + 3):
        for one in (1, 1.5, None, True, "s"):
            yield [one] * count
            # The codes of a run, where the bytes between them look like it.
            for place in (0, 1, 2, count - 2, count - 1):
                yield [one] * place + [b"odd"] + [one] * (count - place - 1)
    yield [0x0505050505050505] * (2 * RUN)


def _stepped(stepping: Any, data: Any, pos: int) -> Any:
    """The end, and how often runs were asked for: a run that is not seen takes more steps."""
    count = 0
    is_run = stepping._is_run

    def counted(*arguments: Any) -> bool:
        nonlocal count
        count += 1
        found: bool = is_run(*arguments)
        return found

    stepping._is_run = counted
    try:
        return stepping.step(data, pos), count
    finally:
        stepping._is_run = is_run


def tokens(codec: Codec) -> list[Any]:
    """What an annotation goes through, one token after the other, right and cut short."""
    found = import_module(f"{codec.__name__}.tokens")
    data = encode([1, {"a": [], "b": {"c": [b"x", None, True], "d": "text"}}, [], {}, 2.5])
    return [
        tried(codec, lambda part=part: [_token(*one) for one in found.Tokens(part, 0, len(part))])  # type: ignore[misc]
        for part in (data, *(data[:cut] for cut in range(len(data))), data + b"\0", *_at_fault())
    ]


def _at_fault() -> Iterator[bytes]:
    """A key twice, also with another between; keys and texts that are not UTF-8."""
    head, one, two = b"\x21\x00\x00\x00", encode("k") + b"\0", encode("kk") + b"\0"
    yield head + b"\2" + one + one
    yield head + b"\3" + one + two + one
    yield head + b"\1" + b"\x11\x00\x00\x00\x01\xff\0"
    yield b"\x20\x00\x00\x00\2\0" + b"\x11\x00\x00\x00\x01\xff"


def _token(kind: Any, rule: Any, *held: Any) -> Any:
    return kind.value, rule.name, str(held)


def doubtful(codec: Codec) -> list[Any]:
    """The judges that the C codec asks in doubt, who judge by steps that are noted."""
    noted: list[str] = []
    functions = import_module(f"{codec.__name__}.doubtful").Doubtful(_noted_steps(codec, noted))
    told: list[Any] = []
    for call in _asked(codec, functions):
        told.append(tried(codec, partial(_shown, call)))
        told.append(list(noted))
        noted.clear()
    return told


def _noted_steps(codec: Codec, noted: list[str]) -> Any:
    messages = import_module(f"{codec.__name__}.messages")

    def noting(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def note(*arguments: Any) -> Any:
            noted.append(f"{name} {type(arguments[0]).__name__} {arguments[1:2]}")
            return step(*arguments)

        return note

    return messages.Steps(
        *(
            noting(name, step)
            for name, step in zip(messages.Steps._fields, messages.PYTHON, strict=True)
        )
    )


def _asked(codec: Codec, functions: Any) -> Iterator[Callable[[], Any]]:
    values = encode([1, b"blob", {"k": "text"}]), encode([1])[:-1], encode(1) + b"\0", b"\x05"
    for data in values:
        for held in (data, bytearray(data), memoryview(data)):
            yield partial(functions.check, held)
            yield partial(functions.decode, held)
            yield partial(functions.decode, held, zero_copy=True)
    whole = Request(7, "m:A", "go", (b"blob",)).to_bytes()
    stash = Stash(7, 1, "t", "k", [b"blob"]).to_bytes()
    for frame in (
        whole,
        whole[:-1],
        Response(7, b"blob").to_bytes(),
        codec.End(7).to_bytes(),
        stash,
    ):
        for held in (frame, bytearray(frame), memoryview(frame)):
            yield partial(functions.parse, held)
            yield partial(functions.parse, held, zero_copy=True)
            yield partial(_parsed_alone, functions.parse_stash, held, {})
            yield partial(_parsed_alone, functions.parse_stash, held, {"zero_copy": True})
            yield from _questioned(functions, held)
    header = codec.parse_header(whole)
    for start in (0, HEADER_BYTES):
        yield partial(functions.parse_payload, header, whole, start)
    yield partial(functions.parse_payload, header, whole[HEADER_BYTES:])
    for held in (whole, bytearray(whole), memoryview(whole)):
        yield partial(functions.peek_request, held, HEADER_BYTES)
        yield partial(functions.peek_request, held[HEADER_BYTES:])
    for message in (codec.Response(7, [1]), codec.Response(7, [2**70])):
        yield partial(functions.serialize, message)


def _questioned(functions: Any, data: Any) -> Iterator[Callable[[], Any]]:
    options: tuple[dict[str, Any], ...]
    options = ({}, {"zero_copy": True}, {"max_bytes": 4}, {"zero_copy": True, "max_bytes": 4})
    for one in options:
        yield partial(_parsed_alone, functions.parse_question, data, one)


def questions(codec: Codec) -> list[Any]:
    """What the arbiter answers by itself: with names around the length that they may have."""
    return [
        tried(codec, partial(_shown, call))
        for frame in _questions(codec)
        for held in _held(frame)
        for call in _questioned(codec, held)
    ]


def _questions(codec: Codec) -> Iterator[bytes]:
    yield codec.Status(7).to_bytes()
    yield codec.Chunk(7, 1).to_bytes()
    yield from (codec.Manage(7, 1, count).to_bytes() for count in (None, 2))
    for size in (0, 3, 4, 5):
        for value in (None, [b"blob"], "x" * size):
            yield codec.Stash(7, 1, "x" * size, "y" * (4 - size // 5), value, "é" * 2).to_bytes()
        whole = encode({"op": 1, "table": b"x" * size, "key": [1] * size, "other": "x" * 9})
        yield codec.Header(codec.MessageCode.STASH, len(whole), 7).to_bytes() + whole


def _parsed_alone(parse: Callable[..., Any], data: Any, options: dict[str, Any]) -> Any:
    try:
        return parse(data, **options)
    except ValueError as error:
        return str(error)


def _shown(call: Callable[[], Any]) -> Any:
    found = call()
    held = vars_of(found) if hasattr(found, "__slots__") and hasattr(found, "CODE") else found
    return [type(found).__name__, leaves(held)]


def faults_behind(codec: Codec) -> list[Any]:
    """What is peeked of requests whose fault stands behind all that is looked for, or among it."""
    wanted = {"app_path": "m:A", "action": "go", "timeout": 1, "priority": 2}
    names, told = list(wanted), []
    for order in (names, names[::-1], names[2:] + names[:2], names[:2], names[:3], [names[0]]):
        head = [encode(one) for name in order for one in (name, wanted[name])]
        for behind in _behind():
            for count in (len(order) + len(behind), len(order) + len(behind) + 1):
                data = b"\x21" + count.to_bytes(4) + b"".join((*head, *behind))
                told += [peeked(codec, held) for held in _held(data)]
                told.append(_routed(codec, data))
    return told


def _held(data: bytes) -> tuple[Any, ...]:
    return data, memoryview(data), bytearray(data)


def _behind() -> Iterator[list[bytes]]:
    """Pairs that follow; each is one piece."""
    args, kwargs, other = encode("args"), encode("kwargs"), encode("x")
    yield []
    for value in (encode([]), encode([])[:-1], b"\x03", b"\x20\x00\x00\x00\x09", encode({"k": 1})):
        for key in (args, kwargs, other):
            yield [key + value]
            yield [key + value, encode("timeout") + encode(3)]
            yield [key + value, encode("priority") + encode(3), other + b"\x03"]
    yield [encode("app_path") + encode("again")]
    yield [encode("priority") + encode(4)]
    yield [encode(7) + encode(7)]
    yield [b"\x11\x00\x00\x00\x01\xff" + encode(7)]


def _routed(codec: Codec, data: bytes) -> Any:
    routing = import_module(f"{codec.__name__}.routing")
    return [
        tried(codec, lambda: routing.route(data, 0)),
        tried(codec, lambda: routing.route(b"\x21" + data, 1)),
    ]


def answers(codec: Codec) -> list[Any]:
    """What is not as declared in answers of all forms, and what messages give to operations."""
    found = import_module(f"{codec.__name__}.answers")
    told: list[Any] = [
        found.arguments(operation, message)
        for operations, message in (
            (STASH_OPERATIONS, codec.Stash(1, 1, "t", "k", 2, "p")), (MANAGE_OPERATIONS, codec.Manage(1, 1, 3)),
        )
        for operation in operations.values()
    ]  # fmt: skip
    kinds = (
        "any",
        "scalar",
        "number",
        "none",
        "bool",
        "integer",
        "float",
        "bytes",
        "string",
        "list",
        "dict",
    )
    values: tuple[Any, ...] = (
        None,
        True,
        1,
        1.5,
        b"b",
        "s",
        [],
        {},
        [1, "s", None],
        {"a": 1, "b": "s", "c": None},
    )
    inner = found.ResultType("integer", None, "")
    for value in values:
        told += [list(found.misfits(value, found.ResultType(kind, None, ""))) for kind in kinds]
        told += [
            list(found.misfits(value, found.ResultType(kind, inner, ""), "it"))
            for kind in ("list", "dict", "any")
        ]
    for name, form in FORMS.items():
        wanted = found.ResultType("form", None, name)
        right = {field.name: None for field in form.fields}
        for value in (*values, right, right | {form.fields[0].name: [[]]}):
            told.append(list(found.misfits(value, wanted)))
            told.append(list(found.misfits([value], found.ResultType("list", wanted, ""))))
    return told


# By name; each is passed once, whatever the cases are.
APART: dict[str, Callable[[Codec], list[Any]]] = {
    "pieces": pieces, "texts": texts, "written": written, "steps": steps, "tokens": tokens, "doubtful": doubtful,
    "questions": questions, "faults behind": faults_behind, "answers": answers,
}  # fmt: skip
