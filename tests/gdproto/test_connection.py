"""Connections without I/O: every transition of the table, any fragmentation, any bytes."""

from __future__ import annotations

import gc
import itertools
import os
import random
import tracemalloc
import weakref
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdproto
from gdproto import NEED_DATA, Connection, MessageCode, ProtocolError
from gdproto._generated.tables import ROLES, STATES, TRANSITIONS

EXAMPLES: dict[int, Any] = {
    MessageCode.REQUEST: gdproto.Request(7, "m:A", "go"),
    MessageCode.RESPONSE: gdproto.Response(7, 1),
    MessageCode.ERROR: gdproto.Error(7, "DirtyError", "no"),
    MessageCode.CHUNK: gdproto.Chunk(7, 1),
    MessageCode.END: gdproto.End(7),
    MessageCode.STASH: gdproto.Stash(7, 9, ""),
    MessageCode.STATUS: gdproto.Status(7),
    MessageCode.MANAGE: gdproto.Manage(7, 1),
    MessageCode.CANCEL: gdproto.Cancel(7),
    MessageCode.PAUSE: gdproto.Pause(7),
    MessageCode.RESUME: gdproto.Resume(7),
}

# How each state is reached: (sender, message) steps of one exchange.
WAYS: dict[str, list[tuple[str, int]]] = {
    "idle": [],
    "calling": [("opener", MessageCode.REQUEST)],
    "streaming": [("opener", MessageCode.REQUEST), ("answerer", MessageCode.CHUNK)],
    "asking": [("opener", MessageCode.STATUS)],
    "abandoned": [("opener", MessageCode.REQUEST), ("opener", MessageCode.CANCEL)],
}


def test_the_table_is_complete() -> None:
    assert set(WAYS) == set(STATES)
    assert set(TRANSITIONS) == {
        (state, side, code)
        for state in STATES
        for side in ("opener", "answerer")
        for code in MessageCode
    }


def in_state(role: str, state: str) -> Connection:
    connection = Connection(role)
    for sender, code in WAYS[state]:
        if sender == ROLES[role].side:
            connection.send(EXAMPLES[code])
        else:
            connection.receive_data(EXAMPLES[code].to_bytes())
            connection.next_event()
    return connection


@pytest.mark.parametrize("role", ["client", "arbiter"])
@pytest.mark.parametrize(("state", "sender", "code"), TRANSITIONS)
def test_transitions(role: str, state: str, sender: str, code: int) -> None:
    connection = in_state(role, state)
    move = TRANSITIONS[state, sender, code]
    message = EXAMPLES[code]
    before = connection.open_exchanges
    if sender == ROLES[role].side:
        if move.scope:
            with pytest.raises(ProtocolError) as caught:
                connection.send(message)
            assert (caught.value.code, caught.value.scope) == (move.outcome, move.scope)
            assert connection.open_exchanges == before
        else:
            assert connection.send(message) == message.to_bytes()
            assert bool(connection.open_exchanges) == (move.next != "idle")
        return
    connection.receive_data(message.to_bytes())
    if move.scope:
        with pytest.raises(ProtocolError) as caught:
            connection.next_event()
        assert (caught.value.code, caught.value.scope) == (move.outcome, move.scope)
        assert caught.value.request_id == 7
    elif move.outcome == "deliver":
        event = connection.next_event()
        assert isinstance(event, gdproto.MessageReceived)
        assert event.message == message
        assert event.ended == (move.next == "idle")
    else:
        event = connection.next_event()
        ended = state != "idle" and move.next == "idle"
        assert event == (gdproto.ExchangeEnded(7) if ended else NEED_DATA)
    assert bool(connection.open_exchanges) == (move.next != "idle")


def drain(connection: Connection) -> list[Any]:
    events: list[Any] = []
    while (event := connection.next_event()) is not NEED_DATA:
        events.append(event)
        if isinstance(event, gdproto.ConnectionClosed):
            break
    return events


CONVERSATION = b"".join(
    m.to_bytes()
    for m in (
        gdproto.Request(1, "m:A", "go", (b"x" * 300,)),
        gdproto.Status(2),
        gdproto.Cancel(1),
        gdproto.Cancel(9),
        gdproto.Request(3, "m:A", "go"),
    )
)


@pytest.mark.parametrize("raw", [False, True])
def test_every_split_gives_the_same_events(raw: bool) -> None:
    whole = Connection("arbiter", raw=raw)
    whole.receive_data(CONVERSATION)
    expected = drain(whole)
    assert len(expected) == 4
    for split in range(len(CONVERSATION) + 1):
        parts = Connection("arbiter", raw=raw)
        parts.receive_data(CONVERSATION[:split])
        events = drain(parts)
        parts.receive_data(CONVERSATION[split:])
        assert events + drain(parts) == expected


def test_byte_by_byte_and_eof() -> None:
    connection = Connection("arbiter")
    events = []
    for byte in CONVERSATION:
        connection.receive_data(bytes([byte]))
        events += drain(connection)
    connection.receive_eof()
    events += drain(connection)
    assert len(events) == 5
    assert events[-1] == gdproto.ConnectionClosed() == connection.next_event()


def test_raw_frames_are_the_peers_bytes() -> None:
    connection = Connection("arbiter", raw=True)
    sent = gdproto.Request(1, "m:A", "go").to_bytes()
    connection.receive_data(sent)
    event = connection.next_event()
    assert isinstance(event, gdproto.FrameReceived)
    assert event.frame == sent
    reply = gdproto.Response(1, 2).to_bytes()
    assert connection.send_frame(reply) == reply
    assert not connection.open_exchanges


def test_eof_inside_a_frame() -> None:
    connection = Connection("arbiter")
    connection.receive_data(CONVERSATION[:40])
    assert connection.next_event() is NEED_DATA
    connection.receive_eof()
    for _ in range(2):
        with pytest.raises(ProtocolError) as caught:
            connection.next_event()
        assert (caught.value.code, caught.value.scope) == ("truncated", "connection")


def test_an_exchange_fails_alone() -> None:
    """A payload at fault is answered; the frames after it are read."""
    bad = gdproto.Response(1, True).to_bytes()
    bad = b"GD\x01\x01" + bad[4:-1] + b"\x07"
    connection = Connection("arbiter")
    connection.receive_data(bad + gdproto.Request(2, "m:A", "go").to_bytes())
    with pytest.raises(ProtocolError) as caught:
        connection.next_event()
    assert (caught.value.scope, caught.value.request_id) == ("exchange", 1)
    event = connection.next_event()
    assert isinstance(event, gdproto.MessageReceived)
    assert connection.open_exchanges == {2}


def test_an_unexpected_payload_is_skipped() -> None:
    status = b"GD\x01\x11\x00\x00\x00\x05" + (4).to_bytes(8, "big") + b"GD\x01\x11\x00"
    connection = Connection("arbiter")
    connection.receive_data(status[:16])
    with pytest.raises(ProtocolError) as caught:
        connection.next_event()
    assert (caught.value.code, caught.value.request_id) == ("unexpected_payload", 4)
    for byte in status[16:-1]:
        connection.receive_data(bytes([byte]))
        assert connection.next_event() is NEED_DATA
    connection.receive_data(status[-1:] + gdproto.Status(5).to_bytes())
    event = connection.next_event()
    assert isinstance(event, gdproto.MessageReceived)
    assert event.request_id == 5


def test_error_with_id_0_is_about_the_connection() -> None:
    client = Connection("client")
    client.send(gdproto.Status(1))
    notice = gdproto.Error(0, "DirtyProtocolError", "bad magic")
    client.receive_data(notice.to_bytes())
    assert client.next_event() == gdproto.MessageReceived(notice, ended=False)
    assert client.open_exchanges == {1}


def test_an_exchange_may_have_id_0() -> None:
    client = Connection("client")
    client.send(gdproto.Status(0))
    client.receive_data(gdproto.Error(0, "DirtyError", "no").to_bytes())
    event = client.next_event()
    assert isinstance(event, gdproto.MessageReceived)
    assert event.ended


def test_a_lane_serves_one_exchange_at_a_time() -> None:
    worker = Connection("worker")
    for request_id in (1, 2):
        worker.receive_data(gdproto.Request(request_id, "m:A", "go").to_bytes())
    assert isinstance(worker.next_event(), gdproto.MessageReceived)
    with pytest.raises(ProtocolError) as caught:
        worker.next_event()
    assert (caught.value.code, caught.value.request_id) == ("unexpected_message", 2)
    lane = Connection("lane")
    lane.send(gdproto.Status(1))
    with pytest.raises(ProtocolError):
        lane.send(gdproto.Request(2, "m:A", "go"))
    with pytest.raises(ProtocolError):
        Connection("lane").send(gdproto.Manage(1, 1))


def test_a_failed_send_changes_nothing() -> None:
    client = Connection("client")
    with pytest.raises(ProtocolError):
        client.send(gdproto.Request(1, "m:A", "go", ({1},)))
    assert not client.open_exchanges
    client.send(gdproto.Request(1, "m:A", "go"))


def test_unknown_role() -> None:
    with pytest.raises(ValueError, match="client, arbiter, lane, worker"):
        Connection("server")


def test_receiving_is_linear() -> None:
    """A large frame in many portions is not copied again for each of them."""
    frame = gdproto.Request(1, "m:A", "go", (bytes(16 * 1024 * 1024),)).to_bytes()
    connection = Connection("arbiter", raw=True)
    for start in range(0, len(frame), 4096):
        connection.receive_data(frame[start : start + 4096])
        event = connection.next_event()
    assert isinstance(event, gdproto.FrameReceived)


@given(st.sampled_from(sorted(ROLES)), st.lists(st.binary(max_size=40), max_size=6))
def test_any_bytes_end_in_events_or_protocol_errors(role: str, portions: list[bytes]) -> None:
    connection = Connection(role)
    for portion in portions:
        connection.receive_data(b"GD\x01" + portion)
        try:
            drain(connection)
        except ProtocolError as error:
            if error.scope == "connection":
                with pytest.raises(ProtocolError):
                    connection.next_event()
                return


class Watched(Connection):
    """Of which it can be told whether it is there."""


@pytest.mark.parametrize("data", [b"no frame at all, nor one", b"GD\x01\x01\x00"])
def test_a_connection_that_is_over_waits_for_no_collector(data: bytes) -> None:
    gc.disable()
    try:
        connection = Watched("arbiter", raw=True)
        seen = weakref.ref(connection)
        connection.receive_data(data)
        connection.receive_eof()
        for _ in range(2):
            with pytest.raises(ProtocolError):
                connection.next_event()
        del connection
        assert seen() is None
    finally:
        gc.enable()


def test_chunks_that_come_together_are_one_event() -> None:
    chunks = [gdproto.Chunk(7, "x" * size).to_bytes() for size in (1, 0, 300)]
    other, end = gdproto.Chunk(8, 1).to_bytes(), gdproto.End(7).to_bytes()
    stream = [b"".join(chunks), other, chunks[0], end]
    for cut in range(len(b"".join(stream))):
        client = Connection("client", raw=True, runs=True)
        for request_id in (7, 8):
            client.send(gdproto.Request(request_id, "m:A", "go"))
        client.receive_data(b"".join(stream)[:cut])
        frames = [event.frame for event in drain(client)]
        client.receive_data(b"".join(stream)[cut:])
        frames += [event.frame for event in drain(client)]
        assert b"".join(frames) == b"".join(stream)
        assert client.open_exchanges == {8}
        assert cut or frames == stream


def test_a_frame_of_more_than_whole_bytes_comes_in_parts() -> None:
    frame = gdproto.Request(7, "m:A", "go", (bytes(5000),)).to_bytes()
    small = gdproto.Status(8).to_bytes()
    for step in (1, 15, 16, 17, 700, 6000):
        connection = Connection("arbiter", raw=True, whole_bytes=1000)
        events: list[Any] = []
        sent = frame + small
        for start in range(0, len(sent), step):
            connection.receive_data(sent[start : start + step])
            events += drain(connection)
        assert all(isinstance(event, gdproto.PartReceived) for event in events[:-2])
        assert b"".join(event.part for event in events[:-2]) + events[-2].frame == frame
        assert {event.request_id for event in events[:-1]} == {7}
        assert events[-1].frame == small


def test_what_nobody_looks_at_may_go_elsewhere() -> None:
    frame = gdproto.Request(7, "m:A", "go", (bytes(5000),)).to_bytes()
    connection = Connection("arbiter", raw=True, whole_bytes=1000)
    assert connection.passable == 0
    connection.receive_data(frame[:700])
    assert connection.passable == 0, "it may be looked at"
    (part,) = drain(connection)
    assert part.part == frame[:700]
    assert connection.passable == len(frame) - 700 - 1
    connection.passed(4000)
    assert drain(connection) == []
    connection.receive_data(frame[4700:4800])
    assert connection.passable == 0
    assert [event.part for event in drain(connection)] == [frame[4700:4800]]
    connection.passed(connection.passable)
    assert connection.passable == 0
    connection.receive_data(frame[-1:] + gdproto.Status(8).to_bytes())
    last, after = drain(connection)
    assert (last.frame, last.ended, after.request_id) == (frame[-1:], False, 8)
    assert connection.passable == 0


def test_an_end_after_what_went_elsewhere() -> None:
    frame = gdproto.Request(7, "m:A", "go", (bytes(5000),)).to_bytes()
    connection = Connection("arbiter", raw=True, whole_bytes=1000)
    connection.receive_data(frame[:100])
    drain(connection)
    connection.passed(3000)
    connection.receive_eof()
    with pytest.raises(ProtocolError) as caught:
        connection.next_event()
    assert (caught.value.code, caught.value.offset) == ("truncated", 3100)


@pytest.mark.skipif(gdproto.IMPLEMENTATION != "c", reason="bytes are made by the C codec alone")
def test_a_large_value_is_received_where_it_stays() -> None:
    value, more = os.urandom(1 << 20), os.urandom(100_000)
    message = gdproto.Response(1, [{"shape": [1, 2]}, value, "after it", more])
    frame = message.to_bytes()
    before, after = frame.index(value), frame.index(value) + len(value)
    connection = Connection("client")
    connection.send(gdproto.Request(1, "m:A", "go"))
    connection.receive_data(frame[: before + 40_000])
    assert connection.next_event() is NEED_DATA
    for start, stop in ((before + 40_000, after), (after, len(frame))):
        # The room is that of the value, and then of what follows it.
        assert connection.room is not None
        assert len(connection.room) == stop - start
        connection.room[:] = frame[start:stop]
        connection.filled(stop - start)
    assert connection.next_event() == gdproto.MessageReceived(message, True)
    assert connection.room is None


@pytest.mark.parametrize("step", [65_536, 100_000, 300_000])
def test_many_values_after_a_large_one_are_all_received(step: int) -> None:
    message = gdproto.Response(1, [bytes(65_536)] + [None] * 400_000)
    frame = message.to_bytes()
    connection = Connection("client")
    connection.send(gdproto.Request(1, "m:A", "go"))
    events: list[Any] = []
    for start in range(0, len(frame), step):
        connection.receive_data(frame[start : start + step])
        events += drain(connection)
    assert events == [gdproto.MessageReceived(message, True)]


@pytest.mark.parametrize("raw", [False, True])
def test_an_error_shows_what_was_at_fault(raw: bool) -> None:
    frame = bytearray(gdproto.Request(7, "m:A", "go", (bytes(70_000), "x")).to_bytes())
    frame[frame.index(b"go") - 5] = 0x7E
    bad_header = b"GD\x01\x7f" + bytes(12)
    for sent, shown in ((frame, frame[:100]), (bad_header, bad_header)):
        connection = Connection("arbiter", raw=raw)
        connection.receive_data(bytes(sent[:70_000]))
        drain(connection) if sent is frame else None
        connection.receive_data(bytes(sent[70_000:]))
        if raw and sent is frame:
            assert [event.frame for event in drain(connection)] == [frame]
            continue
        with pytest.raises(ProtocolError) as caught:
            drain(connection)
        assert caught.value.raw_data == shown


SIZES = st.sampled_from([0, 1, 40, 1000, 65_500, 65_536, 70_000])
FRAMES = st.lists(st.tuples(st.sampled_from([1, 2]), SIZES), min_size=1, max_size=6)
OPTIONS = st.fixed_dictionaries(
    {"whole_bytes": st.sampled_from([0, 1, 20, 1000, 66_000]), "runs": st.booleans()}
)


@settings(deadline=None, max_examples=60)
@given(FRAMES, OPTIONS, st.lists(st.integers(300, 40_000), min_size=1, max_size=20), st.randoms())
def test_options_change_how_frames_come_and_not_what_they_are(
    sizes: list[tuple[int, int]], options: dict[str, Any], steps: list[int], chance: random.Random
) -> None:
    frames = [gdproto.Chunk(number, b"x" * size).to_bytes() for number, size in sizes]
    frames += [gdproto.End(1).to_bytes(), gdproto.Response(3, b"y" * 70_000).to_bytes()]
    connection = Connection("client", raw=True, **options)
    for number in (1, 2, 3):
        connection.send(gdproto.Request(number, "m:A", "go"))
    came: list[Any] = []
    stream = b"".join(frames)
    for step in itertools.cycle(steps):
        if not stream:
            break
        if (room := connection.room) and chance.randrange(2):
            step = min(step, len(room))
            room[: len(stream[:step])] = stream[:step]
            connection.filled(len(stream[:step]))
        else:
            connection.receive_data(stream[:step])
        stream = stream[step:]
        came += drain(connection)
    content = [one.part if isinstance(one, gdproto.PartReceived) else one.frame for one in came]
    assert b"".join(content) == b"".join(frames)
    assert connection.open_exchanges == {2}
    assert connection.room is None
    for one in came:
        if isinstance(one, gdproto.PartReceived):
            assert 0 < options["whole_bytes"] < gdproto.HEADER_BYTES + one.header.length
    whole = [bytes(one) for one in content]
    if not options["whole_bytes"] and not options["runs"]:
        assert whole == frames


@pytest.mark.parametrize("size", [70_000, 5_000_000])
@pytest.mark.parametrize("raw", [False, True])
def test_a_large_frame_is_filled_in_place(size: int, raw: bool) -> None:
    message = gdproto.Request(7, "m:A", "go", (bytes(size),))
    frame = message.to_bytes()
    connection = Connection("arbiter", raw=raw)
    # Its buffer comes when enough of it has come.
    taken = len(frame) // 16
    connection.receive_data(frame[:taken])
    assert connection.next_event() is NEED_DATA
    assert connection.room
    while connection.room:
        count = min(50_000, len(connection.room))
        connection.room[:count] = frame[taken : taken + count]
        connection.filled(count)
        taken += count
        assert taken == len(frame) or connection.next_event() is NEED_DATA
    assert taken == len(frame)
    (event,) = drain(connection)
    assert event.frame == frame if raw else event.message == message
    assert connection.room is None


@pytest.mark.parametrize("size", [70_000, 1_000_000, 2_000_000, 3_300_000, 64 * 1024 * 1024])
@pytest.mark.parametrize("raw", [False, True])
def test_memory_follows_what_came_and_not_what_a_header_claims(size: int, raw: bool) -> None:
    header = gdproto.Header(MessageCode.REQUEST, size, 7).to_bytes()
    for came in (1, 1000, 20_000):
        connection = Connection("arbiter", raw=raw)
        tracemalloc.start()
        try:
            connection.receive_data(header + bytes(came))
            assert connection.next_event() is NEED_DATA
            assert tracemalloc.get_traced_memory()[1] < 10_000 + 100 * came
            # Memory that the system gives is not traced.
            assert len(connection.room or b"") < 100 * came
        finally:
            tracemalloc.stop()


def test_the_end_inside_a_large_frame() -> None:
    frame = gdproto.Request(7, "m:A", "go", (bytes(100_000),)).to_bytes()
    connection = Connection("arbiter")
    connection.receive_data(frame[:70_000])
    assert connection.next_event() is NEED_DATA
    connection.receive_eof()
    with pytest.raises(ProtocolError) as caught:
        connection.next_event()
    assert (caught.value.code, caught.value.offset) == ("truncated", 70_000)


def test_what_was_decoded_outlives_the_next_large_frame() -> None:
    """The buffer is used again; nothing that was decoded from it is."""
    results = []
    for byte in b"abc":
        client = Connection("client")
        client.send(gdproto.Request(1, "m:A", "go"))
        content = bytes([byte]) * 100_000
        frame = gdproto.Response(1, [content, {"text": content.decode()}]).to_bytes()
        events: list[Any] = []
        for start in range(0, len(frame), 30_000):
            client.receive_data(frame[start : start + 30_000])
            events += drain(client)
        results.append(events[0].message.result)
    for byte, (raw, texts) in zip(b"abc", results, strict=True):
        assert raw == bytes([byte]) * 100_000 == texts["text"].encode()
