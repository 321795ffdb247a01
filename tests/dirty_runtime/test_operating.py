"""What an operator sees and is told: drains, waits for reloads and scaling, bad settings."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from dirty_runtime import DirtyClient, DirtyConnectionError, DirtyError
from dirty_runtime.cli.failing import NOT_READY, UNREACHABLE
from dirty_runtime.cli.manage import _is_reloaded, _not_reloaded
from dirty_runtime.socket_path import MAX_SOCKET_PATH_BYTES

from .processes import (
    CHANGING,
    LIMIT_S,
    OURS,
    dirty,
    run_dirty,
    serving,
    serving_here,
    wait_until,
    wait_until_logged,
)
from .test_serve import Call

APP = "changing:Changing"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shutil.copy(CHANGING, tmp_path)
    return tmp_path


def failure(done: subprocess.CompletedProcess[str], status: int = 1) -> str:
    """The one line of a command that failed with this status."""
    assert done.returncode == status, done.stdout
    (line,) = done.stderr.splitlines()
    return line


def text_of(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that worked printed, as one line."""
    assert (done.returncode, done.stderr) == (0, "")
    return " ".join(done.stdout.split())


# --- status ---


def test_the_status_tells_how_many_workers_are_wanted_and_how_many_serve(directory: Path) -> None:
    with serving_here(directory, "Changing", workers=2) as arbiter:
        words = ("--socket", arbiter.socket_path)
        assert "workers: 2 wanted, 2 ready slot" in text_of(run_dirty("status", *words))
        (directory / "hang").touch()
        run_dirty("scale", "+1", *words)
        assert "workers: 3 wanted, 2 ready, 1 booting" in text_of(run_dirty("status", *words))


# --- drain ---

REFUSED_IN_A_DRAIN = (
    ("call", OURS, "pid"),
    ("stream", OURS, "burst"),
    ("scale", "+1"),
    ("reload",),
    ("recycle", "0"),
    ("upgrade",),
    ("stash", "get", "t", '"k"'),
    ("status", "--wait", "0"),
)


def test_an_arbiter_that_drains_can_be_looked_at(tmp_path: Path) -> None:
    with serving(OURS) as arbiter, arbiter.client() as client:
        words = ("status", "--socket", arbiter.socket_path)
        assert "draining" not in text_of(run_dirty(*words))
        assert json.loads(run_dirty(*words, "--json").stdout)["draining"] is None
        running = Call(client, tmp_path)
        running.wait_until_running()
        arbiter.signal(signal.SIGTERM)
        wait_until(lambda: not Path(arbiter.socket_path).exists())
        assert "draining: 1 running, 0 waiting, stopped in " in text_of(run_dirty(*words))
        draining = json.loads(run_dirty(*words, "--json").stdout)["draining"]
        assert (draining["running"], draining["waiting"]) == (1, 0)
        assert 0 < draining["left"] <= 30
        # All others say so, too, and do what can be done.
        for refused in REFUSED_IN_A_DRAIN:
            done = run_dirty(*refused, "--socket", arbiter.socket_path)
            assert "; it drains: 1 running, 0 waiting, stopped in " in failure(done, NOT_READY)
        for asked in (("calls",), ("stacks", "0")):
            assert run_dirty(*asked, "--socket", arbiter.socket_path).returncode == 0
        for told in told_to_callers(arbiter.socket_path):
            assert "no arbiter answers at " in told
            assert told.endswith("; it drains")
        # Another one may take its place meanwhile, and is then the one that is shown.
        with serving(OURS, socket_path=arbiter.socket_path) as successor:
            assert successor.status()["draining"] is None
            running.let_go()
            assert running.result() == "go on"
            assert arbiter.wait() == 0
            assert successor.status()["arbiter_pid"] == successor.process.pid
        assert list(Path(arbiter.socket_path).parent.glob("socket*")) == []
    assert "No such file" in failure(run_dirty(*words), UNREACHABLE)


def test_a_reload_is_waited_for_until_all_new_workers_serve() -> None:
    serves, boots = {"booted": True}, {"booted": False}
    state = {"target_workers": 2, "workers": [serves, serves], "reloading": True}
    assert not _is_reloaded(state)
    state["reloading"] = False
    assert _is_reloaded(state)
    # One that was new has died since, and its successor boots.
    state["workers"] = [serves, boots]
    assert not _is_reloaded(state)
    told = _not_reloaded(state | {"last_boot_error": "it was killed"}, 5.0)
    assert told == "reloaded, but 1 of 2 workers were ready after 5 s: it was killed"


def told_to_callers(path: str) -> list[str]:
    """What calls fail with there, all of which may be made again: nothing of them has begun."""
    failures: list[DirtyConnectionError] = []

    async def call() -> None:
        async with DirtyClient(path) as client:
            await client.execute_async(OURS, "pid")

    for fails in (lambda: DirtyClient(path).execute(OURS, "pid"), lambda: asyncio.run(call())):
        with pytest.raises(DirtyConnectionError) as raised:
            fails()
        failures.append(raised.value)
    assert [error.begun for error in failures] == [False, False]
    return [error.message for error in failures]


def test_whether_one_drains_is_told_by_who_answers_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # The longest that a client can connect to; with what is drained at, it is no socket's address.
    path = "c" * MAX_SOCKET_PATH_BYTES
    with closing(socket.socket(socket.AF_UNIX)) as draining:
        draining.bind("here")
        Path("here").rename(f"{path}.draining")
        # One that was killed while it drained has left it behind.
        assert not any(told.endswith("; it drains") for told in told_to_callers(path))
        draining.listen(0)
        open_before = len(os.listdir("/proc/self/fd"))
        # None of them is taken: soon nobody more may wait there.
        for _ in range(3):
            assert all(told.endswith("; it drains") for told in told_to_callers(path))
        assert len(os.listdir("/proc/self/fd")) == open_before


def test_a_drain_takes_no_file_that_is_not_its_own(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    precious = tmp_path / "socket.draining"
    precious.write_text("precious")
    with serving(OURS, socket_path=str(path)) as arbiter:
        arbiter.signal(signal.SIGTERM)
        assert arbiter.wait() == 0
    assert precious.read_text() == "precious"
    assert not path.exists()


# --- reload ---


def test_a_reload_can_be_waited_for(directory: Path) -> None:
    with serving_here(directory, "Changing", workers=2) as arbiter, arbiter.client() as client:
        before = arbiter.pids()
        (directory / "changing.py").write_text(CHANGING.read_text().replace("= 1", "= 20", 1))
        words = ("reload", "--wait", str(LIMIT_S), "--socket", arbiter.socket_path)
        assert text_of(run_dirty(*words)).startswith("reloaded; workers: 2 wanted, 2 ready")
        assert len(arbiter.pids() - before) == 2
        assert client.execute(APP, "version") == 20


@pytest.mark.parametrize("fault", ["init", "import", "slow"])
def test_a_reload_that_fails_is_told_to_who_waits(directory: Path, fault: str) -> None:
    with serving_here(directory, "Changing", workers=2) as arbiter:
        before = arbiter.pids()
        wait_s, expected = str(LIMIT_S), "it is broken"
        if fault == "init":
            (directory / "broken").touch()
        elif fault == "import":
            (directory / "changing.py").write_text("def\n")
            expected = "SyntaxError"
        else:
            (directory / "hang").touch()
            wait_s, expected = "0.5", "not done after 0.5 s; workers: 2 wanted, 2 ready"
        words = ("reload", "--wait", wait_s, "--socket", arbiter.socket_path)
        status = NOT_READY if fault == "slow" else 1
        assert expected in failure(run_dirty(*words), status)
        assert arbiter.pids() == before


def test_a_boot_that_hangs_says_of_which_app_and_where(directory: Path) -> None:
    options = ("--boot-timeout", "1")
    with serving_here(directory, "Changing", "Good", options=options) as arbiter:
        (directory / "hang").touch()
        run_dirty("scale", "+1", "--socket", arbiter.socket_path)
        told = "app changing:Changing was not initialised in 1 s, all of boot-timeout"
        wait_until_logged(arbiter, f") died: {told}")
        assert arbiter.status()["last_boot_error"] == told
        log = arbiter.log.read_text().partition(" died: ")[0]
        assert "(slot 1) stood at:\n" in log
        assert 'changing.py", line 20 in init' in log


def test_a_worker_that_booted_when_the_reload_came_is_started_again(directory: Path) -> None:
    with serving_here(directory, "Changing") as arbiter:
        words = ("--socket", arbiter.socket_path)
        starts = directory / "starts"
        starts.unlink()
        (directory / "hang").touch()
        run_dirty("scale", "+1", *words)
        # It has the old code, and would be ready by and by.
        wait_until(starts.exists)
        (directory / "hang").unlink()
        (directory / "changing.py").write_text(CHANGING.read_text().replace("= 1", "= 20", 1))
        done = run_dirty("reload", "--wait", str(LIMIT_S), *words)
        assert text_of(done).startswith("reloaded; workers: 2 wanted, 2 ready")


def test_a_wait_ends_with_the_arbiter(directory: Path) -> None:
    with serving_here(directory, "Changing") as arbiter:
        (directory / "hang").touch()
        words = ("reload", "--wait", str(LIMIT_S), "--socket", arbiter.socket_path)
        waiting = subprocess.Popen(dirty(*words), stderr=subprocess.PIPE, text=True)
        wait_until(lambda: len(arbiter.status()["workers"]) == 2)
        arbiter.signal(signal.SIGKILL)
        _, errors = waiting.communicate(timeout=LIMIT_S)
        assert waiting.returncode == UNREACHABLE
        assert "DirtyConnectionError" in errors


# --- scale ---


def test_scaling_says_what_was_done_and_fails_when_less_was(directory: Path) -> None:
    with serving_here(directory, "Good", "Limited", workers=2) as arbiter:
        words = ("--socket", arbiter.socket_path)
        assert text_of(run_dirty("scale", "+2", *words)) == "added 2; workers: 4 wanted"
        assert text_of(run_dirty("scale", "4", *words)) == "removed 0; workers: 4 wanted"
        line = failure(run_dirty("scale", "-5", *words))
        assert "removed 3 of 5: every app keeps at least one worker; workers: 1 wanted" in line
        assert arbiter.status()["target_workers"] == 1
        assert "removed 0 of 1" in failure(run_dirty("scale", "-1", *words))
    with serving_here(directory, "Limited") as arbiter:
        words = ("--socket", arbiter.socket_path)
        line = failure(run_dirty("scale", "3", *words))
        assert "added 0 of 2: every app has as many workers as it may" in line


def test_scaling_can_be_waited_for(directory: Path) -> None:
    with serving_here(directory, "Changing") as arbiter:
        words = ("--socket", arbiter.socket_path)
        run = run_dirty("scale", "3", "--wait", str(LIMIT_S), *words)
        assert text_of(run) == "added 2; workers: 3 wanted, 3 ready"
        assert len(arbiter.pids()) == 3
        assert "1 ready" in text_of(run_dirty("scale", "1", "--wait", str(LIMIT_S), *words))
        (directory / "broken").touch()
        run_dirty("scale", "+1", *words)
        wait_until(lambda: bool(arbiter.status()["last_boot_error"]))
        line = failure(run_dirty("scale", "+1", "--wait", "0.2", *words), NOT_READY)
        assert "1 of 3 workers were ready after 0.2 s" in line
        assert "it is broken" in line


# --- settings ---


BAD_VARIABLES = [
    ("DIRTY_WORKERS", "abc"),
    ("DIRTY_WORKERS", "0"),
    ("DIRTY_TIMEOUT", "soon"),
    ("DIRTY_TIMEOUT", "-1"),
    ("DIRTY_ACCESS_LOG", "perhaps"),
    ("DIRTY_SOCKET_MODE", "9"),
    ("DIRTY_SOCKET_OWNER", "nobody-of-that-name"),
    ("DIRTY_SOCKET_GROUP", "nobody-of-that-name"),
    ("DIRTY_ALLOWED_USERS", "nobody-of-that-name"),
    ("DIRTY_MANAGE_USERS", "nobody-of-that-name"),
    ("DIRTY_LOG_FILE", "nowhere/log"),
    ("DIRTY_PIDFILE", "nowhere/pid"),
    ("DIRTY_SOCKET", "nowhere/socket"),
    ("DIRTY_SOCKET", "x" * 120),
    ("GUNICORN_DIRTY_SOCKET", "nowhere/socket"),
]


@pytest.mark.parametrize(("name", "value"), BAD_VARIABLES, ids=lambda value: value[:20])
def test_a_bad_variable_is_named(
    directory: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("DIRTY_SOCKET", "socket")
    if name == "GUNICORN_DIRTY_SOCKET":
        monkeypatch.delenv("DIRTY_SOCKET")
    monkeypatch.setenv(name, value)
    words = ("serve", "--app", "changing:Good")
    # What is judged when it is made is judged beforehand too.
    is_made = name in ("DIRTY_LOG_FILE", "DIRTY_PIDFILE", "DIRTY_SOCKET")
    for more in [("--check-config",), ()][: 1 + is_made]:
        done = run_dirty(*words, *more, cwd=directory)
        assert done.returncode in (1, 2)
        assert name in done.stderr.splitlines()[-1]


def test_a_bad_option_is_not_blamed_on_the_variable(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIRTY_WORKERS", "3")
    done = run_dirty("serve", "--app", "changing:Good", "--socket", "s", "--workers", "0")
    assert "DIRTY_WORKERS" not in failure(done)


@pytest.mark.parametrize(
    "text",
    [
        "dirty_workers = '4'",
        "dirty_slot_env = 3",
        "dirty_socket_mode = '9'",
        "dirty_socket = 'nowhere/socket'",
    ],
)
def test_a_bad_setting_of_the_file_is_told_with_the_file(directory: Path, text: str) -> None:
    (directory / "conf.py").write_text(f"dirty_apps = ['changing:Good']\n{text}\n")
    words = ("serve", "-c", "conf.py", *["--socket", "s"][: 0 if "socket " in text else 2])
    assert f"config file {directory}/conf.py: " in failure(run_dirty(*words, cwd=directory))
    # What the command line says is not the file's fault.
    done = run_dirty("serve", "-c", "conf.py", "--socket", "s", "--threads", "0", cwd=directory)
    assert "conf.py: threads" not in failure(done)


def test_an_unknown_variable_is_told_and_does_not_stop_the_arbiter(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIRTY_WORKER", "7")
    monkeypatch.setenv("DIRTY_ZZZZ", "of the app")
    told = "DIRTY_WORKER is no setting and changes nothing; did you mean DIRTY_WORKERS?"
    words = ("serve", "--app", "changing:Good", "--socket", "s", "--check-config")
    done = run_dirty(*words, cwd=directory)
    assert done.returncode == 0
    assert told in done.stderr
    assert "DIRTY_ZZZZ is no setting and changes nothing\n" in done.stderr
    with serving_here(directory, "Good") as arbiter:
        wait_until_logged(arbiter, told)
        # What workers are told is not taken for a setting by an arbiter that one of them starts.
        assert "DIRTY_SOCKET" not in arbiter.log.read_text()


def test_a_worker_may_start_an_arbiter(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GD_WORKER_FDS", "DIRTY_WORKER_SLOT", "DIRTY_WORKER_AGE", "DIRTY_TRACE_FD"):
        monkeypatch.setenv(name, "1")
    words = ("serve", "--app", "changing:Good", "--socket", "s", "--check-config")
    assert run_dirty(*words, cwd=directory).stderr == ""


def test_what_would_run_is_told_whole(directory: Path) -> None:
    (directory / "conf.py").write_text(
        "dirty_slot_env = {'CUDA_VISIBLE_DEVICES': 'gpu{slot}'}\n"
        "def dirty_worker_exit(arbiter, worker): pass\n"
        "def on_dirty_starting(arbiter): pass\n"
    )
    words = ("--app", "changing:Good:4", "--app", "changing:Limited", "--workers", "2")
    done = run_dirty(
        "serve", *words, "-c", "conf.py", "--socket", "s", "--check-config", cwd=directory
    )
    assert done.returncode == 0
    for line in (
        "worker 0: changing:Good, changing:Limited",
        "worker 1: changing:Good",
        f"config: {directory}/conf.py",
        "slot-env: CUDA_VISIBLE_DEVICES=gpu{slot}",
        "hooks: on_dirty_starting, dirty_worker_exit",
    ):
        assert line in done.stdout.splitlines()
    assert done.stderr == "app changing:Good asks for 4 workers, and there are 2\n"
    options = ("-c", str(directory / "conf.py"), "--chdir", str(directory), *words)
    with serving(options=options) as arbiter:
        wait_until_logged(arbiter, "app changing:Good asks for 4 workers, and there are")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--socket", "nowhere/s"), "nowhere does not exist"),
        (("--socket", "s", "--pidfile", "nowhere/p"), "nowhere does not exist"),
        (("--socket", "s", "--log-file", "nowhere/l"), "nowhere does not exist"),
        (("--socket", "changing.py"), "something else than a socket"),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_a_place_that_is_not_there_is_told_before_the_start(
    directory: Path, words: tuple[str, ...], reason: str
) -> None:
    done = run_dirty("serve", "--app", "changing:Good", *words, "--check-config", cwd=directory)
    assert reason in failure(done)


# --- messages ---


def test_an_app_that_is_not_there_is_told_with_where_it_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "apps").mkdir()
    (tmp_path / "importing.py").write_text("\n\nimport no_such_library\n")
    words = ("serve", "--socket", str(tmp_path / "s"))
    line = failure(run_dirty(*words, "--app", "changing:Good", "--chdir", "apps", cwd=tmp_path))
    assert line.endswith(
        "app changing:Good: there is no module changing; "
        f"looked in {tmp_path}/apps, then where Python's packages are; see --chdir"
    )
    line = failure(run_dirty(*words, "--app", "apps.inner.more:Good", cwd=tmp_path))
    assert "there is no module apps.inner; " in line
    line = failure(run_dirty(*words, "--app", "importing:Good", cwd=tmp_path))
    assert "No module named 'no_such_library'" in line
    assert "importing.py:3)" in line


def test_a_stream_that_was_called_is_told_the_command_for_it() -> None:
    with serving(OURS) as arbiter:
        done = run_dirty("call", OURS, "count", "3", "--socket", arbiter.socket_path)
        assert "`dirty stream`" in failure(done)


def test_an_app_that_is_down_is_named_once(directory: Path) -> None:
    (directory / "broken").touch()
    with serving_here(directory, "Good", "Changing") as arbiter, arbiter.client() as client:
        wait_until_logged(arbiter, f"app {APP} is down: init() failed: RuntimeError: it is")
        assert arbiter.status()["down"][APP].startswith("init() failed")
        with pytest.raises(DirtyError) as caught:
            client.execute(APP, "version")
        assert str(caught.value).count(APP) == 1


def test_a_refused_call_has_its_line_in_the_access_log(tmp_path: Path) -> None:
    options = ("--access-log", "--max-queue", "1")
    with (
        serving(OURS, options=options) as arbiter,
        arbiter.client() as client,
        ThreadPoolExecutor(1) as pool,
    ):
        with pytest.raises(DirtyError):
            client.execute("no:Such", "action")
        running = Call(client, tmp_path)
        running.wait_until_running()
        waiting = pool.submit(client.execute, OURS, "pid")
        wait_until(lambda: arbiter.status()["queues"][OURS] == 1)
        with pytest.raises(DirtyError):
            client.execute(OURS, "echo")
        running.let_go()
        assert waiting.result(LIMIT_S)
        wait_until_logged(arbiter, "no:Such action DirtyNoWorkersAvailableError wait_ms=")
        wait_until_logged(arbiter, f"{OURS} echo DirtyOverloadedError wait_ms=")
