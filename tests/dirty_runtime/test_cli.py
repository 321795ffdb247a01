"""The `dirty` command as a user gives it: results, and one clear line for each failure."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dirty_runtime.cli.failing import NOT_READY, UNREACHABLE

from .processes import (
    LIMIT_S,
    OURS,
    ROOT,
    THEIRS,
    Arbiter,
    dirty,
    python_path,
    run_dirty,
    serving,
    wait_until,
)

BAD_APPS = """
import time

class NoMethods:
    pass

class NotCallable:
    def init(self): pass
    def close(self): pass

class Good(NotCallable):
    def __call__(self, action): return action

class InitFails(Good):
    def init(self): raise RuntimeError("the model file is missing")

class InitExits(Good):
    def init(self): raise SystemExit("enough")

class NewFails(Good):
    def __init__(self): raise RuntimeError("cannot be made")

class InitEnds(Good):
    def init(self):
        import os
        os._exit(7)

class Sleeps(Good):
    def init(self): time.sleep(600)

not_a_class = 3
"""


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS, workers=2) as arbiter:
        yield arbiter


# --- what works ---


CALLS = [
    (("call", OURS, "echo", "1", '"two"', "-3", "null", "--kw", "k=[1.5]"),
     [{"args": [1, "two", -3, None], "kwargs": {"k": [1.5]}}]),
    (("call", OURS, "add_later", "2", "--kw", "b=-3"), [-1]),
    (("stream", OURS, "count", "3"), [0, 1, 2]),
    (("stream", OURS, "count", "0"), []),
    (("stream", OURS, "echo"), [{"args": [], "kwargs": {}}]),
]  # fmt: skip


@pytest.mark.parametrize(("words", "lines"), CALLS, ids=lambda value: " ".join(map(str, value)))
def test_results_are_lines_of_json(
    arbiter: Arbiter, words: tuple[str, ...], lines: list[object]
) -> None:
    done = run_dirty(*words, "--socket", arbiter.socket_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == lines


def test_of_the_stash_what_may_be_left_out_comes_last(arbiter: Arbiter) -> None:
    for words, told in (
        (("put", "words", '"apple"', "1"), "true"),
        (("exists", "words"), "true"),
        (("exists", "words", '"pear"'), "false"),
        (("keys", "words", '"b*"'), "[]"),
        (("incr", "words", '"apple"', "2"), "3"),
        (("incr", "words", '"pear"', "2", "--initial", "5"), "7"),
    ):
        done = run_dirty("stash", *words, "--socket", arbiter.socket_path)
        assert (done.stdout.strip(), done.stderr) == (told, "")


def test_bytes_are_printed_as_hex(arbiter: Arbiter) -> None:
    done = run_dirty("stream", OURS, "burst", "1", "--socket", arbiter.socket_path)
    assert done.stdout == f'"{"00" * 50_000}"\n'


def test_status_as_json(arbiter: Arbiter) -> None:
    done = run_dirty("status", "--json", "--socket", arbiter.socket_path)
    status = json.loads(done.stdout)
    assert status["arbiter_pid"] == arbiter.process.pid
    assert [worker["slot"] for worker in status["workers"]] == [0, 1]


def test_status_for_people(arbiter: Arbiter) -> None:
    done = run_dirty("status", "--socket", arbiter.socket_path)
    assert done.returncode == 0
    assert str(arbiter.process.pid) in done.stdout
    assert done.stdout.count("ready") == 3
    assert OURS in done.stdout


def test_status_waits_for_an_arbiter_that_is_still_to_come(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    waiting = subprocess.Popen(
        dirty("status", "--json", "--wait", str(LIMIT_S), "--socket", path),
        stdout=subprocess.PIPE,
        text=True,
    )
    with serving(OURS, workers=2, socket_path=path):
        output, _ = waiting.communicate(timeout=LIMIT_S)
    assert waiting.returncode == 0
    assert [worker["booted"] for worker in json.loads(output)["workers"]] == [True, True]


def test_the_socket_may_be_named_by_the_environment(
    arbiter: Arbiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIRTY_SOCKET", arbiter.socket_path)
    assert run_dirty("call", OURS, "add_later", "1", "2").stdout == "3\n"


def test_a_config_file(tmp_path: Path) -> None:
    config = tmp_path / "conf.py"
    config.write_text(f"dirty_apps = ['{OURS}', '{THEIRS}:1']\ndirty_workers = 5\nbind = ':80'\n")
    with serving(options=("-c", str(config)), workers=2) as arbiter:
        status = arbiter.status()
    assert status["target_workers"] == 2
    assert status["apps"] == [OURS, THEIRS]


def test_apps_are_found_in_the_directory_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "bad.py").write_text(BAD_APPS)
    path = str(tmp_path / "socket")
    command = dirty(
        "serve", "--app", "bad:Good", "--chdir", "apps", "--socket", "socket", "--pidfile", "pid"
    )
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE)
    try:
        done = run_dirty("status", "--json", "--wait", str(LIMIT_S), "--socket", path)
        assert json.loads(done.stdout)["arbiter_pid"] == int((tmp_path / "pid").read_text())
        assert run_dirty("call", "bad:Good", "hello", "--socket", path).stdout == '"hello"\n'
    finally:
        process.terminate()
        process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0


# --- what does not ---


FAILED_CALLS = [
    (("call", OURS, "fail", '"it burns"'), "DirtyAppError: it burns"),
    (("stream", OURS, "count_and_fail", "1"), "DirtyAppError: after the items"),
    (("call", OURS, "count", "3"), "stream()"),
    (("call", OURS, "no_such_action"), "no_such_action"),
    (("call", OURS, "_secret"), "_secret"),
    (("call", "nowhere:App", "action"), "nowhere:App"),
    (("call", OURS, "echo", "text"), "'text' is not JSON"),
    (("call", OURS, "echo", "--kw", "name"), "NAME=JSON"),
    (("call", OURS, "echo", str(2**63)), "int_out_of_range"),
    (("status", "--timeout", "0"), "timeout"),
]


@pytest.mark.parametrize(("words", "reason"), FAILED_CALLS, ids=lambda value: " ".join(value))
def test_a_failed_call_is_one_line(arbiter: Arbiter, words: tuple[str, ...], reason: str) -> None:
    done = run_dirty(*words, "--socket", arbiter.socket_path)
    assert done.returncode
    (line,) = done.stderr.splitlines()
    assert reason in line


@pytest.mark.parametrize("words", [("call", OURS, "pid"), ("status",), ("status", "--wait", "0.1")])
def test_no_arbiter_is_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    path = str(tmp_path / "missing")
    done = run_dirty(*words, "--socket", path)
    assert done.returncode == UNREACHABLE
    (line,) = done.stderr.splitlines()
    assert path in line


BAD_STARTS = [
    (("--app", "no_such_module:App"), "no_such_module"),
    (("--app", "bad:NoSuchClass"), "bad:NoSuchClass"),
    (("--app", "bad:not_a_class"), "bad:not_a_class is not a class"),
    (("--app", "bad:NoMethods"), "init"),
    (("--app", "bad:NotCallable"), "__call__"),
    (("--app", "bad:NewFails"), "cannot be made"),
    (("--app", "bad:InitFails"), "bad:InitFails: init() failed: RuntimeError: the model file is"),
    (("--app", "bad:InitExits"), "SystemExit: enough"),
    (("--app", "bad:InitEnds"), "bad:InitEnds: the worker ended while it loaded it: exited with 7"),
    (("--app", "bad:Sleeps", "--workers", "1", "--boot-timeout", "0.5"), "0.5 s"),
    (("--app", "bad:Good", "--app", "bad:NewMissing"), "NewMissing"),
    (("--app", "bad:InitFails", "--workers", "3", "--threads", "2"), "the model file is missing"),
    (("--app", "nonsense"), "nonsense"),
    (("--app", "bad:Good:0"), "bad:Good:0"),
    (("--app", "bad:Good", "--app", "bad:Good"), "twice"),
    ((), "--app"),
    (("--app", "bad:Good", "--workers", "0"), "workers"),
    (("--app", "bad:Good", "--threads", "0"), "threads"),
    (("--app", "bad:Good", "--timeout", "-1"), "timeout"),
    (("--app", "bad:Good", "--chdir", "nowhere"), "nowhere"),
    (("--app", "bad:Good", "-c", "nowhere.py"), "nowhere.py"),
    (("--app", "bad:Good", "--pidfile", "nowhere/pid"), "nowhere/pid"),
]


@pytest.mark.parametrize(("words", "reason"), BAD_STARTS, ids=lambda value: " ".join(value))
def test_a_failed_start_is_one_line_and_leaves_nothing(
    tmp_path: Path, words: tuple[str, ...], reason: str
) -> None:
    (tmp_path / "bad.py").write_text(BAD_APPS)
    before = {*os.listdir(tmp_path), "__pycache__"}
    done = run_dirty("serve", *words, "--socket", "socket", cwd=tmp_path)
    assert done.returncode == 1
    *stood, line = done.stderr.splitlines()
    assert reason in line
    # Where it hangs is in the log, if it tells that in time.
    assert not stood or ("bad:Sleeps" in words and "stood at" in stood[0])
    assert set(os.listdir(tmp_path)) <= before
    assert not processes_in(tmp_path)


def processes_in(directory: Path) -> list[str]:
    """The command lines of processes whose working directory this is."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").resolve() == directory:
                    found.append((entry / "cmdline").read_text())
            except OSError:
                continue
    return found


BAD_SOCKETS = [
    ("x" * 120, "bytes"),
    ("nowhere/socket", "nowhere"),
    ("file", "something else than a socket"),
    ("served", "already served"),
    ("link", "something else than a socket"),
]


@pytest.mark.parametrize(("name", "reason"), BAD_SOCKETS, ids=lambda value: value[:20])
def test_a_socket_that_cannot_be_served_at(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "bad.py").write_text(BAD_APPS)
    (tmp_path / "file").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with socket.socket(socket.AF_UNIX) as served:
        served.bind(str(tmp_path / "served"))
        served.listen()
        before = {*os.listdir(tmp_path), "__pycache__"}
        done = run_dirty("serve", "--app", "bad:Good", "--socket", name, cwd=tmp_path)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert reason in line
        assert name in line
        assert set(os.listdir(tmp_path)) <= before
    assert (tmp_path / "file").read_text() == "precious"


def test_a_second_arbiter_leaves_the_first_alone(arbiter: Arbiter) -> None:
    done = run_dirty("serve", "--app", OURS, "--socket", arbiter.socket_path)
    assert done.returncode == 1
    assert "already served" in done.stderr
    assert arbiter.status()["arbiter_pid"] == arbiter.process.pid


def test_a_start_can_be_stopped_while_the_workers_boot(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(BAD_APPS)
    process = subprocess.Popen(
        dirty("serve", "--app", "bad:Sleeps", "--socket", "socket"),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    )
    wait_until((tmp_path / "socket").exists)
    done = run_dirty("status", "--json", "--wait", "0.5", "--socket", str(tmp_path / "socket"))
    assert done.returncode == NOT_READY
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    assert "socket" not in os.listdir(tmp_path)
    assert not processes_in(tmp_path)


def test_help_names_the_commands() -> None:
    done = run_dirty("--help")
    assert done.returncode == 0
    for name in ("serve", "call", "stream", "status"):
        assert name in done.stdout


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    blocked = tmp_path / "click.py"
    blocked.write_text("raise ModuleNotFoundError('no click', name='click')")
    environment = {**os.environ, "PYTHONPATH": python_path(tmp_path)}
    done = subprocess.run(
        dirty("--help"), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_S
    )
    assert done.returncode == 1
    assert done.stderr == "dirty: the command needs click: pip install 'gdproto[runtime]'\n"


@pytest.mark.parametrize("terminal", ["xterm", "dumb", None])
def test_the_status_can_be_watched(arbiter: Arbiter, terminal: str | None) -> None:
    """On a screen that can be drawn over, on one that cannot, and through a pipe."""
    screen, written = os.pipe() if terminal is None else pty.openpty()
    with subprocess.Popen(
        dirty("status", "--socket", arbiter.socket_path, "--watch"),
        stdout=written,
        cwd=ROOT,
        env={**os.environ, "TERM": terminal or "xterm"},
    ) as process:
        try:
            os.close(written)
            seen = b""
            while seen.count(b"GD/") < 2:
                assert select.select([screen], [], [], LIMIT_S)[0], seen
                seen += os.read(screen, 65536)
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(OSError):
                while os.read(screen, 65536):
                    pass
            assert process.wait(LIMIT_S) == 0
        finally:
            process.kill()
            os.close(screen)


def test_options_beat_the_environment_which_beats_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "conf.py"
    config.write_text("dirty_max_queue = 1\ndirty_threads = 2\ndirty_workers = 3\n")
    monkeypatch.setenv("DIRTY_THREADS", "4")
    monkeypatch.setenv("DIRTY_WORKERS", "5")
    words = ("--app", OURS, "--socket", "s", "-c", str(config), "--workers", "6")
    done = run_dirty("serve", *words, "--check-config")
    assert done.returncode == 0
    shown = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    assert (shown["max-queue"], shown["threads"], shown["workers"]) == ("1", "4", "6")
