"""How long a name is, is judged before it is decoded: that would keep everybody waiting.

A text is decoded under Python's lock, whichever thread does it. So what a caller names, or hides
beside names, is stepped over where it is too long: nothing of its size is made. How long others
wait is measured, against a real arbiter, by `tests/acceptance/attacks.py`.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

import gdproto
from dirty_runtime.arbiter.clients.connection import LONGEST_NAME_BYTES, understood
from gdproto import ManageOp, StashOp

MIB = 2**20
LONG = "ü" * (4 * MIB)
assert len(LONG.encode()) > LONGEST_NAME_BYTES
# What is made beside that.
LITTLE = MIB // 2


def framed(code: int, payload: bytes) -> bytes:
    return gdproto.Header(code, len(payload), 1).to_bytes() + payload


def with_more(message: gdproto.Message, key: str, value: bytes) -> bytes:
    """The frame of a message with one more field, whose value is TLV."""
    payload = message.to_bytes()[gdproto.HEADER_BYTES :]
    count = int.from_bytes(payload[1:5]) + 1
    field = gdproto.encode({key: None})[5:-1] + value
    return framed(message.CODE, payload[:1] + count.to_bytes(4) + payload[5:] + field)


def peak(act: Callable[[], object]) -> int:
    """What is made at most while it runs, in bytes."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


NAMED: dict[str, tuple[str, gdproto.Message]] = {
    "an app": ("app_path", gdproto.Request(1, LONG, "go")),
    "an action": ("action", gdproto.Request(1, "m:A", LONG)),
    "a table": ("table", gdproto.Stash(1, StashOp.ENSURE, LONG)),
    "a table of a PUT": ("table", gdproto.Stash(1, StashOp.PUT, LONG, "k", 1)),
    "a key": ("key", gdproto.Stash(1, StashOp.GET, "t", LONG)),
    "a key that is bytes": ("key", gdproto.Stash(1, StashOp.GET, "t", LONG.encode())),
    "a pattern": ("pattern", gdproto.Stash(1, StashOp.KEYS, "t", pattern=LONG)),
}


@pytest.mark.proves("GD-SEC-015")
@pytest.mark.parametrize("what", NAMED)
@pytest.mark.parametrize("form", [bytes, memoryview])
def test_a_name_is_judged_before_it_is_decoded(what: str, form: type) -> None:
    field, message = NAMED[what]
    frame: Any = form(message.to_bytes())
    with pytest.raises(gdproto.ProtocolError) as fault:
        understood(message.CODE, frame)
    assert (fault.value.code, fault.value.path) == ("invalid_field_value", field)
    assert fault.value.offset is not None
    assert 0 < fault.value.offset < len(frame) - len(LONG)

    def again() -> None:
        with pytest.raises(gdproto.ProtocolError):
            understood(message.CODE, frame)

    assert peak(again) < LITTLE


MESSAGES: list[gdproto.Message] = [
    gdproto.Request(1, "m:A", "go", timeout=1.0),
    gdproto.Stash(1, StashOp.GET, "t", "k"),
    gdproto.Manage(1, int(ManageOp.ADD), 2),
]
MORE = {
    "a long text": ("more", gdproto.encode(LONG)),
    "a long key": (LONG, gdproto.encode(None)),
    "many values": ("more", gdproto.encode([None] * (MIB // 2))),
    "a long key inside": ("more", gdproto.encode({LONG: None})),
}


# The Python codec judges keys by decoding them.
WALKED = pytest.mark.skipif(gdproto.IMPLEMENTATION != "c", reason="keys are decoded")


@WALKED
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
@pytest.mark.parametrize("more", MORE)
def test_what_nobody_asked_for_is_not_built(message: gdproto.Message, more: str) -> None:
    frame = memoryview(with_more(message, *MORE[more]))
    understood(message.CODE, frame)
    assert peak(lambda: understood(message.CODE, frame)) < LITTLE


def twice(text: str) -> bytes:
    """Two fields of this name."""
    return gdproto.encode({text: None})[5:] * 2


FAULTS = {
    "behind a long key": (LONG, b"\xff"),
    "in a long text": ("more", gdproto.encode(LONG)[:-1] + b"\xff"),
    "in a long key": ("more", gdproto.encode({LONG: None})[:-2] + b"\xff\x00"),
    "a long key twice": ("more", b"\x21" + (2).to_bytes(4) + twice(LONG[: len(LONG) // 4])),
}
FORMS = [one for one in MESSAGES if not isinstance(one, gdproto.Request)]


@WALKED
@pytest.mark.parametrize("message", FORMS, ids=lambda message: type(message).__name__)
@pytest.mark.parametrize("where", FAULTS)
def test_a_fault_is_named_without_what_is_beside_it(message: gdproto.Message, where: str) -> None:
    key, value = FAULTS[where]
    frame = memoryview(with_more(message, key, value))

    def refused() -> None:
        with pytest.raises(gdproto.ProtocolError) as fault:
            understood(message.CODE, frame)
        assert key[:30] in fault.value.path

    refused()
    assert peak(refused) < LITTLE


def test_a_cut_key_is_a_whole_one_in_the_path() -> None:
    """Wherever in its bytes it is cut."""
    for shift in range(4):
        for letter in "aü€𝄞":
            key = "k" * shift + letter * 1000
            for data in (
                gdproto.encode({key: None})[:-1] + b"\xff",
                b"\x21" + (2).to_bytes(4) + twice(key),
            ):
                with pytest.raises(gdproto.ProtocolError) as fault:
                    gdproto.decode(data)
                assert fault.value.path == f'["{key[:32]}…"]'
