"""Attacks by another user than the arbiter's, who may connect and not manage: root can be one."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import gdproto
from gdproto import ManageOp

from .attacks import MIB, Stage, attack, framed, nested
from .peers import Attacker

NOBODY = 65534


@contextlib.contextmanager
def strangers(stage: Stage, count: int) -> Iterator[list[Attacker]]:
    """So many connections of another user."""
    path = Path(stage.arbiter.socket_path)
    path.parent.chmod(0o755)
    path.chmod(0o666)
    with contextlib.ExitStack() as stack:
        os.seteuid(NOBODY)
        try:
            connected = [stack.enter_context(stage.attacker()) for _ in range(count)]
        finally:
            os.seteuid(0)
        yield connected


def refused(one: Attacker, frame: bytes, times: int) -> None:
    """Send it so often; each is answered by an ERROR that says why."""
    sender = threading.Thread(target=one.socket.sendall, args=(frame * times,))
    sender.start()
    answers, came = 0, bytearray()
    while answers < times:
        came += one.socket.recv(2**18)
        while len(came) >= gdproto.HEADER_BYTES:
            size = gdproto.HEADER_BYTES + gdproto.parse_header(came).length
            if len(came) < size:
                break
            answer = gdproto.parse(bytes(came[:size]))
            assert isinstance(answer, gdproto.Error)
            assert answer.error_type == "DirtyPermissionError", answer
            del came[:size]
            answers += 1
    sender.join()


@attack(
    "MANAGE by a user who may not: each operation 1,000 times from 10 connections, 60 MiB of it"
)
def managed(stage: Stage) -> None:
    if os.geteuid():
        return
    frames = [gdproto.Manage(1, int(op), 2, slot=0).to_bytes() for op in ManageOp]
    head = gdproto.encode({"op": int(ManageOp.SET), "count": 1, "more": None})[:-1]
    large = framed(gdproto.MessageCode.MANAGE, head + nested(stage.few(60 * MIB)))
    before = stage.arbiter.pids()
    with strangers(stage, stage.few(10, 2)) as ones, stage.watched():
        for one in ones:
            for frame in frames:
                refused(one, frame, stage.few(1_000))
        refused(ones[0], large, 1)
    assert stage.arbiter.pids() == before
