"""Inputs: seeds from the vectors and the stored corpus, and changes of them by chance that repeats.

Rules: what the vectors say is where a change of one byte matters. The stored corpus holds inputs
that once showed something, each under a name that says what.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from gdproto.conformance import cases
from gdproto.declaration import MESSAGES, ROLES, VALUE_TYPES
from tests.vectors import CASES

CORPUS = Path(__file__).parent / "corpus"
MAX_SEED_BYTES = 4_000
# Numbers that a size may become: small ones, the limits and what lies around, the largest.
LIMITS = {1, 64, 256, *(rule.limit for rule in VALUE_TYPES)}
SIZES = [*sorted({max(0, limit + by) for limit in LIMITS for by in (-1, 0, 1)}), 2**31, 2**32 - 1]
CODES = bytes([rule.code for rule in VALUE_TYPES] + [rule.code for rule in MESSAGES])


@cache
def seeds(target: str) -> tuple[bytes, ...]:
    """The inputs of the vectors and of the stored corpus for this target, without repetition."""
    found = [path.read_bytes() for path in stored(target)]
    for case in CASES.values():
        found += _of_case(target, case)
    return tuple(dict.fromkeys(found))


def stored(target: str) -> list[Path]:
    """The files of the corpus."""
    return sorted((CORPUS / target).glob("*"))


def _of_case(target: str, case: cases.Case) -> Iterator[bytes]:
    recipe = case.receives if case.kind == "stream" else case.bytes
    if recipe is None or cases.size(recipe) > MAX_SEED_BYTES:
        return
    data = cases.made(recipe)
    match target, case.kind:
        case ("value", "value") | ("frame", "frame" | "message") | ("written", "value"):
            yield data
        case "connection" | "options", "stream":
            yield bytes([list(ROLES).index(case.role) | 0x30, 0x0F, 0, 0]) + data
        case "connection", "frame" | "message":
            for number in range(len(ROLES)):
                yield bytes([number | 0x30, 0x0F, 0, 0]) + data
        case "options", "message":
            # An opener, and an answerer.
            for number in range(2):
                yield bytes([number | 0x30, 0x0F, 0, 0]) + data


class Mutator:
    """Changes inputs.

    Args:
        target: whose seeds it starts from.
        seed: of the chance.
    """

    def __init__(self, target: str, seed: int) -> None:
        self._random = random.Random(seed)
        self._seeds = list(seeds(target)) or [bytes(16)]

    def next(self) -> bytes:
        """One input: a seed, changed a few times."""
        data = bytearray(self._some())
        for _ in range(self._random.choice((0, 1, 1, 1, 2, 2, 3, 5, 8))):
            self._change(data)
        return bytes(data)

    def _some(self) -> bytes:
        return self._random.choice(self._seeds)

    def _change(self, data: bytearray) -> None:
        chance, at = self._random, self._random.randint(0, len(data))
        match chance.randrange(8):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(data):
                data[at] = chance.choice(CODES)
            case 2:
                data[at:at] = chance.randbytes(chance.randint(1, 9))
            case 3:
                del data[at : at + chance.choice((1, 1, 2, 4, 5, 9, 16))]
            case 4:
                data[at : at + 4] = chance.choice(SIZES).to_bytes(4, "big")
            case 5:
                other = self._some()
                start = chance.randint(0, len(other))
                data[at:] = other[start:]
            case 6:
                data[at:at] = self._some()
            case _:
                start = chance.randint(0, len(data))
                data[at:at] = data[start : start + chance.randint(1, 64)] * chance.randint(1, 70)


def smallest(data: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """The input, with all left out that can be while it still fails."""
    size = max(1, len(data) // 2)
    while size:
        at = 0
        while at < len(data):
            shorter = data[:at] + data[at + size :]
            if fails(shorter):
                data = shorter
            else:
                at += size
        size //= 2
    return data
