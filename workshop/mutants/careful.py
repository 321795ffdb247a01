"""What the careful half of the codec says when it is asked alone: doors that stand furthest in.

Rules: as those of `doors`. It judges one key or value at a place, writes what the fast encoder does
not, checks what is not built, and reads what is too deep to recurse.
"""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from gdproto import Response, encode
from gdproto.declaration import HEADER_BYTES

from .doors import Codec, leaves, tried, vars_of

TEXT_CODE = encode("")[0]
# Where the value begins in the payload of a RESPONSE; and how many calls may yet be made.
PAYLOAD_HEAD = HEADER_BYTES + len(encode({"result": None})) - 1
STACK_LEFT = 150
# Whether what stands at a place is a key, is there already, and is otherwise at fault.
KINDS = (
    (False, False, False), (True, False, False), (True, True, False), (False, False, True),
)  # fmt: skip


def places(codec: Codec) -> list[Any]:
    """What is wrong at a place, of values and keys that are right or not."""
    ones = (
        encode(1),
        encode("k"),
        encode(b"b"),
        encode([1]),
        b"\x01\x02",
        b"\x03",
        encode("kk")[:-1],
    )
    told: list[Any] = []
    for one in ones:
        for depth, owed in ((0, 0), (1, 3), (3, 4), (512, 0)):
            for is_key, is_again, is_no_text in KINDS:
                if not is_no_text or one[0] == TEXT_CODE:
                    place = (1, ["k", 3], depth, owed, is_key, is_again, is_no_text)
                    data = b"\xff" + one + b"\0\0\0"
                    told.append(_refused(codec, partial(codec.strict.refuse, data, *place)))
    return told


def unwritten(codec: Codec) -> list[Any]:
    """What is wrong with a value or a key that is not written, at a place."""
    values: tuple[Any, ...] = ("k", 1, 2**70, [1], object(), "\ud800", None, b"b")
    refuse = codec.strict.refuse_writing
    return [
        _refused(codec, partial(refuse, value, ["k", 3], depth, *kind))
        for value in values
        for depth in (0, 3, 512)
        for kind in KINDS
    ]


def _refused(codec: Codec, refuse: Callable[[], Any]) -> Any:
    try:
        return tried(codec, refuse)
    except AssertionError as error:
        return str(error)


def written_strictly(codec: Codec) -> list[Any]:
    """Values that the careful encoder writes: of just so many bytes, and with a key twice."""
    told: list[Any] = []
    values: tuple[Any, ...] = ([1, "text", b"blob", None, {"k": [True]}], "text", {"a": {}})
    for value in values:
        size = len(encode(value))
        for most in (size - 1, size, size + 1):
            told.append(tried(codec, partial(_written_of, codec, value, most)))
    # Two keys have one text, deep inside: neither is at fault alone.
    again: dict[Any, int] = {1: 2, "1": 3}
    values = (again, [again], {"a": [again]}, {"a": {"b": again}}, [0, {"a": again}])
    return [*told, *(tried(codec, partial(codec.encode, value)) for value in values)]


def encoded(codec: Codec) -> list[Any]:
    """Values with encoded ones in them, in messages and alone, for both encoders."""
    told: list[Any] = []
    held, odd = codec.Encoded(encode([1])), Odd(5)
    values: tuple[Any, ...] = (
        held,
        [held],
        {"k": held},
        [[held]],
        {"k": [held]},
        {"k": {"k": held}},
    )
    for value in values:
        told.append(tried(codec, partial(_written_of, codec, value, 1000)))
        holders: tuple[Any, ...] = (value, [odd, value], {"o": odd, "v": value}, {5: value})
        for holder in holders:
            told.append(tried(codec, partial(codec.encode, holder)))
            told += [tried(codec, one.to_bytes) for one in _holding(codec, odd, holder)]
    fields = (
        codec.Stash(7, 1, "t", held), codec.Stash(7, 1, "t", odd, held), codec.Stash(7, held, "t"),
        codec.Request(7, "m:A", "go", held),
    )  # fmt: skip
    return [*told, *(tried(codec, one.to_bytes) for one in fields)]


def _holding(codec: Codec, odd: Any, value: Any) -> tuple[Any, ...]:
    return (
        codec.Response(7, value), codec.Stash(7, 1, "t", odd, value),
        codec.Request(7, "m:A", "go", (odd, value), {"k": value}),
    )  # fmt: skip


class Odd(int):
    """A number that the fast encoder leaves to the careful one."""


def _written_of(codec: Codec, value: Any, most: int) -> bytes:
    out: list[bytes] = []
    codec.strict.Encoder(out.append, most).encode(value)
    return b"".join(out)


def errors(codec: Codec) -> list[Any]:
    """An error, copied, and as another process has it."""
    try:
        codec.decode(b"\x20\x00\x00\x00\x01\x03")
    except codec.ProtocolError as error:
        error.raw_data, error.request_id = b"raw", 7
        copies = copy.copy(error), pickle.loads(pickle.dumps(error))
        return [vars(one) == vars(error) for one in copies]
    return []


def unbuilt(codec: Codec) -> list[Any]:
    """Values that are checked, and STASH frames whose value stays as it came."""
    told: list[Any] = []
    values = encode([1, b"blob", {"k": "text"}]), encode([1])[:-1], encode(1) + b"\0", b""
    frames = [
        *(codec.Stash(7, 1, "t", "k", value, "p").to_bytes() for value in (None, 1, [b"blob"])),
        codec.Stash(7, 1, "t", "k", "v").to_bytes()[:-1], codec.Stash(7, 1, "t").to_bytes() + b"\0",
        codec.Response(7, 1).to_bytes(),
    ]  # fmt: skip
    for data in (*values, *frames):
        for held in (data, bytearray(data), memoryview(data), memoryview(data + data)[::2], "text"):
            told.append(tried(codec, partial(codec.check, held)))
            for options in ({}, {"zero_copy": True}, {"zero_copy": False}):
                told.append(tried(codec, partial(_stashed, codec, held, options)))
    return told


def _stashed(codec: Codec, data: Any, options: dict[str, bool]) -> Any:
    try:
        found = codec.parse_stash(data, **options)
    except ValueError as error:
        return str(error)
    return leaves(vars_of(found))


def deep(codec: Codec) -> list[Any]:
    """Values that are right, and too deep for what is left of the stack."""
    told: list[Any] = []
    before = sys.getrecursionlimit()
    for depth in (1, 100, 400):
        value: Any = "end"
        for _ in range(depth):
            value = [value]
        frame = b"GD\x01\x02" + Response(7, value).to_bytes()[4:]
        for held in (frame, memoryview(frame)):
            sys.setrecursionlimit(_stack_depth() + STACK_LEFT)
            try:
                message = codec.parse(held)
                found = codec.decode(held[PAYLOAD_HEAD:])
            finally:
                sys.setrecursionlimit(before)
            told += [leaves(message.result), leaves(found), message.request_id]
    return told


def _stack_depth() -> int:
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


def judged_routing(codec: Codec) -> list[Any]:
    """What requests are routed by, where that is not read fast: right and at fault."""
    wanted = {"app_path": "m:A", "action": "go", "timeout": 1, "priority": 2}
    told: list[Any] = []
    for data in (
        encode(wanted), encode({"x": [1]} | wanted), encode({"app_path": "m:A", "action": "go"}), b"",
        b"\x03", encode([1]), encode(wanted | {"priority": 11}), encode(wanted)[:-1],
        encode(wanted | {"args": [1]}), encode({"app_path": "m:A", "args": []}), b"\x21",
        encode({"app_path": {"action": 1, "app_path": 2, "args": 3}, "action": "go"}),
        encode({"app_path": "m:A", "action": "go", "priority": 1, "timeout": {"a": 1, "b": 2}}),
        encode({"app_path": "m:A", "action": "go", "priority": 1, "timeout": {"a": 1, "b": 2}})[:-10],
        encode({"app_path": "m:A", "action": "go", "timeout": {"k": 1, "kwargs": {"args": 1}, "l": 2}})[:-9],
    ):  # fmt: skip
        for shift in (b"", b"\x21\x03"):
            judge = partial(codec.messages.judge_routing, shift + data, len(shift))
            told.append(repr(tried(codec, judge)))
    return told


# By name; each is passed once, whatever the cases are.
APART: dict[str, Callable[[Codec], list[Any]]] = {
    "places": places, "unwritten": unwritten, "written strictly": written_strictly, "encoded": encoded,
    "errors": errors, "unbuilt": unbuilt, "deep": deep, "judged routing": judged_routing,
}  # fmt: skip
