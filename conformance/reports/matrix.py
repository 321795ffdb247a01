"""The matrix: testees by requirements, as one HTML page that needs nothing else.

Rules: a cell shows the worst outcome of the cases and live scripts that prove the requirement, and
how many are as they should be. It opens the cases. The page fetches nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from gdproto import declaration
from gdproto.declaration import Requirement

from .. import live
from ..cases import Case
from ..judging.outcomes import MEANINGS, Outcome, Result, Run, worst
from ..live.script import Script
from . import annotated

TEMPLATE = "matrix.html.j2"
CODE = re.compile("`([^`]*)`")
# One sign for each, so that colour is not all there is.
SIGNS = {
    Outcome.PASS: "✓",
    Outcome.NON_STRICT: "≈",
    Outcome.FAIL: "✗",
    Outcome.UNSUPPORTED: "–",
    Outcome.KNOWN_FAILURE: "k",
    Outcome.UNEXPECTED_PASS: "!",
    Outcome.CRASHED: "†",
    Outcome.TIMEOUT: "…",
}
GOOD = (Outcome.PASS, Outcome.NON_STRICT)


def render(runs: Sequence[Run], cases: Mapping[str, Case]) -> str:
    """The page."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files(__package__).joinpath(TEMPLATE).read_text())
    known = declaration.requirements()
    return template.render(
        runs=[{"run": run, "counts": counted(run)} for run in runs],
        chapters=chapters(runs, known),
        legend=[(outcome, SIGNS[outcome], MEANINGS[outcome]) for outcome in Outcome],
        data=Markup(_json(_data(runs, cases, known))),
        without_requirement=without_requirement(runs, known),
    )


def counted(run: Run) -> list[tuple[Outcome, int]]:
    """The outcomes that the run has, with their numbers."""
    return [(outcome, count) for outcome, count in run.counts().items() if count]


def chapters(runs: Sequence[Run], known: Mapping[str, Requirement]) -> list[dict[str, Any]]:
    """The requirements by chapter, each with a cell for each run."""
    proofs = [_proofs(run) for run in runs]
    found: dict[str, dict[str, Any]] = {}
    for one in known.values():
        chapter = found.setdefault(one.chapter, {"title": title(one.chapter), "rows": []})
        cells = [cell(proof.get(one.id, [])) for proof in proofs]
        chapter["rows"].append({"requirement": one, "sentence": sentence(one), "cells": cells})
    return list(found.values())


def title(chapter: str) -> str:
    """The heading of a chapter's file."""
    return declaration.chapters()[chapter]


def sentence(requirement: Requirement) -> Markup:
    """The sentence as HTML; what stands in backquotes is code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(requirement.text))))


def _proofs(run: Run) -> dict[str, list[Result]]:
    proofs: dict[str, list[Result]] = {}
    for result in run.results.values():
        for name in result.requires:
            proofs.setdefault(name, []).append(_about(name, result))
    return proofs


def _about(requirement: str, result: Result) -> Result:
    """The result as far as it is about the requirement."""
    silent = requirement in result.unjudged and result.outcome in GOOD
    return replace(result, outcome=Outcome.UNSUPPORTED) if silent else result


def cell(results: Sequence[Result]) -> dict[str, Any] | None:
    """What the cell shows; None where no case proves the requirement."""
    if not results:
        return None
    outcome = worst(one.outcome for one in results)
    judged = [one for one in results if one.outcome is not Outcome.UNSUPPORTED]
    good = sum(one.outcome in GOOD for one in judged)
    count = f"{good}" if good == len(judged) else f"{good}/{len(judged)}"
    return {"outcome": outcome, "sign": SIGNS[outcome], "text": count if judged else ""}


def without_requirement(runs: Sequence[Run], known: Mapping[str, Requirement]) -> list[str]:
    """Requirements that results name and the text does not have: those of another version."""
    named = {name for run in runs for one in run.results.values() for name in one.requires}
    return sorted(named - known.keys())


def _data(
    runs: Sequence[Run], cases: Mapping[str, Case], known: Mapping[str, Requirement]
) -> dict[str, Any]:
    """What the page's script opens cells with."""
    shown = dict.fromkeys(name for run in runs for name in run.results)
    scripts = live.scripts()
    played = {name: _script(scripts[name]) for name in shown if name in scripts}
    return {
        "signs": SIGNS,
        "requirements": {one.id: sentence(one) for one in known.values()},
        "cases": {name: _case(cases[name]) for name in shown if name in cases} | played,
        "runs": [
            {
                "testee": run.testee,
                "command": run.command,
                "results": {name: _result(one) for name, one in run.results.items()},
            }
            for run in runs
        ],
    }


def _case(case: Case) -> dict[str, str]:
    held = {
        "kind": f"{case.kind}, {case.level}",
        "notes": case.notes,
        "neighbour": case.neighbour,
        "bytes": annotated.bytes_of(case),
        "expected": annotated.expectation(case),
    }
    return {name: text for name, text in held.items() if text}


def _script(script: Script) -> dict[str, str]:
    return {"kind": f"live script, {script.level}", "does": script.text}


def _result(result: Result) -> dict[str, Any]:
    held: dict[str, Any] = {"outcome": result.outcome, "reason": result.reason}
    held |= {"requires": result.requires, "unjudged": result.unjudged}
    if result.outcome not in GOOD:
        held |= {"stderr": result.stderr}
        for name in ("expected", "asked", "got"):
            text = getattr(result, name)
            held[name] = "" if text is None else annotated.shown(text)
    return {name: one for name, one in held.items() if one}


def _json(data: Any) -> str:
    """JSON that may stand inside a script element."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c")
