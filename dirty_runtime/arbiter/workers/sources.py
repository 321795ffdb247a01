"""While developing: a reload whenever a file changes that the apps have imported.

Rules: workers say what they import, also later. What changes while a reload is under way begins
another behind it. Before a watch and between two nobody looks: there a file's own time tells that
it was changed. Behind a reload that failed, any source beside those files counts: what is at fault
may have never been imported.
"""

from __future__ import annotations

import asyncio
import logging
import math
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
# How often a watch says that nothing has changed.
SEEN_MS = 500
# How much later it may be than a file's time says.
COARSE_S = 0.01


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
        # Since when apps are known to depend on them, in seconds since the epoch.
        self._files: dict[str, float] = {}
        # Until when a watch has told of what changed, likewise.
        self._seen_s = math.inf
        self._directories: set[str] = set()
        self._more = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, path: str, since_s: float) -> None:
        """Apps depend on the file, and have read it in the last `since_s` seconds."""
        now_s = time.time()
        if path not in self._files and _changed_s(path) > now_s - since_s:
            # Before anybody looked; or before it was read, and then it is read once more.
            self._begin({path})
        self._files.setdefault(path, now_s)
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
        self._seen_s = min(self._seen_s, time.time())
        changes = self._look(
            *directories,
            watch_filter=self._concerns,
            debounce=TOGETHER_MS,
            step=STEP_MS,
            stop_event=self._more,
            recursive=False,
            rust_timeout=SEEN_MS,
            yield_on_timeout=True,
        )
        is_new = True
        async for told in changes:
            changed = {path for _, path in told} | (self._untold() if is_new else set())
            is_new, self._seen_s = False, time.time()
            if changed:
                while self._reloading.is_under_way:
                    await asyncio.sleep(PAUSE_S)
                self._begin(changed)

    def _untold(self) -> set[str]:
        """What has changed since a watch told of changes last: between two, nobody looks."""
        return {
            path
            for path, added_s in self._files.items()
            if _changed_s(path) > max(added_s, self._seen_s) - COARSE_S
        }

    def _begin(self, changed: set[str]) -> None:
        log.info("changed: %s", printable(", ".join(sorted(changed))))
        self._reloading.begin()

    def _concerns(self, change: object, path: str) -> bool:
        return path in self._files or (path.endswith(".py") and self._reloading.has_failed)


def _changed_s(path: str) -> float:
    """When the file was changed, in seconds since the epoch; 0 where it is not there."""
    with suppress(OSError):
        return os.stat(path).st_mtime
    return 0.0
