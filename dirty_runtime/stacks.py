"""The signal by which an arbiter asks a worker where its threads are, and how the answer is told.

Rules: the answer comes on a pipe. First, without the interpreter, what `faulthandler` writes of all
threads; then lines of JSON, each behind MARK: when the interpreter answers, the `names` of the
threads by their numbers, and when the event loop does, the stacks of its `tasks`, with which it is
over. A worker writes MARK and an empty line when it can be asked: who cannot would die of the
signal.
"""

from __future__ import annotations

import signal

# One that nothing else means. Where the system has none of its own, few programs use this.
ASK: int = signal.SIGRTMIN + 1 if hasattr(signal, "SIGRTMIN") else signal.SIGXFSZ
MARK = b"\x1e"
# What `faulthandler` writes first when a process ends by a fault.
FATAL = "Fatal Python error: "
