"""Messages and events as objects: they are built, compared, shown and copied as dataclasses are."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import gdproto
from gdproto.errors import format_path

MESSAGES: list[gdproto.Message] = [
    gdproto.Request(1, "m:A", "go", (1, "a"), {"k": [2]}, 3.0, 5),
    gdproto.Response(2, {"a": float("nan")}),
    gdproto.Error(3, "DirtyError", "no", {"why": None}),
    gdproto.Chunk(4, b"\x00"),
    gdproto.End(5),
    gdproto.Stash(6, 1, "t", "k", [1], "*"),
    gdproto.Status(7),
    gdproto.Manage(8, 1, 2),
    gdproto.Cancel(9),
    gdproto.Pause(9),
    gdproto.Resume(9),
]
EACH = pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)


def fields(message: gdproto.Message) -> list[tuple[str, Any]]:
    named = dataclasses.fields(message)  # type: ignore[arg-type]
    return [(field.name, getattr(message, field.name)) for field in named]


def written(cls: type[Any]) -> type[Any]:
    """The class as `dataclass` writes it, with the same fields."""
    mine = [
        (
            one.name,
            one.type,
            dataclasses.field(default=one.default, default_factory=one.default_factory),  # type: ignore[call-overload]
        )
        for one in dataclasses.fields(cls)
    ]
    return dataclasses.make_dataclass(cls.__name__, mine, slots=True)


def test_every_message_is_tried() -> None:
    assert [type(one) for one in MESSAGES] == list(gdproto.MESSAGE_CLASSES.values())


@EACH
def test_a_message_is_what_dataclass_makes_of_its_fields(message: gdproto.Message) -> None:
    cls, other = type(message), written(type(message))
    names, values = zip(*fields(message), strict=True)
    assert cls.__match_args__ == other.__match_args__ == names
    assert cls.__slots__ == other.__slots__
    assert repr(message) == repr(other(*values))
    mine, theirs = (inspect.signature(one).parameters for one in (cls, other))
    assert list(mine) == list(theirs)
    for one, same in zip(mine.values(), theirs.values(), strict=True):
        assert (one.kind, one.annotation) == (same.kind, same.annotation)
        assert (one.default is one.empty) is (same.default is same.empty)
    required = [name for name, one in mine.items() if one.default is one.empty]
    few = values[: len(required)]
    assert repr(cls(*few)) == repr(other(*few))


@EACH
def test_a_message_has_a_value_and_no_hash(message: gdproto.Message) -> None:
    cls = type(message)
    same = cls(**dict(fields(message)))
    assert message == same
    for name, _ in fields(message):
        changed = dataclasses.replace(message, **{name: "other"})  # type: ignore[type-var]
        assert message != changed
    assert message != tuple(value for _, value in fields(message))
    with pytest.raises(TypeError, match="unhashable"):
        hash(message)
    with pytest.raises(AttributeError):
        message.anything = 1  # type: ignore[attr-defined]


def test_messages_of_two_types_differ() -> None:
    assert gdproto.End(1) != gdproto.Cancel(1)
    assert gdproto.Response(1, 2) != gdproto.Chunk(1, 2)


COPIES: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    *(
        (lambda message, protocol=protocol: pickle.loads(pickle.dumps(message, protocol)))
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    ),
]


@EACH
@pytest.mark.parametrize("copied", COPIES)
def test_messages_are_copied(message: gdproto.Message, copied: Callable[[Any], Any]) -> None:
    made = copied(message)
    assert type(made) is type(message)
    assert repr(made) == repr(message)


def test_a_dict_that_is_not_given_is_new_for_each_message() -> None:
    one, other = gdproto.Request(1, "m:A", "go"), gdproto.Request(1, "m:A", "go")
    one.kwargs["k"] = 1
    assert other.kwargs == {} == gdproto.Request(1, "m:A", "go").kwargs
    given: dict[str, Any] = {}
    assert gdproto.Error(1, "DirtyError", "no", given).details is given
    assert gdproto.Request(1, "m:A", "go", (), None).kwargs is None  # type: ignore[arg-type]


def test_a_message_in_itself_is_shown() -> None:
    held: dict[str, Any] = {}
    held["again"] = gdproto.Response(1, held)
    held["again"].result = held["again"]
    assert repr(held["again"]) == "Response(request_id=1, result=...)"


def test_messages_are_matched_by_position() -> None:
    match gdproto.parse(gdproto.Stash(6, 1, "t", "k").to_bytes()):
        case gdproto.Stash(6, 1, table, key, value=None):
            assert (table, key) == ("t", "k")
        case other:
            raise AssertionError(other)


def test_the_end_of_a_connection_is_a_value() -> None:
    one, other = gdproto.ConnectionClosed(), gdproto.ConnectionClosed()
    assert one == other
    assert len({one, other}) == 1
    assert repr(one) == "ConnectionClosed()"
    assert bool(one)
    with pytest.raises(AttributeError):
        one.reason = "none"  # type: ignore[attr-defined]


def test_keys_in_paths_are_strings_of_json() -> None:
    for code in [*range(0x3000), *range(0xD700, 0xE100), 0xFFFE, 0x10000, 0x10FFFF]:
        key = f"{chr(code)} "
        quoted = json.dumps(key, ensure_ascii=False).encode(errors="backslashreplace").decode()
        assert format_path([key]) == f"[{quoted}]"
