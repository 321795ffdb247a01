"""The sum as a whole server of LitServe, for `benchmarks.web`."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

litserve: Any = import_module("litserve")


class Sum(litserve.LitAPI):  # type: ignore[misc]
    """Adds two numbers."""

    def setup(self, device: object) -> None:
        """Nothing to load."""

    def predict(self, request: dict[str, int]) -> dict[str, int]:
        """The answer to one request."""
        return {"sum": request["a"] + request["b"]}


if __name__ == "__main__":
    server = litserve.LitServer(Sum(api_path="/sum"), accelerator="cpu", workers_per_device=1)
    quietly = {"log_level": "error", "generate_client_file": False}
    server.run(port=int(sys.argv[1]), host="127.0.0.1", **quietly)
