"""``python -m dirty_runtime.bridge``: a process in place of a worker, which has an actor be that.

Rules: what it is to do stands in the variable DIRTY_BRIDGE, as JSON. It waits for the cluster, and
for a place in it, as long as it takes, and says so on its trace. From then on it carries what
comes, each way by a thread. When its actor, that one's node or the head of the cluster is gone, it
says so and ends at once. Nothing is repeated.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any, NoReturn

import ray
from ray.exceptions import RayError

from ..failure import describe, tell
from ..line_writer import Target
from ..printable import printable
from ..version import VERSION
from ..worker.leaving import FLUSH_S
from ..worker.log import LOG, target
from ..worker.surroundings import Surroundings
from .actor import LOG_LINES, PRINTED, SAID, TRACE, Place, Slot
from .in_order import InOrder
from .lifeline import Lifeline, is_gone, watch_head
from .pieces import Frames, Numbered, arrived, carried, is_end, taken
from .placement import Looks, Wait, options_of, required, why_not
from .sending import Sending
from .shipping import left_out

# On the trace, beside what a worker says.
WAITS, BUSY, PLACED, DIED, LOST = "waits", "busy", "placed", "died", "lost"
ENDED = 5
LOOK_S = 0.5
AGAIN_S = 1.0
LATE_S = 5.0
# Pieces of a lane that may be on their way: a caller who reads slowly holds the worker up.
AHEAD = 16
# What the actor has sent before it ended may be on its way.
ON_ITS_WAY_S = 0.3
# How long it may take until all is there that a worker has sent that ended.
ENDING_S = 10.0
REASON_CHARACTERS = 400


class Bridge:
    """Carries between the lanes of this process and one actor."""

    def __init__(self, around: Surroundings, order: dict[str, Any]) -> None:
        self._around = around
        self._order = order
        self._ending = threading.Lock()
        self._downs: list[threading.Thread] = []
        self._told = ""
        self._node: tuple[str, int] | None = None
        self._writers = _writers(around)

    def run(self) -> int:
        """Returns the exit code."""
        self._connect()
        actor = self._placed_actor()
        lanes = [socket.socket(fileno=fd) for fd in self._around.fds]
        served = actor.serve.remote()
        for number, lane in enumerate(lanes):
            down = InOrder(Sending(lane, socket.SHUT_RDWR).send_all)
            self._carry_down(partial(_stream(actor.sent), number), down)
            self._start(self._carry_up, actor, number, lane, down)
        for name, write in self._writers.items():
            self._carry_down(partial(_stream(actor.said), name), InOrder(write))
        try:
            code = int(ray.get(served))
        except RayError as error:
            self._died(_reason(error))
        # The lanes have been ended at the other end.
        for thread in self._downs[: len(lanes)]:
            thread.join(ENDING_S)
        self._settle()
        return code

    # --- where the worker is to be ---

    def _connect(self) -> None:
        """Come to the cluster. Ends this process where Ray does."""
        address = self._order["address"]
        logging.getLogger("ray").setLevel(logging.CRITICAL)
        # Ray takes a minute to find out that nobody is there.
        late = threading.Timer(LATE_S, lambda: self._tell(f"{WAITS} {_why_late(address)}"))
        late.daemon = True
        late.start()
        while True:
            try:
                self._join(address)
                break
            except (ConnectionError, RayError, RuntimeError, TimeoutError) as error:
                self._tell(f"{WAITS} the cluster at {address} cannot be reached: {_last(error)}")
                time.sleep(AGAIN_S)
        late.cancel()
        # Ray has signals of its own.
        self._around.handle_signals()

    def _join(self, address: str) -> None:
        directory = self._order["directory"]
        ray.init(
            address=address,
            namespace="dirty",
            log_to_driver=False,
            configure_logging=False,
            runtime_env={
                "working_dir": directory,
                "excludes": left_out(directory),
                "env_vars": self._order["begin_with"],
            },
        )

    def _placed_actor(self) -> Any:
        """The actor, as soon as it has a place, and has loaded what it is made of."""
        options = options_of(self._order["needs"])
        lanes = len(self._around.fds)
        groups = {"in": lanes}
        kind = ray.remote(max_restarts=0, max_task_retries=0, concurrency_groups=groups)(Slot)
        # A thread for each stream of what it sends and says, and those that serve and tell.
        made = kind.options(max_concurrency=lanes + len(SAID) + 2, **options)
        wanted = required(options)
        looks = Looks(_wait(wanted))
        actor = made.remote(VERSION, self._order["environment"], lanes)
        asked = actor.place.remote()
        threading.Thread(target=watch_head, args=(self._head(), self._lost), daemon=True).start()
        while not ray.wait([asked], timeout=LOOK_S)[0]:
            if wait := looks.told(_wait(wanted)):
                self._tell(f"{BUSY if wait.may_end else WAITS} {wait.reason}")
        try:
            place: Place = ray.get(asked)
            Lifeline(place.host, place.port, self._died)
        except (RayError, OSError) as error:
            self._died(_reason(error))
        self._node = _address_of(place.node)
        self._tell(f"{PLACED} {place.node} {place.actor}")
        return actor

    def _head(self) -> tuple[str, int]:
        return _host_and_port(ray.get_runtime_context().gcs_address)

    # --- what is carried ---

    def _carry_up(self, actor: Any, number: int, lane: socket.socket, down: InOrder) -> None:
        ask = actor.ask.options(concurrency_group="in").remote
        put = actor.put.options(concurrency_group="in", num_returns=0).remote
        numbers, frames = count(), Frames()
        with suppress(OSError, RayError):
            while True:
                *first, last = taken(lane, frames)
                for piece in first:
                    put(carried(number, next(numbers), piece))
                if not frames.is_between:
                    put(carried(number, next(numbers), last))
                elif answer := ray.get(ask(carried(number, next(numbers), last))):
                    down.put(*arrived(answer)[1:])
                if is_end(last):
                    return
        put(carried(number, next(numbers), b""))

    def _carry_down(self, begin: Callable[[], Any], down: InOrder) -> None:
        def carry() -> None:
            # An arbiter that is gone ends this process, by its keeper; an actor, by its line.
            with suppress(OSError, RayError):
                for number, piece in _all_of(begin):
                    down.put(number, piece)

        self._downs.append(self._start(carry))

    def _start(self, run: Callable[..., None], *args: Any) -> threading.Thread:
        thread = threading.Thread(target=run, args=args, daemon=True)
        thread.start()
        return thread

    # --- its end ---

    def _died(self, reason: str) -> NoReturn:
        """There is no actor any more."""
        with self._ending:
            self._settle()
            gone = self._node is not None and is_gone(self._node)
            self._end(f"{LOST} its node is gone" if gone else f"{DIED} {reason}")

    def _lost(self, reason: str) -> NoReturn:
        """There is no cluster any more."""
        with self._ending:
            self._settle()
            self._end(f"{LOST} {reason}")

    def _end(self, line: str) -> NoReturn:
        self._tell(line)
        LOG.close(FLUSH_S)
        os._exit(ENDED)

    def _settle(self) -> None:
        """Hand on what has come, and soon will."""
        until_s = time.monotonic() + ON_ITS_WAY_S
        for thread in self._downs:
            thread.join(max(0, until_s - time.monotonic()))

    def _tell(self, line: str) -> None:
        """Say it on the trace, once."""
        line = printable(line, at_most=REASON_CHARACTERS)
        if line != self._told:
            self._told = line
            self._around.write_trace(f"{line}\n".encode())


def _writers(around: Surroundings) -> dict[str, Callable[[Any], object]]:
    """What takes what the worker says: where this process logs and prints, and its trace."""

    def to(where: Target) -> Callable[[bytes], object]:
        def write(piece: bytes) -> None:
            data = memoryview(piece)
            with suppress(OSError):
                where.follow()
                while data:
                    data = data[where.write(data) :]

        return write

    log, errors = target(around.log_file), target("")
    return {
        LOG_LINES: to(log),
        PRINTED: to(errors),
        TRACE: lambda piece: around.write_trace(memoryview(piece)),
    }


def _all_of(begin: Callable[[], Any]) -> Iterator[Numbered]:
    """All that a stream of the actor brings, up to an empty piece: it comes by several tasks.

    Raises:
        RayError: there is no actor any more.
    """
    while True:
        for result in begin():
            _, number, piece = arrived(ray.get(result))
            yield number, piece
            if is_end(piece):
                return


def _why_late(address: str) -> str:
    """Why nothing is heard of a cluster; Ray itself says it after a minute."""
    if not address.rpartition(":")[2].isdigit() or is_gone(_host_and_port(address)):
        return f"no cluster answers at {address}"
    return f"what answers at {address} does not let this machine in: see RAY_AUTH_MODE there"


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _last(error: BaseException) -> str:
    """What the error says in the end: Ray puts what led to it before."""
    return (str(error).strip() or type(error).__name__).splitlines()[-1]


def _address_of(node: str) -> tuple[str, int] | None:
    """Where Ray's own process of the node listens, which ends with it."""
    found = (one for one in ray.nodes() if one["NodeID"] == node)
    return next(((one["NodeManagerAddress"], one["NodeManagerPort"]) for one in found), None)


def _stream(method: Any) -> Any:
    """What calls the method, whose results come one by one."""
    held = {"_generator_backpressure_num_objects": AHEAD}
    return method.options(num_returns="streaming", **held).remote


def _wait(wanted: dict[str, float]) -> Wait | None:
    """Why there is no place for it now; None where there seems to be one."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return why_not(wanted, nodes, ray.available_resources())


def _reason(error: BaseException) -> str:
    """What Ray says, on one line."""
    text = " ".join(str(error).split())
    return f"its actor died: {text}" if isinstance(error, RayError) else text


def quiet() -> None:
    """Have Ray say nothing here: it has files for it, and what matters is told."""
    null = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(null, number)
    os.close(null)


def main() -> int:
    """Carry until there is nothing to carry. Returns the exit code."""
    around = Surroundings()
    LOG.set_up(around.log_file, around.log_json)
    around.handle_signals()
    bridge = Bridge(around, json.loads(os.environ.pop("DIRTY_BRIDGE")))
    quiet()
    try:
        return bridge.run()
    except Exception as error:
        LOG.say("ERROR", f"the bridge failed: {describe(error)}", traceback=tell(error).traceback)
        return 1
    finally:
        LOG.close(FLUSH_S)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Ray's own end takes a while, and its cluster notices this one.
    os._exit(code)
