"""Reads the settings again while others are served: a config file may do anything, on any disk.

Rules: a thread reads. One that does not come to an end ends with the process.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from ..failure import describe
from ..settings import Config, ConfigError, renewed
from .clock import Clock


async def settings_anew(
    old: Config, read: Callable[[], Config] | None, clock: Clock
) -> tuple[Config, list[str], list[str]]:
    """The settings as they are now, as `renewed` tells them.

    Args:
        old: those of before; `boot_timeout_s` is how long reading may take.
        read: reads them; None where there is nothing to read.
        clock: has the timer.

    Raises:
        ConfigError: they cannot be used, or reading them takes too long.
    """
    new = await read_anew(read, old.boot_timeout_s, clock) if read else old
    return renewed(old, new)


async def read_anew(read: Callable[[], Config], limit_s: float, clock: Clock) -> Config:
    """What a thread reads.

    Args:
        read: reads them.
        limit_s: how long it may take, in seconds.
        clock: has the timer.

    Raises:
        ConfigError: they cannot be used, or reading them takes too long.
    """
    loop = asyncio.get_running_loop()
    reading: asyncio.Future[Config] = loop.create_future()

    def tell(act: Callable[..., None], outcome: object) -> None:
        if not reading.done():
            act(outcome)

    def run() -> None:
        act: Callable[..., None] = reading.set_result
        outcome: object
        try:
            outcome = read()
        except Exception as error:
            act, outcome = reading.set_exception, error
        except BaseException as error:
            # On the loop it would end the arbiter.
            act, outcome = reading.set_exception, ConfigError(describe(error))
        # The loop may be over.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, act, outcome)

    threading.Thread(target=run, name="settings", daemon=True).start()
    try:
        async with clock.timeout(limit_s):
            return await reading
    except TimeoutError:
        reason = f"the settings could not be read in {limit_s:g} s, all of boot-timeout"
        raise ConfigError(reason) from None
