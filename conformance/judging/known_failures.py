"""Known failures: what a testee fails at, listed with the reason, so that the rest must pass.

    [[known]]
    cases = ["dict-key-twice", "path-*", "!path-*-good"]
    reason = "The last of two equal keys wins."

    [[known]]
    expects = ["wrong_field_type"]
    reason = "Fields are not judged."

Rules: a list is TOML. An entry names cases by ids or globs of them, less those of globs that begin
with an exclamation mark, or by the error that they expect, or by both. The first entry that fits
counts. It excuses wrong answers, and with ``outcome = "crashed"`` or ``"timeout"`` these instead.
Where it is a race which of several failures comes, ``outcome = ["timeout", "fail"]`` excuses each,
and the reason tells of what wins when; with "pass" among them it may pass too. Else a listed case
that passes is an unexpected pass, and an entry of which no case fails is stale. Both fail the run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType

from .outcomes import Outcome, Result

EXCUSABLE = (Outcome.FAIL, Outcome.CRASHED, Outcome.TIMEOUT)
FOLDER = Path(__file__).parents[1] / "known"


class KnownError(Exception):
    """The list breaks a rule; one line says where."""


@dataclass(frozen=True)
class Entry:
    """One entry of the list.

    Attributes:
        reason: one sentence for a person.
        cases: globs of ids, and with "!" before it of those that are not meant; empty for all.
        expects: codes of expected errors; empty for any, and none.
        outcomes: what is excused; several where which of them comes is a race, and a pass among
            them where it is a race whether it fails.
    """

    reason: str
    cases: tuple[str, ...] = ()
    expects: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = (Outcome.FAIL,)

    def covers(self, case: str, code: str = "") -> bool:
        """Whether the case of this id, which expects an error of this code, is listed."""
        meant = [glob for glob in self.cases if not glob.startswith("!")]
        spared = [glob[1:] for glob in self.cases if glob.startswith("!")]
        fits = (not meant or _fits(case, meant)) and not _fits(case, spared)
        return fits and (not self.expects or code in self.expects)

    @property
    def may_pass(self) -> bool:
        """Whether a case of it that passes is as it should be."""
        return Outcome.PASS in self.outcomes

    def __str__(self) -> str:
        return f"{', '.join([*self.cases, *self.expects])}: {self.reason}"


def _fits(case: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(case, glob) for glob in globs)


def read(path: Path) -> tuple[Entry, ...]:
    """The entries of a file. Raises KnownError."""
    try:
        file = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise KnownError(f"{path}: {error}") from None
    tables = file.get("known", [])
    if file.keys() - {"known"} or not isinstance(tables, list):
        raise KnownError(f"{path}: only tables [[known]] stand in it")
    return tuple(_entry(f"{path}: entry {number}", one) for number, one in enumerate(tables, 1))


def _entry(place: str, table: object) -> Entry:
    if not isinstance(table, dict):
        raise KnownError(f"{place} is no table")
    if table.keys() - {"cases", "expects", "reason", "outcome"}:
        raise KnownError(f"{place}: only cases, expects, reason and outcome are known")
    reason = table.get("reason")
    if not (isinstance(reason, str) and reason):
        raise KnownError(f"{place}: reason is a sentence")
    cases, expects = (_texts(place, name, table) for name in ("cases", "expects"))
    if not cases and not expects:
        raise KnownError(f"{place}: cases or expects are listed")
    return Entry(reason, cases, expects, _outcomes(place, table.get("outcome", "fail")))


def _outcomes(place: str, given: object) -> tuple[Outcome, ...]:
    listed = given if isinstance(given, list) else [given]
    failures = [one for one in listed if one != Outcome.PASS]
    if not failures or not all(one in EXCUSABLE for one in failures):
        raise KnownError(f"{place}: outcome is one of {', '.join(EXCUSABLE)}, or several")
    return tuple(map(Outcome, listed))


def _texts(place: str, name: str, table: dict[str, object]) -> tuple[str, ...]:
    texts = table.get(name, [])
    if not (isinstance(texts, list) and all(isinstance(one, str) for one in texts)):
        raise KnownError(f"{place}: {name} is a list of texts")
    return tuple(texts)


def entry_of(entries: Sequence[Entry], case: str, code: str = "") -> Entry | None:
    """The entry that counts for the case; None where it is not listed."""
    return next((one for one in entries if one.covers(case, code)), None)


def excuse(result: Result, entries: Sequence[Entry], code: str = "") -> Result:
    """The result as the list sees it.

    Args:
        code: that of the error which the case expects; empty for none.
    """
    entry = entry_of(entries, result.case, code)
    if entry is None or (entry.may_pass and result.outcome is Outcome.PASS):
        return result
    if result.outcome in entry.outcomes:
        reason = f"{entry.reason} ({result.reason})" if result.reason else entry.reason
        return replace(result, outcome=Outcome.KNOWN_FAILURE, reason=reason)
    if result.outcome in (Outcome.PASS, Outcome.NON_STRICT):
        return replace(result, outcome=Outcome.UNEXPECTED_PASS, reason=f"listed: {entry.reason}")
    return result


def stale(
    entries: Sequence[Entry],
    results: Iterable[Result],
    complete: bool,
    codes: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """One line for each entry of which no case failed.

    Args:
        complete: whether all cases were run, so that an entry that matches none is stale too.
        codes: of the errors that cases expect, by the cases' ids.
    """
    failed: dict[Entry, bool] = {}
    for result in results:
        entry = entry_of(entries, result.case, codes.get(result.case, ""))
        if entry is not None:
            passed = result.outcome in (Outcome.UNEXPECTED_PASS, Outcome.UNSUPPORTED)
            failed[entry] = failed.get(entry, False) or not passed
    return [f"stale known failure: {one}" for one in entries if not failed.get(one, not complete)]
