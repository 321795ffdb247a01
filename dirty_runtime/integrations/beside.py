"""An arbiter as the child of a web process: one command while developing, one container later.

Rules: it ends with the process that started it, however that ends. Its log is that process's
standard error. Where a server starts several web processes each would have an arbiter of its own:
start one beside them instead.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence

from ..testing import ending


@contextlib.contextmanager
def arbiter_beside(words: Sequence[str], socket_path: str = "") -> Iterator[str]:
    """The path of the socket at which ``dirty serve`` with these words is about to serve.

    Args:
        words: as after ``dirty serve``, without ``--socket``.
        socket_path: where; by default in a new directory.
    """
    with tempfile.TemporaryDirectory(prefix="dirty-") as own:
        path = socket_path or os.path.join(own, "socket")
        command = [sys.executable, "-m", "dirty_runtime", "serve", "--socket", path, *words]
        # A session of its own: what a terminal says to the web process reaches it by its end.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        with ending(process):
            yield path
