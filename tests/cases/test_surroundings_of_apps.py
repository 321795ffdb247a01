"""What stands beside an app's module, or what it makes of Python, keeps no worker from serving.

A module beside the app may have the name of any of Python's. Where a library replaces what a worker
needs, one line says so, and how to leave that.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from dirty_runtime import DirtyAppError
from dirty_runtime.testing import running
from tests.dirty_runtime.processes import run_dirty

APP = """
{first}
from dirty_runtime import DirtyApp
class App(DirtyApp):
    def items(self):
        yield from (1, 2)
    async def later(self):
        return 3
    def fail(self):
        raise ExceptionGroup("told", [SyntaxError("a"), NameError("b")])
"""
# Among them what a worker needs itself, some of it only when it tells an exception.
NAMES = (
    *(
        "asyncio",
        "code",
        "contextlib",
        "ctypes",
        "inspect",
        "json",
        "linecache",
        "logging",
        "queue",
    ),
    *("random", "select", "selectors", "signal", "socket", "string", "tempfile", "textwrap"),
    *("threading", "token", "tokenize", "traceback", "types", "uuid"),
)
LEAVES = "thread=False, select=False"


@pytest.mark.parametrize("is_safe", ["", "1"], ids=["usual path", "safe path"])
def test_names_of_python_beside_the_app(tmp_path: Path, is_safe: str) -> None:
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not the one')\n")
    (tmp_path / "beside.py").write_text(APP.format(first=""))
    serves(tmp_path, {"PYTHONSAFEPATH": is_safe})


@pytest.mark.skipif(not importlib.util.find_spec("gevent"), reason="gevent is not installed")
@pytest.mark.parametrize("given", ["", "thread=False", "select=False"])
def test_a_library_that_replaces_threads_is_refused(tmp_path: Path, given: str) -> None:
    first = f"from gevent import monkey; monkey.patch_all({given})"
    (tmp_path / "beside.py").write_text(APP.format(first=first))
    words = ("--app", "beside:App", "--chdir", str(tmp_path), "--socket", str(tmp_path / "s"))
    done = run_dirty("serve", *words)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "gevent has replaced the threads and waits" in done.stderr
    assert LEAVES in done.stderr


@pytest.mark.skipif(not importlib.util.find_spec("gevent"), reason="gevent is not installed")
def test_a_library_that_leaves_them_is_served(tmp_path: Path) -> None:
    first = f"from gevent import monkey; monkey.patch_all({LEAVES})"
    (tmp_path / "beside.py").write_text(APP.format(first=first))
    serves(tmp_path, {})


def serves(directory: Path, environment: dict[str, str]) -> None:
    with (
        running("beside:App", directory=directory, environment=environment) as arbiter,
        arbiter.client() as client,
    ):
        assert list(client.stream("beside:App", "items")) == [1, 2]
        assert client.execute("beside:App", "later") == 3
        with pytest.raises(DirtyAppError) as caught:
            client.execute("beside:App", "fail")
        assert "NameError: b" in str(caught.value.traceback)
        assert arbiter.stop() == 0
