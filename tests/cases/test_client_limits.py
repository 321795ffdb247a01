"""Connections, their bytes and their rests are limited; who has to go is told why."""

from __future__ import annotations

import contextlib
import fcntl
import select
import socket
import sys
import termios
from collections.abc import Iterator

import pytest

import gdproto
from dirty_runtime import DirtyClient, DirtyOverloadedError
from dirty_runtime.arbiter.policy.crowd import Crowd, Keeping, Rest
from tests.dirty_runtime.processes import LIMIT_S, OURS, Arbiter, serving, wait_until

MIB = 2**20
MOST = 4
HEADER = gdproto.Header(gdproto.MessageCode.REQUEST, 60 * MIB, 7).to_bytes()
HALF = {
    "a part of a header": HEADER[:5],
    "a header": HEADER,
    "a part of a small frame": gdproto.Request(7, OURS, "echo", [bytes(1000)]).to_bytes()[:-1],
    "a part of a large frame": HEADER + bytes(4 * MIB),
}


@pytest.fixture(scope="module")
def crowded() -> Iterator[Arbiter]:
    with serving(OURS, options=("--max-clients", str(MOST))) as arbiter:
        yield arbiter


@pytest.fixture(scope="module")
def hurried() -> Iterator[Arbiter]:
    with serving(OURS, options=("--frame-timeout", "0.3", "--idle-timeout", "0.6")) as arbiter:
        yield arbiter


@pytest.fixture(scope="module")
def narrow() -> Iterator[Arbiter]:
    options = ("--max-client-bytes", str(6 * MIB), "--max-spool-bytes", str(16 * MIB))
    with serving(OURS, options=options) as arbiter:
        yield arbiter


@pytest.fixture
def opened() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as opened:
        yield opened


def connected(arbiter: Arbiter, opened: contextlib.ExitStack, sent: bytes = b"") -> socket.socket:
    client = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    client.connect(arbiter.socket_path)
    client.settimeout(LIMIT_S)
    client.sendall(sent)
    return client


def unread_bytes(client: socket.socket) -> int:
    """What it has sent, and the arbiter has not read."""
    return int.from_bytes(fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def last_words(client: socket.socket) -> gdproto.Error:
    """What a client is told before its connection ends."""
    data = b""
    # What it sent last may not have been read.
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(65536):
            data += part
    told = gdproto.parse(data)
    assert isinstance(told, gdproto.Error)
    assert told.request_id == 0
    assert told.error_type == "DirtyConnectionError"
    return told


def clients(arbiter: Arbiter) -> int:
    """How many there are beside the one that asks."""
    count: int = arbiter.status()["clients"]
    return count - 1


# --- in number ---


@pytest.mark.parametrize("sent", [b"", *HALF.values()], ids=["nothing", *HALF])
def test_where_too_many_are_connected_who_rests_longest_goes(
    crowded: Arbiter, opened: contextlib.ExitStack, sent: bytes
) -> None:
    # Which of them, if their bytes have been looked at, is shown below without a socket.
    several = [connected(crowded, opened, sent) for _ in range(MOST)]
    with crowded.client() as another:
        assert another.execute(OURS, "echo", 1)["args"] == [1]
        (gone, *_), _, _ = select.select(several, [], [], LIMIT_S)
    told = last_words(gone)
    assert "max-clients" in told.message
    assert told.details == {"begun": False}


def test_idle_ones_go_before_those_that_send(
    crowded: Arbiter, opened: contextlib.ExitStack
) -> None:
    wait_until(lambda: clients(crowded) == 0)
    idle = connected(crowded, opened)
    with crowded.client() as another:
        for _ in range(MOST - 2):
            connected(crowded, opened, HEADER)
            # What was sent before has been looked at.
            assert another.execute(OURS, "echo", 1)["args"] == [1]
        connected(crowded, opened, HEADER)
        assert "max-clients" in last_words(idle).message


def test_where_all_wait_for_answers_one_may_look_after_the_arbiter(
    crowded: Arbiter, opened: contextlib.ExitStack
) -> None:
    wait_until(lambda: clients(crowded) == 0)
    for _ in range(MOST):
        busy = connected(crowded, opened, gdproto.Request(1, OURS, "burst", [10**6]).to_bytes())
        wait_until(lambda busy=busy: not unread_bytes(busy))
    with crowded.client() as extra:
        assert extra.status()["arbiter_pid"] == crowded.process.pid
        with pytest.raises(DirtyOverloadedError, match="max-clients"):
            extra.execute(OURS, "echo", 1)
        opened.close()
        wait_until(lambda: clients(crowded) == 1)
        assert extra.execute(OURS, "echo", 1)["args"] == [1]


# --- in time ---


@pytest.mark.parametrize("sent", HALF.values(), ids=HALF)
def test_a_frame_has_its_time(hurried: Arbiter, opened: contextlib.ExitStack, sent: bytes) -> None:
    assert "frame-timeout" in last_words(connected(hurried, opened, sent)).message


def test_a_byte_now_and_then_is_no_progress(hurried: Arbiter, opened: contextlib.ExitStack) -> None:
    client = connected(hurried, opened, HEADER)
    client.settimeout(0.02)
    told = b""
    for _ in range(1000):
        with contextlib.suppress(TimeoutError):
            told = client.recv(65536)
            break
        client.sendall(b"\x00")
    assert b"frame-timeout" in told


def test_who_asks_nothing_goes_and_comes_back_unnoticed(hurried: Arbiter) -> None:
    with hurried.client() as kept:
        assert kept.execute(OURS, "echo", 1)["args"] == [1]
        for _ in range(2):
            wait_until(lambda: clients(hurried) == 0)
            assert kept.execute(OURS, "echo", 2)["args"] == [2]
            wait_until(lambda: clients(hurried) == 0)
            assert list(kept.stream(OURS, "count", 3)) == [0, 1, 2]


def test_who_waits_for_an_answer_is_not_idle(
    hurried: Arbiter, opened: contextlib.ExitStack
) -> None:
    with DirtyClient(hurried.socket_path, LIMIT_S) as client:
        chunks = client.stream(OURS, "burst", 10**6)
        assert next(chunks)
        # Another that rests meanwhile goes, in its time.
        assert "idle-timeout" in last_words(connected(hurried, opened)).message
        assert next(chunks)
        chunks.close()


# --- in bytes ---


def test_what_is_unfinished_is_bounded_over_all(
    narrow: Arbiter, opened: contextlib.ExitStack
) -> None:
    half = gdproto.Header(gdproto.MessageCode.REQUEST, MIB + 1, 1).to_bytes() + bytes(MIB)
    first = connected(narrow, opened, half)
    for _ in range(6):
        connected(narrow, opened, half)
    assert "max-client-bytes" in last_words(first).message


def test_what_is_on_disk_is_bounded_over_all(narrow: Arbiter, opened: contextlib.ExitStack) -> None:
    first = connected(narrow, opened, HEADER + bytes(8 * MIB))
    with narrow.client() as another:
        assert len(another.execute(OURS, "echo", bytes(15 * MIB))["args"][0]) == 15 * MIB
    assert "max-spool-bytes" in last_words(first).message


# --- who goes ---


def test_the_longest_goes_first() -> None:
    crowd: Crowd[str] = Crowd({Rest.IDLE: 10, Rest.SENDING: 2})
    for now_s, name in enumerate("abc"):
        crowd.came(name, now_s)
    crowd.moved("a", Rest.SENDING, 3)
    assert crowd.next_due_s() == 5
    assert [crowd.longest(), crowd.longest(but="b")] == ["b", "c"]
    assert crowd.overdue(4.9) == []
    assert crowd.overdue(12) == [("b", Rest.IDLE), ("c", Rest.IDLE), ("a", Rest.SENDING)]
    crowd.moved("b", Rest.IDLE, 12)
    assert crowd.longest() == "c"
    crowd.moved("c", Rest.LEAVING, 12)
    assert len(crowd) == 2
    crowd.moved("b", Rest.BUSY, 12)
    crowd.gone("a")
    assert crowd.longest() is None
    assert crowd.overdue(10**9) == []


def test_bytes_are_counted_by_who_keeps_them() -> None:
    keeping: Keeping[str] = Keeping(100)
    keeping.keeps("a", 60)
    keeping.keeps("b", 40)
    keeping.keeps("a", 50)
    assert (keeping.bytes, keeping.is_exceeded, keeping.longest()) == (90, False, "a")
    keeping.keeps("b", 60)
    assert keeping.is_exceeded
    keeping.keeps("a", 0)
    assert (keeping.bytes, keeping.longest()) == (60, "b")
