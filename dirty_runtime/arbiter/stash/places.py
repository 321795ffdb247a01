"""Where the stash is kept, by the setting that says so."""

from __future__ import annotations

import time

from ...errors import StashError
from ...settings import IN_MEMORY, Config, ConfigError, stash_file
from ..clock import Clock
from ..turns import Turns
from .backend import Backend
from .memory import MemoryStash


def stash_of(config: Config, turns: Turns, clock: Clock) -> Backend:
    """What keeps the tables of an arbiter. Raises ConfigError."""
    most, place = config.stash_max_bytes, config.stash
    if place == IN_MEMORY:
        # Versions are in microseconds: some languages have no integer beyond 2 ** 53.
        return MemoryStash(most, turns, clock, time.time_ns() // 1000)
    # Only who keeps tables there loads it.
    try:
        if path := stash_file(place):
            from .sqlite import SqliteStash

            return SqliteStash(path, most, turns)
        from .valkey import ValkeyStash

        return ValkeyStash(place, most, turns)
    except ImportError as error:
        told = f"a stash on a server needs a package: pip install 'gdproto[valkey]' ({error})"
        raise ConfigError(told, "stash") from None
    except (StashError, ValueError) as error:
        raise ConfigError(f"stash: {error}", "stash") from None
