"""The apps of `benchmarks.preload`: its own imports are no part of what is measured."""

from __future__ import annotations

import gc
import os

from dirty_runtime import DirtyApp


class Nothing(DirtyApp):
    """An app that loads nothing."""

    def pid(self) -> int:
        return os.getpid()

    def collect(self) -> int:
        gc.collect()
        return os.getpid()


class Model(Nothing):
    """An app that loads much, once."""

    preload = True

    def init(self) -> None:
        import numpy

        self.array = numpy.ones(2**27)
        self.objects = [{"n": number} for number in range(300_000)]
