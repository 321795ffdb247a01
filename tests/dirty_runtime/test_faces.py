"""Apps called like objects, futures, maps, options and readiness, of a client beside an arbiter."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest

from dirty_runtime import (
    DirtyApp,
    DirtyAppError,
    DirtyClient,
    DirtyError,
    DirtyTimeoutError,
    current_request,
    protocol_of,
)
from dirty_runtime.testing import Arbiter

from .processes import ENOUGH_S, LIMIT_S, dirty, serving, wait_until

PATH = "tests.dirty_runtime.test_faces:Model"
THREADS = 6


class Model(DirtyApp):
    """What is called here."""

    workers = 1

    def init(self) -> None:
        self.lock = threading.Lock()
        self.running = self.most = self.cancelled = 0

    def predict(self, x: float, scale: float = 1.0) -> float:
        return x * scale

    def given(self, timeout: float, priority: str, self_: int = 0) -> list[Any]:
        return [timeout, priority]

    def spell(self, word: str) -> Iterator[str]:
        yield from word

    def unsaid(self, word):  # type: ignore[no-untyped-def]
        return iter(word)

    def nothing(self) -> Iterator[str]:
        yield from ()

    async def later(self, x: int) -> str:
        return str(x)

    async def ticks(self, n: int) -> AsyncIterator[int]:
        for i in range(n):
            yield i

    def for_ever(self) -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            self.cancelled += 1

    def until_cancelled(self) -> None:
        with self.counted():
            while not current_request().cancelled:
                time.sleep(0.005)
        self.cancelled += 1

    def counting(self, x: int) -> int:
        with self.counted():
            # As long as it takes another to run beside it.
            time.sleep(0.01)
        if x < 0:
            raise ValueError(f"{x} is below zero")
        return x

    def one_of_two(self, part: str) -> None:
        if part == "runs":
            self.until_cancelled()
        elif part == "fails":
            while not self.running:
                time.sleep(0.005)
            raise ValueError("it runs beside")

    def facts(self) -> dict[str, int]:
        return {"running": self.running, "most": self.most, "cancelled": self.cancelled}

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        yield
        with self.lock:
            self.running -= 1


@protocol_of(PATH)
class Awaited(Protocol):
    async def predict(self, x: float, scale: float = 1.0) -> float: ...
    def spell(self, word: str) -> AsyncIterator[str]: ...


class Nameless(Protocol):
    def predict(self, x: float) -> float: ...


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(PATH, threads=THREADS) as arbiter:
        yield arbiter


@pytest.fixture
def client(arbiter: Arbiter) -> Iterator[DirtyClient]:
    with arbiter.client() as client:
        yield client


def test_an_app_is_called_like_an_object(client: DirtyClient) -> None:
    model = client.app(Model)
    assert model.predict(2.0, scale=3.0) == 6.0
    assert list(model.spell("fox")) == ["f", "o", "x"]
    assert list(model.unsaid("fox")) == ["f", "o", "x"]
    assert list(model.nothing()) == []
    assert (repr(model), repr(model.predict)) == (f"<app {PATH}>", f"<action predict of {PATH}>")


def test_an_app_is_named_by_its_path(client: DirtyClient) -> None:
    model = client.app(PATH)
    assert model.predict(2.0) == 2.0
    assert list(model.spell("fox")) == ["f", "o", "x"]
    assert list(model.nothing()) == []
    # By name alone, all wait.
    assert model.later(3) == "3"
    assert list(model.ticks(2)) == [0, 1]
    assert client.app(Nameless, PATH).predict(2.0) == 2.0


def test_what_the_class_awaits_is_awaited(client: DirtyClient) -> None:
    async def main() -> None:
        model, awaited, app = client.app(Model), client.app(Awaited), client.app_async(Model)
        assert await model.later(3) == "3"
        assert [tick async for tick in model.ticks(2)] == [0, 1]
        assert await awaited.predict(2.0) == 2.0
        assert [letter async for letter in awaited.spell("fox")] == ["f", "o", "x"]
        assert await app(Model.predict)(2.0, scale=2.0) == 4.0
        assert [letter async for letter in app(Model.spell)("fox")] == ["f", "o", "x"]
        assert await app(Model.later)(3) == "3"
        await client.close_async()

    asyncio.run(main())


def test_all_of_an_app_is_awaited_by_name(client: DirtyClient) -> None:
    async def main() -> None:
        for app in (client.app_async(Model), client.app_async(PATH)):
            model: Any = app
            assert await model.predict(2.0) == 2.0
            assert [letter async for letter in model.unsaid("fox")] == ["f", "o", "x"]
        await client.close_async()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("predct", f"app {PATH} has no action predct; did you mean predict?"),
        ("workers", f"app {PATH} has no action workers"),
        # What is near can be called.
        ("inti", f"app {PATH} has no action inti"),
        ("init", f"app {PATH}: init cannot be called from outside"),
        ("_hidden", f"app {PATH}: _hidden cannot be called from outside"),
    ],
)
def test_what_the_class_lacks_is_no_action(client: DirtyClient, name: str, reason: str) -> None:
    for app in (client.app(Model), client.app_async(Model)):
        with pytest.raises(AttributeError) as failure:
            getattr(app, name)
        assert str(failure.value) == reason


def test_an_app_that_takes_any_action_is_asked_for_any(client: DirtyClient) -> None:
    class Any_(Model):
        def __call__(self, action: str, /, *args: Any, **kwargs: Any) -> Any:
            raise AssertionError

    with pytest.raises(DirtyAppError, match="no action 'whatever'"):
        client.app(Any_, PATH).whatever()  # type: ignore[attr-defined]


@pytest.mark.parametrize("app", ["Model", "a:B:2", "a:B@node", "", 3, None, Model()])
def test_what_names_no_app_is_refused(client: DirtyClient, app: Any) -> None:
    with pytest.raises(ValueError, match="an app is named"):
        client.app(app)


def test_a_protocol_must_name_its_app(client: DirtyClient) -> None:
    with pytest.raises(ValueError, match=r"Nameless names no app: decorate it with protocol_of"):
        client.app(Nameless)


def test_options_do_not_meet_arguments(client: DirtyClient) -> None:
    quick = client.with_options(timeout=ENOUGH_S, priority=1)
    assert (quick.timeout, quick.priority, quick.idle_timeout) == (ENOUGH_S, 1, None)
    assert (client.timeout, client.priority) == (30.0, 0)
    assert quick.execute(PATH, "given", timeout=3, priority="mine") == [3, "mine"]
    assert quick.app(Model).given(timeout=3, priority="mine") == [3, "mine"]
    # What is not given stays as it is.
    assert quick.with_options(timeout=None).priority == 1
    with pytest.raises(DirtyTimeoutError):
        quick.app(Model).until_cancelled()
    for wrong in ({"timeout": 0}, {"priority": 11}, {"idle_timeout": "x"}):
        with pytest.raises(ValueError, match=r"timeout|priority"):
            client.with_options(**wrong)  # type: ignore[arg-type]


def test_a_stream_that_nobody_reads_is_cancelled(client: DirtyClient) -> None:
    model = client.app(PATH)
    before = model.facts()["cancelled"]
    chunks = model.for_ever()
    del chunks
    wait_until(lambda: model.facts()["cancelled"] > before)


# --- futures ---


def test_a_future_has_the_result_or_the_failure(client: DirtyClient) -> None:
    model = client.app(Model)
    futures = [client.submit(model.predict, float(x), scale=2.0) for x in range(50)]
    assert [one.result(LIMIT_S) for one in futures] == [2.0 * x for x in range(50)]
    assert client.submit(PATH, "predict", 2.0).result(LIMIT_S) == 2.0
    assert client.submit(partial(model.predict, scale=3.0), 2.0).result(LIMIT_S) == 6.0
    assert client.submit(model.later, 3).result(LIMIT_S) == "3"
    with pytest.raises(DirtyAppError, match="below zero"):
        client.submit(model.counting, -1).result(LIMIT_S)
    with pytest.raises(DirtyTimeoutError):
        client.with_options(timeout=0.05).submit(model.until_cancelled).result(LIMIT_S)


def test_a_future_that_is_cancelled_is_cancelled_in_the_worker(client: DirtyClient) -> None:
    model = client.app(Model)
    before = model.facts()["cancelled"]
    future = client.submit(model.until_cancelled)
    wait_until(lambda: model.facts()["running"] > 0)
    assert future.cancel()
    wait_until(lambda: model.facts()["cancelled"] > before)


@pytest.mark.parametrize("words", [(), (3,), (print, 1), ("a:B",), ("a:B", 1), (partial(print),)])
def test_what_names_no_action_is_refused(client: DirtyClient, words: Any) -> None:
    with pytest.raises(ValueError, match="submit takes an action"):
        client.submit(*words)


def test_futures_after_a_close_and_a_fork(client: DirtyClient) -> None:
    assert client.submit(PATH, "predict", 1.0).result(LIMIT_S) == 1.0
    client.close()
    assert client.submit(PATH, "predict", 2.0).result(LIMIT_S) == 2.0
    child = os.fork()
    if not child:
        # Whatever happens, nothing of the tests runs on in the copy.
        try:
            os._exit(int(client.submit(PATH, "predict", 3.0).result(LIMIT_S)))
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


# --- maps ---


def test_a_map_gives_results_in_order_and_keeps_its_bound(client: DirtyClient) -> None:
    model = client.app(Model)
    taken = []

    def items() -> Iterator[int]:
        for x in range(12):
            taken.append(x)
            yield x

    model.counting(0)
    results = client.map(model.counting, items(), in_flight=3)
    assert next(results) == 0
    assert taken == [0, 1, 2]
    assert list(results) == list(range(1, 12))
    assert client.app(Model).facts()["most"] <= 3
    assert list(client.map(PATH, "predict", [1.0, 2.0])) == [1.0, 2.0]
    with pytest.raises(ValueError, match="in_flight is a number of calls above 0, not 0"):
        client.map(model.counting, [1], in_flight=0)


def test_a_map_that_fails_cancels_what_is_under_way(client: DirtyClient) -> None:
    model = client.app(Model)
    before = model.facts()["cancelled"]

    with pytest.raises(DirtyAppError, match="it runs beside"):
        list(client.map(model.one_of_two, ["fails", "runs"], in_flight=2))
    wait_until(lambda: model.facts()["cancelled"] > before)
    # So it is when nobody takes the results.
    results = client.map(model.one_of_two, ["", "runs", ""], in_flight=2)
    assert next(results) is None
    wait_until(lambda: model.facts()["running"] == 1)
    results.close()
    wait_until(lambda: model.facts()["cancelled"] > before + 1)


def test_a_map_on_a_loop(client: DirtyClient) -> None:
    async def items() -> AsyncIterator[int]:
        for x in range(9):
            yield x

    async def main() -> None:
        model = client.app(Model)
        found = [x async for x in client.map_async(model.counting, items(), in_flight=2)]
        assert found == list(range(9))
        found = [x async for x in client.map_async(PATH, "counting", range(3))]
        assert found == [0, 1, 2]
        assert await client.submit_async(model.predict, 2.0) == 2.0
        with pytest.raises(DirtyAppError, match="below zero"):
            async for _ in client.map_async(model.counting, [1, -1, -1, 2]):
                pass
        await client.close_async()

    asyncio.run(main())


# --- readiness, and what it costs to have it all ---


def test_a_client_waits_for_an_arbiter_that_is_to_come(tmp_path: Path) -> None:
    path = f"{tmp_path}/socket"
    client = DirtyClient(path)
    with pytest.raises(DirtyError, match="no arbiter answers at"):
        client.wait_ready(0.02)
    ready = threading.Thread(target=client.wait_ready, args=(LIMIT_S,))
    ready.start()
    with serving(PATH, socket_path=path):
        ready.join(LIMIT_S)
        assert not ready.is_alive()
        asyncio.run(client.wait_ready_async(LIMIT_S))
        assert client.app(Model).predict(1.0) == 1.0
    client.close()
    with pytest.raises(DirtyError, match="no arbiter answers at"):
        asyncio.run(client.wait_ready_async(0.02))


def test_calling_an_app_imports_neither_arbiter_nor_worker(arbiter: Arbiter) -> None:
    code = f"""
import sys
from dirty_runtime import DirtyClient
client = DirtyClient({arbiter.socket_path!r})
model = client.app({PATH!r})
assert model.predict(2.0) == 2.0
assert client.submit(model.predict, 2.0).result() == 2.0
client.close()
ours = [name for name in sys.modules if name.startswith("dirty_runtime.")]
assert not [name for name in ours if name.split(".")[1] in ("arbiter", "worker", "cli")], ours
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("app", "reason"),
    [
        ("nowhere:Model", "there is no module nowhere"),
        ("tests.dirty_runtime.test_faces:Modl", "has no class Modl"),
        ("nothing", "is not of the form module:Class"),
    ],
)
def test_stubs_of_what_is_no_app(app: str, reason: str) -> None:
    done = subprocess.run(dirty("stubs", app), capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 1
    assert not done.stdout
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
