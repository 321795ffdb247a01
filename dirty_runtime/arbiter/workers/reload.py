"""A reload: the new code is looked at, and then every worker is replaced."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from ...settings import ConfigError
from ..policy.catalogue import AppFacts
from .supervisor import Supervisor

log = logging.getLogger("dirty")


class Reload:
    """Replaces every worker, unless the new code cannot be imported.

    Args:
        inspect: what the new code's apps say of themselves; raises ConfigError.
        supervisor: has the workers.
        begun: is called when it begins, and
        ended: when all workers are new, or it has failed.
    """

    def __init__(
        self,
        inspect: Callable[[], Awaitable[Mapping[str, AppFacts]]],
        supervisor: Supervisor,
        begun: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        self._inspect = inspect
        self._supervisor = supervisor
        self._begun = begun
        self._ended = ended
        self._looking: asyncio.Task[None] | None = None
        # Whether it was asked for again meanwhile: what is being looked at may be old.
        self._is_asked_again = False

    @property
    def is_under_way(self) -> bool:
        """It ends when all workers are new, or by a failure."""
        looks = self._looking is not None and not self._looking.done()
        return looks or self._supervisor.is_reloading

    @property
    def has_failed(self) -> bool:
        """Whether the last one did."""
        return bool(self._supervisor.reload_failure)

    def begin(self) -> None:
        """Begin; where new code is being looked at already, it is looked at once more."""
        self._supervisor.reload_failure = ""
        self._is_asked_again = True
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._run())

    def give_up(self) -> None:
        """Go no further."""
        if self._looking is not None:
            self._looking.cancel()

    async def _run(self) -> None:
        log.info("reloading")
        self._begun()
        try:
            facts = await self._newest()
            self._supervisor.reload(facts)
        except ConfigError as error:
            log.error("no reload, what served goes on: %s", error)
            self._supervisor.last_boot_error = self._supervisor.reload_failure = str(error)
            self._ended()

    async def _newest(self) -> Mapping[str, AppFacts]:
        """What the code says since it was asked for last. Raises ConfigError."""
        facts: Mapping[str, AppFacts] = {}
        while self._is_asked_again:
            self._is_asked_again = False
            try:
                facts = await self._inspect()
            except ConfigError:
                if not self._is_asked_again:
                    raise
        return facts
