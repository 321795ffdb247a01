"""A testee's process: started, asked one thing at a time, and ended whatever it does.

Rules: no wait is without an end. The process leads a session of its own, so that what it started
ends with it. stderr is read while an answer is awaited, so that nobody blocks on it, and its end
is kept. After anything but an answer the process is of no more use.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from ..judging.outcomes import Outcome
from . import envelope

# Of stderr, the end is kept.
MAX_STDERR_BYTES = 8_192
# So many of its last lines are shown.
SHOWN_LINES = 8
# How long a process may take to end when it was told to.
GRACE_S = 2.0
# A process can die while a child of its own holds its stdout: looked for this often.
LIVENESS_S = 0.1
_READ_BYTES = 1 << 16
MAX_LAST_READS = 64


def last_lines(stderr: str) -> list[str]:
    """The lines of stderr that are shown to a person."""
    return stderr.strip().splitlines()[-SHOWN_LINES:]


class NoAnswer(Exception):
    """The testee gave no answer that can be judged; `outcome` says how it failed."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


class Process:
    """One process under test; a context manager that ends it.

    Args:
        command: program and arguments.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin = self._process.stdin.fileno()
        self._stdout = self._process.stdout.fileno()
        self._stderr = self._process.stderr.fileno()
        for descriptor in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(descriptor, False)
        self._received = bytearray()
        self._said = bytearray()
        self._count = 0

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def stderr(self) -> str:
        """The end of what it wrote to stderr since the last command was sent."""
        return self._said.decode(errors="replace")

    def ask(self, command: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Send the command, numbered, and return its answer.

        Args:
            deadline: when to give up, on the clock of `time.monotonic`.

        Raises:
            NoAnswer: the process ended, took too long, or sent something else.
        """
        if time.monotonic() >= deadline:
            raise NoAnswer(Outcome.TIMEOUT, "no time was left to ask")
        self._said.clear()
        self._count += 1
        data = memoryview(envelope.pack({**command, "n": self._count}))
        # Without a descriptor of its own, which would cost each command as much as its answer.
        with selectors.PollSelector() as selector:
            selector.register(self._stdin, selectors.EVENT_WRITE)
            selector.register(self._stdout, selectors.EVENT_READ)
            selector.register(self._stderr, selectors.EVENT_READ)
            while (answer := self._answer()) is None or data:
                if answer is not None:
                    raise NoAnswer(Outcome.FAIL, "answered before the command was all there")
                data = self._exchange(selector, data, deadline)
        return answer

    def stop(self) -> str:
        """Tell it to stop, and end it. Returns one line where it did not end well, or nothing."""
        try:
            self.ask({"do": "stop"}, time.monotonic() + GRACE_S)
        except NoAnswer as error:
            ended_well = error.outcome is Outcome.CRASHED and self._process.returncode == 0
            return "" if ended_well else f"after stop: {error.reason}"
        else:
            return "after stop: answered, where its end was awaited"
        finally:
            self.kill()

    def kill(self) -> None:
        """End it and what it started, at once. May be called by another thread, and again."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_S)

    def close(self) -> None:
        """Kill it, and give the pipes back."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()

    def _answer(self) -> dict[str, Any] | None:
        """The answer, when it is all there."""
        try:
            found = envelope.unpack(self._received)
        except envelope.EnvelopeError as error:
            raise NoAnswer(Outcome.FAIL, f"answered garbage: {error}") from None
        if found is None:
            return None
        answer, stop = found
        del self._received[:stop]
        if answer.get("n") != self._count:
            told = f"answered to command {answer.get('n')!r} when asked {self._count}"
            raise NoAnswer(Outcome.FAIL, told)
        if self._received:
            raise NoAnswer(Outcome.FAIL, f"{len(self._received)} bytes follow the answer")
        return answer

    def _exchange(
        self, selector: selectors.BaseSelector, data: memoryview, deadline: float
    ) -> memoryview:
        """Move bytes for once; returns those that are still to be sent."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise NoAnswer(Outcome.TIMEOUT, self._silence(bool(data)))
        ready = {key.fd for key, _ in selector.select(min(left, LIVENESS_S))}
        if self._stderr in ready and not self._listen():
            selector.unregister(self._stderr)
        if self._stdin in ready:
            data = self._send(data)
            if not data:
                selector.unregister(self._stdin)
        # What it started may hold its stdout when it has ended.
        if self._stdout in ready or self._process.poll() is not None:
            self._receive()
        return data

    def _send(self, data: memoryview) -> memoryview:
        try:
            return data[os.write(self._stdin, data) :]
        except BlockingIOError:
            return data
        except BrokenPipeError:
            # Whether it ended, or has only closed its stdin, stdout tells.
            return memoryview(b"")

    def _receive(self) -> None:
        try:
            part = os.read(self._stdout, _READ_BYTES)
        except BlockingIOError:
            part = b""
        if not part:
            raise self._ended()
        self._received += part

    def _listen(self) -> bool:
        """Read from stderr once; False at its end."""
        part = os.read(self._stderr, _READ_BYTES)
        self._said += part
        del self._said[:-MAX_STDERR_BYTES]
        return bool(part)

    def _hear_last_words(self) -> None:
        # What it started may write on for ever.
        with contextlib.suppress(BlockingIOError):
            for _ in range(MAX_LAST_READS):
                if not self._listen():
                    return

    def _ended(self) -> NoAnswer:
        self._hear_last_words()
        try:
            status = self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            return NoAnswer(Outcome.CRASHED, "closed its stdout")
        if status < 0:
            return NoAnswer(Outcome.CRASHED, f"killed by {signal.Signals(-status).name}")
        return NoAnswer(Outcome.CRASHED, f"exited with status {status}")

    def _silence(self, sending: bool) -> str:
        if sending:
            return "did not read the command"
        if self._received:
            return f"sent {len(self._received)} bytes of an answer and no more"
        return "no answer"
