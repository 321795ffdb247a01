"""Tables in several places: which table is where, by its name.

Rules: of the patterns, the first that a table's name matches tells its place; a table that none
matches is where the stash is kept otherwise. A table stays where it is: what another place has
under its name is not looked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import gdproto
from gdproto.answers import STASH_OPERATIONS

from .backend import Backend
from .glob import Glob

OPERATIONS = frozenset(one.name for one in STASH_OPERATIONS.values())
# Names of tables whose places are known without looking.
KNOWN = 1000


class SplitStash:
    """Backends, each for the tables of its patterns; its methods are those of `StashBackend`.

    Args:
        rest: for the tables that match no pattern.
        by_pattern: the others, in the order in which they are looked at; two may be one.
    """

    def __init__(self, rest: Backend, by_pattern: Mapping[str, Backend]) -> None:
        self._rest = rest
        self._rules = [(Glob(pattern), backend) for pattern, backend in by_pattern.items()]
        self._all = list(dict.fromkeys([rest, *by_pattern.values()]))
        self._known: dict[str, Backend] = {}
        self.waits = any(one.waits for one in self._all)

    @property
    def bytes(self) -> int:
        """What all of them take, as far as it is known."""
        return sum(one.bytes for one in self._all)

    @property
    def max_bytes(self) -> int:
        """What each of them may take."""
        return self._rest.max_bytes

    @max_bytes.setter
    def max_bytes(self, most: int) -> None:
        for one in self._all:
            one.max_bytes = most

    def close(self) -> None:
        """Let go of all."""
        for one in self._all:
            one.close()

    def of(self, table: str) -> Backend:
        """Where the table is."""
        found = self._known.get(table)
        if found is None:
            matching = (backend for glob, backend in self._rules if glob.matches(table))
            found = next(matching, self._rest)
            if len(self._known) < KNOWN and len(table) <= KNOWN:
                self._known[table] = found
        return found

    async def tables(self) -> gdproto.Pieces:
        """The names of all tables that are where they belong."""
        listed = gdproto.ListPieces()
        for one in self._all:
            names = gdproto.list_items(bytes(await one.tables()))
            listed.add([name for name in names if self.of(gdproto.decode(name)) is one])
        return listed.value()

    def __getattr__(self, name: str) -> Any:
        if name not in OPERATIONS:
            raise AttributeError(name)
        return partial(self._ask, name)

    async def _ask(self, name: str, table: str, *rest: Any) -> Any:
        return await getattr(self.of(table), name)(table, *rest)
