"""An arbiter within this process, whose workers are threads of it.

    with in_process(Counting) as arbiter, arbiter.client() as client:
        assert client.execute("counting:Counting", "count", "o") == 4

Rules: arbiter, lanes, clients and the stash are those of a service, over real sockets: so what
could not be sent fails here too, and queues, deadlines, cancels, `current_request` and the stash
are as they are there. Only the processes are missing. What needs them, such as the death of a
worker, wants `running`: a thread cannot be killed. One that should be is left alone, and another
takes its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import socket
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from unittest import mock
from weakref import WeakSet

from ..app import (
    App,
    AppSpec,
    attributes_of,
    checked_class,
    load_app,
    load_class,
    parse_app_spec,
)
from ..arbiter import DirtyArbiter, StartError
from ..arbiter.clients.access import Access
from ..arbiter.clients.listener import Came, Listener
from ..arbiter.event_loop import new_event_loop
from ..arbiter.policy.catalogue import AppFacts
from ..arbiter.workers.inspection import checked
from ..arbiter.workers.launch import Order
from ..arbiter.workers.process import Placement
from ..arbiter.workers.stacks import Stacks
from ..client import DirtyClient
from ..client.readiness import is_ready, not_ready, wait
from ..errors import DirtyAppError, DirtyConnectionError, DirtyError
from ..failure import describe, place
from ..settings import Config, ConfigError
from ..worker import forks
from ..worker.__main__ import initialised, status_of
from ..worker.lane import ArbiterGone, LaneServer
from ..worker.log import LOG
from ..worker.loop import EventLoop, Stuck
from ..worker.own_lanes import answer_status, loop_lanes, parted
from .processes import ArbiterError

READY_S = 60.0
STOP_S = 40.0
CALL_S = 30.0
# What calls that still run at the end of the block get, if nothing else is said.
GRACE_S = 1.0
SOON_S = 1.0
READ_S = 5.0
# By these code that runs here finds the arbiter.
VARIABLES = ("DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET")

log = logging.getLogger("dirty")


class Given(NamedTuple):
    """An app as a test gives it.

    Attributes:
        cls: its class, where it is known without an import.
        make: makes the instance of a worker.
    """

    spec: AppSpec
    cls: Callable[[], type[App]]
    make: Callable[[], App]


class InProcess:
    """An arbiter in a thread of this process; made by `in_process`.

    Attributes:
        socket_path: where it serves.
    """

    def __init__(self, config: Config, apps: Sequence[Given]) -> None:
        self.socket_path = config.socket_path
        self._config = config
        self._arbiter = DirtyArbiter(config, launchers={"": ThreadLauncher(config, apps)})
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="arbiter", daemon=True)

    def client(self, timeout: float = CALL_S) -> DirtyClient:
        """A new client, which the caller closes."""
        return DirtyClient(self.socket_path, timeout)

    def status(self) -> dict[str, Any]:
        """What STATUS says. Raises DirtyError."""
        with self.client() as client:
            return client.status()

    def start(self) -> None:
        """Start it, and wait until its workers are ready. Raises ArbiterError."""
        self._thread.start()
        try:
            with contextlib.closing(DirtyClient(self.socket_path, READY_S)) as client:
                wait(client, READY_S, is_ready, not_ready, self._check)
        except DirtyError as error:
            # One that is about to end says why when it has.
            self._thread.join(SOON_S)
            raise ArbiterError(str(self._failure or error.message)) from None

    def stop(self) -> None:
        """End it: calls that run get the graceful timeout, apps are closed. Raises ArbiterError."""
        if self._loop is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._arbiter.end, self._config.graceful_timeout_s)
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            raise ArbiterError(f"the arbiter runs on after {STOP_S:g} s")

    def _check(self, error: DirtyConnectionError) -> None:
        """Raises ArbiterError where it has ended."""
        if not self._thread.is_alive():
            raise ArbiterError(str(self._failure or error.message))

    def _run(self) -> None:
        try:
            listener = PassingListener(self.socket_path, self._arbiter.access)
            try:
                with asyncio.Runner(loop_factory=new_event_loop) as runner:
                    self._loop = runner.get_loop()
                    runner.run(self._arbiter.serve(listener))
            finally:
                listener.close_all()
        except (ConfigError, StartError) as error:
            self._failure = error
        except BaseException as error:
            self._failure = error
            log.exception("the arbiter failed")


@contextlib.contextmanager
def in_process(
    *apps: str | type | object | Mapping[str, object],
    workers: int = 1,
    threads: int = 1,
    graceful_timeout_s: float = GRACE_S,
    **settings: Any,
) -> Iterator[InProcess]:
    """An arbiter within this process that serves `apps`, all its workers ready.

    Within the block ``DIRTY_SOCKET`` names it, for `get_dirty_client` and for the stash.

    Args:
        apps: classes, instances, or paths ``module:Class``; or a dict of such by the paths by
            which they are to be called, for what stands in for an app. Each worker makes an
            instance of a class for itself; all share an instance that is given.
        workers: how many workers, which are threads here.
        threads: how many calls at once in each.
        graceful_timeout_s: seconds for calls that still run at the end of the block.
        settings: more of `dirty_runtime.settings.Config`, such as ``timeout_s=5``.

    Raises:
        ArbiterError: it does not start.
    """
    if not forks.is_worker():
        # Imported before a fork, of which this process is the copy.
        forks.take_for_worker()
    with tempfile.TemporaryDirectory(prefix="dirty-") as directory, LOG.handed_on(log):
        path = f"{directory}/socket"
        try:
            given = [one for app in apps for one in _given(app)]
            config = Config(
                tuple(one.spec for one in given),
                path,
                workers,
                threads,
                graceful_timeout_s=graceful_timeout_s,
                **settings,
            )
        except (ConfigError, DirtyAppError) as error:
            raise ArbiterError(str(error)) from None
        arbiter = InProcess(config, given)
        with mock.patch.dict(os.environ, dict.fromkeys(VARIABLES, path)):
            try:
                arbiter.start()
                yield arbiter
            finally:
                arbiter.stop()


class PassingListener(Listener):
    """A listener of which nothing is left: no end of a process closes what still is open."""

    def __init__(self, path: str, access: Access) -> None:
        super().__init__(path, access)
        self._taken: WeakSet[socket.socket] = WeakSet()

    def accept(self, came: Came, make_room: Callable[[], bool] = lambda: False) -> None:
        def taken(connected: socket.socket) -> None:
            self._taken.add(connected)
            came(connected)

        super().accept(taken, make_room)

    def close_all(self) -> None:
        """Close, with every connection that lingers; behind the end of the loop."""
        self.close()
        for connected in self._taken:
            connected.close()


class ThreadLauncher:
    """Starts workers as threads of this process."""

    def __init__(self, config: Config, apps: Sequence[Given]) -> None:
        self._config = config
        self._apps = {one.spec.path: one for one in apps}

    async def inspect(self, paths: Sequence[str]) -> Mapping[str, AppFacts]:
        try:
            classes = {path: self._apps[path].cls() for path in paths}
            return {path: checked(path, dict(attributes_of(classes[path]))) for path in paths}
        except DirtyAppError as error:
            raise ConfigError(error.message) from None

    def launch(self, order: Order) -> ThreadWorker:
        makers = {path: self._apps[path].make for path in order.apps}
        return ThreadWorker(self._config, order, makers)


class ThreadWorker:
    """A worker that is threads of this process: one for its life, and one for each lane.

    Args:
        makers: make the instances of its apps, by their paths.
    """

    pid = property(lambda self: os.getpid())
    placement = Placement()

    def __init__(
        self, config: Config, order: Order, makers: Mapping[str, Callable[[], App]]
    ) -> None:
        self._makers = makers
        self._loop = EventLoop(config.graceful_timeout_s)
        self._config = config
        self._own = order.own
        self._apps: dict[str, App] = {}
        ends = [end.dup() for end in order.ends]
        # What it is killed by: another hold on the same streams.
        self._streams = [end.dup() for end in ends]
        self._lanes = [
            LaneServer(end.detach(), self._apps, self._loop, config.tracebacks) for end in ends
        ]
        self._over = threading.Lock()
        self._told: Callable[[], None] = lambda: None
        self._how = ""
        name = f"worker-{order.slot}"
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def when_ended(self, told: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(told)

        with self._over:
            self._told = tell
            has_ended = bool(self._how)
        if has_ended:
            tell()

    def when_leaving(self, told: Callable[[str], None]) -> None:
        """It never asks for a successor."""

    def when_imported(self, told: Callable[[str], None]) -> None:
        """Its files are those of this process."""

    def when_moved(self, told: Callable[[], None]) -> None:
        """It stays where it is."""

    def ending(self) -> str:
        return self._how

    def last_traced(self) -> str:
        return ""

    def is_victim(self) -> bool:
        return False

    def is_short_of_memory(self) -> bool:
        return False

    def kill(self) -> None:
        """Nothing more comes of it; what of it still runs is left alone."""
        for stream in self._streams:
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
        self._end("killed")

    def reopen_logs(self) -> None:
        """It has none of its own."""

    def ask_stacks(self, told: Callable[[Stacks], object]) -> None:
        """A debugger of this process shows them."""
        asyncio.get_running_loop().call_soon(told, Stacks())

    def died_of(self) -> str:
        return ""

    def rss_bytes(self) -> int:
        return 0

    def _end(self, how: str) -> None:
        with self._over:
            is_first, self._how = not self._how, self._how or how
            told = self._told
        if is_first:
            for stream in self._streams:
                stream.close()
            told()

    # --- its threads ---

    def _run(self) -> None:
        try:
            failure = self._boot()
            shared, own = parted(self._lanes, self._own)
            answer_status(shared, own, status_of(self._apps, self._lanes), failure)
            if failure is None:
                self._serve(shared, own)
            else:
                self._wait_until_read()
        except ArbiterGone:
            pass
        except BaseException as error:
            log.error("a worker failed: %s", describe(error))
        finally:
            for lane in self._lanes:
                lane.close()
            self._loop.close()
            self._end("ended")

    def _wait_until_read(self) -> None:
        """Return when the arbiter has read why it failed: the end, which a process takes a while
        for, is told by another way than that.
        """
        due_s = time.monotonic() + READ_S
        with contextlib.suppress(OSError):
            while any(map(_unread, self._streams)) and time.monotonic() < due_s:
                time.sleep(0.001)

    def _boot(self) -> DirtyError | None:
        try:
            for path, make in self._makers.items():
                self._apps[path] = initialised(path, self._loop, lambda _, make=make: make())  # type: ignore[misc]
        except DirtyError as error:
            return error
        return None

    def _serve(self, shared: Sequence[LaneServer], own: Mapping[str, LaneServer]) -> None:
        config, overs = self._config, []
        for lane in loop_lanes(
            own,
            self._apps,
            self._loop,
            config.threads,
            config.graceful_timeout_s,
            lambda reason: None,
            config.tracebacks,
            lambda code: None,
        ):
            overs.append(over := threading.Event())
            lane.serve(over)
        served = [threading.Thread(target=serve, args=(lane,), daemon=True) for lane in shared]
        for number, thread in enumerate(served):
            thread.name = f"{threading.current_thread().name}-lane-{number}"
            thread.start()
        for thread in served:
            thread.join()
        for over in overs:
            over.wait()
        for path, app in reversed(self._apps.items()):
            try:
                self._loop.settle(app.close())
            except BaseException as error:
                log.error("app %s: close() failed: %s%s", path, describe(error), place(error))


def _unread(stream: socket.socket) -> int:
    """Bytes, or some measure of them, that were sent and not read. Raises OSError."""
    return int.from_bytes(fcntl.ioctl(stream, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def serve(lane: LaneServer) -> None:
    """Serve one lane until it ends, or the arbiter is gone."""
    try:
        lane.serve()
    except (ArbiterGone, Stuck, OSError):
        pass
    except BaseException as error:
        log.error("a lane failed: %s%s", describe(error), place(error))
    lane.close()


def _given(app: object) -> Iterator[Given]:
    """The apps that one argument stands for. Raises DirtyAppError."""
    if isinstance(app, Mapping):
        for path, one in app.items():
            yield _given_at(parse_app_spec(path), one)
    elif isinstance(app, str):
        yield _given_at(parse_app_spec(app), app)
    else:
        cls = app if isinstance(app, type) else type(app)
        path = f"{cls.__module__}:{cls.__qualname__}"
        if "<locals>" in path:
            reason = (
                f"{cls.__qualname__} has no path: give a dict, {{'module:Class': {cls.__name__}}}"
            )
            raise DirtyAppError(reason)
        yield _given_at(parse_app_spec(path), app)


def _given_at(spec: AppSpec, app: Any) -> Given:
    if isinstance(app, str):
        path = parse_app_spec(app).path
        return Given(spec, lambda: load_class(path), lambda: load_app(path))
    if isinstance(app, type):
        return Given(spec, lambda: checked_class(app, spec.path), app)
    return Given(spec, lambda: checked_class(type(app), spec.path), lambda: app)
