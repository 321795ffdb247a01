"""Naming, loading and allocating apps, without processes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dirty_runtime import DirtyApp, DirtyAppError, DirtyAppNotFoundError
from dirty_runtime.app import AppSpec, is_forbidden, load_app, parse_app_spec
from dirty_runtime.arbiter.policy.allocation import allocate, reallocate, slot_to_add
from dirty_runtime.arbiter.policy.catalogue import AppFacts
from dirty_runtime.arbiter.workers.inspection import checked
from dirty_runtime.settings import ConfigError

GOOD_SPECS = [
    ("app:App", "app:App", None, ""),
    ("pkg.app:App", "pkg.app:App", None, ""),
    ("app:App:1", "app:App", 1, ""),
    ("pkg.sub.app:App:12", "pkg.sub.app:App", 12, ""),
    ("app:Outer.Inner", "app:Outer.Inner", None, ""),
    ("app:App@node", "app:App", None, "node"),
    ("app:App:2@node", "app:App", 2, "node"),
]
IMPOSSIBLE = [
    ({"workers": 0}, "workers is a number above 0"),
    ({"workers": True}, "workers is a number above 0"),
    ({"stashes": "abc"}, "stashes is a list of names"),
    ({"stashes": ["a", 1]}, "stashes is a list of names"),
    ({"concurrency": 0}, "concurrency is 1 to"),
    ({"concurrency": 1.0}, "concurrency is 1 to"),
    ({"fill": -1}, "fill is 0 to"),
    ({"preload": 1}, "preload is True or False"),
    ({"resources": {"gpu": -1}}, "resources has for gpu a whole number"),
    ({"resources": {"gpu": 4097}}, "resources has for gpu a whole number"),
    ({"resources": {"memory": float("inf")}}, "resources has for memory a whole number"),
]
BAD_SPECS = [
    "", ":", "app", "app:", ":App", "app:App:", "app:App:0", "app:App:-1", "app:App:x",
    "app:App:1.5", "app:App:1:2", "a pp:App", "app:App()", "app..x:App", "app:App:²", "app:App: 1",
    "app:App@", "@node", "app@node:App",
]  # fmt: skip


@pytest.mark.parametrize(("spec", "path", "workers", "launcher"), GOOD_SPECS)
def test_good_specs(spec: str, path: str, workers: int | None, launcher: str) -> None:
    assert parse_app_spec(spec) == (path, workers, launcher)


@pytest.mark.parametrize(("found", "reason"), IMPOSSIBLE)
def test_impossible_facts_are_named(found: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=f"^app m:A: {reason}"):
        checked("m:A", found)


def test_what_an_app_does_not_say_is_usual() -> None:
    assert checked("m:A", {}) == AppFacts()
    assert checked("m:A", {"stashes": ["a"]}) == AppFacts(stashes=("a",))
    # Of memory it takes bytes.
    needs = {"gpu": 4096, "memory": 1 << 40}
    assert checked("m:A", {"resources": needs}) == AppFacts(resources=needs)


@pytest.mark.parametrize("spec", BAD_SPECS)
def test_bad_specs_are_named(spec: str) -> None:
    with pytest.raises(DirtyAppError) as caught:
        parse_app_spec(spec)
    assert repr(spec) in str(caught.value)
    assert "\n" not in str(caught.value)


class Sums(DirtyApp):
    constant = 3

    def add(self, a: int, b: int = 0) -> int:
        return a + b

    def _hidden(self) -> None:
        raise AssertionError("it was called")


def test_an_action_is_a_method() -> None:
    assert Sums()("add", 1, b=2) == 3


@pytest.mark.parametrize(
    "action",
    ["init", "close", "_hidden", "__init__", "__class__", "__call__", "constant", "missing", ""],
)
def test_what_is_no_action(action: str) -> None:
    with pytest.raises(ValueError, match="Sums has no action"):
        Sums()(action)


@given(st.text())
def test_names_with_an_underscore_are_forbidden(name: str) -> None:
    assert is_forbidden("_" + name)
    assert is_forbidden(name) == (name in ("init", "close") or name[:1] == "_")


MODULES = """
class Whole:
    class Inner:
        def init(self): pass
        def close(self): pass
        def __call__(self, action): return action
    init = close = __call__ = Inner.init

class NoInit:
    def close(self): pass
    def __call__(self): pass

class NotCallable:
    def init(self): pass
    def close(self): pass

class CannotBeMade(Whole):
    def __init__(self, needed): pass

instance = Whole()
"""
BAD_APPS = [
    ("no_such_module_here:App", DirtyAppNotFoundError, "no_such_module_here"),
    ("raises_on_import:App", DirtyAppNotFoundError, "RuntimeError: boom (*raises_on_import.py:2)"),
    ("breaks_syntax:App", DirtyAppNotFoundError, "SyntaxError"),
    ("apps_here:Missing", DirtyAppNotFoundError, "no class Missing"),
    ("apps_here:Whole.Missing", DirtyAppNotFoundError, "no class Whole.Missing"),
    ("apps_here:instance", DirtyAppError, "is not a class"),
    ("apps_here:NoInit", DirtyAppError, "no method init()"),
    ("apps_here:NotCallable", DirtyAppError, "no method __call__()"),
    ("apps_here:CannotBeMade", DirtyAppError, "needed"),
]


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "apps_here.py").write_text(MODULES)
    (tmp_path / "raises_on_import.py").write_text("\nraise RuntimeError('boom')\n")
    (tmp_path / "breaks_syntax.py").write_text("def\n")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("modules")
def test_any_class_with_the_methods_will_do() -> None:
    assert load_app("apps_here:Whole.Inner")("hello") == "hello"


@pytest.mark.usefixtures("modules")
@pytest.mark.parametrize(("path", "kind", "reason"), BAD_APPS, ids=lambda value: str(value)[:40])
def test_an_app_that_cannot_be_loaded(path: str, kind: type, reason: str) -> None:
    with pytest.raises(DirtyAppError) as caught:
        load_app(path)
    assert type(caught.value) is kind
    assert caught.value.app_path == path
    message = str(caught.value)
    assert path in message
    assert all(part in message for part in reason.split("*"))
    assert "\n" not in message


SPECS = st.lists(
    st.tuples(st.integers(0, 9), st.none() | st.integers(1, 9)), unique_by=lambda pair: pair[0]
).map(lambda pairs: [AppSpec(f"m:A{number}", limit) for number, limit in pairs])


@given(SPECS, st.integers(1, 8))
def test_allocation_keeps_its_rules(specs: list[AppSpec], workers: int) -> None:
    found = allocate(specs, workers)
    assert list(found) == list(range(workers))
    homes = list(found.values())
    counts = Counter(path for home in homes for path in home)
    limited = {spec.path for spec in specs if spec.workers is not None}
    order = [spec.path for spec in specs]
    for spec in specs:
        assert counts[spec.path] == min(spec.workers or workers, workers)
    for home in homes:
        assert list(home) == [path for path in order if path in home]
    loads = [sum(path in limited for path in home) for home in homes]
    assert max(loads) - min(loads) <= 1


def test_each_launcher_has_slots_of_its_own() -> None:
    specs = [AppSpec("a", None), AppSpec("n", None, "node"), AppSpec("b", 1)]
    homes = allocate(specs, 2)
    assert homes == {0: ("a", "b"), 1: ("a",), 2: ("n",), 3: ("n",)}
    assert slot_to_add(specs, homes) == {4: ("a",)}
    homes |= {4: ("a",)}
    assert slot_to_add(specs, homes) == {5: ("n",)}
    launchers = {0: "", 1: "", 2: "node", 3: "node", 4: ""}
    told = [AppSpec("a", 2), AppSpec("n", 1, "node"), AppSpec("b", 1)]
    assert reallocate(told, launchers) == {0: ("a",), 1: ("a",), 4: ("b",), 2: ("n",), 3: ()}
