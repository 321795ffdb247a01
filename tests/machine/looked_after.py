"""An app that waits as long as a file is there, and takes memory."""

from __future__ import annotations

import os
import time

from dirty_runtime import DirtyApp

HOLD = "/run/hold"


def wait():
    while os.path.exists(HOLD):
        time.sleep(0.02)


class LookedAfter(DirtyApp):
    def init(self):
        wait()

    def hang(self):
        wait()
        return "waited"

    def pid(self):
        return os.getpid()

    def cgroup(self):
        with open("/proc/self/cgroup") as told:
            return told.read()

    def eat(self, count):
        return len(b"x" * count)
