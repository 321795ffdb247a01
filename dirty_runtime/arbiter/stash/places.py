"""Where the stash is kept, by the setting that says so."""

from __future__ import annotations

import time

from ...errors import StashError
from ...settings import Config, ConfigError, stash_file
from ..clock import Clock
from ..turns import Turns
from .backend import Backend
from .memory import MemoryStash


def stash_of(config: Config, turns: Turns, clock: Clock) -> Backend:
    """What keeps the tables of an arbiter. Raises ConfigError."""
    most = config.stash_max_bytes
    path = stash_file(config.stash)
    if not path:
        # Versions are in microseconds: some languages have no integer beyond 2 ** 53.
        return MemoryStash(most, turns, clock, time.time_ns() // 1000)
    # Only who keeps tables in a file loads it.
    from .sqlite import SqliteStash

    try:
        return SqliteStash(path, most, turns)
    except StashError as error:
        raise ConfigError(str(error), "stash") from None
