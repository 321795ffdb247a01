"""What changed between two runs, case by case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..judging.outcomes import BAD, Outcome, Result, Run


@dataclass(frozen=True)
class Change:
    """A case with another outcome than before; None where it was not run."""

    testee: str
    case: str
    before: Outcome | None
    after: Outcome | None
    reason: str = ""

    @property
    def worse(self) -> bool:
        """Whether something that was right is no longer, or is no longer judged."""
        if self.after is None or self.after is Outcome.UNSUPPORTED:
            return self.before in (Outcome.PASS, Outcome.NON_STRICT)
        return self.after in BAD and self.before not in BAD


def between(before: Sequence[Run], after: Sequence[Run]) -> list[Change]:
    """The changes, testee by testee; a single testee may have changed its name."""
    if len(before) == len(after) == 1:
        return _of(after[0].testee, before[0].results, after[0].results)
    old, new = ({run.testee: run.results for run in runs} for runs in (before, after))
    changes: list[Change] = []
    for testee in dict.fromkeys([*old, *new]):
        changes += _of(testee, old.get(testee, {}), new.get(testee, {}))
    return changes


def _of(testee: str, old: dict[str, Result], new: dict[str, Result]) -> list[Change]:
    found = []
    for case in dict.fromkeys([*old, *new]):
        was = old[case].outcome if case in old else None
        now = new[case].outcome if case in new else None
        if was is not now:
            found.append(Change(testee, case, was, now, new[case].reason if case in new else ""))
    return found


def render(changes: Sequence[Change]) -> str:
    """A line for each change, the worse ones marked, and how many there are."""
    lines = []
    for one in changes:
        arrow = f"{one.before or 'not run'} -> {one.after or 'not run'}"
        reason = f"  ({one.reason})" if one.reason else ""
        lines.append(f"{'!' if one.worse else ' '} {one.testee}  {one.case}  {arrow}{reason}")
    worse = sum(one.worse for one in changes)
    lines.append(f"{len(changes)} changed, {worse} for the worse")
    return "\n".join(lines) + "\n"
