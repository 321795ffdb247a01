"""A caller's own argument may have any name: none of ours is in its way."""

from __future__ import annotations

import ast
import asyncio
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import dirty_runtime
from dirty_runtime import DirtyApp, DirtyClient
from dirty_runtime.gunicorn_compat.client import DirtyClient as CompatClient
from dirty_runtime.testing import Arbiter, running
from tests.dirty_runtime.processes import run_dirty

APP = """
from dirty_runtime import DirtyApp
from gunicorn.dirty.app import DirtyApp as Gunicorns

class Actions:
    def told(self, **given):
        return given
    def by_name(self, action=None, *, app_path=None, **given):
        return {"action": action, "app_path": app_path, **given}
    async def later(self, **given):
        return given
    def items(self, **given):
        yield given

class Ours(Actions, DirtyApp): pass
class Theirs(Actions, Gunicorns): pass
"""
NAMES = {"action": 1, "app_path": 2, "self": 3, "timeout": 4, "args": 5, "kwargs": 6, "priority": 7}


@pytest.fixture(scope="module")
def arbiter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arbiter]:
    directory = tmp_path_factory.mktemp("names")
    (directory / "names.py").write_text(APP)
    with running("names:Ours", "names:Theirs", directory=directory) as arbiter:
        yield arbiter


def test_any_name_reaches_the_action(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        for action in ("told", "by_name", "later"):
            assert client.execute("names:Ours", action, **NAMES) == NAMES
        assert list(client.stream("names:Ours", "items", **NAMES)) == [NAMES]


def test_any_name_reaches_it_from_an_event_loop(arbiter: Arbiter) -> None:
    async def call() -> list[Any]:
        async with DirtyClient(arbiter.socket_path) as client:
            told = await client.execute_async("names:Ours", "told", **NAMES)
            return [
                told,
                *[item async for item in client.stream_async("names:Ours", "items", **NAMES)],
            ]

    assert asyncio.run(call()) == [NAMES, NAMES]


def test_any_name_reaches_it_from_the_command_line(arbiter: Arbiter) -> None:
    words = [word for name in NAMES for word in ("--kw", f"{name}=1")]
    done = run_dirty("call", "--socket", arbiter.socket_path, "names:Ours", "told", *words)
    assert (done.stderr, done.stdout.count(": 1")) == ("", len(NAMES))


def test_a_base_that_takes_the_action_by_name_is_called_all_the_same(arbiter: Arbiter) -> None:
    names = {name: value for name, value in NAMES.items() if name != "self"}
    with arbiter.client() as client:
        assert client.execute("names:Theirs", "told", **names) == names


FORWARDING = [DirtyApp.__call__] + [
    getattr(cls, name)
    for cls in (DirtyClient, CompatClient)
    for name in ("execute", "stream", "execute_async", "stream_async")
]


@pytest.mark.parametrize("function", FORWARDING, ids=lambda function: function.__qualname__)
def test_our_own_parameters_have_no_names(function: Callable[..., Any]) -> None:
    kinds = {one.kind for one in inspect.signature(function).parameters.values()}
    named = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    assert not kinds & named


def forwarding(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The functions that hand on keyword arguments, and which of their own have names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.args.kwarg is not None and node.args.kwarg.arg == "kwargs":
            named = [one.arg for one in (*node.args.args, *node.args.kwonlyargs)]
            yield f"{path.name}:{node.lineno} {node.name}", named


def test_whatever_hands_on_names_has_none_of_its_own() -> None:
    package = Path(dirty_runtime.__file__).parent
    found = dict(one for path in package.rglob("*.py") for one in forwarding(path))
    assert len(found) > 5
    assert {name: named for name, named in found.items() if named} == {}
