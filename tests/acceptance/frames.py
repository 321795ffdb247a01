"""Frames that are not what they should be, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

import gdproto


def mutated(rng: random.Random, app_path: str, count: int) -> Iterator[bytes]:
    """`count` pieces of what a broken or hostile client may send."""
    valid = [
        gdproto.Request(1, app_path, "pid").to_bytes(),
        gdproto.Request(2, app_path, "count", (3,), {}, 1.0).to_bytes(),
        gdproto.Stash(3, 1, "t", "k", [1, {"a": None}]).to_bytes(),
        gdproto.Status(4).to_bytes(),
        gdproto.Cancel(5).to_bytes(),
        gdproto.Response(6, {"a": 1}).to_bytes(),
    ]
    ways = (_garbage, _cut, flipped, _overlong, _repeat, _splice)
    floods = [_too_large(), _deep(), _many_keys(), _many_items()]
    for number in range(count):
        if number % 100 == 99:
            yield rng.choice(floods)
        else:
            yield rng.choice(ways)(rng, rng.choice(valid))


def _garbage(rng: random.Random, frame: bytes) -> bytes:
    return rng.randbytes(rng.randrange(1, 200))


def _cut(rng: random.Random, frame: bytes) -> bytes:
    return frame[: rng.randrange(len(frame))]


def flipped(rng: random.Random, frame: bytes) -> bytes:
    """The frame with up to three bytes changed."""
    data = bytearray(frame)
    for _ in range(rng.randrange(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def _overlong(rng: random.Random, frame: bytes) -> bytes:
    return frame + rng.randbytes(rng.randrange(1, 40))


def _repeat(rng: random.Random, frame: bytes) -> bytes:
    return frame * rng.randrange(2, 5)


def _splice(rng: random.Random, frame: bytes) -> bytes:
    """The header as it is, another payload of the same length."""
    payload = len(frame) - gdproto.HEADER_BYTES
    return frame[: gdproto.HEADER_BYTES] + rng.randbytes(payload)


def _request(payload: bytes) -> bytes:
    return gdproto.Header(gdproto.MessageCode.REQUEST, len(payload), 1).to_bytes() + payload


def _too_large() -> bytes:
    return gdproto.Header(gdproto.MessageCode.REQUEST, gdproto.MAX_PAYLOAD_BYTES + 1, 1).to_bytes()


def _deep() -> bytes:
    one = gdproto.encode([None])[:-1]
    return _request(one * 50_000)


def _many_keys() -> bytes:
    return _request(gdproto.encode({str(number): None for number in range(20_000)}))


def _many_items() -> bytes:
    head = gdproto.encode([])[:1]
    return _request(head + (2**20).to_bytes(4) + b"\x00" * 1000)
