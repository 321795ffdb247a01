"""Where the stash is kept, by the setting that says so."""

from __future__ import annotations

import time
from typing import cast

from ...errors import StashError
from ...settings import IN_MEMORY, Config, ConfigError, label_of, stash_file
from ..clock import Clock
from ..turns import Turns
from .backend import Backend
from .memory import MemoryStash

TABLES = "stash_tables"


def stash_of(config: Config, turns: Turns, clock: Clock) -> Backend:
    """What keeps the tables of an arbiter. Raises ConfigError."""
    # Two patterns may have one place, which is opened once.
    made: dict[str, Backend] = {}
    for place, by in [
        (config.stash, "stash"),
        *((p, TABLES) for p in config.stash_tables.values()),
    ]:
        if place not in made:
            made[place] = _made(place, by, config.stash_max_bytes, turns, clock)
    if not config.stash_tables:
        return made[config.stash]
    from .split import SplitStash

    by_pattern = {pattern: made[place] for pattern, place in config.stash_tables.items()}
    return cast(Backend, SplitStash(made[config.stash], by_pattern))


def _made(place: str, by: str, most: int, turns: Turns, clock: Clock) -> Backend:
    """What keeps tables there. Raises ConfigError, for the setting that names it."""
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
        raise ConfigError(told, by) from None
    except (StashError, ValueError) as error:
        raise ConfigError(f"{label_of(by)}: {error}", by) from None
