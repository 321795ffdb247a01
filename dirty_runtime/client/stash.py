"""The clients of the stash: the generated calls over a connection, and a table as a mapping.

Rules: keys are scalars; any value that can be sent can be stored. Every call raises DirtyError
when the arbiter cannot be reached or refuses.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, Self

import gdproto
from gdproto import StashOp

from ..errors import (
    DirtyError,
    DirtyProtocolError,
    StashKeyNotFoundError,
    StashTableNotFoundError,
)
from ..seconds import LONGEST_S
from ._generated.stash_calls import AsyncStashCalls, StashCalls
from .answers import Deadline, of_form
from .base import Client, request_ids
from .counters import AsyncCounter, Counter
from .current import get_dirty_socket_path, place_of_own_arbiter
from .locks import AsyncLock, Lock
from .on_loops import OnLoops
from .sync import Channels

if TYPE_CHECKING:
    from gdproto.answers import StashChange, StashChanges


# How long a watcher waits before it asks again.
WATCH_S = 20.0
MISSED = "missed"


class StashClient(Client, StashCalls):
    """Calls the stash from threads. A copy has connections of its own, as of `DirtyClient`.

    Args:
        socket_path: the arbiter's socket.
        timeout: seconds for a call as a whole.
    """

    def __init__(self, socket_path: str, timeout: float | None = 30.0) -> None:
        super().__init__(socket_path, timeout)

    def _begin(self) -> None:
        self._ids = request_ids()
        self._channels = Channels(self.socket_path)

    def table(self, name: str) -> StashTable:
        """The table as a mapping; it comes into being with its first value."""
        return StashTable(self, name)

    def lock(self, name: str, ttl: float, wait: float = 30.0) -> Lock:
        """A lock that all share, held for `ttl` seconds and waited for `wait` at most."""
        return Lock(self, name, ttl, wait)

    def counter(self, table: str, key: Any, ttl: float | None = None) -> Counter:
        """A number that all may add to."""
        return Counter(self, table, key, ttl)

    def watch(self, table: str, pattern: str | None = None) -> Iterator[StashChange]:
        """The changes of a table from now on, one after the other, for ever.

        Args:
            table: its name.
            pattern: of the keys and lists; None for all.

        Returns:
            Their kinds and keys; one of the kind `missed`, without a key, tells that some before
            it are not told, as whoever reads was slow.

        Raises:
            DirtyError: also while it is iterated over; whoever goes on has missed some.
        """
        return self._behind(table, pattern, self.changes(table, pattern)["next"])

    def _behind(self, table: str, pattern: str | None, after: Any) -> Iterator[StashChange]:
        while True:
            told = self.changes(table, pattern, after, wait=WATCH_S)
            yield from _changed(told)
            after = told["next"]

    def close(self) -> None:
        """Close the connections; a later call opens one again."""
        self._channels.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def fetch(self, table: str, key: Any) -> Any:
        """The value of `key`. Raises StashKeyNotFoundError."""
        return self.ask(StashOp.GET, table, key)

    def answered(self, question: gdproto.Stash) -> Any:
        """What the arbiter answers to the question. Raises DirtyError."""
        question.request_id, op = next(self._ids), StashOp(question.op)
        try:
            return understood(
                op, self._channels.ask(question, _deadline(question, self._timeout_s))
            )
        except DirtyError as error:
            raise _typed(error, question.table, question.key) from None


class StashTable(MutableMapping[Any, Any]):
    """One table as a mapping of scalars to values."""

    def __init__(self, client: StashClient, name: str) -> None:
        self._client = client
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def __getitem__(self, key: Any) -> Any:
        try:
            return self._client.fetch(self._name, key)
        except (StashKeyNotFoundError, StashTableNotFoundError):
            raise KeyError(key) from None

    def __setitem__(self, key: Any, value: Any) -> None:
        self._client.put(self._name, key, value)

    def __delitem__(self, key: Any) -> None:
        if not self._client.delete(self._name, key):
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return self._client.exists(self._name, key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._client.keys(self._name))

    def __len__(self) -> int:
        try:
            return int(self._client.info(self._name)["size"])
        except StashTableNotFoundError:
            return 0

    def keys(self, pattern: str | None = None) -> Any:
        """The keys, or those that match `pattern`."""
        return self._client.keys(self._name, pattern)

    def clear(self) -> None:
        """Remove every key."""
        self._client.clear(self._name)


class AsyncStashClient(Client, AsyncStashCalls):
    """As `StashClient`, from event loops: every method is a coroutine, `items` iterates."""

    def __init__(self, socket_path: str, timeout: float | None = 30.0) -> None:
        super().__init__(socket_path, timeout)

    def _begin(self) -> None:
        self._ids = request_ids()
        self._on_loops = OnLoops(self.socket_path, self._ids)

    def lock(self, name: str, ttl: float, wait: float = 30.0) -> AsyncLock:
        """A lock that all share, held for `ttl` seconds and waited for `wait` at most."""
        return AsyncLock(self, name, ttl, wait)

    def counter(self, table: str, key: Any, ttl: float | None = None) -> AsyncCounter:
        """A number that all may add to."""
        return AsyncCounter(self, table, key, ttl)

    async def watch(self, table: str, pattern: str | None = None) -> AsyncIterator[StashChange]:
        """As `StashClient.watch`: what is awaited is then iterated over."""
        return self._behind(table, pattern, (await self.changes(table, pattern))["next"])

    async def _behind(
        self, table: str, pattern: str | None, after: Any
    ) -> AsyncIterator[StashChange]:
        while True:
            told = await self.changes(table, pattern, after, wait=WATCH_S)
            for one in _changed(told):
                yield one
            after = told["next"]

    async def items(self, table: str) -> AsyncIterator[tuple[Any, Any]]:
        """The keys and values, without those that go away meanwhile."""
        missing = object()
        for key in await self.keys(table):
            value = await self.get(table, key, missing)
            if value is not missing:
                yield key, value

    async def close(self) -> None:
        """Close the running loop's connection."""
        await self._on_loops.channels.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def answered(self, question: gdproto.Stash) -> Any:
        """What the arbiter answers to the question. Raises DirtyError."""
        question.request_id, op = next(self._ids), StashOp(question.op)
        try:
            answer = await self._on_loops.channels.ask(
                question, _deadline(question, self._timeout_s)
            )
            return understood(op, answer)
        except DirtyError as error:
            raise _typed(error, question.table, question.key) from None


def _changed(told: StashChanges) -> list[StashChange]:
    missed: list[StashChange] = [{"kind": MISSED, "key": None}] if told["missed"] else []
    return [*missed, *told["changes"]]


def _deadline(question: gdproto.Stash, timeout_s: float) -> Deadline:
    """Until when it is to be answered: what it may wait for takes time by itself."""
    wait = question.wait if isinstance(question.wait, int | float) else 0
    return Deadline(min(timeout_s + wait, LONGEST_S))


def understood(op: StashOp, answer: Any) -> Any:
    """The answer to the operation. Raises DirtyProtocolError when it is no such."""
    # Only who asks the stash loads it.
    from gdproto.answers import STASH_OPERATIONS

    wanted = STASH_OPERATIONS[op].result
    if wanted.form:
        return of_form(answer, wanted.form)
    if wanted.kind == "list" and not isinstance(answer, list):
        raise DirtyProtocolError(f"a list is to be answered, not a {type(answer).__name__}")
    return answer


def _typed(error: DirtyError, table: str, key: Any) -> DirtyError:
    """The error; of gunicorn's plain ones those that mean a missing key or table by their type."""
    if type(error) is DirtyError and error.message.startswith("Key not found: "):
        return StashKeyNotFoundError(table, key)
    if type(error) is DirtyError and error.message.startswith("Table not found: "):
        return StashTableNotFoundError(table)
    return error


_of_thread = threading.local()


def of_thread() -> StashClient:
    """The calling thread's client, for the socket of where the code runs. Raises DirtyError."""
    path = get_dirty_socket_path()
    client: StashClient | None = getattr(_of_thread, "client", None)
    if client is None or _of_thread.path != path:
        client = _of_thread.client = StashClient(place_of_own_arbiter(path))
        _of_thread.path = path
    return client
