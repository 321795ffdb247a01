"""Frames and sessions that are not what they should be, by the million, in pieces.

    python -m tests.acceptance.mutations frames 1 100      a hundred pieces of 10,000 frames
    python -m tests.acceptance.mutations sessions 1 10     ten of 1,000 sessions

Rules: a piece is what its number, the seed, makes of it, so that it can be run again alone. All
have one arbiter. What comes of each is looked at: whole and sound frames, then a close, and nothing
that a client cannot be sent. A line a piece says how long the loop stood, in processor time and by
the clock, how long another client waited, and what memory the arbiter has.
"""

from __future__ import annotations

import contextlib
import random
import socket
import sys
from collections.abc import Callable, Iterator

from . import frames, sessions
from .attacks import APP, Outcome, Stage, staged
from .facts import rss_mb
from .peers import LIMIT_S

OPTIONS = ("--max-workers", "2", "--timeout", "5", "--max-crashes", "1000000")
Maker = Callable[[random.Random, str, int], Iterator[bytes]]
KINDS: dict[str, tuple[Maker, int]] = {
    "frames": (frames.mutated, 10_000),
    "sessions": (sessions.mutated, 1_000),
}


def answer(socket_path: str, data: bytes) -> bytes:
    """All that comes for these bytes, until the connection is closed."""
    came = bytearray()
    with socket.socket(socket.AF_UNIX) as one, contextlib.suppress(ConnectionError):
        one.connect(socket_path)
        one.settimeout(LIMIT_S)
        one.sendall(data)
        one.shutdown(socket.SHUT_WR)
        while more := one.recv(65536):
            came += more
    return bytes(came)


def piece(stage: Stage, kind: str, seed: int) -> tuple[Outcome, int]:
    """Send one piece; returns what others noticed, and how many answers were wrong."""
    make, count = KINDS[kind]
    wrong = 0
    with stage.watched():
        for data in make(random.Random(seed), APP, count):
            if fault := sessions.wrong(answer(stage.arbiter.socket_path, data)):
                print(f"{fault}\n    for {data[:200].hex()}", flush=True)
                wrong += 1
    return stage.outcome, wrong


def main(kind: str, first: str, last: str) -> int:
    """Returns 1 if an answer was wrong."""
    all_wrong = 0
    with staged(OPTIONS, False) as stage:
        for seed in range(int(first), int(last) + 1):
            (stands, wait_s), wrong = piece(stage, kind, seed)
            all_wrong += wrong
            told = f"loop {stands.thread_s * 1000:.1f} ms ({stands.wall_s * 1000:.1f} by the clock)"
            memory = f"{rss_mb(stage.arbiter.process.pid):.0f} MB"
            others = f"others {wait_s * 1000:.0f} ms"
            print(f"{kind} {seed}: {told}, {others}, {memory}, {wrong} wrong", flush=True)
    return int(all_wrong > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
