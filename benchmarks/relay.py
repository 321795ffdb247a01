"""The relay in C: what the same hops cost without Python.

``python -m benchmarks.relay`` prints its p50 for a small call, over one hop and over two.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gdproto

from .app import APP_PATH
from .samples import BenchmarkError, percentile

SOURCE = Path(__file__).with_name("relay.c")
_COMPILE_LIMIT_S = 60.0
_RUN_LIMIT_S = 60.0


@dataclass(frozen=True)
class Exchange:
    """The sizes of a request's and its response's frame, in bytes."""

    request_bytes: int
    response_bytes: int

    @classmethod
    def of(cls, request: gdproto.Message, response: gdproto.Message) -> Exchange:
        """As large as these messages."""
        return cls(len(request.to_bytes()), len(response.to_bytes()))


SMALL_CALL = Exchange.of(
    gdproto.Request(1, APP_PATH, "add", (1, 2), {}, 1.0), gdproto.Response(1, 3)
)


class Relay:
    """The compiled program."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def taken_s(
        self, hops: int, calls: int, exchange: Exchange, apart: bool = False
    ) -> list[float]:
        """Seconds of each call over `hops` sockets; `apart` has every hop wake another core.

        Raises:
            BenchmarkError: the program failed.
        """
        numbers = (hops, calls, exchange.request_bytes, exchange.response_bytes)
        command = [str(self._program), *map(str, numbers), *(["apart"] if apart else [])]
        output = _run(command, _RUN_LIMIT_S)
        return [int(line) / 1e9 for line in output.split()]


@contextlib.contextmanager
def compiled() -> Iterator[Relay | None]:
    """The relay, compiled for the while; None where there is no C compiler.

    Raises:
        BenchmarkError: it does not compile.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="bench-relay-") as directory:
        program = Path(directory, "relay")
        _run([compiler, "-O2", "-o", str(program), str(SOURCE)], _COMPILE_LIMIT_S)
        yield Relay(program)


def _run(command: list[str], limit_s: float) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchmarkError(f"relay: {type(error).__name__}") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise BenchmarkError(f"relay: {lines[-1] if lines else f'exit code {done.returncode}'}")
    return done.stdout


def main() -> None:
    """Print the p50 of a small call."""
    with compiled() as relay:
        if relay is None:
            raise SystemExit("relay: no C compiler (cc)")
        for hops in (1, 2):
            for apart in (False, True):
                p50_s = percentile(relay.taken_s(hops, 5000, SMALL_CALL, apart), 50)
                print(f"{hops} hops{', cores apart' if apart else ''}: {p50_s * 1e6:.1f} us")


if __name__ == "__main__":
    main()
