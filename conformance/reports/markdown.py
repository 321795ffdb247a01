"""Markdown: who was judged, the counts, and what did not come out as the specification says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ..judging.outcomes import Outcome, Result, Run

QUIET = (Outcome.PASS, Outcome.UNSUPPORTED)
# Of many cases with the same fault, so many are named.
MAX_NAMED = 12


def render(runs: Sequence[Run]) -> str:
    """The page, headings from the second level on."""
    lines = ["# Conformance", "", *counts(runs)]
    for run in runs:
        lines += ["", f"## {cell(run.testee)}", "", *about(run), "", *faults(run)]
    return "\n".join(lines).rstrip() + "\n"


def counts(runs: Sequence[Run]) -> Iterator[str]:
    """A table: testees by outcomes. Outcomes that nobody has are left out."""
    shown = [one for one in Outcome if any(run.counts()[one] for run in runs)]
    yield "| testee | " + " | ".join(shown) + " |"
    yield "| --- | " + " | ".join("---:" for _ in shown) + " |"
    for run in runs:
        numbers = (f"{run.counts()[one]:,}" if run.counts()[one] else "" for one in shown)
        yield f"| {cell(run.testee)} | " + " | ".join(numbers) + " |"


def about(run: Run) -> Iterator[str]:
    """Who it is, and how it was started."""
    said = run.declaration
    if said.get("version"):
        operations = ", ".join(said.get("operations", ()))
        told = ", ".join(said[name] for name in ("version", "language") if name in said)
        yield f"{told}; judged by: {operations}." if operations else f"{told}."
    if run.command:
        yield from ("", "```sh", run.command, "```")


def faults(run: Run) -> Iterator[str]:
    """What did not simply pass, those alike together."""
    for complaint in run.complaints:
        yield f"- **{complaint}**"
    found = [one for one in run.results.values() if one.outcome not in QUIET]
    if not found:
        yield "Nothing else to tell."
        return
    yield from ("| outcome | what | cases |", "| --- | --- | --- |")
    for (outcome, reason), alike in groupby(sorted(found, key=_kind), key=_kind):
        yield f"| {outcome} | {cell(reason)} | {named(list(alike))} |"


def _kind(result: Result) -> tuple[Outcome, str]:
    return result.outcome, result.reason


def named(results: Sequence[Result]) -> str:
    """The cases' ids, and how many there are where they are many."""
    ids = ", ".join(f"`{one.case}`" for one in results[:MAX_NAMED])
    more = len(results) - MAX_NAMED
    return f"{ids} and {more} more" if more > 0 else ids


def cell(text: str) -> str:
    """The text, safe inside a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
