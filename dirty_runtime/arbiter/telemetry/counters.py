"""What was called, how it ended, and how long that took: counts for each action of each app.

Rules: a call is counted once, at its end. What callers may name freely is bounded: an app has
MOST_ACTIONS actions with counts of their own; those that were never answered well make place for
one that is, and what has no place is counted as of OTHER. So is a call of an app that is not
served. Lately is what came since the oldest of MARKS marks, of which one is set every MARK_S.
"""

from __future__ import annotations

import operator
from array import array
from collections import defaultdict, deque
from collections.abc import Iterable

from . import tally
from .observer import ObservedCall

MOST_ACTIONS = 100
MOST_CHARACTERS = 100
OTHER = "(other)"
MARK_S = 10.0
MARKS = 6
GOOD = frozenset(("RESPONSE", "END"))
PLACES = {outcome: place for place, outcome in enumerate(tally.OUTCOMES)}


class ActionCounts:
    """What is counted of one action.

    Attributes:
        numbers: see `tally`.
        others: how many calls had an outcome for which there is no place among them.
    """

    __slots__ = ("numbers", "others")

    def __init__(self) -> None:
        self.numbers = tally.nothing()
        self.others: defaultdict[str, int] = defaultdict(int)

    @property
    def outcomes(self) -> dict[str, int]:
        """How many calls ended so: by a terminal message's name, or an error's type."""
        answered = zip(tally.OUTCOMES, self.numbers, strict=False)
        return {name: int(count) for name, count in answered if count} | self.others

    @property
    def has_succeeded(self) -> bool:
        """Whether a call of it was answered well."""
        return not GOOD.isdisjoint(self.outcomes)

    def absorb(self, other: ActionCounts) -> None:
        """Count what was counted of the other."""
        for outcome, count in other.others.items():
            self.others[outcome] += count
        self.numbers = array("d", map(operator.add, self.numbers, other.numbers))


class Mark:
    """What was counted of an action at one moment."""

    __slots__ = ("calls", "failed", "numbers")

    def __init__(self, counts: ActionCounts) -> None:
        outcomes = counts.outcomes
        self.calls = sum(outcomes.values())
        self.failed = self.calls - sum(outcomes.get(outcome, 0) for outcome in GOOD)
        self.numbers = counts.numbers[:]

    def since(self, before: Mark | None) -> Mark:
        """What came after the mark before, which this one becomes."""
        if before is not None:
            self.calls -= before.calls
            self.failed -= before.failed
            self.numbers = array("d", map(operator.sub, self.numbers, before.numbers))
        return self


class AppCounts:
    """What is counted of one app.

    Attributes:
        actions: by their names.
        average: the running one of how long its calls run that are answered, in seconds.
    """

    __slots__ = ("actions", "average")

    def __init__(self) -> None:
        self.actions: dict[str, ActionCounts] = {}
        self.average = array("d", (0.0,))

    def of(self, action: str, outcome: str) -> ActionCounts:
        """What an action counts for that has no counts of its own, and a call of it ended so."""
        if len(action) > MOST_CHARACTERS or not self._has_place(outcome):
            action = OTHER
        found = self.actions.get(action)
        if found is None:
            found = self.actions[action] = ActionCounts()
        return found

    def _has_place(self, outcome: str) -> bool:
        """Whether one more has a place, for which another is given up if its call went well."""
        if len(self.actions) - (OTHER in self.actions) < MOST_ACTIONS:
            return True
        if outcome not in GOOD:
            return False
        for name, counts in self.actions.items():
            if name != OTHER and not counts.has_succeeded:
                other = self.actions.setdefault(OTHER, ActionCounts())
                other.absorb(self.actions.pop(name))
                return True
        return False


Marks = dict[tuple[str, str], Mark]


class Counters:
    """The counts of one arbiter.

    Args:
        apps: the paths of those that are served.
        now_s: on the arbiter's clock.

    Attributes:
        apps: what is counted of each, and under OTHER of all others.
    """

    def __init__(self, apps: Iterable[str], now_s: float = 0.0) -> None:
        self.apps = {path: AppCounts() for path in apps}
        self._marks: deque[tuple[float, Marks]] = deque([(now_s, {})], MARKS)

    def call_ended(self, call: ObservedCall, outcome: str, now_s: float) -> None:
        """Count the call; told directly, as it is each call's, with `abandoned` as an outcome."""
        try:
            app = self.apps[call.app_path]
            counts = app.actions[call.action]
        except KeyError:
            app = self.apps.get(call.app_path) or self._other_app()
            counts = app.actions.get(call.action) or app.of(call.action, outcome)
        place = PLACES.get(outcome)
        if place is None:
            counts.others[outcome] += 1
        started_s = call.started_s if call.lane is not None else None
        size_bytes, arrived_s = call.size_bytes, call.arrived_s
        tally.add(counts.numbers, app.average, place, size_bytes, arrived_s, started_s, now_s)

    def _other_app(self) -> AppCounts:
        return self.apps.setdefault(OTHER, AppCounts())

    def run_s(self, app_path: str) -> float:
        """The running average of the app's runs, in seconds."""
        return self.apps[app_path].average[0] if app_path in self.apps else 0.0

    # --- lately ---

    def mark(self, now_s: float) -> None:
        """Remember what is counted, to be called every MARK_S."""
        marks = {
            (path, action): Mark(counts)
            for path, app in self.apps.items()
            for action, counts in app.actions.items()
        }
        self._marks.append((now_s, marks))

    def lately_s(self, now_s: float) -> float:
        """How long lately is, in seconds."""
        return now_s - self._marks[0][0]

    def lately(self, path: str, action: str, counts: ActionCounts) -> Mark:
        """What of the action came lately, of which this is counted."""
        return Mark(counts).since(self._marks[0][1].get((path, action)))
