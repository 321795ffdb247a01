"""Outcomes: what became of one case, as a record that every report reads.

Rules: a case has one outcome, the worst of what was asked for it. A record is one line of JSON;
live scripts write the same records, under the script's id. Lines with an `event` tell of the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

# What a record shows of a value, in characters of JSON.
MAX_SHOWN_CHARS = 4_000


class Outcome(StrEnum):
    """What became of a case."""

    PASS = "pass"
    NON_STRICT = "non-strict"
    FAIL = "fail"
    UNSUPPORTED = "unsupported"
    KNOWN_FAILURE = "known-failure"
    UNEXPECTED_PASS = "unexpected-pass"
    CRASHED = "crashed"
    TIMEOUT = "timeout"


MEANINGS = {
    Outcome.PASS: "as the specification says",
    Outcome.NON_STRICT: "a recommendation not followed, or another permitted error",
    Outcome.FAIL: "not as the specification says",
    Outcome.UNSUPPORTED: "the testee does not offer this",
    Outcome.KNOWN_FAILURE: "fails, as its list says, with the reason",
    Outcome.UNEXPECTED_PASS: "listed as a known failure, but passes",
    Outcome.CRASHED: "the testee ended instead of answering",
    Outcome.TIMEOUT: "no answer before the deadline",
}

# One of these, and the run has failed.
BAD = frozenset({Outcome.FAIL, Outcome.UNEXPECTED_PASS, Outcome.CRASHED, Outcome.TIMEOUT})

# Of several outcomes the first in this order is the worst.
WORST_FIRST = (
    Outcome.TIMEOUT,
    Outcome.CRASHED,
    Outcome.FAIL,
    Outcome.UNEXPECTED_PASS,
    Outcome.KNOWN_FAILURE,
    Outcome.NON_STRICT,
    Outcome.PASS,
    Outcome.UNSUPPORTED,
)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of the outcomes; unsupported when there is none."""
    return min(outcomes, key=WORST_FIRST.index, default=Outcome.UNSUPPORTED)


@dataclass(frozen=True)
class Result:
    """One case's record.

    Attributes:
        testee: the name under which it introduced itself.
        case: the case's or the script's id.
        requires: the requirements that it proves.
        unjudged: those of them that were not judged, since the testee does not tell enough.
        level: MUST, SHOULD, ...
        outcome: what became of it.
        expected: what the specification says, as JSON.
        got: what came back, as JSON; None when it was as expected.
        asked: what was asked when it came back, as JSON.
        seconds: how long it took.
        reason: one line for a person.
        stderr: the end of what the testee wrote there, when the case went wrong.
    """

    testee: str
    case: str
    requires: tuple[str, ...]
    level: str
    outcome: Outcome
    expected: Any = None
    got: Any = None
    asked: Any = None
    seconds: float = 0.0
    reason: str = ""
    stderr: str = ""
    unjudged: tuple[str, ...] = ()

    def to_line(self) -> str:
        """The record as one line of JSON. Fields without content are left out."""
        record = {name: held for name, held in asdict(self).items() if held not in (None, "", ())}
        for name in ("expected", "got", "asked"):
            if name in record:
                record[name] = shortened(record[name])
        record["seconds"] = round(self.seconds, 4)
        return json.dumps(record) + "\n"

    @classmethod
    def of(cls, record: dict[str, Any]) -> Result:
        """The record that `to_line` wrote. Raises ValueError."""
        try:
            held = {**record, "requires": tuple(record["requires"])}
            held["unjudged"] = tuple(record.get("unjudged", ()))
            return cls(**{**held, "outcome": Outcome(record["outcome"])})
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no result: {error}") from None


@dataclass
class Run:
    """One testee's run, as its file tells it.

    Attributes:
        testee: its name.
        results: by case.
        declaration: how it introduced itself; empty for a run that only has results.
        command: the command that runs all of it, and with ``--only ID`` one case; or empty.
        complaints: what is wrong beside single cases: stale known failures, a false declaration.
    """

    testee: str
    results: dict[str, Result] = field(default_factory=dict)
    declaration: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    complaints: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether anything went wrong that was not expected to."""
        return bool(self.complaints) or any(one.outcome in BAD for one in self.results.values())

    def counts(self) -> dict[Outcome, int]:
        """How many cases had each outcome, all outcomes named."""
        outcomes = [one.outcome for one in self.results.values()]
        return {outcome: outcomes.count(outcome) for outcome in Outcome}

    @property
    def judged(self) -> int:
        """How many cases the testee supports."""
        return len(self.results) - self.counts()[Outcome.UNSUPPORTED]

    @property
    def passed(self) -> int:
        """How many cases came out as the specification says, or as it permits."""
        counts = self.counts()
        return counts[Outcome.PASS] + counts[Outcome.NON_STRICT] + counts[Outcome.UNEXPECTED_PASS]


def started_line(run: Run) -> str:
    """The line before the results: who is judged, and how it was started."""
    record = {"event": "started", "testee": run.testee, "command": run.command}
    return json.dumps({**record, "declaration": run.declaration}) + "\n"


def ended_line(run: Run) -> str:
    """The line after the results: how many there are of each outcome, and the complaints."""
    counts = {str(outcome): count for outcome, count in run.counts().items() if count}
    record = {"event": "ended", "testee": run.testee, "failed": run.failed, "counts": counts}
    return json.dumps({**record, "complaints": run.complaints}) + "\n"


def read(paths: Iterable[Path]) -> list[Run]:
    """The runs in these files of lines, one for each testee, in the order of their names' coming.

    Raises ValueError: a line is no record; the message names file and line.
    """
    runs: dict[str, Run] = {}
    for path in paths:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            try:
                _take(json.loads(line), runs)
            except (ValueError, TypeError, AttributeError) as error:
                raise ValueError(f"{path}:{number}: {error}") from None
    return list(runs.values())


def _take(record: dict[str, Any], runs: dict[str, Run]) -> None:
    name = record.get("testee")
    if not isinstance(name, str):
        raise ValueError("this is no record: it names no testee")
    run = runs.setdefault(name, Run(name))
    match record.get("event"):
        case "started":
            run.declaration, run.command = record["declaration"], record["command"]
        case "ended":
            run.complaints += record["complaints"]
        case None:
            result = Result.of(record)
            run.results[result.case] = result


def shortened(value: Any) -> Any:
    """The JSON value, or where it is long the beginning of its text."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= MAX_SHOWN_CHARS:
        return value
    return {"cut": text[:MAX_SHOWN_CHARS], "chars": len(text)}
