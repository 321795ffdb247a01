"""In each Python of a judged run: another source for one module, or notes of what is run.

Python imports this at its start where its folder is on PYTHONPATH, and so do the processes that it
starts. Without the variables it does nothing.

Rules: nothing is imported that the process would not import by itself, but for what is mutated or
noted. A mutant may be wrong about whom it kills: nobody is killed who is no process of the run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, FrameType
from typing import Any


class Mutated(SourceFileLoader):
    """Loads the module at `path` from another file's text."""

    def get_code(self, fullname: str) -> CodeType:
        with open(os.environ["MUTANT_SOURCE"], encoding="utf-8") as file:
            return compile(file.read(), self.path, "exec", dont_inherit=True)


class Finder:
    """Finds the one module that is mutated, by its name."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != os.environ["MUTANT_MODULE"]:
            return None
        file = os.environ["MUTANT_PATH"]
        spec = ModuleSpec(name, Mutated(name, file), origin=file)
        spec.has_location = True
        if os.path.basename(file) == "__init__.py":
            spec.submodule_search_locations = [os.path.dirname(file)]
        return spec


def of_the_run(kill: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """`kill`, but for what would kill everybody, or the first process."""

    def guarded(pid: int, number: int, /) -> None:
        if abs(pid) == 1:
            raise ProcessLookupError(f"a mutant is not to signal {pid}")
        kill(pid, number)

    return guarded


def note_lines(current_path: str, process: str) -> Callable[[], None]:
    """Note which lines of the runtime are run from now on, in which test.

    Args:
        current_path: file that has the number of the test; what is run in it goes beside it.
        process: "tests", or "child".

    Returns:
        What goes on noting, in the thread that calls it: Python stops where noting itself fails,
        as in values that are nested too deeply, or by an exception out of a signal's handler.
    """
    import threading

    runtime = f"{os.sep}dirty_runtime{os.sep}"
    current = _out_of_the_way(os.open(current_path, os.O_RDONLY))
    notes = _out_of_the_way(os.open(f"{current_path}.lines", os.O_WRONLY | os.O_APPEND))
    seen: set[tuple[CodeType, int, bytes]] = set()
    number = b""

    def called(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        nonlocal number
        file = frame.f_code.co_filename
        if runtime not in file or "/tests/" in file:
            return None
        try:
            number = os.pread(current, 20, 0)
        except OSError:
            # Somebody has closed all descriptors.
            sys.settrace(None)
            return None
        return run(frame, event, None)

    def run(frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
        code, line = frame.f_code, frame.f_lineno
        if (code, line, number) not in seen:
            seen.add((code, line, number))
            row = (number.decode(), process, code.co_filename, code.co_qualname, str(line))
            with suppress(OSError):
                os.write(notes, ("\t".join(row) + "\n").encode())
        return run

    def go_on() -> None:
        sys.settrace(called)
        threading.settrace(called)

    go_on()
    return go_on


def _out_of_the_way(descriptor: int) -> int:
    """The same under a number that nobody else expects to have."""
    import fcntl

    high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 50)
    os.close(descriptor)
    return high


if "MUTANT_MODULE" in os.environ:
    sys.meta_path.insert(0, Finder())
    os.kill, os.killpg = of_the_run(os.kill), of_the_run(os.killpg)
if "MUTANTS_CURRENT" in os.environ:
    note_lines(os.environ["MUTANTS_CURRENT"], "child")
