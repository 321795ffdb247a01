"""Two stages of mosec with its mixin that passes what is large through Redis, which is there with
the extra `benchmarks`. `BENCHMARK_REDIS` says where that is.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import numpy

mosec: Any = import_module("mosec")
mixin: Any = import_module("mosec.mixin.redis_worker").RedisShmIPCMixin
mixin.set_redis_url(os.environ["BENCHMARK_REDIS"])


class Load(mixin, mosec.Worker):  # type: ignore[misc]
    """Makes an array of what came."""

    def deserialize(self, data: bytes) -> Any:
        return numpy.frombuffer(data, numpy.uint8)

    def forward(self, data: Any) -> Any:
        return data


class Sample(mixin, mosec.Worker):  # type: ignore[misc]
    """Reads some of it."""

    def forward(self, data: Any) -> Any:
        return data[::1000].copy()

    def serialize(self, data: Any) -> bytes:
        return bytes(data)


if __name__ == "__main__":
    server = mosec.Server()
    server.append_worker(Load, num=1)
    server.append_worker(Sample, num=1)
    server.run()
