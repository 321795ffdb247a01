"""A peer that does not read is not read from: answers of any kind count against one bound.

Nobody else waits for it: what it has asked holds no lane, but for a stream.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

import gdproto
from dirty_runtime import DirtyClient, StashClient
from dirty_runtime.arbiter.clients import connection, door
from dirty_runtime.arbiter.clients.connection import MOST_UNREAD_BYTES, hung_up
from dirty_runtime.testing import InProcess, in_process
from gdproto import ManageOp, StashOp
from tests.acceptance.facts import rss_mb
from tests.cases.test_client_limits import unread_bytes
from tests.dirty_runtime.kinds import Ours
from tests.dirty_runtime.processes import LIMIT_S, OURS, Arbiter, serving, wait_until

VALUE_BYTES = 256 * 1024
# Of answers in all, were they read: far more than may wait.
ASKED_BYTES = 12 * MOST_UNREAD_BYTES
# Tables, and the length of their names: to list them takes some slices.
TABLES, LONG_BYTES = 1000, 1500
# How often, and with which pauses, an arbiter is looked at to see that it does nothing.
LOOKS, LOOK_S = 5, 0.002


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS) as arbiter, StashClient(arbiter.socket_path, LIMIT_S) as stash:
        stash.put("unread", "key", bytes(VALUE_BYTES))
        yield arbiter


def memory_mb(arbiter: Arbiter) -> float:
    return rss_mb(arbiter.process.pid)


@pytest.fixture
def client(arbiter: Arbiter) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(arbiter.socket_path)
        client.setblocking(False)
        yield client


def sleeps(arbiter: Arbiter) -> bool:
    """Whether it waits for something, each time that it is looked at."""
    for _ in range(LOOKS):
        state = Path(f"/proc/{arbiter.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state != "S":
            return False
        select.select([], [], [], LOOK_S)
    return True


def was_heard(arbiter: Arbiter, client: socket.socket, data: bytes) -> int:
    """How much of it the arbiter has taken when it takes no more, and does nothing more."""
    left = memoryview(data)
    while True:
        if left and select.select([], [client], [], 0)[1]:
            with suppress(BlockingIOError):
                left = left[client.send(left[: 64 * 1024]) :]
        elif sleeps(arbiter) and not (left and select.select([], [client], [], 0)[1]):
            return len(data) - len(left)


def asked(number: int) -> dict[str, bytes]:
    """What makes an arbiter answer, and nothing else does it."""
    no_payload = gdproto.Header(gdproto.MessageCode.REQUEST, 1, number).to_bytes() + b"\x00"
    nothing = gdproto.Request(number, "no.such:App", "x").to_bytes()
    return {
        "status": gdproto.Status(number).to_bytes(),
        "get": gdproto.Stash(number, int(StashOp.GET), "unread", "key").to_bytes(),
        "manage": gdproto.Manage(number, int(ManageOp.SET), 10**6).to_bytes(),
        "a payload that is none": no_payload,
        "an app that is none": nothing,
    }


@pytest.mark.proves("GD-SEC-009")
@pytest.mark.parametrize("kind", asked(0))
def test_who_does_not_read_is_not_heard(kind: str, arbiter: Arbiter, client: socket.socket) -> None:
    before_mb = memory_mb(arbiter)
    frame = asked(1)[kind]
    head, tail = frame[:8], frame[16:]
    frames = b"".join(head + n.to_bytes(8) + tail for n in range(1, ASKED_BYTES // 150))
    assert was_heard(arbiter, client, frames) < len(frames)
    assert memory_mb(arbiter) - before_mb < 5 * MOST_UNREAD_BYTES / 1e6
    # It stands in nobody's way.
    assert arbiter.status()["arbiter_pid"] == arbiter.process.pid


def test_who_reads_after_all_gets_every_answer_in_order(
    arbiter: Arbiter, client: socket.socket
) -> None:
    count = 2 * MOST_UNREAD_BYTES // VALUE_BYTES
    asked_for = range(1, 4 * count + 1)
    frames = b"".join(asked(number)["get"] for number in asked_for)
    assert was_heard(arbiter, client, frames) == len(frames)
    client.settimeout(LIMIT_S)
    with client.makefile("rb") as answers:
        for number in asked_for:
            header = gdproto.parse_header(answers.read(gdproto.HEADER_BYTES))
            assert header.request_id == number
            answers.read(header.length)


def test_what_is_answered_in_turns_waits_for_the_reader_too(
    arbiter: Arbiter, client: socket.socket
) -> None:
    with StashClient(arbiter.socket_path, LIMIT_S) as stash:
        names = [f"{number:03}" + "t" * LONG_BYTES for number in range(TABLES)]
        for name in names:
            stash.ensure(name)
        before_mb = memory_mb(arbiter)
        asked_for = range(1, ASKED_BYTES // (TABLES * LONG_BYTES))
        frames = [gdproto.Stash(n, int(StashOp.TABLES), "").to_bytes() for n in asked_for]
        # They are small, and are taken before the first has been answered.
        was_heard(arbiter, client, b"".join(frames))
        assert memory_mb(arbiter) - before_mb < 5 * MOST_UNREAD_BYTES / 1e6
        client.settimeout(LIMIT_S)
        with client.makefile("rb") as answers:
            for number in asked_for:
                header = gdproto.parse_header(answers.read(gdproto.HEADER_BYTES))
                assert (header.code, header.request_id) == (gdproto.MessageCode.RESPONSE, number)
                answers.read(header.length)
        for name in names:
            stash.delete_table(name)


@pytest.mark.proves("GD-SEC-009")
def test_what_waits_behind_a_large_answer_counts(arbiter: Arbiter, client: socket.socket) -> None:
    before_mb = memory_mb(arbiter)
    client.setblocking(True)
    client.settimeout(LIMIT_S)
    client.sendall(gdproto.Request(1, OURS, "echo", [bytes(8 * 2**20)]).to_bytes())
    assert client.recv(gdproto.HEADER_BYTES)[3] == gdproto.MessageCode.RESPONSE
    client.setblocking(False)
    frames = b"".join(asked(number)["get"] for number in range(2, ASKED_BYTES // VALUE_BYTES))
    was_heard(arbiter, client, frames)
    assert arbiter.status()["arbiter_pid"] == arbiter.process.pid
    assert memory_mb(arbiter) - before_mb < 5 * MOST_UNREAD_BYTES / 1e6


def test_half_a_close_gives_up_calls_whatever_is_unread(
    arbiter: Arbiter, client: socket.socket
) -> None:
    client.setblocking(True)
    client.sendall(gdproto.Request(1, OURS, "burst", [10**6]).to_bytes())
    # The stream has begun, and fills whatever lies between its worker and its reader.
    wait_until(lambda: select.select([client], [], [], 0)[0] != [])
    client.shutdown(socket.SHUT_WR)
    wait_until(lambda: not any(worker["busy"] for worker in arbiter.status()["workers"]))


# --- what stands behind them ---


@contextmanager
def arbiter_here(idle_timeout_s: float) -> Iterator[InProcess]:
    """An arbiter that has something large to answer with."""
    with in_process(Ours, idle_timeout_s=idle_timeout_s) as arbiter:
        with StashClient(arbiter.socket_path, LIMIT_S) as stash:
            stash.put("unread", "key", bytes(MOST_UNREAD_BYTES // 4))
        yield arbiter


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcess]:
    """An arbiter that discards for a short time what comes after a fault."""
    monkeypatch.setattr(connection, "DISCARD_S", 0.02)
    with arbiter_here(0.6) as arbiter:
        yield arbiter


def send_fault_behind(arbiter: InProcess, client: socket.socket, count: int) -> None:
    """Ask for so much that the kernel does not take it, and then send what is no frame."""
    client.setblocking(True)
    client.settimeout(LIMIT_S)
    client.connect(arbiter.socket_path)
    client.sendall(b"".join(asked(number)["get"] for number in range(1, count + 1)))
    client.sendall(b"no frame at all, it is a fault")
    wait_until(lambda: not unread_bytes(client))


def at_fault_behind(arbiter: InProcess, client: socket.socket, count: int) -> None:
    """As `send_fault_behind`, and what comes behind is discarded no more."""
    send_fault_behind(arbiter, client, count)
    due_s = time.monotonic() + 10 * connection.DISCARD_S
    wait_until(lambda: bool(arbiter.status()) and time.monotonic() > due_s)


def test_an_error_behind_unread_answers_is_there_when_they_are_read(impatient: InProcess) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        at_fault_behind(impatient, client, 3)
        codes = []
        with client.makefile("rb") as stream:
            while head := stream.read(gdproto.HEADER_BYTES):
                codes.append(gdproto.parse_header(head).code)
                stream.read(gdproto.parse_header(head).length)
    assert codes == [gdproto.MessageCode.RESPONSE] * 3 + [gdproto.MessageCode.ERROR]


def test_who_does_not_read_it_has_the_time_of_any_who_does_not_read(impatient: InProcess) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        at_fault_behind(impatient, client, 3)
        wait_until(lambda: impatient.status()["clients"] == 1)


def test_where_many_are_let_go_one_has_no_time_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "DISCARD_S", 10 * LIMIT_S)
    monkeypatch.setattr(door, "LOOKED_AT_S", 0.01)
    monkeypatch.setattr(door, "MOST_LEAVING", 1)
    with arbiter_here(10 * LIMIT_S) as arbiter, ExitStack() as opened:
        first, second = (opened.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
        send_fault_behind(arbiter, first, 3)
        send_fault_behind(arbiter, second, 3)
        # Whoever comes finds that they are too many.
        wait_until(lambda: bool(arbiter.status()) and hung_up(first.fileno()))
        assert not hung_up(second.fileno())


MANY_LARGE = [300_000] * 10
UNREAD_SIZES = {
    "small ones": [20_000] * 400,
    "some that are no longer small": MANY_LARGE,
    "a large one": [8 * 2**20],
    "large ones": [8 * 2**20] * 3,
    "all of that": [*MANY_LARGE, 8 * 2**20, *MANY_LARGE, 9 * 2**20],
}


def response_to(client: socket.socket) -> tuple[int, int]:
    """The id and the size of the next answer, which is a RESPONSE of zeros."""
    header = gdproto.parse_header(client.recv(gdproto.HEADER_BYTES, socket.MSG_WAITALL))
    assert header.code == gdproto.MessageCode.RESPONSE
    left, data = header.length, bytearray()
    while left:
        data += client.recv(left)
        left = header.length - len(data)
    result = gdproto.parse(header.to_bytes() + data).result  # type: ignore[union-attr]
    assert not any(result)
    return header.request_id, len(result)


@pytest.mark.proves("GD-SEC-014")
@pytest.mark.parametrize("kind", UNREAD_SIZES)
def test_who_does_not_read_keeps_nobody_from_a_lane(
    kind: str, arbiter: Arbiter, client: socket.socket
) -> None:
    sizes = dict(enumerate(UNREAD_SIZES[kind], 1))
    frames = b"".join(
        gdproto.Request(number, OURS, "zeros", [size]).to_bytes() for number, size in sizes.items()
    )
    client.settimeout(LIMIT_S)
    client.sendall(frames)
    wait_until(lambda: sleeps(arbiter) and not any(w["busy"] for w in arbiter.status()["workers"]))
    with DirtyClient(arbiter.socket_path, LIMIT_S) as other:
        assert other.execute(OURS, "pid") in arbiter.pids()
    # And nothing is lost for it.
    assert dict(response_to(client) for _ in sizes) == sizes
