"""Which frame descriptors belong to, and what stands for bytes in a value, whatever comes."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdproto
from dirty_runtime.errors import DirtyProtocolError
from dirty_runtime.references import MARK, Memories, referring, resolved_message
from dirty_runtime.sockets.passing import (
    MOST,
    Account,
    Descriptors,
    Incoming,
    Parcel,
    receive_passed,
    send_passing,
)

LEAST = 8
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
FRAMES = st.lists(st.tuples(st.integers(0, 300), st.booleans()), min_size=1, max_size=12)


def sealed(data: bytes) -> Descriptors:
    found = referring([data], 1)
    assert found is not None
    return found[1]


@given(VALUES)
@settings(deadline=None)
def test_a_value_comes_out_as_it_went_in(value: Any) -> None:
    found = referring([value], LEAST)
    if found is None:
        return
    (taken,), descriptors, _ = found
    # It goes through the codec as any value does.
    there = gdproto.decode(gdproto.encode(taken))
    assert Memories(descriptors, views=False).resolved(there) == value
    descriptors.close()


@given(st.integers(-1, 3), st.integers(-1, 30), st.integers(-1, 30))
@settings(deadline=None)
def test_a_reference_is_to_what_was_passed_or_refused(number: int, offset: int, size: int) -> None:
    data = bytes(range(20))
    descriptors = sealed(data)
    value = {MARK: number, "offset": offset, "size": size}
    memories = Memories(descriptors, views=False)
    if min(number, offset, size) < 0:
        assert memories.resolved(value) == value
    elif number or offset + size > len(data):
        with pytest.raises(DirtyProtocolError):
            memories.resolved(value)
    else:
        assert memories.resolved(value) == data[offset : offset + size]
    descriptors.close()


@given(FRAMES, st.lists(st.integers(1, 700), min_size=1, max_size=8))
@settings(deadline=None, max_examples=60)
def test_each_frame_gets_its_own(frames: list[tuple[int, bool]], reads: list[int]) -> None:
    """By real sockets: several reads bring a frame, and a read several frames, as they come."""
    connection = gdproto.Connection("lane", raw=True, runs=True)
    for number in range(1, 3):
        connection.permit(2)
        connection.send(gdproto.Request(number, "a:B", "c"))
    ours, theirs = socket.socketpair()
    incoming, got, fds = Incoming(), [], len(os.listdir("/proc/self/fd"))
    with ours, theirs:
        for at, (size, has) in enumerate(frames):
            frame = gdproto.Chunk(at % 2 + 1, [at, b"x" * size]).to_bytes()
            if has:
                descriptors = sealed(b"%04d" % at)
                send_passing(theirs, frame, descriptors.numbers)
                descriptors.close()
            else:
                theirs.sendall(frame)
        theirs.shutdown(socket.SHUT_WR)
        turn = 0
        while data := receive_passed(ours, reads[turn % len(reads)], passed := []):
            connection.receive_data(data)
            incoming.fed(len(data), passed)
            turn += 1
            while isinstance(event := connection.next_event(), gdproto.FrameReceived):
                got += incoming.parcels(event.frame, connection.untaken_bytes)
    told = {}
    for one in got:
        if isinstance(one, Parcel):
            chunk = gdproto.parse(one.frame)
            assert isinstance(chunk, gdproto.Chunk)
            told[chunk.data[0]] = os.pread(one.descriptors.numbers[0], 4, 0)
    assert told == {at: b"%04d" % at for at, (_, has) in enumerate(frames) if has}
    got.clear()
    del one
    assert len(os.listdir("/proc/self/fd")) <= fds


def test_what_is_kept_is_counted_and_given_back() -> None:
    whole, own = Account(100, 0), Account(50, 3, one_may=True)
    data = sealed(b"a" * 60)
    (number,) = data.numbers
    first = Descriptors([os.dup(number)], (whole, own))
    assert (first.refusal, whole.bytes, own.count) == ("", 60, 1)
    second = Descriptors([os.dup(number)], (whole, own))
    assert second.refusal
    assert not second.is_at_fault
    assert not second.numbers
    del first
    assert (whole.bytes, own.bytes, own.count) == (0, 0, 0)
    assert Descriptors([os.dup(number) for _ in range(MOST + 1)]).is_at_fault
    with pytest.raises(DirtyProtocolError):
        raise Descriptors([os.open("/dev/null", os.O_RDONLY)]).error()


@pytest.mark.parametrize("offset", [0, 1], ids=["there", "beyond its end"])
def test_what_came_with_a_message_is_given_back_with_its_references(offset: int) -> None:
    """Also where the app keeps what else it has of the call."""
    account = Account()
    with contextlib.closing(sealed(b"some data")) as data:
        descriptors = Descriptors([os.dup(data.numbers[0])], (account,))
    assert account.bytes == 9
    request = gdproto.Request(1, "a:B", "c", ({MARK: 0, "offset": offset, "size": 9},))
    with pytest.raises(DirtyProtocolError) if offset else contextlib.nullcontext():
        resolved_message(request, descriptors, views=False)
        assert request.args == [b"some data"]
    assert (account.bytes, account.count, descriptors.numbers) == (0, 0, [])
