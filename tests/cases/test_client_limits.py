"""Connections, their bytes and their rests are limited; who has to go is told why."""

from __future__ import annotations

import contextlib
import fcntl
import re
import select
import socket
import subprocess
import sys
import termios
from collections import Counter
from collections.abc import Iterator
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdproto
from dirty_runtime import DirtyClient, DirtyOverloadedError
from dirty_runtime.arbiter.clients.door import LOOKED_AT_S
from dirty_runtime.arbiter.policy.crowd import STALLED_S, Cause, Crowd, Keeping, Rest
from dirty_runtime.arbiter.policy.shares import Shares
from tests.dirty_runtime.processes import LIMIT_S, OURS, Arbiter, serving, wait_until

MIB = 2**20
MOST = 4
HEADER = gdproto.Header(gdproto.MessageCode.REQUEST, 60 * MIB, 7).to_bytes()
# Holds connections until its standard input ends, and says what is first told on one of them.
HOLDS = """
import select, socket, sys
path, count, sent = sys.argv[1:]
held = []
for _ in range(int(count)):
    held.append(socket.socket(socket.AF_UNIX))
    held[-1].connect(path)
    held[-1].sendall(bytes.fromhex(sent))
print("they are held", flush=True)
told, _, _ = select.select(held, [], [])
print(told[0].recv(65536).hex(), flush=True)
sys.stdin.read()
"""
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


@pytest.mark.proves("GD-SEC-011", "GD-SEC-012")
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


@contextlib.contextmanager
def another_process(arbiter: Arbiter, count: int, sent: bytes) -> Iterator[IO[bytes]]:
    """One that holds so many connections, and sends this on each. Says what one of them is told."""
    command = [sys.executable, "-S", "-c", HOLDS, arbiter.socket_path, str(count), sent.hex()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"they are held\n"
            yield process.stdout
        finally:
            process.communicate()


def answered(client: socket.socket) -> bool:
    """Whether it is served still."""
    client.sendall(gdproto.Request(1, OURS, "echo", [1]).to_bytes())
    return bool(client.recv(1))


@pytest.mark.proves("GD-SEC-012", "GD-SEC-016")
@pytest.mark.parametrize("sent", [b"", HEADER], ids=["idle ones", "bare headers"])
def test_who_holds_more_than_a_share_loses_it_first(
    crowded: Arbiter, opened: contextlib.ExitStack, sent: bytes
) -> None:
    wait_until(lambda: clients(crowded) == 0)
    honest = connected(crowded, opened)
    with another_process(crowded, MOST - 1, sent) as said:
        # It comes, and another goes for it: not who was there first.
        another = connected(crowded, opened)
        assert answered(honest)
        assert answered(another)
        told = gdproto.parse(bytes.fromhex(said.readline().decode()))
    assert isinstance(told, gdproto.Error)
    # A slow machine finds that the frames stall.
    assert re.search("connections of its process|has not been whole", told.message)
    assert told.details == {"begun": False}


@pytest.mark.proves("GD-SEC-012", "GD-SEC-016")
def test_whose_frame_stalls_goes_before_who_is_idle(
    crowded: Arbiter, opened: contextlib.ExitStack
) -> None:
    wait_until(lambda: clients(crowded) == 0)
    honest = [connected(crowded, opened) for _ in range(MOST - 2)]
    looker = opened.enter_context(crowded.client())

    def lived_s() -> float:
        """Time as the arbiter lives it, which stands while it does not run."""
        (worker,) = looker.status()["workers"]
        uptime_s: float = worker["uptime"]
        return uptime_s

    def lives_on(seconds: float) -> None:
        due_s = lived_s() + seconds + 0.01
        wait_until(lambda: lived_s() > due_s)

    lived_s()
    stalled = connected(crowded, opened, HEADER)
    wait_until(lambda: not unread_bytes(stalled))
    # It is looked how it rests, and from then on its frame has its time.
    lives_on(LOOKED_AT_S)
    lives_on(STALLED_S)
    with crowded.client() as another:
        assert another.execute(OURS, "echo", 1)["args"] == [1]
        assert "has not been whole" in last_words(stalled).message
        assert all(answered(one) for one in honest)


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


@pytest.mark.proves("GD-SEC-011", "GD-SEC-012")
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


@pytest.mark.proves("GD-SEC-011")
def test_who_asks_nothing_goes_and_comes_back_unnoticed(hurried: Arbiter) -> None:
    with hurried.client() as kept:
        assert kept.execute(OURS, "echo", 1)["args"] == [1]
        for _ in range(2):
            wait_until(lambda: clients(hurried) == 0)
            assert kept.execute(OURS, "echo", 2)["args"] == [2]
            wait_until(lambda: clients(hurried) == 0)
            assert list(kept.stream(OURS, "count", 3)) == [0, 1, 2]


@pytest.mark.proves("GD-SEC-012")
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


@pytest.mark.proves("GD-SEC-009", "GD-SEC-011", "GD-SEC-012")
def test_what_is_unfinished_is_bounded_over_all(
    narrow: Arbiter, opened: contextlib.ExitStack
) -> None:
    half = gdproto.Header(gdproto.MessageCode.REQUEST, MIB + 1, 1).to_bytes() + bytes(MIB)
    first = connected(narrow, opened, half)
    for _ in range(6):
        connected(narrow, opened, half)
    assert "max-client-bytes" in last_words(first).message


@pytest.mark.proves("GD-SEC-011", "GD-SEC-012")
def test_what_is_on_disk_is_bounded_over_all(narrow: Arbiter, opened: contextlib.ExitStack) -> None:
    first = connected(narrow, opened, HEADER + bytes(8 * MIB))
    with DirtyClient(narrow.socket_path, LIMIT_S, memfd_min_bytes=0) as another:
        assert len(another.execute(OURS, "echo", bytes(15 * MIB))["args"][0]) == 15 * MIB
    assert "max-spool-bytes" in last_words(first).message


# --- who goes ---


def crowd_of(peers: str, now_s: float = 0) -> Crowd[str]:
    """So many connections of each, by names such as `a0`."""
    crowd: Crowd[str] = Crowd({Rest.IDLE: 10, Rest.SENDING: 2})
    for peer in dict.fromkeys(peers):
        for number in range(peers.count(peer)):
            crowd.came(f"{peer}{number}", peer, now_s)
    return crowd


def all_that_go(crowd: Crowd[str], now_s: float) -> list[tuple[str, str]]:
    """Who goes, and why, until nobody may."""
    gone = []
    while (going := crowd.next_to_go(now_s)) is not None:
        gone.append((going.one, going.cause.value))
        crowd.gone(going.one)
    return gone


def test_the_longest_goes_first() -> None:
    crowd: Crowd[str] = Crowd({Rest.IDLE: 10, Rest.SENDING: 2})
    for now_s, name in enumerate("abc"):
        crowd.came(name, "peer", now_s)
    crowd.moved("a", Rest.SENDING, 3)
    assert crowd.next_due_s() == 5
    assert crowd.next_to_go(3) == ("b", Cause.REST)
    assert crowd.next_to_go(3, but="b") == ("c", Cause.REST)
    assert crowd.overdue(4.9, 9) == []
    assert crowd.overdue(12, 9) == [("b", Rest.IDLE), ("c", Rest.IDLE), ("a", Rest.SENDING)]
    assert crowd.overdue(12, 2) == [("b", Rest.IDLE), ("c", Rest.IDLE)]
    crowd.moved("b", Rest.IDLE, 12)
    crowd.moved("a", Rest.UNREAD, 12)
    assert crowd.next_to_go(12) == ("c", Cause.REST)
    crowd.moved("c", Rest.LEAVING, 12)
    assert (len(crowd), crowd.longest(Rest.LEAVING)) == (2, "c")
    crowd.moved("b", Rest.BUSY, 12)
    crowd.gone("a")
    crowd.moved("a", Rest.IDLE, 13)
    assert crowd.next_to_go(12) is None
    assert crowd.overdue(10**9, 9) == []


def test_of_who_has_more_than_a_share_one_goes_until_all_have_as_many() -> None:
    crowd = crowd_of("aaabbbbbc")
    gone = all_that_go(crowd, 0)
    # Not a word of shares where all have as many.
    assert gone[:2] == [("b0", "share"), ("b1", "share")]
    assert sorted(one for one, _ in gone[2:6]) == ["a0", "a1", "b2", "b3"]
    assert {cause for _, cause in gone[2:6]} == {"share"}
    assert [cause for _, cause in gone[6:]] == ["rest"] * 3


def test_only_what_rests_counts_as_held() -> None:
    crowd = crowd_of("aaab")
    for one in ("a0", "a1"):
        crowd.moved(one, Rest.BUSY, 1)
    assert crowd.peers_share("a2") == 1
    crowd.moved("a2", Rest.UNREAD, 1)
    assert all_that_go(crowd, 1) == [("b0", "rest"), ("a2", "rest")]


def test_who_stalls_goes_before_all_and_first_of_who_has_the_most() -> None:
    crowd = crowd_of("aaabbc")
    for one in ("c0", "a1", "a2"):
        crowd.moved(one, Rest.SENDING, 1)
    crowd.moved("b1", Rest.SENDING, 1 + STALLED_S)
    gone = all_that_go(crowd, 1 + STALLED_S)
    assert gone[:3] == [("a1", "stalled"), ("c0", "stalled"), ("a2", "stalled")]
    assert gone[3:] == [("b0", "share"), ("a0", "rest"), ("b1", "rest")]


def test_that_all_are_busy_but_who_comes_lets_nobody_go() -> None:
    crowd = crowd_of("aab")
    for one in ("a0", "a1"):
        crowd.moved(one, Rest.BUSY, 1)
    assert crowd.next_to_go(1, but="b0") is None


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=40))
def test_shares_are_what_counting_says(steps: list[tuple[str, bool]]) -> None:
    shares: Shares[str] = Shares()
    held: Counter[str] = Counter()
    for peer, takes in steps:
        if takes:
            shares.take(peer)
            held[peer] += 1
        elif held[peer]:
            shares.leave(peer)
            held[peer] -= 1
        held = +held
        most = [one for one in held if held[one] == max(held.values())]
        is_even = len(most) == len(held)
        largest = shares.largest()
        assert (largest is None) if is_even else (largest in most)
        assert [shares.of(one) for one in "abcd"] == [held[one] for one in "abcd"]


def test_bytes_are_counted_by_who_keeps_them() -> None:
    keeping: Keeping[str] = Keeping(100)
    keeping.keeps("a", "x", 60)
    keeping.keeps("b", "x", 40)
    keeping.keeps("a", "x", 50)
    assert (keeping.bytes, keeping.is_exceeded, keeping.longest()) == (90, False, "a")
    keeping.keeps("b", "x", 60)
    assert keeping.is_exceeded
    keeping.keeps("a", "x", 0)
    assert (keeping.bytes, keeping.longest()) == (60, "b")


def test_of_who_keeps_the_most_who_has_kept_some_for_longest_goes() -> None:
    keeping: Keeping[str] = Keeping(100)
    keeping.keeps("first", "x", 30)
    keeping.keeps("a", "y", 20)
    keeping.keeps("b", "y", 60)
    assert keeping.longest() == "a"
    keeping.keeps("a", "y", 0)
    assert keeping.longest() == "b"
    keeping.keeps("b", "y", 20)
    assert keeping.longest() == "first"
    keeping.keeps("first", "x", 0)
    keeping.keeps("b", "y", 0)
    keeping.keeps("c", "z", 0)
    assert keeping.bytes == 0
