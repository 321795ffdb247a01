"""The end of a program of ours: as Python's, but nothing is freed.

Rules: threads are waited for, exit handlers run, and what was written is flushed, in Python's
order. What Python does then, for each object that was ever imported, takes a fifth of the life of
a command, and in what is forked it copies every page that is shared: the kernel takes all of it at
once. What cannot be flushed, as on a full disk, is left to Python's own end, which tells it.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress


def run(main: Callable[[], object]) -> None:
    """Run the program, and end the process with what it exits with; what it raises is raised."""
    code = 0
    try:
        main()
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            raise
        code = end.code or 0
    exit_without_freeing(code)
    sys.exit(code)


def exit_without_freeing(code: int) -> None:
    """End the process; returns where what was written cannot be flushed, which Python tells."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):
        for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            # Without a descriptor at the start there is none.
            if stream is not None:
                stream.flush()
        os._exit(code & 0xFF)
