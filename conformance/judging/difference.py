"""What differs between what was expected and what came, short enough for a person.

Rules: of a session or a stream the step, or the event, that the reason names is shown alone. A long
text is shown around the first place where the two differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .outcomes import Result

SHOWN_CHARS = 200
# Of what is the same, so much is shown before the difference.
BEFORE_CHARS = 60
STEP = re.compile(r"\bstep (\d+)")
EVENT = re.compile(r"\bevent (\d+)")


def lines(result: Result) -> Iterator[str]:
    """What was asked, expected and got; nothing where that is not known."""
    asked, expected, got = result.asked, result.expected, result.got
    for pick in (_step, _event):
        asked, expected, got = pick(result.reason, asked, expected, got)
    if asked is not None:
        yield f"asked: {_cut(json.dumps(asked), 0)}"
    texts = [json.dumps(one) for one in (expected, got) if one is not None]
    start = max(0, _alike(*texts) - BEFORE_CHARS) if len(texts) == 2 else 0
    for name, held in (("expected", expected), ("got", got)):
        if held is not None:
            yield f"{name}: {_cut(json.dumps(held), start)}"


def _alike(one: str, other: str) -> int:
    """How many characters they begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _step(reason: str, asked: Any, expected: Any, got: Any) -> tuple[Any, Any, Any]:
    """The step that the reason names, of each."""
    found = STEP.search(reason)
    name = "setup" if isinstance(expected, Mapping) and "setup" in expected else "steps"
    if found is None or not (_has(expected, name) and _has(got, "steps")):
        return asked, expected, got
    at = int(found[1]) - 1
    return _at(asked, "steps", at), _at(expected, name, at), _at(got, "steps", at)


def _event(reason: str, asked: Any, expected: Any, got: Any) -> tuple[Any, Any, Any]:
    """The event that the reason names, of what comes of a step or of a stream."""
    found = EVENT.search(reason)
    if found is None or not _has(expected, "events"):
        return asked, expected, got
    if _has(got, "steps"):
        some = got["steps"][len(expected.get("setup", ())) :]
        got = {"events": [event for step in some for event in step.get("events", ())]}
    at = int(found[1]) - 1
    return asked, _at(expected, "events", at), _at(got, "events", at)


def _has(held: Any, name: str) -> bool:
    return isinstance(held, Mapping) and isinstance(held.get(name), list | tuple)


def _at(held: Any, name: str, number: int) -> Any:
    """The element of the list of this name; all where there is no such."""
    if not _has(held, name) or number >= len(held[name]):
        return held
    return held[name][number]


def _cut(text: str, start: int) -> str:
    stop = start + SHOWN_CHARS
    return f"{'…' if start else ''}{text[start:stop]}{'…' if stop < len(text) else ''}"
