"""What a program spends on importing the client, beside what it imports to call anything at all.

Rules: a round is a fresh interpreter from its start to its end, and its figure the processor time
of that process. Bytecode is there: the untimed run before compiled everything, ours and Python's,
into a directory that goes with the benchmark.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial

from .clients import OURS
from .figures import Figure, Part
from .rounds import Side, measure
from .stage import Plan, Stage

KEY = "import"
BASE = "asyncio, socket"
# Once more: how far the two are apart is what the machine adds.
AGAIN = "asyncio, socket, again"
PROGRAMS = {
    OURS: "from dirty_runtime import DirtyClient",
    BASE: "import asyncio, socket",
    AGAIN: "import asyncio, socket",
}
_LIMIT_S = 60.0


def part(stage: Stage, plan: Plan) -> Part:
    """Measure the programs in turns."""
    stage.progress(f"{KEY}: {plan.imports} fresh interpreters of each kind")
    figure = Figure("client", "import the client", "s")
    with bytecode() as environment:
        sides = {side: _side(program, environment) for side, program in PROGRAMS.items()}
        figures = measure([figure], sides, plan.imports)
    return Part(KEY, "Import of the client", OURS, (BASE, AGAIN), figures)


def _side(program: str, environment: Mapping[str, str]) -> Side:
    run = partial(cpu_s, program, environment)
    return Side(lambda: (run(),), run)


@contextlib.contextmanager
def bytecode() -> Iterator[dict[str, str]]:
    """The variables of interpreters that keep bytecode, in a place of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with tempfile.TemporaryDirectory(prefix="dirty-import-") as directory:
        yield {**kept, "PYTHONPYCACHEPREFIX": directory}


def cpu_s(program: str, environment: Mapping[str, str]) -> float:
    """Processor time, in seconds, of an interpreter that runs `program`.

    Raises:
        subprocess.SubprocessError: it failed, or took a minute.
    """
    before_s = _children_s()
    command = [sys.executable, "-c", program]
    subprocess.run(command, env=environment, check=True, timeout=_LIMIT_S)
    return _children_s() - before_s


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
