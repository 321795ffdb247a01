"""What type checkers know of calls: the types that come, and what cannot be called.

A line of the program below says behind it what is to be revealed, or that it is an error; both
checkers must say just that.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dirty_runtime.worker.stubs import Types

from .processes import LIMIT_S, dirty

ROOT = Path(__file__).resolve().parents[2]
APPS = """
from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from dirty_runtime import DirtyApp, batched, protocol_of


class Model(DirtyApp):
    def predict(self, x: float, scale: float = 1.0) -> float:
        return x * scale

    def pair(self) -> tuple[int, str]:
        return 1, "one"

    def spell(self, word: str) -> Iterator[str]:
        yield from word

    @batched(max_size=8)
    def length(self, words: list[str]) -> list[int]:
        return [len(word) for word in words]

    @batched()
    async def length_later(self, words: list[str]) -> list[int]:
        return [len(word) for word in words]

    @batched()
    def letters(self, words: list[str]) -> Iterator[list[str]]:
        yield from map(list, zip(*words, strict=True))

    async def later(self, x: int) -> str:
        return str(x)

    async def ticks(self, n: int) -> AsyncIterator[int]:
        for i in range(n):
            yield i


@protocol_of("apps:Model")
class Awaited(Protocol):
    async def predict(self, x: float, scale: float = 1.0) -> float: ...
    def spell(self, word: str) -> AsyncIterator[str]: ...
"""
CALLS = """
from functools import partial
from typing import TYPE_CHECKING

from dirty_runtime import DirtyClient

import stubs
from apps import Awaited, Model

client = DirtyClient("socket")

model = client.app(Model)
reveal_type(model.predict(1.0))  # float
reveal_type(model.spell("a"))  # Iterator[str]
reveal_type(model.length("a"))  # int
reveal_type(model.letters("a"))  # Iterator[str]
model.length(["a"])  # error
model.predct(1.0)  # error
model.predict("x")  # error
model.predict(1.0, scal=2.0)  # error
model.predict()  # error
reveal_type(client.with_options(timeout=0.2, priority=1).app(Model).predict(1.0))  # float
client.with_options(timeot=1.0)  # error

reveal_type(client.submit(model.predict, 1.0))  # Future[float]
reveal_type(client.submit(model.later, 1))  # Future[str]
client.submit(model.predict, "x")  # error
reveal_type(client.map(model.predict, [1.0]))  # Generator[float, None, None]
reveal_type(client.map(partial(model.predict, scale=2.0), [1.0]))  # Generator[float, None, None]
client.map(model.predict, ["x"])  # error
client.map(model.predict, [1.0], in_flight="x")  # error

awaited = client.app(Awaited)
app = client.app_async(Model)


async def main() -> None:
    reveal_type(await model.later(1))  # str
    reveal_type(await model.length_later("a"))  # int
    reveal_type(await app(Model.length)("a"))  # int
    reveal_type(model.ticks(1))  # AsyncIterator[int]
    reveal_type(await awaited.predict(1.0))  # float
    reveal_type(awaited.spell("a"))  # AsyncIterator[str]
    await awaited.predict("x")  # error
    await awaited.predct(1.0)  # error
    reveal_type(await app(Model.predict)(1.0))  # float
    reveal_type(await app(Model.later)(1))  # str
    reveal_type(app(Model.spell)("a"))  # AsyncGenerator[str, None]
    reveal_type(app(Model.ticks)(1))  # AsyncGenerator[int, None]
    await app(Model.predict)("x")  # error
    await app(Model.predct)(1.0)  # error
    app.predct  # error
    reveal_type(await client.submit_async(model.predict, 1.0))  # float
    reveal_type(await client.submit_async(model.later, 1))  # str
    reveal_type(client.map_async(model.predict, [1.0]))  # AsyncGenerator[float, None]
    await client.submit_async(model.predict, "x")  # error
    reveal_type(await client.app(stubs.AsyncModel).later(1))  # str
    reveal_type(client.app(stubs.AsyncModel).ticks(1))  # AsyncIterator[int]
    reveal_type(await client.app(stubs.AsyncModel).predict(1.0))  # float
    await client.app(stubs.AsyncModel).predict("x")  # error


reveal_type(client.app(stubs.Model).later(1))  # str
reveal_type(client.app(stubs.Model).ticks(1))  # Iterator[int]
reveal_type(client.app(stubs.Model).pair())  # list[int | str]
reveal_type(client.app(stubs.Model).length("a"))  # int
reveal_type(client.app(stubs.Model).letters("a"))  # Iterator[str]
client.app(stubs.Model).later("x")  # error
by_name: stubs.AsyncModel = client.app("apps:Model")
reveal_type(client.app("apps:Model"))  # Any
"""


def by_mypy(directory: Path) -> dict[int, list[str]]:
    words = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
    words += ["--config-file=", f"--cache-dir={ROOT / '.mypy_cache' / 'calls'}", "calls.py"]
    said = run(words, directory)
    found: dict[int, list[str]] = {}
    for place, kind, text in re.findall(r"^calls\.py:(\d+): (\w+): (.*)$", said, re.MULTILINE):
        revealed = re.fullmatch(r'Revealed type is "(.*)"', text)
        if revealed or kind == "error":
            # An error may be followed by what is wrong for want of the right type.
            found.setdefault(int(place), []).append(bare(revealed[1]) if revealed else "error")
    return found


def by_pyright(directory: Path) -> dict[int, list[str]]:
    (directory / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(ROOT)]}))
    words = [sys.executable, "-m", "pyright", "--outputjson", "calls.py"]
    found: dict[int, list[str]] = {}
    for one in json.loads(run(words, directory))["generalDiagnostics"]:
        place = one["range"]["start"]["line"] + 1
        revealed = re.fullmatch(r'Type of ".*" is "(.*)"', one["message"])
        if revealed or one["severity"] == "error":
            found.setdefault(place, []).append(bare(revealed[1]) if revealed else "error")
    return found


def run(words: list[str], directory: Path) -> str:
    environment = os.environ | {"MYPYPATH": str(ROOT)}
    done = subprocess.run(
        words, cwd=directory, env=environment, capture_output=True, text=True, timeout=LIMIT_S
    )
    assert not done.stderr, done.stderr
    return done.stdout


def bare(kind: str) -> str:
    """The type without the modules of its names."""
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", kind)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("typed")
    (directory / "apps.py").write_text(APPS)
    (directory / "calls.py").write_text(CALLS)
    done = subprocess.run(
        dirty("stubs", "apps:Model", "--output", "stubs.py"),
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return directory


@pytest.mark.parametrize("checker", [by_mypy, by_pyright])
def test_a_checker_knows_each_type_and_each_mistake(
    checker: Callable[[Path], dict[int, list[str]]], program: Path
) -> None:
    wanted = {
        number: line.partition("  # ")[2]
        for number, line in enumerate(CALLS.splitlines(), 1)
        if "  # " in line
    }
    found = {place: set(said) for place, said in checker(program).items()}
    assert found == {number: {said} for number, said in wanted.items()}


def test_stubs_import_nothing_but_typing_and_ours(program: Path) -> None:
    code = "import sys, stubs; assert 'apps' not in sys.modules"
    assert not run([sys.executable, "-c", code], program)


def test_only_what_is_sent_becomes_a_list() -> None:
    """A shape is a tuple in the type of an array, wherever that array comes from."""
    shape, kind = tuple[int, int], np.dtype[np.float32]
    seen = Types()
    array = f"numpy.ndarray[tuple[int, int], {seen._text(kind, True)}]"
    assert seen._text(list[np.ndarray[shape, kind]], True) == f"list[{array}]"
    assert seen._text(dict[str, shape], True) == "dict[str, list[int]]"
    assert seen._text(shape, False) == "tuple[int, int]"
