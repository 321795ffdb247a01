"""The settings that are for all of several arbiters, and are read again by each reload.

Rules: what no branch could have is not taken; why, is told until it is read the next time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ...settings import Config, ConfigError, label_of
from .. import system
from ..anew import settings_anew
from ..clients.access import Access
from ..clock import Clock
from ..policy.division import check_divided

log = logging.getLogger("dirty")


class Whole:
    """The settings of all.

    Args:
        config: as they are at first.
        read: reads them again; None where they stay.
        clock: has the timer of that.
        taken: is called when they have been read again and can be had.

    Raises:
        ConfigError: several arbiters cannot have them here.

    Attributes:
        config: as they are.
        failure: why they could not be had when they were read last; empty where they could.
    """

    def __init__(
        self,
        config: Config,
        read: Callable[[], Config] | None,
        clock: Clock,
        taken: Callable[[], object],
    ) -> None:
        _check(config)
        self.config = config
        self.failure = ""
        self._read = read
        self._clock = clock
        self._taken = taken
        # How often they are being read.
        self._reading = 0
        self._tasks: set[asyncio.Task[bool]] = set()

    @property
    def is_being_read(self) -> bool:
        """Whether they may be others soon."""
        return self._reading > 0

    def begin(self) -> None:
        """Have them read again, beside what else is done."""
        task = asyncio.get_running_loop().create_task(self.renew())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self) -> None:
        """Read no more."""
        for task in self._tasks:
            task.cancel()

    async def renew(self) -> bool:
        """Read them again. Returns whether they could be had."""
        self._reading += 1
        try:
            config, _, fixed = await settings_anew(self.config, self._read, self._clock)
            _check(config)
        except ConfigError as error:
            self.failure = str(error)
            log.error("the reload failed: %s", error)
            return False
        finally:
            self._reading -= 1
        if "arbiters" in fixed:
            log.warning("%s stays as it is, until `dirty upgrade` or a start", label_of("arbiters"))
        self.config, self.failure = config, ""
        self._taken()
        return True


def _check(config: Config) -> None:
    """Raises ConfigError where several arbiters cannot have these settings here."""
    check_divided(config)
    system.check_cpus(config.cpu_affinity)
    Access.of(config)
