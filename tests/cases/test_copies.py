"""Errors and clients can be copied and pickled: with all they say, and with their settings."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import gdproto
from dirty_runtime import AsyncStashClient, DirtyAppError, DirtyClient, DirtyError, StashClient
from dirty_runtime.errors import CLASSES, from_message
from dirty_runtime.seconds import ValueRefused
from dirty_runtime.settings import ConfigError
from dirty_runtime.testing import Arbiter, ArbiterError
from tests.dirty_runtime.processes import OURS, serving
from tests.dirty_runtime.test_errors import SAMPLES


class Mine(DirtyAppError):
    """An error of a user's, made of other things."""

    def __init__(self, left: int, *, right: int) -> None:
        super().__init__(f"{left} and {right}")
        self.right = right


def through_pickle(protocol: int) -> Callable[[Any], Any]:
    return lambda one: pickle.loads(pickle.dumps(one, protocol))


WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {number}": through_pickle(number) for number in range(6)},
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def errors() -> Iterator[Exception]:
    for rule in gdproto.ERROR_TYPES:
        facts = {name: SAMPLES[name] for name in rule.details}
        yield CLASSES[rule.name](message="it burns", **facts)
        yield CLASSES[rule.name]()
        yield from_message(gdproto.Error(1, rule.name, "it burns", {**facts, "undeclared": [1]}))
    yield Mine(1, right=2)
    yield ValueRefused("no")
    yield ConfigError("no", "timeout_s")
    yield ArbiterError("no")
    yield gdproto.ProtocolError("truncated", "cut", scope="exchange", offset=3, location=("a", 1))


@every_way
@pytest.mark.parametrize("error", list(errors()), ids=lambda error: type(error).__name__)
def test_an_error_keeps_all_it_says(error: Exception, way: Callable[[Any], Any]) -> None:
    error.add_note("by the way")
    other = way(error)
    assert type(other) is type(error)
    assert (str(other), other.args, vars(other)) == (str(error), error.args, vars(error))
    assert repr(other) == repr(error)


def test_a_copy_has_details_of_its_own() -> None:
    error = DirtyError("no", {"list": [1]})
    copy.deepcopy(error).details["list"].append(2)
    assert error.details == {"list": [1]}


# --- clients ---


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS) as arbiter:
        yield arbiter


@every_way
def test_a_client_keeps_its_settings_and_connects_anew(
    arbiter: Arbiter, way: Callable[[Any], Any]
) -> None:
    with DirtyClient(arbiter.socket_path, 9.5, idle_timeout=3, priority=-2) as client:
        client.execute(OURS, "pid")
        other = way(client)
        assert (other.socket_path, other.timeout, other.idle_timeout, other.priority) == (
            arbiter.socket_path, 9.5, 3, -2,
        )  # fmt: skip
        assert other._channels is not client._channels
        client.close()
        with other:
            assert other.execute(OURS, "add_later", 1, 2) == 3
        assert asyncio.run(other.execute_async(OURS, "add_later", 1, 2)) == 3


@every_way
def test_a_stash_client_and_its_table_too(arbiter: Arbiter, way: Callable[[Any], Any]) -> None:
    with StashClient(arbiter.socket_path, 9.5) as stash:
        table = stash.table("copies")
        table["one"] = 1
        other = way(table)
        assert other["one"] == 1
        other._client.close()
        with way(stash) as another:
            assert another.get("copies", "one") == 1
    far = way(AsyncStashClient(arbiter.socket_path, 9.5))
    assert (far.socket_path, far.timeout) == (arbiter.socket_path, 9.5)


def test_a_view_with_another_priority_shares_the_connections(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        assert client.with_priority(3)._channels is client._channels
