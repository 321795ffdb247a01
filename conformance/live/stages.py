"""Stages: how a script meets the peer that it judges.

Rules: a stage belongs to one script. What it opened or started is gone when it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gdproto
from gdproto.declaration import ANSWERING, ENDING, MESSAGES, OPENING

from .expectations import CLOSED, Expected, Outcome, shown
from .script import Crashed, Unsupported
from .transcript import Transcript
from .wire import Mismatch, NothingCame, Wire

# That of each message, by its code; empty where it is of none.
EXTENSION_OF = {one.code: one.extension for one in MESSAGES}
APP = "gdproto.conformance.live.app:App"
WIDE_APP = "gdproto.conformance.live.app:Wide"
BROKEN_APP = "gdproto.conformance.live.app:Broken"
POLL_S = 0.05
STATUS = {"arbiter_pid": 1, "workers": [], "worker_count": 0, "apps": [APP]}


@dataclass(frozen=True)
class Terms:
    """What is known of the peer, and how long to wait for it.

    Attributes:
        app: the path under which the conformance app is served.
        broken_app: the path of the one that cannot be initialised.
        limit_s: the longest wait for something that must come.
        worker_timeout_s: after how much silence the arbiter kills a worker; 0 if that is not
            known.
    """

    app: str = APP
    broken_app: str = BROKEN_APP
    limit_s: float = 10.0
    worker_timeout_s: float = 0.0


@dataclass
class Stage:
    """What all stages have: wires, each with a name of its own, and what they lapsed from."""

    terms: Terms
    transcript: Transcript
    wires: list[Wire] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def lapses(self) -> list[str]:
        """What the peer did otherwise than it is recommended."""
        return [*self.notes, *(lapse for wire in self.wires for lapse in wire.lapses)]

    def request(
        self, request_id: int, action: str, *args: Any, timeout: float | None = None
    ) -> gdproto.Request:
        """A REQUEST of the conformance app."""
        return gdproto.Request(request_id, self.terms.app, action, args, {}, timeout)

    def close(self) -> None:
        """Drop the wires."""
        for wire in self.wires:
            wire.drop()

    def _add(self, connected: socket.socket) -> Wire:
        name = f"{len(self.wires) + 1}"
        wire = Wire(connected, name, self.transcript, self.terms.limit_s)
        self.wires.append(wire)
        return wire


@dataclass
class ArbiterStage(Stage):
    """A script that judges an arbiter connects to its socket, as any client does."""

    socket_path: str = ""

    def connect(self) -> Wire:
        """A new connection. Raises Crashed when nobody takes it."""
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected.settimeout(self.terms.limit_s)
        try:
            self._come(connected)
        except OSError as error:
            connected.close()
            raise Crashed(f"no arbiter answers at {self.socket_path}: {error}") from None
        return self._add(connected)

    def _come(self, connected: socket.socket) -> None:
        """Connect, as soon as there is room among those who wait to be taken. Raises OSError."""
        due_s = time.monotonic() + self.terms.limit_s
        while True:
            try:
                return connected.connect(self.socket_path)
            except BlockingIOError:
                if time.monotonic() > due_s:
                    raise
                # Nothing tells that there is room.
                time.sleep(POLL_S)

    def status(self) -> dict[str, Any]:
        """The arbiter's answer to STATUS, on a connection of its own."""
        wire = self.connect()
        wire.send(gdproto.Status(1))
        answer = wire.expect(_status_answer(1))
        wire.drop()
        assert isinstance(answer, gdproto.Response)
        status: dict[str, Any] = answer.result
        return status

    def needs_cancel(self) -> None:
        """Raises Unsupported where CANCEL may not be sent."""
        if "cancel" not in self.status().get("extensions", ()):
            raise Unsupported("its STATUS does not list the extension cancel")

    def ask(self, action: str, *args: Any, within_s: float | None = None) -> Any:
        """The result of an action, on a connection of its own."""
        wire = self.connect()
        wire.send(self.request(1, action, *args))
        expected = Expected(f"a RESPONSE to {action}", _is_response)
        answer = wire.expect(expected, within_s=within_s)
        wire.drop()
        assert isinstance(answer, gdproto.Response)
        return answer.result

    def counter(self, name: str, within_s: float | None = None) -> int:
        """One of the app's counters."""
        counters = self.ask("counters", within_s=within_s)
        if not isinstance(counters, dict) or type(counters.get(name)) is not int:
            raise Mismatch(f"the counter {name}", shown(counters))
        return int(counters[name])


def _is_response(outcome: Outcome) -> list[str] | None:
    return [] if isinstance(outcome, gdproto.Response) else None


def _status_answer(request_id: int) -> Expected:
    def judge(outcome: Outcome) -> list[str] | None:
        fits = isinstance(outcome, gdproto.Response) and isinstance(outcome.result, dict)
        return [] if fits else None

    return Expected(f"a RESPONSE of a dict under id {request_id}", judge)


# --- processes ---


class Testee:
    """A process of the peer that is judged; its standard error is kept for the report."""

    def __init__(
        self,
        command: list[str],
        environment: dict[str, str],
        limit_s: float,
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        self._limit_s = limit_s
        self._files = contextlib.ExitStack()
        self._output = self._files.enter_context(_file())
        self._errors = self._files.enter_context(_file())
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._errors,
                env=environment,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        except OSError as error:
            self._files.close()
            raise Crashed(f"{command[0]} cannot be started: {error.strerror}") from None

    def wait(self) -> int:
        """The exit status. Raises NothingCame when the process does not end."""
        try:
            return self.process.wait(self._limit_s)
        except subprocess.TimeoutExpired:
            raise NothingCame("the process to end", self._limit_s) from None

    def output(self) -> str:
        """What it wrote to standard output."""
        return _read(self._output)

    def errors(self) -> str:
        """The last that it wrote to standard error."""
        return _read(self._errors)[-500:].strip()

    def end(self) -> None:
        """End it, and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._files.close()


def _file() -> Any:
    return tempfile.TemporaryFile()


def _read(file: Any) -> str:
    file.seek(0)
    data: bytes = file.read()
    return data.decode(errors="replace")


# --- worker ---


@dataclass
class WorkerStage(Stage):
    """A script that judges a worker starts it as an arbiter does, and holds its lanes."""

    command: str = ""
    testee: Testee | None = None

    def start(self, lanes: int = 1, *apps: str) -> list[Wire]:
        """Start the worker with so many lanes; another one is ended. Returns the arbiter's ends."""
        if self.testee is not None:
            self.testee.end()
        ends = [socket.socketpair() for _ in range(lanes)]
        wires = [self._add(ours) for ours, _ in ends]
        theirs = [end.fileno() for _, end in ends]
        environment = os.environ | {
            "GD_WORKER_FDS": ",".join(map(str, theirs)),
            "GD_WORKER_APPS": json.dumps(apps or [self.terms.app]),
            "DIRTY_WORKER_SLOT": "0",
        }
        command = shlex.split(self.command)
        try:
            self.testee = Testee(command, environment, self.terms.limit_s, tuple(theirs))
        finally:
            for _, end in ends:
                end.close()
        return wires

    def ready(self, lanes: int = 1) -> list[Wire]:
        """Start the worker, and open each lane."""
        wires = self.start(lanes)
        for wire in wires:
            wire.send(gdproto.Status(1))
        for wire in wires:
            wire.expect(_status_answer(1))
        return wires

    def has_started(self, pid: int) -> bool:
        """Whether the process is the worker's, or one that the worker started."""
        assert self.testee is not None
        try:
            return os.getpgid(pid) == self.testee.process.pid
        except (OSError, OverflowError):
            return False

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to the worker, and to whatever it started."""
        assert self.testee is not None
        os.killpg(self.testee.process.pid, number)

    def exit_status(self) -> int:
        """The worker's exit status. Raises NothingCame when it does not end."""
        assert self.testee is not None
        return self.testee.wait()

    def close(self) -> None:
        super().close()
        if self.testee is not None:
            self.testee.end()


# --- client ---

Step = list[dict[str, Any]]


@dataclass
class ClientStage(Stage):
    """A script that judges a client listens where an arbiter would, and answers what it likes.

    Attributes:
        status: what answers a STATUS, which a client may ask for itself.
        extensions: what that lists; None leaves the key out.
        answers_status: makes what is sent in its place, from the request id.
    """

    command: str = ""
    status: dict[str, Any] = field(default_factory=lambda: dict(STATUS))
    extensions: list[str] | None = field(default_factory=lambda: ["cancel"])
    answers_status: Callable[[int], gdproto.Message] | None = None
    testee: Testee | None = None

    def __post_init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="gd-")
        self.socket_path = f"{self._directory.name}/socket"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.socket_path)
        self._listener.listen()
        self._open: dict[Wire, set[int]] = {}
        self._is_idle = False
        # The extensions that a STATUS was answered by.
        self._listed: set[str] = set()
        self._steps: tuple[Step, ...] = ()

    def start(
        self, *steps: Step, timeout: float = 0, environment: dict[str, str] | None = None
    ) -> None:
        """Run the client with calls to make: each step's calls at once, the steps in turn.

        Args:
            timeout: seconds that the client gives a call; by default more than the script waits.
            environment: how the client finds the socket; by its argument if there is none.
        """
        self._steps = steps
        job = {"timeout": timeout or self.terms.limit_s * 2, "steps": steps}
        names = ("DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET")
        inherited = {name: text for name, text in os.environ.items() if name not in names}
        path = "" if environment else self.socket_path
        command = [*shlex.split(self.command), path, json.dumps(job)]
        self.testee = Testee(command, inherited | (environment or {}), self.terms.limit_s)

    def outcomes(self) -> list[list[dict[str, Any]]]:
        """What became of the calls, when the client has ended."""
        assert self.testee is not None
        due_s = time.monotonic() + self.terms.limit_s
        while self.testee.process.poll() is None:
            if time.monotonic() > due_s:
                raise NothingCame("the client to end", self.terms.limit_s)
            self._poll(0.02)
        return self._read_outcomes()

    def _read_outcomes(self) -> list[list[dict[str, Any]]]:
        assert self.testee is not None
        status = self.testee.process.returncode
        if status:
            raise Crashed(f"the client exited with {status}: {self.testee.errors()}")
        text = self.testee.output()
        try:
            answer = json.loads(text)
        except ValueError:
            raise Mismatch("outcomes as JSON", shown(text)) from None
        if isinstance(answer, dict) and "unsupported" in answer:
            raise Unsupported(str(answer["unsupported"]))
        if not _are_outcomes(answer, self._steps):
            raise Mismatch("an outcome for each call", shown(text))
        outcomes: list[list[dict[str, Any]]] = answer["outcomes"]
        return outcomes

    def outcome(self) -> dict[str, Any]:
        """What became of the one call."""
        ((outcome,),) = self.outcomes()
        return outcome

    def next(self, expected: Expected, within_s: float | None = None) -> tuple[Wire, Any]:
        """The next that the client does, on whichever wire, STATUS aside; it is as expected."""
        assert self.testee is not None
        wait_s = self.terms.limit_s if within_s is None else within_s
        due_s = time.monotonic() + wait_s
        while (left_s := due_s - time.monotonic()) > 0:
            has_ended = self.testee.process.poll() is not None
            found = self._poll(left_s)
            if found is not None:
                wire, outcome = found
                lapses = expected.judge(outcome)
                if lapses is None:
                    raise Mismatch(expected.text, shown(outcome))
                wire.lapses += lapses
                return found
            if has_ended and self._is_idle:
                got = shown(self._read_outcomes())
                raise Mismatch(expected.text, f"that the client ended, with {got}")
        raise NothingCame(expected.text, wait_s)

    def silence(self, seconds: float, instead_of: str) -> None:
        """Nothing comes for so long, a STATUS or a close aside."""
        due_s = time.monotonic() + seconds
        while (left_s := due_s - time.monotonic()) > 0:
            found = self._poll(left_s)
            if found is not None and found[1] is not CLOSED:
                raise Mismatch(f"nothing, {instead_of}", shown(found[1]))

    def answer(self, wire: Wire, *data: bytes | gdproto.Message) -> None:
        """Send, and note which exchanges that ends."""
        for one in data:
            if isinstance(one, gdproto.Message) and one.CODE in ENDING:
                self._open.get(wire, set()).discard(one.request_id)
        wire.send(*data)

    def drop(self, wire: Wire) -> None:
        """Close the connection."""
        self._open.pop(wire, None)
        wire.drop()

    def close(self) -> None:
        super().close()
        self._listener.close()
        if self.testee is not None:
            self.testee.end()
        self._directory.cleanup()

    def _poll(self, seconds: float) -> tuple[Wire, Outcome] | None:
        """The next thing that is for the script, if there is one; waits a little for it."""
        for wire in list(self._open):
            outcome = wire.take()
            if outcome is not None and self._is_for_script(wire, outcome):
                return wire, outcome
        ends: list[socket.socket | Wire] = [self._listener, *self._open]
        ready, _, _ = select.select(ends, [], [], max(0.0, min(seconds, POLL_S)))
        self._is_idle = not ready
        for end in ready:
            if isinstance(end, Wire):
                end.fill()
            else:
                accepted, _ = self._listener.accept()
                self._open[self._add(accepted)] = set()
        return None

    def _is_for_script(self, wire: Wire, outcome: Outcome) -> bool:
        ids = self._open[wire]
        if not isinstance(outcome, gdproto.Message):
            # With nothing open, a client may close when it likes.
            return bool(self._open.pop(wire))
        if outcome.CODE in ANSWERING:
            raise Mismatch("what a client may send", shown(outcome))
        if outcome.CODE in OPENING:
            if outcome.request_id in ids:
                raise Mismatch("an id that is not open", f"{outcome.request_id} a second time")
            ids.add(outcome.request_id)
        extension = EXTENSION_OF[outcome.CODE]
        if extension and extension not in self._listed:
            raise Mismatch(f"nothing of {extension}, which no STATUS has listed", shown(outcome))
        if isinstance(outcome, gdproto.Status):
            self._listed.update(self.extensions or ())
            make = self.answers_status or self._state
            self.answer(wire, make(outcome.request_id))
            return False
        return True

    def _state(self, request_id: int) -> gdproto.Message:
        more = {} if self.extensions is None else {"extensions": self.extensions}
        return gdproto.Response(request_id, self.status | more)


def _are_outcomes(answer: Any, steps: tuple[Step, ...]) -> bool:
    """Whether the client told an outcome, as `clients.md` has them, for each call."""
    told = answer.get("outcomes") if isinstance(answer, dict) else None
    if not isinstance(told, list) or len(told) != len(steps):
        return False
    return all(
        isinstance(some, list) and len(some) == len(step) and all(map(_is_outcome, some))
        for some, step in zip(told, steps, strict=True)
    )


def _is_outcome(told: Any) -> bool:
    if not isinstance(told, dict) or not told.keys() & {"result", "chunks", "error"}:
        return False
    return "error" not in told or (isinstance(told["error"], dict) and "type" in told["error"])


def socket_mode(path: str) -> int:
    """The permissions of a socket's file."""
    return Path(path).stat().st_mode & 0o777
