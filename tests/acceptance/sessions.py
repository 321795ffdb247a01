"""Sessions that are not what they should be, from a seed, and what may come for them.

Rules: whatever a client sends, what comes is whole frames, each of them sound and one that an
arbiter sends; then the connection is closed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import gdproto
from gdproto.declaration import ANSWERING

from .frames import flipped

Frames = list[bytes]


def mutated(rng: random.Random, app_path: str, count: int) -> Iterator[bytes]:
    """The bytes of `count` sessions: frames that fit together, with a few of them bent."""
    for _ in range(count):
        session = _valid(rng, app_path)
        for _ in range(rng.randrange(1, 4)):
            rng.choice(WAYS)(rng, session)
        yield b"".join(session)


def _valid(rng: random.Random, app_path: str) -> Frames:
    kinds: list[Callable[[int], gdproto.Message]] = [
        lambda number: gdproto.Request(number, app_path, "pid"),
        lambda number: gdproto.Request(number, app_path, "count", (3,), {}, 30.0),
        lambda number: gdproto.Request(number, app_path, "size", (bytes(1000),)),
        lambda number: gdproto.Stash(number, gdproto.StashOp.PUT, "t", number, [number]),
        lambda number: gdproto.Stash(number, gdproto.StashOp.GET, "t", 1),
        gdproto.Status,
    ]
    session = []
    for number in range(1, rng.randrange(2, 8)):
        session.append(rng.choice(kinds)(number).to_bytes())
        if rng.random() < 0.2:
            session.append(gdproto.Cancel(number).to_bytes())
    return session


def _drop(rng: random.Random, session: Frames) -> None:
    if len(session) > 1:
        session.pop(rng.randrange(len(session)))


def _repeat(rng: random.Random, session: Frames) -> None:
    session.insert(rng.randrange(len(session) + 1), rng.choice(session))


def _swap(rng: random.Random, session: Frames) -> None:
    rng.shuffle(session)


def _stray(rng: random.Random, session: Frames) -> None:
    """A frame that no client sends."""
    number = rng.randrange(10)
    stray = rng.choice([gdproto.Response(number, 1), gdproto.Chunk(number, 1), gdproto.End(number)])
    session.insert(rng.randrange(len(session) + 1), stray.to_bytes())


def _flip(rng: random.Random, session: Frames) -> None:
    place = rng.randrange(len(session))
    if session[place]:
        session[place] = flipped(rng, session[place])


def _cut(rng: random.Random, session: Frames) -> None:
    place = rng.randrange(len(session))
    session[place] = session[place][: rng.randrange(len(session[place]) + 1)]


def _end(rng: random.Random, session: Frames) -> None:
    """Nothing comes after half of the last frame."""
    session[-1] = session[-1][: len(session[-1]) // 2]


WAYS = (_drop, _repeat, _swap, _stray, _flip, _cut, _end)


def wrong(came: bytes) -> str:
    """Why this cannot be all that an arbiter sent; empty where it can."""
    while came:
        try:
            header = gdproto.parse_header(came)
            stop = gdproto.HEADER_BYTES + header.length
            gdproto.parse(came[:stop])
        except gdproto.ProtocolError as error:
            return f"{error.code} in {came[:100].hex()}"
        if header.code not in ANSWERING:
            return f"a client cannot be sent {came[:100].hex()}"
        came = came[stop:]
    return ""
