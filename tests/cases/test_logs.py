"""Whoever reads the log, or does not, and wherever it goes: nothing waits for it or fails by it.

What does not fit into the queue is counted, what cannot be written now is written later, and no
text of a caller or an app can look like an event of its own.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from dirty_runtime import DirtyClient
from dirty_runtime.arbiter.logs import LineHandler
from dirty_runtime.client.readiness import is_ready, not_ready, wait
from dirty_runtime.line_writer import KEPT_BYTES, LineWriter, Stream
from dirty_runtime.log_file import LogFile
from dirty_runtime.log_lines import MOST, JsonFormatter, TextFormatter
from dirty_runtime.testing import ending
from tests.dirty_runtime.processes import LIMIT_S, dirty, wait_until

APPS = """
from dirty_runtime import DirtyApp
class Sound(DirtyApp):
    def close(self):
        open("closed", "w").close()
    def echo(self, text):
        return text
class Broken(DirtyApp):
    def close(self):
        raise ValueError("it cannot be closed")
"""
FORGED = "x\n2026-01-01 00:00:00,000 INFO [1] stopped\x1b[2J\u2028\x85"


class Gate:
    """A target that takes lines while it is open."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.entered = threading.Event()
        self.taken = b""

    def follow(self) -> bool:
        return False

    def write(self, data: memoryview) -> int:
        self.entered.set()
        assert self.opened.wait(LIMIT_S)
        self.taken += bytes(data)
        return len(data)


def told(count: int) -> bytes:
    return f"{count} dropped\n".encode()


def test_lines_that_nobody_takes_are_counted_in_their_place() -> None:
    gate = Gate()
    writer = LineWriter(gate, told)
    writer.put(b"first\n")
    assert gate.entered.wait(LIMIT_S)
    line = b"x" * (KEPT_BYTES // 4 - 1) + b"\n"
    for _ in range(10):
        writer.put(line)
    assert writer.dropped == 6
    gate.opened.set()
    wait_until(lambda: gate.taken.endswith(b"dropped\n"))
    writer.put(b"last\n")
    writer.close(LIMIT_S)
    assert gate.taken == b"first\n" + 4 * line + b"6 dropped\nlast\n"


def test_the_end_waits_for_a_reader_no_longer_than_it_is_told() -> None:
    gate = Gate()
    writer = LineWriter(gate, told)
    writer.put(b"first\n")
    began_s = time.monotonic()
    writer.close(0.05)
    assert time.monotonic() - began_s < LIMIT_S / 2
    gate.opened.set()


def test_what_is_said_while_a_line_is_taken_in_hangs_nothing() -> None:
    # As by what is collected as garbage just then.
    gate = Gate()
    writer = LineWriter(gate, told)

    class Line(bytes):
        def __len__(self) -> int:
            writer.put(b"between\n")
            return super().__len__()

    writing = threading.Thread(target=writer.put, args=(Line(b"a line\n"),), daemon=True)
    writing.start()
    writing.join(LIMIT_S)
    assert not writing.is_alive()
    gate.opened.set()
    writer.close(LIMIT_S)


@contextmanager
def writing_to(path: Path) -> Iterator[tuple[LineWriter, list[str]]]:
    """A writer of the file, and the reasons why it could not."""
    reasons: list[str] = []

    def failed(error: OSError) -> None:
        reasons.append(error.strerror)

    writer = LineWriter(LogFile(str(path), failed), told, failed)
    writer.put(b"one\n")
    wait_until(lambda: path.read_text() == "one\n")
    yield writer, reasons
    writer.close(LIMIT_S)


@pytest.fixture(autouse=True)
def tries_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dirty_runtime.line_writer.RETRY_S", 0.01)


def test_lines_wait_for_a_directory_that_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "log"
    path.parent.mkdir()
    with writing_to(path) as (writer, reasons):
        path.unlink()
        path.parent.rmdir()
        writer.put(b"two\n")
        wait_until(lambda: bool(reasons))
        writer.put(b"three\n")
        path.parent.mkdir()
        wait_until(lambda: path.exists() and path.read_text() == "two\nthree\n")
    assert reasons == ["No such file or directory"]


def test_a_file_that_was_moved_takes_lines_until_there_is_another(tmp_path: Path) -> None:
    path, old = tmp_path / "log", tmp_path / "log.1"
    with writing_to(path) as (writer, reasons):
        path.rename(old)
        path.mkdir()
        writer.put(b"two\n")
        wait_until(lambda: old.read_text() == "one\ntwo\n")
        path.rmdir()
        writer.wake()
        wait_until(path.exists)
        writer.put(b"three\n")
        wait_until(lambda: path.read_text() == "three\n")
    assert reasons == ["Is a directory"]


def test_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    # /dev/full takes nothing, as a disk that has no room.
    path = tmp_path / "log"
    with writing_to(path) as (writer, reasons):
        path.unlink()
        path.symlink_to("/dev/full")
        writer.put(b"two\n")
        wait_until(lambda: bool(reasons))
        path.unlink()
        wait_until(lambda: path.exists() and path.read_text() == "two\n")
    assert reasons == ["No space left on device"]


def test_a_fifo_that_nobody_reads_is_left_for_another_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with writing_to(path) as (writer, reasons):
        path.unlink()
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        writer.put(b"x" * (KEPT_BYTES - 1) + b"\n")
        wait_until(lambda: bool(reasons))
        path.unlink()
        writer.put(b"two\n")
        wait_until(lambda: path.exists() and path.read_text().endswith("x\ntwo\n"))
        os.close(reader)
    assert len(path.read_bytes()) == KEPT_BYTES + len(b"two\n")


def test_a_line_that_was_cut_is_whole_in_the_next_file() -> None:
    class Cut(Gate):
        def follow(self) -> bool:
            return bool(self.taken)

        def write(self, data: memoryview) -> int:
            if not self.taken:
                self.taken += bytes(data[:7])
                return 7
            if self.taken == b"one\ntwo":
                self.taken += b"|"
                raise OSError(28, "No space left on device")
            self.taken += bytes(data)
            return len(data)

    cut = Cut()
    writer = LineWriter(cut, told)
    writer.put(b"one\ntwo...\nthree\n")
    wait_until(lambda: cut.taken.endswith(b"three\n"))
    assert cut.taken == b"one\ntwo|two...\nthree\n"
    writer.close(LIMIT_S)


def test_each_time_that_it_begins_to_fail_is_told_once() -> None:
    class Failing(Gate):
        fails = 2

        def write(self, data: memoryview) -> int:
            self.fails -= 1
            if self.fails >= 0:
                raise OSError(28, "No space left on device")
            self.taken += bytes(data)
            return len(data)

    failing, reasons = Failing(), list[OSError]()
    writer = LineWriter(failing, told, reasons.append)
    for count, text in enumerate((b"one\n", b"two\n"), 1):
        failing.fails = 2
        writer.put(text)
        wait_until(lambda text=text: failing.taken.endswith(text))
        assert len(reasons) == count
    writer.close(LIMIT_S)


def test_a_reader_that_has_gone_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    writer = LineWriter(Stream(writing), told)
    writer.put(b"one\n")
    writer.close(LIMIT_S)
    os.close(writing)


# --- what a line may say ---


def record_of(text: object, error: BaseException | None = None) -> logging.LogRecord:
    exc_info = (type(error), error, None) if error else None
    return logging.LogRecord("dirty", logging.INFO, "", 1, "said: %s", (text,), exc_info)


def test_no_text_forges_a_line() -> None:
    first, *below = TextFormatter().format(record_of(FORGED, ValueError(FORGED))).split("\n")
    assert first.isprintable()
    assert below
    assert all(line.isprintable() and line.startswith("    ") for line in below)


def test_no_text_forges_a_line_of_json() -> None:
    line = JsonFormatter().format(record_of(FORGED, ValueError(FORGED)))
    assert line.isprintable()
    found = json.loads(line)
    assert json.loads(f'"{found["message"]}"') == f"said: {FORGED}"
    assert FORGED in found["traceback"]


def test_a_line_has_a_bound() -> None:
    long = "x" * 10**6
    assert len(TextFormatter().format(record_of(long))) < MOST + 100
    assert len(JsonFormatter().format(record_of(long, ValueError(long)))) < 3 * MOST


def test_text_that_cannot_be_told_breaks_nothing() -> None:
    class Untold:
        def __str__(self) -> str:
            raise RuntimeError("not today")

    gate = Gate()
    gate.opened.set()
    writer = LineWriter(gate, told)
    LineHandler(writer, TextFormatter()).handle(record_of(Untold()))
    writer.close(LIMIT_S)
    assert gate.taken.startswith(b"a line cannot be written: RuntimeError")


# --- an arbiter whose standard error is full ---


def full_pipe() -> tuple[int, int]:
    """A pipe that nobody reads, and that takes nothing more."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while os.write(writing, b"\n" * 4096):
            pass
    except BlockingIOError:
        os.set_blocking(writing, True)
    return reading, writing


@contextmanager
def started_unread(words: list[str], directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command, with standard streams that nobody reads."""
    reading, writing = full_pipe()
    process = subprocess.Popen(
        words,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
        start_new_session=True,
    )
    os.close(writing)
    try:
        with ending(process):
            yield process
    finally:
        os.close(reading)


def test_a_log_that_nobody_reads_holds_up_nothing(tmp_path: Path) -> None:
    (tmp_path / "unread.py").write_text(APPS)
    socket_path = str(tmp_path / "s")
    apps = ("--app", "unread:Sound", "--app", "unread:Broken")
    words = dirty("serve", *apps, "--socket", socket_path, "--workers", "1", "--access-log")
    with started_unread(words, tmp_path) as process:
        with closing(DirtyClient(socket_path, LIMIT_S)) as client:
            wait(client, LIMIT_S, is_ready, not_ready, away=lambda _: None)
            assert client.execute("unread:Sound", "echo", FORGED) == FORGED
            assert client.status()["log_dropped"] == 0
        process.terminate()
        assert process.wait(LIMIT_S) == 0
        assert (tmp_path / "closed").exists()


def test_a_start_that_fails_ends_though_nobody_reads_why(tmp_path: Path) -> None:
    words = dirty("serve", "--app", "nowhere:App", "--socket", str(tmp_path / "nowhere" / "s"))
    with started_unread(words, tmp_path) as process:
        assert process.wait(LIMIT_S) == 1


# --- what else a process says ---

SAID = """
import sys, threading, warnings
from dirty_runtime.arbiter.logs import LOG
LOG.take_errors()
LOG.set_up(sys.argv[1], False)
warnings.warn("a warning\\x1b")
class Broken:
    def __del__(self):
        raise ValueError("at its end\\x1b")
Broken()
def fail():
    raise ValueError("in a thread\\x1b")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
print("printed")
sys.stderr.write("no end of a line")
raise SystemExit("the last word")
"""


def test_what_is_said_without_a_logger_waits_for_nobody_either(tmp_path: Path) -> None:
    path = tmp_path / "log"
    done = subprocess.run(
        [sys.executable, "-c", SAID, str(path)], capture_output=True, text=True, timeout=LIMIT_S
    )
    assert (done.returncode, done.stdout) == (1, "printed\n")
    assert done.stderr == "no end of a linethe last word\n"
    text = path.read_text()
    for words in ("a warning", "ValueError: at its end", "ValueError: in a thread"):
        assert words + r"\u001b" in text
    assert "\x1b" not in text
