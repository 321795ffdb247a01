"""Raw bytes at our arbiter: what is malformed is answered, and disturbs nobody else."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator

import pytest

import gdproto
from dirty_runtime import DirtyClient

from .processes import LIMIT_S, OURS, Arbiter, is_running, serving, wait_until

STATUS = gdproto.Status(9).to_bytes()
REQUEST = gdproto.Request(9, OURS, "echo", [1]).to_bytes()


def frame(code: int, payload: bytes = b"", request_id: int = 5) -> bytes:
    return b"GD\x01" + bytes([code]) + len(payload).to_bytes(4) + request_id.to_bytes(8) + payload


def payload(value: object) -> bytes:
    return gdproto.encode(value)


NAMES = {"app_path": OURS, "action": "echo"}

# What is sent, the code that answers, and the id of the ERROR.
FATAL = [
    (b"XD" + bytes(14), "bad_magic", 0),
    (b"GET / HTTP/1.1\r\n", "bad_magic", 0),
    (b"GD\x02" + bytes(13), "unsupported_version", 0),
    (frame(0x66), "unknown_message_type", 5),
    (b"GD\x01\x01" + b"\xff" * 4 + (5).to_bytes(8), "payload_too_large", 5),
    (frame(0x01)[:-1], "truncated", 0),
    (frame(0x01, payload(NAMES))[:-1], "truncated", 5),
]
LOCAL = [
    (frame(0x11, b"\x00"), "unexpected_payload", 5),
    (frame(0x80, b"\x00"), "unexpected_payload", 5),
    (frame(0x01), "truncated", 5),
    (frame(0x01, payload([1])), "payload_not_dict", 5),
    (frame(0x01, payload({"action": "echo"})), "missing_field", 5),
    (frame(0x01, payload({**NAMES, "app_path": 1})), "wrong_field_type", 5),
    (frame(0x01, payload({**NAMES, "timeout": -1})), "invalid_field_value", 5),
    (frame(0x01, b"\x21\x00\x00\x00\x01\x05"), "truncated", 5),
    (frame(0x10, payload({"op": 99, "table": "t"})), "invalid_field_value", 5),
    (frame(0x12, payload({"op": "1"})), "wrong_field_type", 5),
    (frame(0x02, payload({"result": 1})), "unexpected_message", 5),
    (frame(0x05), "unexpected_message", 5),
]


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS) as arbiter:
        yield arbiter


@pytest.fixture
def neighbour(arbiter: Arbiter) -> Iterator[DirtyClient]:
    """Another client, in the middle of a stream, which must not notice."""
    with arbiter.client() as client:
        stream = client.stream(OURS, "count_later", 20_000)
        assert next(stream) == 0
        yield client
        assert list(stream) == list(range(1, 20_000))


class Peer:
    """A connection of raw bytes."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT_S)
        self.socket.connect(path)

    def read(self) -> gdproto.Message | None:
        """The next message; None at the end of the stream."""
        header = self._read(gdproto.HEADER_BYTES)
        if not header:
            return None
        return gdproto.parse(header + self._read(gdproto.parse_header(header).length))

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count and (more := self.socket.recv(count - len(data))):
            data += more
        return data


@pytest.fixture
def peer(arbiter: Arbiter) -> Iterator[Peer]:
    peer = Peer(arbiter.socket_path)
    yield peer
    peer.socket.close()


def test_an_answer_is_whole_or_the_stream_ends_when_its_worker_dies() -> None:
    """Nothing follows a frame that broke off; after a whole one the connection is served on."""
    with serving(OURS) as arbiter:
        pid = arbiter.pids().pop()
        peer = Peer(arbiter.socket_path)
        sent = gdproto.Request(9, OURS, "echo", [bytes(32 * 1024 * 1024)]).to_bytes()
        peer.socket.sendall(sent)
        header = gdproto.parse_header(peer._read(gdproto.HEADER_BYTES))
        assert header.request_id == 9
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_running(pid))
        answer = peer._read(header.length)
        if len(answer) == header.length:
            peer.socket.sendall(STATUS)
            assert isinstance(peer.read(), gdproto.Response)
        else:
            assert peer.read() is None
        peer.socket.close()
        with arbiter.client() as client:
            assert client.execute(OURS, "pid") != pid


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize(("sent", "code", "request_id"), FATAL, ids=lambda value: str(value)[:30])
def test_a_faulty_stream_is_told_why_and_closed(
    peer: Peer, sent: bytes, code: str, request_id: int
) -> None:
    peer.socket.sendall(sent)
    if code == "truncated":
        peer.socket.shutdown(socket.SHUT_WR)
    check_error(peer.read(), code, request_id, sent)
    assert peer.read() is None


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize(("sent", "code", "request_id"), LOCAL, ids=lambda value: str(value)[:30])
def test_a_faulty_frame_is_answered_and_the_connection_lives(
    peer: Peer, sent: bytes, code: str, request_id: int
) -> None:
    for _ in range(2):
        peer.socket.sendall(sent)
        check_error(peer.read(), code, request_id, sent)
    peer.socket.sendall(STATUS)
    answer = peer.read()
    assert isinstance(answer, gdproto.Response)
    assert answer.request_id == 9


def check_error(message: object, code: str, request_id: int, sent: bytes) -> None:
    assert isinstance(message, gdproto.Error)
    assert message.request_id == request_id
    assert message.error_type == "DirtyProtocolError"
    assert message.details["code"] == code
    if code != "unexpected_message":
        assert message.details["raw_data"] == sent[:100].hex()
        assert isinstance(message.details["offset"], int)


def test_a_faulty_request_leaves_other_calls_of_the_connection_alone(peer: Peer) -> None:
    peer.socket.sendall(REQUEST + frame(0x01, payload([1])))
    answers = {message.request_id: message for message in (peer.read(), peer.read()) if message}
    assert isinstance(answers[5], gdproto.Error)
    assert isinstance(answers[9], gdproto.Response)


def test_an_open_id_may_not_be_used_again(peer: Peer) -> None:
    peer.socket.sendall(REQUEST + REQUEST)
    message = peer.read()
    assert isinstance(message, gdproto.Error)
    assert message.details["code"] == "duplicate_request_id"
    assert peer.read() is None


def test_what_the_worker_finds_at_fault_is_answered(arbiter: Arbiter, peer: Peer) -> None:
    before = arbiter.status()["workers"][0]["pid"]
    double = b"\x21\x00\x00\x00\x04" + payload(NAMES)[5:] + payload({"x": 1})[5:] * 2
    for _ in range(2):
        peer.socket.sendall(frame(0x01, double))
        check_error(peer.read(), "duplicate_key", 5, frame(0x01, double))
    peer.socket.sendall(REQUEST)
    assert isinstance(peer.read(), gdproto.Response)
    assert arbiter.status()["workers"][0]["pid"] == before


@pytest.mark.parametrize("step", [1, 7, 16])
def test_frames_may_come_in_any_portions(peer: Peer, step: int) -> None:
    data = REQUEST + STATUS.replace(b"\x09", b"\x08")
    for start in range(0, len(data), step):
        peer.socket.sendall(data[start : start + step])
    ids = {message.request_id for message in (peer.read(), peer.read()) if message}
    assert ids == {8, 9}


def test_frames_may_come_all_at_once(peer: Peer) -> None:
    requests = [gdproto.Request(number, OURS, "echo", [number]) for number in range(1, 200)]
    peer.socket.sendall(b"".join(request.to_bytes() for request in requests))
    for _ in requests:
        message = peer.read()
        assert isinstance(message, gdproto.Response)
        assert message.result["args"] == [message.request_id]


def test_a_cancelled_call_ends_once(peer: Peer) -> None:
    request = gdproto.Request(7, OURS, "count_later", [10**12])
    peer.socket.sendall(request.to_bytes())
    assert isinstance(peer.read(), gdproto.Chunk)
    peer.socket.sendall(gdproto.Cancel(7).to_bytes() + gdproto.Cancel(8).to_bytes())
    while isinstance(message := peer.read(), gdproto.Chunk):
        pass
    assert isinstance(message, gdproto.Error)
    assert message.error_type == "DirtyCancelledError"
    peer.socket.sendall(REQUEST)
    assert isinstance(peer.read(), gdproto.Response)


def test_a_half_closed_client_has_given_up(arbiter: Arbiter, peer: Peer) -> None:
    peer.socket.sendall(gdproto.Request(7, OURS, "count_later", [10**12]).to_bytes())
    assert isinstance(peer.read(), gdproto.Chunk)
    peer.socket.shutdown(socket.SHUT_WR)
    while peer.read() is not None:
        pass
    with arbiter.client() as client:
        assert client.execute(OURS, "echo", 1)["args"] == [1]


def test_a_client_that_does_not_read_delays_nobody(peer: Peer) -> None:
    with serving(OURS, workers=2) as arbiter:
        lazy = Peer(arbiter.socket_path)
        lazy.socket.sendall(gdproto.Request(7, OURS, "burst", [10_000]).to_bytes())
        with arbiter.client() as client:
            for number in range(100):
                assert client.execute(OURS, "echo", number)["args"] == [number]
        count = 0
        while isinstance(lazy.read(), gdproto.Chunk):
            count += 1
        lazy.socket.close()
        assert count == 10_000


def test_calls_that_are_due_when_they_come_are_answered(arbiter: Arbiter) -> None:
    requests = [gdproto.Request(number, OURS, "pid", timeout=0.0) for number in range(1, 40)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(arbiter.socket_path)
        connection.settimeout(LIMIT_S)
        connection.sendall(b"".join(request.to_bytes() for request in requests))
        peer = gdproto.Connection("client")
        for request in requests:
            peer.send(request)
        answers = []
        while peer.open_exchanges:
            event = peer.next_event()
            if event is gdproto.NEED_DATA:
                peer.receive_data(connection.recv(65536))
            else:
                assert isinstance(event, gdproto.MessageReceived), event
                answers.append(event.message)
    assert sorted(answer.request_id for answer in answers) == list(range(1, 40))
    pids = arbiter.pids()
    for answer in answers:
        if isinstance(answer, gdproto.Response):
            assert answer.result in pids
        else:
            assert isinstance(answer, gdproto.Error)
            assert (answer.error_type, answer.details["timeout"]) == ("DirtyTimeoutError", 0.0)
