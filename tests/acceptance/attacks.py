"""What one client can do to the others: the longest that an arbiter's loop stands for it.

    python -m tests.acceptance.attacks [WORD]    those alone whose name has the word

Rules: each attack has an arbiter of its own, whose loop is watched from inside by `probe`, and from
outside by another client that asks a small question again and again. An attack is bytes: they are
made before, so that nothing here takes time while the arbiter is measured; the answers are read
and not looked at.

To add one, decorate a function with `attack`. It is handed the `Stage`, prepares what it needs
(tables, frames), then strikes within ``with stage.watched():``. `quick` asks for a smaller strike.
Give arguments of `dirty serve` as `options`; DIRECTORY in
them stands for one of the stage's own. What a stage's attacks leave is there for the next one: give
tables names of their own. `tests/acceptance/test_attacks.py` runs all of them in
small, `docs/design/attacks.md` tells what came of them.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import random
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import gdproto
from dirty_runtime import DirtyClient, StashClient
from dirty_runtime.testing import Arbiter, running
from gdproto import ManageOp, StashOp

from . import frames, sessions
from .facts import rss_mb
from .peers import LIMIT_S, Attacker
from .probe import VARIABLE, Probe, Stands

ROOT = Path(__file__).resolve().parents[2]
APP = "tests.acceptance.app:Service"
BAR_S = 0.020
MIB = 2**20
# Keys of a table.
MANY = 300_000
PAUSE_S = 0.001
# How long workers are kept; calls that may wait of one connection.
NAP_S = 2.0
WAITING = 500


class Outcome(NamedTuple):
    """What came of an attack: the loop's stands, and the longest wait of another client, in s."""

    stands: Stands
    wait_s: float


class Stage:
    """An arbiter, a client that is to be served, and one that attacks.

    Attributes:
        log: where the log is, with `LOGGED` among the options.
        outcome: of what was watched.
    """

    def __init__(self, arbiter: Arbiter, directory: Path, probe: Probe, quick: bool) -> None:
        self.arbiter = arbiter
        self.log = directory / "log"
        self.quick = quick
        self.outcome = Outcome(Stands(0, 0, 0), 0)
        self._probe = probe

    def few(self, number: int, least: int = 1) -> int:
        """`number`, or a small part of it where all is to be quick."""
        return max(least, number // 64) if self.quick else number

    @contextlib.contextmanager
    def attacker(self) -> Iterator[Attacker]:
        """A connection that sends whatever it is given."""
        with Attacker(self.arbiter.socket_path) as attacker:
            yield attacker

    def do(self, frames: Iterable[bytes], answers: int) -> None:
        """Send the frames, and wait for so many answers; nothing is watched."""
        with self.attacker() as attacker:
            attacker.strike(frames, answers)

    @contextlib.contextmanager
    def watched(self, *, calls: bool = False) -> Iterator[None]:
        """Watch the loop, from inside and by another client, while the block runs.

        Args:
            calls: whether the other calls a worker, too.
        """
        over, waits = threading.Event(), [0.0]

        def ask() -> None:
            path = self.arbiter.socket_path
            with StashClient(path, LIMIT_S) as client, DirtyClient(path, LIMIT_S) as caller:
                while not over.is_set():
                    begun_s = time.monotonic()
                    client.exists("small", "k")
                    if calls:
                        caller.execute(APP, "pid")
                    waits[0] = max(waits[0], time.monotonic() - begun_s)
                    time.sleep(PAUSE_S)

        other = threading.Thread(target=ask)
        other.start()
        # The other is connected, and what came before is past.
        time.sleep(0.03)
        self._probe.take()
        waits[0] = 0.0
        try:
            yield
            # What the loop still does with it, and a tick of the probe after that.
            self.do([stash(StashOp.EXISTS, "small", "k")], 1)
            time.sleep(10 * PAUSE_S)
            self.do([stash(StashOp.EXISTS, "small", "k")], 1)
        finally:
            over.set()
            other.join()
        self.outcome = Outcome(self._probe.take(), waits[0])


class Attack(NamedTuple):
    """An attack, what it does in words, and the options of its arbiter."""

    name: str
    strike: Callable[[Stage], None]
    options: Sequence[str]


ATTACKS: list[Attack] = []
# Files beside this one that have more of them.
FILES = ("passed", "extremes", "crowds", "workers", "templates", "disks", "strangers", "batches")
Strike = Callable[[Stage], None]


def attack(name: str, *options: str) -> Callable[[Strike], Strike]:
    """List the decorated function as an attack."""

    def register(strike: Strike) -> Strike:
        ATTACKS.append(Attack(name, strike, options))
        return strike

    return register


@contextlib.contextmanager
def staged(
    options: Sequence[str], quick: bool, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Stage]:
    """An arbiter of its own, with these options and this in its environment."""
    with tempfile.TemporaryDirectory(prefix="gd-") as directory:
        path = Path(directory, "probe")
        probe = Probe(path)
        own = (word.replace("DIRECTORY", directory) for word in options)
        words = ("-c", str(Path(__file__).with_name("probe.py")), *own)
        own_environment = {VARIABLE: str(path), **environment}
        with running(APP, directory=ROOT, options=words, environment=own_environment) as arbiter:
            yield Stage(arbiter, Path(directory), probe, quick)


def outcome_of(one: Attack) -> Outcome:
    """Carry out the attack, against an arbiter of its own."""
    with staged(one.options, False) as stage:
        one.strike(stage)
        return stage.outcome


# --- tools ---


def stash(op: StashOp, table: str, key: Any = None, value: Any = None, pattern: str | None = None,
          number: int = 1) -> bytes:  # fmt: skip
    """A STASH as a frame."""
    return gdproto.Stash(number, int(op), table, key, value, pattern).to_bytes()


def framed(code: int, payload: bytes, number: int = 1) -> bytes:
    """A frame of any payload."""
    return gdproto.Header(code, len(payload), number).to_bytes() + payload


def nested(size: int, depth: int = 400) -> bytes:
    """A list of nested lists, as TLV, of about so many bytes."""
    one = (b"\x20\x00\x00\x00\x01" * depth) + b"\x00"
    count = size // len(one)
    return b"\x20" + count.to_bytes(4) + one * count


def put_of(table: str, key: Any, value: bytes, number: int = 1) -> bytes:
    """A PUT of a value that is TLV already."""
    # With the value `True`, whose two bytes are replaced, all fields are written.
    frame = stash(StashOp.PUT, table, key, True, number=number)
    payload = frame[gdproto.HEADER_BYTES : -2] + value
    return framed(gdproto.MessageCode.STASH, payload, number)


def filled(stage: Stage, table: str, count: int, key: str = "key:{:07d}") -> None:
    """Have the table, with so many small entries."""
    frames = (
        stash(StashOp.PUT, table, key.format(number), number, number=1 + number % 1000)
        for number in range(count)
    )
    stage.do(frames, count)


# --- the stash ---


@attack("KEYS with `[` 16,000 times")
def brackets(stage: Stage) -> None:
    stage.do([stash(StashOp.PUT, "t", "k", 1)], 1)
    with stage.attacker() as attacker, stage.watched():
        attacker.strike([stash(StashOp.KEYS, "t", pattern="[" * 16_000)], 1)


@attack("KEYS of a key of 2 MiB with patterns of stars")
def stars(stage: Stage) -> None:
    stage.do([stash(StashOp.PUT, "t", "a" * (stage.few(2 * MIB) - 100) + "c", 1)], 1)
    with stage.attacker() as attacker, stage.watched():
        for pattern in ("*a" * 100 + "b*", "*" + "?" * 200 + "b*", "*[!b]" * 40 + "b*"):
            attacker.strike([stash(StashOp.KEYS, "t", pattern=pattern)], 1)


@attack("KEYS of 300,000")
def keys(stage: Stage) -> None:
    filled(stage, "t", stage.few(MANY))
    with stage.attacker() as attacker, stage.watched():
        attacker.strike([stash(StashOp.KEYS, "t")], 1)


@attack("KEYS of 300,000 with a pattern, from 20 connections")
def patterns(stage: Stage) -> None:
    filled(stage, "t", stage.few(MANY))
    with contextlib.ExitStack() as stack:
        attackers = [stack.enter_context(stage.attacker()) for _ in range(stage.few(20, 4))]
        with stage.watched():
            for one in attackers:
                one.send([stash(StashOp.KEYS, "t", pattern="*[0-4]*[5-9]")])
            for one in attackers:
                one.take(1)


@attack("CLEAR of 300,000")
def clear(stage: Stage) -> None:
    filled(stage, "t", stage.few(MANY))
    with stage.attacker() as attacker, stage.watched():
        attacker.strike([stash(StashOp.CLEAR, "t")], 1)


@attack("DELETE_TABLE of 300,000")
def delete_table(stage: Stage) -> None:
    filled(stage, "t", stage.few(MANY))
    with stage.attacker() as attacker, stage.watched():
        attacker.strike([stash(StashOp.DELETE_TABLE, "t")], 1)


@attack("PUT of 300,000, one after the other")
def grow(stage: Stage) -> None:
    count = stage.few(MANY)
    frames = (
        stash(StashOp.PUT, "t", number, 1, number=1 + number % 1000) for number in range(count)
    )
    with stage.attacker() as attacker, stage.watched():
        attacker.strike(frames, count)


@attack("TABLES of 200,000")
def tables(stage: Stage) -> None:
    count = stage.few(200_000)
    frames = (
        stash(StashOp.ENSURE, f"{number:07d}", number=1 + number % 1000) for number in range(count)
    )
    stage.do(frames, count)
    with stage.attacker() as attacker, stage.watched():
        attacker.strike([stash(StashOp.TABLES, "")], 1)


@attack("9,000 POPs wait for one list, 500 items come, and all who are left leave")
def pops(stage: Stage) -> None:
    with waited(stage, pop) as waiting, stage.watched():
        with stage.attacker() as attacker:
            count = stage.few(500)
            attacker.strike([stash(StashOp.PUSH_RIGHT, "w", "l", 1)] * count, count)
        for one in waiting:
            one.socket.close()


@attack("9,000 watch one table, of which 500 keys change that they do not look for")
def watchers(stage: Stage) -> None:
    with StashClient(stage.arbiter.socket_path, LIMIT_S) as client:
        after = client.changes("w")["next"]

    def watch(number: int) -> bytes:
        asked = gdproto.Stash(number, int(StashOp.CHANGES), "w", pattern="x*", after=after)
        asked.wait = LIMIT_S
        return asked.to_bytes()

    with waited(stage, watch), stage.watched(), stage.attacker() as attacker:
        count = stage.few(500)
        attacker.strike([stash(StashOp.PUT, "w", number, 1) for number in range(count)], count)


def pop(number: int) -> bytes:
    """A POP that waits, as a frame."""
    asked = gdproto.Stash(number, int(StashOp.POP_LEFT), "w", "l")
    asked.wait = LIMIT_S
    return asked.to_bytes()


@contextlib.contextmanager
def waited(stage: Stage, ask: Callable[[int], bytes]) -> Iterator[list[Attacker]]:
    """Ten connections that have asked 900 questions each, all of which wait."""
    with contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(stage.attacker()) for _ in range(stage.few(10, 2))]
        for one in waiting:
            one.send(ask(number) for number in range(1, 901))
            # Answered behind all of them.
            one.strike([stash(StashOp.LENGTH, "w", "l", number=1000)], 1)
        yield waiting


@attack("PUT of 60 MiB of nested lists")
def put_nested(stage: Stage) -> None:
    frame = put_of("t", "k", nested(stage.few(60 * MIB)))
    with stage.attacker() as attacker, stage.watched():
        attacker.strike([frame], 1)


@attack("PUT of 2 MiB of nested lists, ten times")
def put_nested_in_memory(stage: Stage) -> None:
    frame = put_of("t", "k", nested(2 * MIB - 4096))
    with stage.attacker() as attacker, stage.watched():
        for _ in range(10):
            attacker.strike([frame], 1)


@attack("PUT, GET and DELETE of 60 MiB of bytes")
def put_bytes(stage: Stage) -> None:
    value = gdproto.encode(bytes(stage.few(60 * MIB)))
    frame = put_of("t", "k", value)
    with stage.attacker() as attacker, stage.watched():
        for others in (StashOp.GET, StashOp.DELETE):
            attacker.strike([frame], 1)
            attacker.strike([stash(others, "t", "k")], 1)


@attack("GET of 60 MiB of nested lists")
def get_nested(stage: Stage) -> None:
    stage.do([put_of("t", "k", nested(stage.few(60 * MIB)))], 1)
    with stage.attacker() as attacker, stage.watched():
        attacker.strike([stash(StashOp.GET, "t", "k")], 1)


@attack("a table, a key or a pattern whose name has 60 MiB")
def long_name(stage: Stage) -> None:
    name = "\N{GREEK SMALL LETTER MU}" * stage.few(30 * MIB)
    asked = [stash(op, name) for op in (StashOp.ENSURE, StashOp.INFO, StashOp.GET)]
    asked += [stash(StashOp.TABLES, ""), stash(StashOp.DELETE_TABLE, name)]
    asked += [stash(StashOp.PUT, "t", name, 1), stash(StashOp.KEYS, "t", pattern=name)]
    with stage.attacker() as attacker, stage.watched():
        for frame in asked:
            attacker.strike([frame], 1)


# --- questions and frames ---


@attack("100,000 small questions in one go")
def pipelined(stage: Stage) -> None:
    count = stage.few(100_000)
    frames = [b"".join(stash(StashOp.GET, "t", "k", number=1 + n % 1000) for n in range(count))]
    with stage.attacker() as attacker, stage.watched():
        attacker.strike(frames, count)


@attack("50 times MANAGE of what runs, and of where workers stand, from each of 20 connections")
def looked_at(stage: Stage) -> None:
    told = (
        gdproto.Manage(1 + n, op) for n, op in enumerate((ManageOp.CALLS, ManageOp.STACKS) * 25)
    )
    frames = b"".join(message.to_bytes() for message in told)
    with contextlib.ExitStack() as stack:
        attackers = [stack.enter_context(stage.attacker()) for _ in range(stage.few(20, 4))]
        with stage.watched(calls=True):
            for one in attackers:
                one.send([frames])
            for one in attackers:
                one.take(50)


@attack("100,000 frames that are not legal, in one go")
def illegal(stage: Stage) -> None:
    count = stage.few(100_000)
    frames = [gdproto.Header(gdproto.MessageCode.END, 0, 7).to_bytes() * count]
    with stage.attacker() as attacker, stage.watched():
        attacker.strike(frames, count)


def bent(stage: Stage, all_data: Iterable[bytes]) -> None:
    """Send each on a connection of its own, to the end; what comes is looked at elsewhere."""
    with stage.watched():
        for data in all_data:
            with stage.attacker() as attacker, contextlib.suppress(ConnectionError):
                attacker.socket.sendall(data)
                attacker.socket.shutdown(socket.SHUT_WR)
                while attacker.socket.recv(65536):
                    pass


@attack("5,000 mutated frames")
def mutated_frames(stage: Stage) -> None:
    bent(stage, frames.mutated(random.Random(1), APP, stage.few(5_000, 200)))


@attack("1,000 mutated sessions")
def mutated_sessions(stage: Stage) -> None:
    bent(stage, sessions.mutated(random.Random(1), APP, stage.few(1_000)))


@attack("1,000,000 CANCELs of nothing, in one go")
def cancels(stage: Stage) -> None:
    frames = [gdproto.Cancel(7).to_bytes() * stage.few(1_000_000)]
    with stage.attacker() as attacker, stage.watched():
        attacker.strike([*frames, stash(StashOp.EXISTS, "t", "k")], 1)


@attack("a REQUEST of 60 MiB of small values, its app named last")
def app_last(stage: Stage) -> None:
    small = b"\x20" + (2**20).to_bytes(4) + bytes(2**20)
    count = stage.few(60)
    args = b"\x20" + count.to_bytes(4) + small * count
    named = gdproto.encode({"action": "pid", "app_path": APP})
    payload = b"\x21" + (3).to_bytes(4) + gdproto.encode("args") + args + named[5:]
    with stage.attacker() as attacker, stage.watched():
        attacker.strike([framed(gdproto.MessageCode.REQUEST, payload)], 1)


@attack("a REQUEST of 60 MiB of nested lists")
def request_nested(stage: Stage) -> None:
    head = gdproto.encode({"app_path": APP, "action": "pid", "args": None})[:-1]
    payload = head + nested(stage.few(60 * MIB))
    with stage.attacker() as attacker, stage.watched():
        attacker.strike([framed(gdproto.MessageCode.REQUEST, payload)], 1)


MIDDLE = 2 * MIB - 4096


@attack("a REQUEST of 2 MiB of nested lists, one of its fields, and one of keys, ten times")
def request_in_memory(stage: Stage) -> None:
    head = gdproto.encode({"app_path": APP, "action": "pid", "args": None})[:-1]
    fields = gdproto.encode({f"{number:x}": None for number in range(150_000)})
    values = (nested(MIDDLE, 1), nested(MIDDLE), gdproto.encode("unknown") + fields)
    payloads = [*(head + value for value in values), fields]
    frames = [framed(gdproto.MessageCode.REQUEST, one, n) for n, one in enumerate(payloads, 1)]
    with stage.attacker() as attacker, stage.watched():
        for _ in range(stage.few(10)):
            attacker.strike(frames, len(frames))


@attack("a REQUEST of 60 KiB of nested lists, from 50 connections at one moment")
def requests_of_many(stage: Stage) -> None:
    head = gdproto.encode({"app_path": APP, "action": "pid", "args": None})[:-1]
    payload = head + nested(60 * 1024, 1)
    frames = [framed(gdproto.MessageCode.REQUEST, payload, number) for number in (1, 2)]
    with contextlib.ExitStack() as stack:
        attackers = [stack.enter_context(stage.attacker()) for _ in range(50)]
        with stage.watched():
            for one in attackers:
                one.send(frames)
            for one in attackers:
                one.take(2)


@attack("a REQUEST whose app, then one whose action has 60 MiB", "--access-log")
def long_words(stage: Stage) -> None:
    word = "\N{GREEK SMALL LETTER MU}" * stage.few(30 * MIB)
    frames = [gdproto.Request(1, *names).to_bytes() for names in ((word, "pid"), (APP, word))]
    with stage.attacker() as attacker, stage.watched():
        for frame in frames:
            attacker.strike([frame], 1)


@attack("questions of 60 MiB in fields that nobody knows, or at fault behind such a key")
def unknown_fields(stage: Stage) -> None:
    size = stage.few(60 * MIB)
    scale = gdproto.encode({"op": int(ManageOp.SET), "count": 1, "more": None})[:-1]
    key = gdproto.encode({"\N{GREEK SMALL LETTER MU}" * (size // 2): None})[:-1] + b"\xff"
    payloads = [scale + nested(size), scale + gdproto.encode("m" * size), scale + key]
    with stage.attacker() as attacker, stage.watched():
        for payload in payloads:
            attacker.strike([framed(gdproto.MessageCode.MANAGE, payload)], 1)


# --- the log ---

LOGGED = ("--access-log", "--log-file", "DIRECTORY/log")


def logged(stage: Stage) -> None:
    """Have far more lines logged than may wait, each as long as a caller can make it."""
    count = stage.few(5_000)
    action = "\x1b\n" * 200
    frames = [gdproto.Request(number, APP, action).to_bytes() for number in range(1, 101)]
    with stage.attacker() as attacker, stage.watched():
        for _ in range(0, count, 100):
            attacker.strike(frames, 100)


@attack("5,000 lines of a log whose reader stops", *LOGGED)
def unread_log(stage: Stage) -> None:
    log = stage.log
    log.unlink()
    os.mkfifo(log)
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    logged(stage)
    os.close(reader)


@attack("5,000 lines of a log whose disk is full", *LOGGED)
def full_log(stage: Stage) -> None:
    stage.log.unlink()
    stage.log.symlink_to("/dev/full")
    logged(stage)


@attack("5,000 lines of a log whose directory is gone", *LOGGED)
def lost_log(stage: Stage) -> None:
    stage.log.unlink()
    stage.log.mkdir()
    logged(stage)


@attack("MANAGE of 24 workers more, and as many fewer", "--max-workers", "64")
def scale(stage: Stage) -> None:
    count = stage.few(24, 2)
    with stage.attacker() as attacker, stage.watched():
        for op in (ManageOp.ADD, ManageOp.REMOVE):
            attacker.strike([gdproto.Manage(1, int(op), count).to_bytes()], 1)


# --- workers ---

LASTING = ("--max-crashes", "1000000")


@attack("a worker killed while no descriptor is free", *LASTING)
def no_descriptors(stage: Stage) -> None:
    pid = stage.arbiter.process.pid
    usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    with stage.watched():
        (worker,) = stage.arbiter.pids()
        _, most = usual
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, most))
        os.kill(worker, signal.SIGKILL)
        # Some rounds of trying again.
        time.sleep(0.5)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, usual)
        stage.arbiter.wait_ready()


@attack("a call that leaves 400 processes and dies", *LASTING)
def swarm(stage: Stage) -> None:
    frame = gdproto.Request(1, APP, "swarm_and_die", (stage.few(400),)).to_bytes()
    with stage.attacker() as attacker, stage.watched():
        attacker.strike([frame], 1)
        stage.arbiter.wait_ready()


# --- calls ---


@contextlib.contextmanager
def with_waiting_calls(stage: Stage, timeout_s: float | None) -> Iterator[list[Attacker]]:
    """As many calls as may wait, of two connections, behind what keeps every worker."""
    with contextlib.ExitStack() as stack:
        attackers = [stack.enter_context(stage.attacker()) for _ in range(3)]
        for number in range(len(stage.arbiter.pids())):
            attackers[0].send([gdproto.Request(1 + number, APP, "nap", [NAP_S]).to_bytes()])
        stage.do([stash(StashOp.EXISTS, "small", "k")], 1)
        with stage.watched():
            for one in attackers[1:]:
                one.send(
                    gdproto.Request(1 + number, APP, "pid", timeout=timeout_s).to_bytes()
                    for number in range(stage.few(WAITING, 10))
                )
            yield attackers[1:]


@attack("calls: 1,000 that are too late at one moment", "--timeout", "0")
def too_late(stage: Stage) -> None:
    with with_waiting_calls(stage, NAP_S / 4) as attackers:
        for one in attackers:
            one.take(stage.few(WAITING, 10))


@attack("calls: 1,000 that are left by their clients", "--timeout", "0")
def left(stage: Stage) -> None:
    with with_waiting_calls(stage, None) as attackers:
        for one in attackers:
            one.socket.close()
        time.sleep(NAP_S / 4)


@attack("calls: 1,000 whose app is put aside", "--max-crashes", "1", "--crash-window", "0.5")
def put_aside(stage: Stage) -> None:
    with with_waiting_calls(stage, None) as attackers:
        for pid in stage.arbiter.pids():
            os.kill(pid, signal.SIGKILL)
        for one in attackers:
            one.take(stage.few(WAITING, 10))
    stage.arbiter.wait_ready()


# --- clients ---

LIMITED = ("--max-client-bytes", str(64 * MIB), "--max-spool-bytes", str(256 * MIB))
# What an arbiter takes beside that, for a while.
SLACK_MB = 48


@contextlib.contextmanager
def no_more_memory_than(stage: Stage, most_bytes: int) -> Iterator[None]:
    """Fail where the arbiter has taken more than that while the block ran."""
    before_mb = rss_mb(stage.arbiter.process.pid)
    yield
    grown_mb = rss_mb(stage.arbiter.process.pid) - before_mb
    assert grown_mb < most_bytes / 1e6 + SLACK_MB, f"{grown_mb:.0f} MB more than before"


@contextlib.contextmanager
def several(stage: Stage, count: int, sent: bytes) -> Iterator[None]:
    """So many connections that each send this, as far as it is taken, and read nothing."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            one = stack.enter_context(socket.socket(socket.AF_UNIX))
            # With a timeout, a full backlog would be an error.
            one.connect(stage.arbiter.socket_path)
            one.settimeout(LIMIT_S)
            with contextlib.suppress(ConnectionError):
                one.sendall(sent)
        yield


def half_frame(size: int, sent: int) -> bytes:
    """The beginning of a REQUEST of `size` bytes."""
    return gdproto.Header(gdproto.MessageCode.REQUEST, size, 1).to_bytes() + bytes(sent)


@attack("clients: 30 that read none of their answers of 8 MiB", *LIMITED)
def unread_answers(stage: Stage) -> None:
    stage.do([stash(StashOp.PUT, "t", "k", bytes(8 * MIB))], 1)
    frames = b"".join(stash(StashOp.GET, "t", "k", number=n) for n in range(1, 101))
    with (
        stage.watched(),
        no_more_memory_than(stage, 64 * MIB),
        several(stage, stage.few(30, 4), frames),
    ):
        time.sleep(0.5)


def unread(stage: Stage, size: int) -> None:
    """Ten clients leave twenty answers of this size unread, each."""
    frames = [gdproto.Request(n, APP, "zeros", [size]).to_bytes() for n in range(1, 21)]
    with (
        stage.watched(calls=True),
        no_more_memory_than(stage, 64 * MIB),
        several(stage, stage.few(10, 2), b"".join(frames)),
    ):
        time.sleep(0.5)


@attack("clients: 10 that read none of their workers' answers of 1 MiB", *LIMITED)
def unread_calls(stage: Stage) -> None:
    unread(stage, MIB)


@attack("clients: 10 that read none of their workers' answers of 16 MiB", *LIMITED)
def unread_large_calls(stage: Stage) -> None:
    unread(stage, 16 * MIB)


@attack("clients: 5,000 bare headers, and as many idle", *LIMITED)
def bare_headers(stage: Stage) -> None:
    count = stage.few(5_000)
    with (
        stage.watched(),
        no_more_memory_than(stage, 10_000 * count),
        several(stage, count, half_frame(60 * MIB, 0)),
        several(stage, count, b""),
    ):
        pass


@attack("clients: 300 half frames of 1 MiB", *LIMITED)
def half_frames(stage: Stage) -> None:
    sent = half_frame(2 * MIB - 100, MIB)
    with (
        stage.watched(),
        no_more_memory_than(stage, 64 * MIB),
        several(stage, stage.few(300), sent),
    ):
        time.sleep(0.2)


@attack("clients: 100 that send REQUESTs of 2 MiB of nested lists at one moment", *LIMITED)
def looked_into(stage: Stage) -> None:
    head = gdproto.encode({"app_path": APP, "action": "pid", "args": None})[:-1]
    frame = framed(gdproto.MessageCode.REQUEST, head + nested(MIDDLE))
    with (
        stage.watched(),
        no_more_memory_than(stage, 64 * MIB),
        several(stage, stage.few(100, 10), frame),
    ):
        time.sleep(0.5)


@attack("clients: 20 uploads of 60 MiB that stop half way", *LIMITED)
def uploads(stage: Stage) -> None:
    sent = half_frame(60 * MIB, 30 * MIB)
    with (
        stage.watched(),
        no_more_memory_than(stage, 0),
        several(stage, stage.few(20, 2), sent),
    ):
        time.sleep(0.2)


@attack("clients: uploads of 60 MiB, and the disk is full", *LIMITED)
def full_disk(stage: Stage) -> None:
    pid = stage.arbiter.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (16 * MIB, before[1]))
    frame = gdproto.Request(1, APP, "size", [bytes(60 * MIB)]).to_bytes()
    try:
        with stage.attacker() as attacker, stage.watched(), no_more_memory_than(stage, 0):
            for _ in range(stage.few(5)):
                attacker.strike([frame], 1)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@attack("clients: more connections than descriptors", *LIMITED)
def too_many_connections(stage: Stage) -> None:
    pid = stage.arbiter.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        with stage.watched(), several(stage, stage.few(2_000, 300), b""):
            pass
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@attack("64 halves of requests for metrics, and a whole one", "--metrics", "DIRECTORY/metrics")
def half_requests(stage: Stage) -> None:
    def connected(sent: bytes) -> socket.socket:
        one = stack.enter_context(socket.socket(socket.AF_UNIX))
        one.connect(str(stage.log.with_name("metrics")))
        one.settimeout(LIMIT_S)
        one.sendall(sent)
        return one

    whole = b"GET /metrics HTTP/1.0\r\n\r\n"
    with contextlib.ExitStack() as stack:
        # It serves.
        assert connected(whole).recv(4096)
        for _ in range(stage.few(64, 20)):
            connected(b"GET /metrics HTT")
        # Of those the first have a place each, and have been there for long.
        time.sleep(1.5)
        with stage.watched():
            answer = connected(whole).recv(4096)
        assert answer.startswith(b"HTTP/1.0 200 "), answer


def told(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def everything() -> list[Attack]:
    """All of them, of every file."""
    for name in FILES:
        importlib.import_module(f"{__package__}.{name}")
    return ATTACKS


def main(word: str = "") -> int:
    """Returns 1 if a loop stood for longer than the bar."""
    missed = 0
    print(f"{'attack':<58}{'loop stood':>12}{'its thread':>12}{'others waited':>15}")
    for one in everything():
        if word in one.name:
            outcome = outcome_of(one)
            stood_s, _, thread_s = outcome.stands
            missed += outcome.stands.sure_s > BAR_S
            row = f"{told(stood_s):>12}{told(thread_s):>12}{told(outcome.wait_s):>15}"
            print(f"{one.name:<58}{row}{'  OVER' * (outcome.stands.sure_s > BAR_S)}", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    # The other files list theirs in that module, not in this one.
    sys.exit(importlib.import_module("tests.acceptance.attacks").main(*sys.argv[1:2]))
