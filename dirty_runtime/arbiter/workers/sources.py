"""While developing: a reload whenever a file changes that the apps have imported.

Rules: workers say what they import, also later. What changes while a reload is under way begins
another behind it. Behind a reload that failed, any source beside those files counts: what is at
fault may have never been imported.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from contextlib import suppress
from typing import Any

from ...printable import printable
from ...settings import ConfigError
from .reload import Reload

log = logging.getLogger("dirty")

# Changes that come so soon behind each other are one.
TOGETHER_MS = 100
STEP_MS = 50
PAUSE_S = 0.05


class Sources:
    """The files, and who looks at them.

    Args:
        reloading: what is begun by a change.

    Raises:
        ConfigError: there is no `watchfiles`.
    """

    def __init__(self, reloading: Reload) -> None:
        try:
            import watchfiles
        except ImportError:
            reason = "reload needs watchfiles: pip install 'gdproto[reload]'"
            raise ConfigError(reason, "reload") from None
        # It counts what nobody asked for.
        logging.getLogger("watchfiles").setLevel(logging.WARNING)
        self._look: Any = watchfiles.awatch
        self._reloading = reloading
        self._files: set[str] = set()
        self._directories: set[str] = set()
        self._more = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, path: str, since_s: float) -> None:
        """Apps depend on the file, and have read it in the last `since_s` seconds."""
        if path not in self._files and _is_younger(path, since_s):
            # Before anybody looked; or before it was read, and then it is read once more.
            self._begin({path})
        self._files.add(path)
        if (directory := os.path.dirname(path)) not in self._directories:
            self._directories.add(directory)
            self._more.set()

    def begin(self) -> None:
        """Look at them from now on."""
        self._task = asyncio.get_running_loop().create_task(self._watch())

    def end(self) -> None:
        """Look no more."""
        self._more.set()
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        while True:
            await self._more.wait()
            self._more = asyncio.Event()
            directories = [one for one in self._directories if os.path.isdir(one)]
            try:
                await self._watch_in(directories)
            except Exception as error:
                log.error("sources are watched no more: %s", printable(str(error)))
                return

    async def _watch_in(self, directories: list[str]) -> None:
        """Reload by what changes there, until there are more directories."""
        changes = self._look(
            *directories,
            watch_filter=self._concerns,
            debounce=TOGETHER_MS,
            step=STEP_MS,
            stop_event=self._more,
            recursive=False,
        )
        async for changed in changes:
            while self._reloading.is_under_way:
                await asyncio.sleep(PAUSE_S)
            self._begin({path for _, path in changed})

    def _begin(self, changed: set[str]) -> None:
        log.info("changed: %s", printable(", ".join(sorted(changed))))
        self._reloading.begin()

    def _concerns(self, change: object, path: str) -> bool:
        return path in self._files or (path.endswith(".py") and self._reloading.has_failed)


def _is_younger(path: str, age_s: float) -> bool:
    """Whether the file was changed in the last `age_s` seconds."""
    with suppress(OSError):
        return time.time() - os.stat(path).st_mtime < age_s
    return False
