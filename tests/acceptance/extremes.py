"""Attacks by what is as odd as it can be: values of the stash, and questions for metrics."""

from __future__ import annotations

import contextlib
import itertools
import math
import socket
from collections.abc import Iterator

import gdproto
from gdproto import StashOp

from .attacks import MIB, Stage, attack
from .peers import LIMIT_S

NAN, INF = math.nan, math.inf
WHOLE = [0, -1, 2**53, 2**63 - 1, -(2**63)]
VALUES = [None, True, *WHOLE, 1.5, NAN, INF, -INF, 5e-324, 1e308, "", b"\xff", [], {"a": NAN}]
FIELDS = [None, *WHOLE, 0.0, 5e-324, 1e308, INF, NAN]
OTHERS = ("ttl", "initial", "version", "after", "count")


def odd(op: StashOp) -> Iterator[bytes]:
    """An operation, with each value and each of what its other fields may hold."""
    for value, field in itertools.product(VALUES, FIELDS):
        message = gdproto.Stash(1, int(op), "t", "k", value)
        for name in OTHERS:
            before = getattr(message, name)
            setattr(message, name, field)
            try:
                message.to_bytes()
            except gdproto.ProtocolError:
                # No field of that type.
                setattr(message, name, before)
        yield message.to_bytes()


def strange(stage: Stage) -> None:
    few = 50 if stage.quick else None
    # Of attacks before this one.
    told = len(stage.arbiter.log.read_text())
    with stage.attacker() as attacker, stage.watched():
        for op in StashOp:
            for frame in itertools.islice(odd(op), few):
                attacker.strike([frame], 1)
    said = stage.arbiter.log.read_text()[told:]
    assert "Traceback" not in said, said[-2000:]


LOGGED = ("--access-log",)
attack("each operation of the stash with each odd number, value and time", *LOGGED)(strange)
attack(
    "the same of a stash in a file", *LOGGED, "--stash", "sqlite:DIRECTORY/stash.db"
)(strange)  # fmt: skip


@attack("metrics that 64 ask for and do not read, headers of 60 MiB, and 200,000 of them",
        "--metrics", "DIRECTORY/metrics")  # fmt: skip
def headers(stage: Stage) -> None:
    first = b"GET /metrics HTTP/1.0\r\n"
    many = b"".join(b"X-%d: a\r\n" % number for number in range(stage.few(200_000, 200)))
    odd_ones = [b"X: " + bytes(stage.few(60) * MIB), many, b"\x16\x03\x01\r\n"]
    with contextlib.ExitStack() as stack:

        def asked(sent: bytes) -> socket.socket:
            one = stack.enter_context(socket.socket(socket.AF_UNIX))
            one.settimeout(LIMIT_S)
            one.connect(str(stage.log.with_name("metrics")))
            with contextlib.suppress(ConnectionError):
                one.sendall(sent)
            return one

        assert asked(first + b"\r\n").recv(4096)
        with stage.watched():
            for _ in range(stage.few(64, 20)):
                asked(first + b"\r\n")
            for sent in odd_ones:
                asked(first + sent + b"\r\n")
            answer = asked(first + b"\r\n").recv(4096)
            assert answer.startswith(b"HTTP/1.0 200 "), answer
