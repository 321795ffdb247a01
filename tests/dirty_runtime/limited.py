"""An app that takes much, and tells what it may take."""

from __future__ import annotations

import asyncio
import itertools
import os
import time

from dirty_runtime import DirtyApp


class Limited(DirtyApp):
    def pid(self):
        return os.getpid()

    def has(self):
        """Its niceness, and the CPUs that it may use; and the same of what it starts."""
        told = os.popen("nice; grep Cpus_allowed_list: /proc/self/status").read().split()
        return os.nice(0), sorted(os.sched_getaffinity(0)), told[0], told[2]

    def allocate(self, count):
        return len(bytearray(count))

    def hang(self):
        """Nobody who hangs so hears that he is given up."""
        time.sleep(600)

    async def doze(self):
        await asyncio.sleep(600)

    def speak(self):
        for number in itertools.count():
            time.sleep(0.01)
            yield number
