"""What was called, how it ended, and how long that took: counts for each action of each app.

Rules: a call is counted once. At its end it is put down what is to be counted, as that takes less
time; it is counted when somebody looks, or when there is much of it. What callers may name freely
is bounded: an app has MOST_ACTIONS actions with counts of their own; those that were never answered
well make place for one that is, and what has no place is counted as of OTHER. So is a call of an
app that is not served. Lately is what came since the oldest of MARKS marks, of which one is set
every MARK_S.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from typing import Any

from .histogram import BYTES, SECONDS, Histogram
from .observer import ObservedCall

# Of one action, what is put down before it is counted: four numbers of each call.
FACTS = 4
MOST_FRESH = 256 * FACTS
MOST_ACTIONS = 100
MOST_CHARACTERS = 100
OTHER = "(other)"
MARK_S = 10.0
MARKS = 6
GOOD = frozenset(("RESPONSE", "END"))
ANSWERED = GOOD | {"ERROR"}
# How much the last run of an app counts against those before.
NEWEST = 0.2


class ActionCounts:
    """What is counted of one action.

    Attributes:
        fresh: of calls that are not counted yet, one behind the other: how it ended, its size in
            bytes, how long it waited, and how long it ran, in seconds; None where it did not run.
    """

    __slots__ = ("_outcomes", "_runs", "_sizes", "_waits", "fresh")

    def __init__(self) -> None:
        self.fresh: list[Any] = []
        self._outcomes: defaultdict[str, int] = defaultdict(int)
        self._waits = Histogram(SECONDS)
        self._runs = Histogram(SECONDS)
        self._sizes = Histogram(BYTES)

    @property
    def outcomes(self) -> defaultdict[str, int]:
        """How many calls ended so: by a terminal message's name, or an error's type."""
        self.count()
        return self._outcomes

    @property
    def waits(self) -> Histogram:
        """How long each waited, in seconds."""
        self.count()
        return self._waits

    @property
    def runs(self) -> Histogram:
        """How long each ran that was given to a worker, in seconds."""
        self.count()
        return self._runs

    @property
    def sizes(self) -> Histogram:
        """Those of the REQUESTs, in bytes."""
        self.count()
        return self._sizes

    def count(self) -> None:
        """Count what is fresh."""
        if not self.fresh:
            return
        fresh, self.fresh = self.fresh, []
        for outcome, count in Counter(fresh[::FACTS]).items():
            self._outcomes[outcome] += count
        self._sizes.add(fresh[1::FACTS])
        self._waits.add(fresh[2::FACTS])
        self._runs.add([run_s for run_s in fresh[3::FACTS] if run_s is not None])

    @property
    def has_succeeded(self) -> bool:
        """Whether a call of it was answered well."""
        return not GOOD.isdisjoint(self.outcomes)

    def absorb(self, other: ActionCounts) -> None:
        """Count what was counted of the other."""
        for outcome, count in other.outcomes.items():
            self.outcomes[outcome] += count
        self.waits.absorb(other.waits)
        self.runs.absorb(other.runs)
        self.sizes.absorb(other.sizes)


class Mark:
    """What was counted of an action at one moment."""

    __slots__ = ("calls", "failed", "runs", "waits")

    def __init__(self, counts: ActionCounts) -> None:
        self.calls = sum(counts.outcomes.values())
        self.failed = self.calls - sum(counts.outcomes.get(outcome, 0) for outcome in GOOD)
        self.waits = counts.waits.counts.copy()
        self.runs = counts.runs.counts.copy()

    def since(self, before: Mark | None) -> Mark:
        """What came after the mark before, which this one becomes."""
        if before is not None:
            self.calls -= before.calls
            self.failed -= before.failed
            self.waits = [one - less for one, less in zip(self.waits, before.waits, strict=True)]
            self.runs = [one - less for one, less in zip(self.runs, before.runs, strict=True)]
        return self


class AppCounts:
    """What is counted of one app.

    Attributes:
        actions: by their names.
        run_s: the running average of how long its calls run that are answered, in seconds.
    """

    __slots__ = ("actions", "run_s")

    def __init__(self) -> None:
        self.actions: dict[str, ActionCounts] = {}
        self.run_s = 0.0

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
        fresh = counts.fresh
        if call.lane is None:
            fresh += outcome, call.size_bytes, now_s - call.arrived_s, None
        else:
            started_s = call.started_s
            run_s = now_s - started_s
            fresh += outcome, call.size_bytes, started_s - call.arrived_s, run_s
            if outcome in ANSWERED:
                app.run_s += NEWEST * (run_s - app.run_s)
        if len(fresh) >= MOST_FRESH:
            counts.count()

    def _other_app(self) -> AppCounts:
        return self.apps.setdefault(OTHER, AppCounts())

    def run_s(self, app_path: str) -> float:
        """The running average of the app's runs, in seconds."""
        return self.apps[app_path].run_s if app_path in self.apps else 0.0

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
