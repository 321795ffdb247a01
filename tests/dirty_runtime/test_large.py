"""Frames that are too large to be kept in memory: their way, what else goes on, what breaks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import gdproto
from dirty_runtime import DirtyClient
from dirty_runtime.sockets.spool import (
    HELD_BYTES,
    KEPT_IN_MEMORY_BYTES,
    READ_BYTES,
    Spool,
    Spooler,
)

from .processes import LIMIT_S, OURS, Arbiter, serving, wait_for_answers, wait_until

LARGE = os.urandom(KEPT_IN_MEMORY_BYTES * 4)


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS) as arbiter:
        yield arbiter


def connected(arbiter: Arbiter) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(LIMIT_S)
    connection.connect(arbiter.socket_path)
    return connection


def answers(connection: socket.socket, peer: gdproto.Connection) -> Iterator[gdproto.Message]:
    """The messages that come until no exchange is open; a closed connection raises."""
    while peer.open_exchanges:
        event = peer.next_event()
        if isinstance(event, gdproto.MessageReceived):
            yield event.message
        elif event is gdproto.NEED_DATA:
            data = connection.recv(65536)
            peer.receive_data(data) if data else peer.receive_eof()


@pytest.mark.parametrize("least", [0, 2**20], ids=["as bytes", "by reference"])
@pytest.mark.parametrize("size", [1000, 100_000, KEPT_IN_MEMORY_BYTES - 200, len(LARGE)])
def test_values_of_any_size_come_back(arbiter: Arbiter, size: int, least: int) -> None:
    with DirtyClient(arbiter.socket_path, LIMIT_S, memfd_min_bytes=least) as client:
        for _ in range(2):
            assert client.execute(OURS, "echo", LARGE[:size])["args"] == [LARGE[:size]]


def test_large_answers_and_small_ones_share_a_connection(arbiter: Arbiter) -> None:
    """None begins inside another, whichever is first."""
    peer = gdproto.Connection("client")
    with connected(arbiter) as connection:
        for number in (1, 2):
            connection.sendall(peer.send(gdproto.Request(number, OURS, "echo", [LARGE])))
        for number in range(3, 20):
            connection.sendall(peer.send(gdproto.Status(number)))
        found = {answer.request_id: answer for answer in answers(connection, peer)}
    assert set(found) == set(range(1, 20))
    for number in (1, 2):
        assert found[number] == gdproto.Response(number, {"args": [LARGE], "kwargs": {}})


def test_a_worker_that_dies_within_its_answer_closes_the_connection(arbiter: Arbiter) -> None:
    peer = gdproto.Connection("client")
    with connected(arbiter) as connection, arbiter.client() as client:
        pids = arbiter.pids()
        connection.sendall(peer.send(gdproto.Request(1, OURS, "echo", [LARGE])))
        # The answer has begun, and its worker waits for a reader.
        peer.receive_data(connection.recv(1000))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(gdproto.ProtocolError, match="inside a frame"):
            list(answers(connection, peer))
        wait_for_answers(arbiter, OURS)
        assert client.execute(OURS, "echo", 1)["args"] == [1]


def test_a_cancel_within_the_answer_changes_nothing(arbiter: Arbiter) -> None:
    peer = gdproto.Connection("client")
    with connected(arbiter) as connection:
        connection.sendall(peer.send(gdproto.Request(1, OURS, "echo", [LARGE])))
        peer.receive_data(connection.recv(1000))
        connection.sendall(gdproto.Cancel(1).to_bytes())
        assert [answer.CODE for answer in answers(connection, peer)] == [2]
        connection.sendall(peer.send(gdproto.Request(2, OURS, "echo", [1])))
        assert [answer.request_id for answer in answers(connection, peer)] == [2]


def test_a_client_that_leaves_within_its_answer_frees_the_worker(arbiter: Arbiter) -> None:
    for _ in range(4):
        with connected(arbiter) as connection:
            request = gdproto.Request(1, OURS, "echo", [LARGE])
            connection.sendall(request.to_bytes())
            assert connection.recv(1000)
    with arbiter.client() as client:
        assert client.execute(OURS, "echo", LARGE)["args"] == [LARGE]


def pipes_and_spools(arbiter: Arbiter) -> list[str]:
    """What the arbiter has open of them, when no client is left and no worker busy."""

    def is_idle() -> bool:
        status = arbiter.status()
        return status["clients"] == 1 and not any(one["busy"] for one in status["workers"])

    wait_until(is_idle)
    return open_now(arbiter)


def open_now(arbiter: Arbiter) -> list[str]:
    """The same, without a word to it."""
    targets = []
    for one in Path(f"/proc/{arbiter.process.pid}/fd").iterdir():
        # The connection that asked for the status is about to close.
        with suppress(FileNotFoundError):
            targets.append(os.readlink(one))
    return sorted(one for one in targets if one.startswith("pipe:") or one.endswith("(deleted)"))


def test_clients_that_leave_take_their_descriptors_along(arbiter: Arbiter) -> None:
    request = gdproto.Request(1, OURS, "echo", [LARGE]).to_bytes()
    before = pipes_and_spools(arbiter)
    for _ in range(20):
        for part, waits in ((request, True), (request[:-100_000], False)):
            with connected(arbiter) as connection:
                connection.sendall(part)
                if waits:
                    assert connection.recv(1000)
    # When the disk has what was being written, not when the collector comes: nothing calls it.
    pipes_and_spools(arbiter)
    wait_until(lambda: len(open_now(arbiter)) <= len(before) + 1)
    # Before there may have been one of a client that had just left.
    wait_until(lambda: Counter(pipes_and_spools(arbiter)) <= Counter(before))


@pytest.mark.parametrize("reads", [True, False])
def test_a_fault_within_the_answer_ends_the_connection_and_frees_the_worker(
    arbiter: Arbiter, reads: bool
) -> None:
    cancel = gdproto.Header(gdproto.MessageCode.CANCEL, 5, 1).to_bytes() + b"12345"
    with connected(arbiter) as connection:
        connection.sendall(gdproto.Request(1, OURS, "echo", [LARGE]).to_bytes())
        first = connection.recv(1000)
        left = gdproto.HEADER_BYTES + gdproto.parse_header(first).length - len(first)
        connection.sendall(cancel)
        with suppress(ConnectionResetError):
            # Of an answer that was there before the fault came, all of it, and what is told behind.
            while reads and left >= 0 and (data := connection.recv(1 << 20)):
                left -= len(data)
    with arbiter.client() as client:
        assert client.execute(OURS, "echo", 1)["args"] == [1]


def test_a_client_that_does_not_read_loses_nothing(arbiter: Arbiter) -> None:
    peer = gdproto.Connection("client")
    value = LARGE * 2
    with connected(arbiter) as connection:
        connection.sendall(peer.send(gdproto.Request(1, OURS, "echo", [value])))
        # The answer has begun, and fills whatever lies between its worker and its reader.
        peer.receive_data(connection.recv(1000))
        for _ in range(20):
            assert arbiter.status()["arbiter_pid"]
        (answer,) = answers(connection, peer)
        assert answer == gdproto.Response(1, {"args": [value], "kwargs": {}})


def test_the_arbiter_keeps_nothing_of_it_in_memory(arbiter: Arbiter) -> None:
    def high_water_bytes() -> int:
        status = Path(f"/proc/{arbiter.status()['arbiter_pid']}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    value = LARGE * 4
    with DirtyClient(arbiter.socket_path, LIMIT_S) as client:
        client.execute(OURS, "echo", LARGE)
        before = high_water_bytes()
        assert client.execute(OURS, "echo", value)["args"] == [value]
        assert high_water_bytes() - before < 8 * 2**20


def test_a_large_value_in_the_stash(arbiter: Arbiter) -> None:
    peer = gdproto.Connection("client")
    with connected(arbiter) as connection:
        for op, value in ((1, LARGE), (2, None)):
            connection.sendall(peer.send(gdproto.Stash(op, op, "large", "key", value)))
            (answer,) = answers(connection, peer)
            assert isinstance(answer, gdproto.Response)
        assert answer.result == LARGE


def test_a_spool_holds_what_it_was_given() -> None:
    spool = Spool()
    for start in range(0, 10_000, 700):
        spool.append(LARGE[start : start + 700])
    assert len(spool) == 10_500
    assert spool.view() == LARGE[:10_500]


def test_what_is_no_more_in_memory_is_read_before_it_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    spool, came, counts = Spool(), bytearray(), []
    spool.append(LARGE[: 3 * READ_BYTES])
    os.fsync(spool._file.fileno())
    # Most of it goes, but for its end.
    os.posix_fadvise(spool._file.fileno(), 0, 2 * READ_BYTES, os.POSIX_FADV_DONTNEED)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        while len(came) < len(spool):
            if sent := spool.send(ours, len(came)):
                while sent:
                    came += (data := theirs.recv(sent))
                    sent -= len(data)
            else:
                counts.append(spool.read(len(came)))
    assert came == LARGE[: 3 * READ_BYTES]
    in_memory = subprocess.check_output(["stat", "-f", "-c", "%T", tmp_path], text=True)
    assert len(counts) == (0 if in_memory.strip() in ("tmpfs", "ramfs") else 2)


def test_who_takes_a_large_frame_has_its_file_alone() -> None:
    """A link that reads nothing more has what has put it together still in hand."""
    spooler = Spooler()
    spooler.add(LARGE[:HELD_BYTES])
    spool = spooler.whole(LARGE[HELD_BYTES : HELD_BYTES + 9])
    assert spool.view() == LARGE[: HELD_BYTES + 9]
    gone = weakref.ref(spool)
    del spool
    assert gone() is None
    assert (spooler.size, spooler.may_pour) == (0, False)


def test_a_full_disk_is_told_at_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    spooler = Spooler()
    spooler.add(b"a part")
    spooler.add(b"another")
    with pytest.raises(FileNotFoundError):
        spooler.whole(b"the rest")
