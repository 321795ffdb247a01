"""The model of `benchmarks.gathering` under mosec, which is there with the extra `benchmarks`."""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

mosec: Any = import_module("mosec")


class Model(mosec.Worker):  # type: ignore[misc]
    """Takes 5 ms, and 0.1 ms an item."""

    def forward(self, data: list[int]) -> list[int]:
        time.sleep(0.005 + 0.0001 * len(data))
        return data


if __name__ == "__main__":
    server = mosec.Server()
    server.append_worker(Model, num=1, max_batch_size=32, max_wait_time=5)
    server.run()
