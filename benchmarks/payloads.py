"""The values the codecs are timed on. They are the same in every run."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

EMBEDDING_FLOATS = 1536
ROWS = 1000
BLOB_BYTES = 1024 * 1024
WIDE_DICTS = 100
WIDE_KEYS = 20
STRINGS = 200

_SEED = 20250


@dataclass(frozen=True)
class Payload:
    """A value to encode, and what the tables call it."""

    key: str
    title: str
    value: Any
    # Where a value has to be a new one for every call, what makes it.
    make: Callable[[], Any] | None = None


def small_request() -> dict[str, Any]:
    """The payload of a REQUEST with 4 arguments and 4 keyword arguments."""
    return {
        "app_path": "shop.search:SearchApp",
        "action": "lookup",
        "args": ["red shoes", 42, 0.75, True],
        "kwargs": {"limit": 20, "locale": "en_GB", "boost": 1.5, "cursor": None},
    }


def one_token() -> dict[str, Any]:
    """The payload of a CHUNK that carries one token of text."""
    return {"data": " token"}


def embedding() -> list[float]:
    """A vector of floats, as an embedding model returns it."""
    numbers = random.Random(_SEED)
    return [numbers.uniform(-1.0, 1.0) for _ in range(EMBEDDING_FLOATS)]


def rows() -> list[dict[str, Any]]:
    """Rows of a table: an int, two strings, a float and a bool each."""
    numbers = random.Random(_SEED)
    return [
        {
            "id": 100_000 + index,
            "name": f"customer {index}",
            "city": numbers.choice(["Lisbon", "Kraków", "Oslo", "Ghent"]),
            "balance": round(numbers.uniform(0.0, 5000.0), 2),
            "active": index % 3 != 0,
        }
        for index in range(ROWS)
    ]


def blob() -> bytes:
    """One bytes value of 1 MiB."""
    return random.Random(_SEED).randbytes(BLOB_BYTES)


def five_payloads() -> list[Payload]:
    """The five, in the order of the tables."""
    return [
        Payload("small_request", "small request", small_request()),
        Payload("one_token", "one-token chunk", one_token()),
        Payload("embedding", "1,536 floats", embedding()),
        Payload("rows", "1,000 rows of 5 fields", rows()),
        Payload("blob", "1 MiB of bytes", blob()),
    ]


def wide_dicts() -> list[dict[str, Any]]:
    """Dicts of 20 keys, as an API returns them."""
    return [
        {f"field_{column:02}": index * column for column in range(WIDE_KEYS)}
        for index in range(WIDE_DICTS)
    ]


def foreign_text() -> list[str]:
    """Text that is not ASCII, in four alphabets."""
    words = [
        "zażółć gęślą jaźń",
        "съешь ещё этих мягких булок",
        "色は匂へど散りぬるを",
        "naïve café",
    ]
    return [f"{words[index % len(words)]} {index}" for index in range(STRINGS)]


def fresh_strings() -> list[str]:
    """Strings that nobody has hashed or encoded yet; every fourth is not ASCII."""
    return [f"{'Straße' if index % 4 == 0 else 'street'} {index}" for index in range(STRINGS)]


def integers() -> list[int]:
    """Integers of all magnitudes, as many as the vector has floats."""
    numbers = random.Random(_SEED)
    return [numbers.getrandbits(1 + index % 63) for index in range(EMBEDDING_FLOATS)]


def weak_shapes() -> list[Payload]:
    """What our codec was found to gain least with, in the order of the tables."""
    return [
        Payload("wide_dicts", f"{WIDE_DICTS} dicts of {WIDE_KEYS} keys", wide_dicts()),
        Payload("foreign_text", f"{STRINGS} strings beyond ASCII", foreign_text()),
        Payload("fresh_strings", f"{STRINGS} fresh strings", fresh_strings(), fresh_strings),
        Payload("integers", "1,536 ints", integers()),
    ]
