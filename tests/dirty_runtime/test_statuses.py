"""What a command's end says: its status by the kind of failure, its examples, its completion."""

from __future__ import annotations

import os
import pty
import select
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from dirty_runtime.cli import HOMES, group
from dirty_runtime.cli.examples import EXAMPLES
from dirty_runtime.cli.failing import STATUSES, failure
from dirty_runtime.client.readiness import NotReady
from dirty_runtime.errors import DirtyAppError, DirtyError
from dirty_runtime.testing import Arbiter
from gdproto import ManageOp

from .processes import LIMIT_S, OURS, ROOT, dirty, run_dirty, serving


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS, options=("--max-queue", "1")) as arbiter:
        yield arbiter


def ended(arbiter: Arbiter | str, *words: str) -> int:
    path = arbiter if isinstance(arbiter, str) else arbiter.socket_path
    done = run_dirty(*words, "--socket", path)
    assert len(done.stderr.splitlines()) == (done.returncode != 0), done.stderr
    return done.returncode


def test_the_status_says_what_kind_of_failure_it_is(arbiter: Arbiter, tmp_path: Path) -> None:
    assert ended(arbiter, "call", OURS, "pid") == 0
    assert ended(arbiter, "call", OURS, "fail", '"no"') == 1
    assert ended(arbiter, "call", OURS, "pid", "not JSON") == 2
    assert ended(arbiter, "kill", "x") == 2
    assert ended(arbiter, "scale", "x") == 2
    assert ended(str(tmp_path / "nobody"), "status") == 3
    assert ended(arbiter, "call", "no.such:App", "pid") == 4
    assert ended(arbiter, "kill", "77") == 5
    with arbiter.client() as client:
        stream = client.stream(OURS, "hold")
        next(stream)
        assert ended(arbiter, "call", OURS, "pid", "--timeout", "0.1") == 7
        with (
            arbiter.client() as other,
            subprocess.Popen(
                dirty("call", OURS, "pid", "--socket", arbiter.socket_path),
                stdout=subprocess.DEVNULL,
            ) as waiting,
        ):
            while not other.status()["queues"][OURS]:
                time.sleep(0.01)
            assert ended(arbiter, "call", OURS, "pid") == 6
            other.manage(ManageOp.KILL, slot=0)
            assert waiting.wait(LIMIT_S) == 0


def test_a_wait_that_is_too_short_says_not_ready(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("changing.py"), tmp_path)
    (tmp_path / "hang").touch()
    words = ("serve", "--app", "changing:Changing", "--app", "changing:Good", "--socket", "s")
    with subprocess.Popen(dirty(*words), cwd=tmp_path, stderr=subprocess.DEVNULL) as serve:
        try:
            while not (tmp_path / "s").exists():
                time.sleep(0.01)
            assert (
                run_dirty("status", "--wait", "0.1", "--socket", "s", cwd=tmp_path).returncode == 4
            )
        finally:
            serve.send_signal(signal.SIGQUIT)


@pytest.mark.parametrize(
    ("kind", "status"), STATUSES, ids=lambda one: getattr(one, "__name__", one)
)
def test_each_kind_has_its_status_and_those_below_it(kind: type[DirtyError], status: int) -> None:
    error = kind.__new__(kind)
    error.message = "what it says\nand more"
    vars(error)["socket_path"] = None
    assert failure(error).exit_code == status
    assert "\n" not in failure(error).message
    assert failure(DirtyAppError("no", "m:A")).exit_code == 1
    assert failure(NotReady("no")).message.startswith("DirtyError: ")


def test_each_command_has_examples_that_it_takes() -> None:
    assert HOMES.keys() - EXAMPLES.keys() <= {"stubs"}
    for name, lines in EXAMPLES.items():
        for line in lines:
            words = shlex.split(line)
            if words[0] != "dirty":
                continue
            command = group.get_command(click.Context(group), name)
            assert command is not None
            assert f"  {line}" in (command.epilog or "")
            command.make_context(name, words[2:])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_installed_for_a_user(shell: str, tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""}
    words = dirty("completion", shell, "--install")
    done = subprocess.run(words, env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.split()[2].rstrip(";"))
    assert path.is_relative_to(tmp_path)
    assert "_DIRTY_COMPLETE" in path.read_text()


def test_a_shell_completes_commands_and_options() -> None:
    environment = {**os.environ, "_DIRTY_COMPLETE": "bash_complete", "COMP_CWORD": "1"}
    for words, expected in (
        ("dirty re", ["recycle", "reload"]),
        ("dirty sta", ["stacks", "stash", "status"]),
    ):
        done = subprocess.run(
            dirty(), env={**environment, "COMP_WORDS": words}, capture_output=True, text=True
        )
        assert [line.partition(",")[2] for line in done.stdout.splitlines()] == expected


def test_a_watch_goes_on_with_the_arbiter_that_comes_after() -> None:
    ours, theirs = pty.openpty()
    with serving(OURS) as first:
        path = first.socket_path
        watching = subprocess.Popen(
            dirty("status", "--watch", "--socket", path), cwd=ROOT, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        read_until(ours, f"arbiter {first.process.pid}")
        first.stop()
        read_until(ours, "nobody answers")
        # Its directory goes with the first one.
    Path(path).parent.mkdir(exist_ok=True)
    with serving(OURS, socket_path=path) as second:
        read_until(ours, f"arbiter {second.process.pid}")
        watching.send_signal(signal.SIGINT)
        assert watching.wait(LIMIT_S) == 0
    os.close(ours)
    shutil.rmtree(Path(path).parent, ignore_errors=True)


def read_until(terminal: int, text: str) -> None:
    """Read what is shown until the text is among it."""
    said, due_s = b"", time.monotonic() + LIMIT_S
    while text.encode() not in said:
        assert time.monotonic() < due_s, said
        if select.select([terminal], [], [], 0.1)[0]:
            said += os.read(terminal, 65536)
