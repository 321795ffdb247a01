"""Our arbiter, as a user starts it: by its command."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from .app import APP_PATH
from .arbiter_process import READY_LIMIT_S, ROOT, HeldArbiter, Size, held, place_for
from .samples import BenchmarkError

NAME = "gdproto"
_COMMAND = [sys.executable, "-m", "dirty_runtime"]
_STATUS_LIMIT_S = READY_LIMIT_S + 10.0


@contextlib.contextmanager
def serving(size: Size, timeout_s: int) -> Iterator[str]:
    """Serve the benchmark app; yields the socket's path once every worker is ready."""
    with place_for(NAME) as place:
        options = {
            "--app": APP_PATH,
            "--workers": str(size.workers),
            "--threads": str(size.threads),
            "--timeout": str(timeout_s),
            "--socket": place.socket_path,
            "--chdir": str(ROOT),
        }
        command = [*_COMMAND, "serve", *(word for pair in options.items() for word in pair)]
        with held(NAME, command, place) as arbiter:
            _wait_until_ready(arbiter)
            yield place.socket_path


def _wait_until_ready(arbiter: HeldArbiter) -> None:
    waiting = ["status", "--socket", arbiter.place.socket_path, "--wait", str(int(READY_LIMIT_S))]
    try:
        status = subprocess.run(
            [*_COMMAND, *waiting],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_STATUS_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BenchmarkError(f"{NAME}: `status --wait` did not return") from None
    arbiter.check()
    if status.returncode != 0:
        lines = status.stderr.decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else arbiter.place.last_words()
        raise BenchmarkError(f"{NAME}: the workers are not ready: {reason}")
