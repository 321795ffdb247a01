"""The sum as a whole server of mosec, for `benchmarks.web`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

mosec: Any = import_module("mosec")


class Sum(mosec.Worker):  # type: ignore[misc]
    """Adds two numbers."""

    def forward(self, data: dict[str, int]) -> dict[str, int]:
        """The answer to one request."""
        return {"sum": data["a"] + data["b"]}


if __name__ == "__main__":
    server = mosec.Server()
    server.append_worker(Sum, num=1)
    server.run()
