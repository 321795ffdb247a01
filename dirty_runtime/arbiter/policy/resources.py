"""Which parts of the machine's resources each worker has: pure.

Rules:

* A resource, such as ``gpu``, has ids. A worker takes what its apps take together: so many whole
  ids, and what is left over as a part of one more, which it shares with whoever fits.
* Ids are a slot's while it is there and takes as much: all its workers have them, so a candidate
  boots with those of the worker that it replaces.
* An empty slot is filled when no worker has its ids that still lives: one of its own, or one of a
  slot that is gone, holds what it had until it has ended.
* All slots get what they take, or nothing changes. The largest parts are placed first, each at the
  id with the least room that suffices; ids that a slot had, and such as nobody uses, come before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from ...settings import ConfigError
from .allocation import Homes

# By resource, how much is taken; and by resource and id, which part of it somebody has.
Needs = Mapping[str, float]
Parts = dict[str, Fraction]
Given = Mapping[str, Parts]
# Of parts of an id: so a third, which no number of a computer is, is one.
FINEST = 1000


def exact(need: float) -> Fraction:
    """The part that somebody means by the number."""
    return Fraction(need).limit_denominator(FINEST)


class Resources:
    """Who has what.

    Args:
        ids: of each resource.
    """

    def __init__(self, ids: Mapping[str, Sequence[str]]) -> None:
        self._ids = ids
        self._given: dict[int, Given] = {}
        # What each worker has that lives, by its age, with its slot.
        self._held: dict[int, tuple[int, Given]] = {}

    def allot(self, homes: Homes, needs_of: Callable[[str], Needs]) -> None:
        """Give each slot what its apps take, and nothing to any other.

        Raises:
            ConfigError: it is more than there is; everything is as before.
        """
        wanted = {slot: _sum([needs_of(path) for path in paths]) for slot, paths in homes.items()}
        names = {*self._ids, *(name for needs in wanted.values() for name in needs)}
        given: dict[int, dict[str, Parts]] = {slot: {} for slot in homes}
        for name in sorted(names):
            needs = {slot: one[name] for slot, one in wanted.items() if one.get(name)}
            placed = self._placed(name, needs)
            if placed is None:
                raise ConfigError(self._lack(name, homes, needs_of, needs), "resources")
            for slot, parts in placed.items():
                given[slot][name] = parts
        self._given = dict(given)

    def of(self, slot: int) -> Given:
        """What workers of the slot have; empty for a slot that takes nothing, or is not there."""
        return self._given.get(slot, {})

    def began(self, age: int, slot: int) -> None:
        """A worker is started in the slot, with what the slot has."""
        self._held[age] = (slot, self.of(slot))

    def ended(self, age: int) -> None:
        """The worker is gone."""
        self._held.pop(age, None)

    def may_begin(self, slot: int) -> bool:
        """Whether nobody who lives has what a worker of the slot, which is empty, would have."""
        return all(
            self._in_use(name, one, slot) + part <= 1
            for name, parts in self.of(slot).items()
            for one, part in parts.items()
        )

    def taken(self) -> dict[str, Parts]:
        """The part of each id that is given to slots."""
        found = {name: dict.fromkeys(ids, Fraction(0)) for name, ids in self._ids.items()}
        for given in self._given.values():
            for name, parts in given.items():
                for one, part in parts.items():
                    found[name][one] += part
        return found

    def _in_use(self, name: str, one: str, by: int | None = None) -> Fraction:
        """The part of the id that workers have; all of it where `by` is a slot of one of them."""
        parts: dict[int, Fraction] = {}
        for slot, given in self._held.values():
            # Two workers of a slot have the same between them.
            has = given.get(name, {}).get(one, Fraction(0))
            parts[slot] = max(has, parts.get(slot, has))
        if by is not None and parts.get(by):
            return Fraction(1)
        return Fraction(sum(parts.values()))

    def _placed(self, name: str, needs: Mapping[int, Fraction]) -> dict[int, Parts] | None:
        """The parts of each slot; None where they do not fit."""
        had = {slot: self._given.get(slot, {}).get(name, {}) for slot in needs}
        placed = {
            slot: had[slot] for slot, need in needs.items() if sum(had[slot].values()) == need
        }
        rooms = dict.fromkeys(self._ids.get(name, ()), Fraction(1))
        for parts in placed.values():
            for one, part in parts.items():
                rooms[one] -= part
        for slot in sorted(needs.keys() - placed.keys(), key=lambda slot: (-needs[slot], slot)):
            parts = self._taken(name, rooms, needs[slot], had[slot])
            if sum(parts.values()) != needs[slot]:
                return None
            placed[slot] = parts
        return placed

    def _taken(self, name: str, rooms: Parts, need: Fraction, had: Parts) -> Parts:
        """Whole ids, and a part of one for the rest, as far as they fit, taken from their rooms."""
        whole, rest = divmod(need, 1)
        parts: Parts = {}
        for part in [Fraction(1)] * whole + [rest] * bool(rest):
            fits = [one for one, room in rooms.items() if room >= part]
            if not fits:
                break
            best = min(fits, key=lambda one: (one not in had, self._is_left(name, one), rooms[one]))
            rooms[best] -= part
            parts[best] = parts.get(best, Fraction(0)) + part
        return parts

    def _is_left(self, name: str, one: str) -> bool:
        """Whether workers that are to leave, or to have other ids, still have this one."""
        return any(
            given.get(name, {}).get(one, 0) and not self.of(slot).get(name, {}).get(one, 0)
            for slot, given in self._held.values()
        )

    def _lack(
        self,
        name: str,
        homes: Homes,
        needs_of: Callable[[str], Needs],
        needs: Mapping[int, Fraction],
    ) -> str:
        """Why what is taken of the resource does not fit: one line, with the sum."""
        counts = Counter(path for paths in homes.values() for path in paths)
        takers = ", ".join(
            f"app {path} takes {needs_of(path)[name]:g} in each of {count} workers"
            for path, count in counts.items()
            if needs_of(path).get(name)
        )
        ids, total = self._ids.get(name, ()), sum(needs.values())
        if not ids:
            return f"{name}: {takers}, and there is none; give --resource {name}=ID,ID"
        there = f"of {len(ids)} ({', '.join(ids)})"
        hint = "have fewer workers, or the app in fewer: MODULE:CLASS:N"
        if total > len(ids):
            return f"{name}: {takers}: {float(total):g} in all {there}; {hint}"
        most = float(max(needs.values()))
        return (
            f"{name}: {takers}: {float(total):g} {there}, but parts of {most:g} do not fit; {hint}"
        )


def _sum(needs: Sequence[Needs]) -> dict[str, Fraction]:
    total: dict[str, Fraction] = {}
    for one in needs:
        for name, need in one.items():
            total[name] = total.get(name, Fraction(0)) + exact(need)
    return total
