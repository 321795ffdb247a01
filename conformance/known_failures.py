"""Known failures: what a testee fails at, listed with the reason, so that the rest must pass.

    [[known]]
    cases = ["dict-key-twice", "dict-key-twice-*"]
    reason = "The last of two equal keys wins."

Rules: a list is TOML; an entry names cases by their ids or globs of them. It excuses wrong answers,
and with ``outcome = "crashed"`` or ``"timeout"`` these instead. A case that is listed and passes is
an unexpected pass. An entry of which no case fails is stale. Both fail the run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from .outcomes import Outcome, Result

EXCUSABLE = (Outcome.FAIL, Outcome.CRASHED, Outcome.TIMEOUT)
FOLDER = Path(__file__).parent / "known"


class KnownError(Exception):
    """The list breaks a rule; one line says where."""


@dataclass(frozen=True)
class Entry:
    """One line of the list.

    Attributes:
        cases: globs of ids.
        reason: one sentence for a person.
        outcome: what is excused.
    """

    cases: tuple[str, ...]
    reason: str
    outcome: Outcome = Outcome.FAIL

    def covers(self, case: str) -> bool:
        """Whether the case is listed."""
        return any(fnmatchcase(case, glob) for glob in self.cases)


def read(path: Path) -> tuple[Entry, ...]:
    """The entries of a file. Raises KnownError."""
    try:
        file = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise KnownError(f"{path}: {error}") from None
    if file.keys() - {"known"}:
        raise KnownError(f"{path}: only tables [[known]] stand in it")
    return tuple(_entry(path, number, one) for number, one in enumerate(file.get("known", []), 1))


def _entry(path: Path, number: int, table: dict[str, object]) -> Entry:
    cases, reason = table.get("cases"), table.get("reason")
    if not (isinstance(cases, list) and cases and all(isinstance(one, str) for one in cases)):
        raise KnownError(f"{path}: entry {number}: cases is a list of ids or globs")
    if not (isinstance(reason, str) and reason):
        raise KnownError(f"{path}: entry {number}: reason is a sentence")
    if table.keys() - {"cases", "reason", "outcome"}:
        raise KnownError(f"{path}: entry {number}: only cases, reason and outcome are known")
    outcome = str(table.get("outcome", Outcome.FAIL.value))
    if outcome not in EXCUSABLE:
        raise KnownError(f"{path}: entry {number}: outcome is one of {', '.join(EXCUSABLE)}")
    return Entry(tuple(cases), reason, Outcome(outcome))


def excuse(result: Result, entries: Sequence[Entry]) -> Result:
    """The result as the list sees it."""
    entry = next((one for one in entries if one.covers(result.case)), None)
    if entry is None:
        return result
    if result.outcome is entry.outcome:
        reason = f"{entry.reason} ({result.reason})" if result.reason else entry.reason
        return replace(result, outcome=Outcome.KNOWN_FAILURE, reason=reason)
    if result.outcome in (Outcome.PASS, Outcome.NON_STRICT):
        return replace(result, outcome=Outcome.UNEXPECTED_PASS, reason=f"listed: {entry.reason}")
    return result


def stale(entries: Sequence[Entry], results: Iterable[Result], complete: bool) -> list[str]:
    """One line for each entry of which no case failed.

    Args:
        complete: whether all cases were run, so that an entry that matches none is stale too.
    """
    failing = {one.case for one in results if one.outcome not in (Outcome.UNEXPECTED_PASS,)}
    run = {one.case for one in results}
    return [
        f"stale known failure: {', '.join(entry.cases)}: {entry.reason}"
        for entry in entries
        if not any(map(entry.covers, failing)) and (complete or any(map(entry.covers, run)))
    ]
