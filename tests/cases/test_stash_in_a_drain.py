"""A worker that first needs the stash while its arbiter drains finds the tables of that arbiter."""

from __future__ import annotations

import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dirty_runtime import StashClient
from tests.dirty_runtime.processes import LIMIT_S, Arbiter, serving, wait_until

LATE = """
import time
from pathlib import Path
from dirty_runtime import DirtyApp, stash

class Late(DirtyApp):
    def look(self, begun, go_on):
        Path(begun).touch()
        end_s = time.monotonic() + 30
        while not Path(go_on).exists() and time.monotonic() < end_s:
            time.sleep(0.01)
        return stash.get("t", "k")
"""


@pytest.mark.parametrize("is_succeeded", [False, True], ids=["alone", "beside a successor"])
def test_the_tables_of_the_own_arbiter_are_there(tmp_path: Path, is_succeeded: bool) -> None:
    (tmp_path / "late_app.py").write_text(LATE)
    begun, go_on, place = tmp_path / "begun", tmp_path / "go on", str(tmp_path / "socket")
    with contextlib.ExitStack() as stack:
        arbiter = stack.enter_context(serving_late(tmp_path, place))
        client = stack.enter_context(arbiter.client())
        with StashClient(place) as stash:
            stash.put("t", "k", "of the one that drains")
        pool = stack.enter_context(ThreadPoolExecutor(1))
        found = pool.submit(client.execute, "late_app:Late", "look", str(begun), str(go_on))
        wait_until(begun.exists)
        arbiter.signal(signal.SIGTERM)
        wait_until(lambda: not Path(place).exists())
        if is_succeeded:
            stack.enter_context(serving_late(tmp_path, place))
        go_on.touch()
        assert found.result(LIMIT_S) == "of the one that drains"


def serving_late(directory: Path, place: str) -> contextlib.AbstractContextManager[Arbiter]:
    return serving("late_app:Late", directory=directory, socket_path=place)
