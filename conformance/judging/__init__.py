"""Judging: what to ask for a case, what an answer is worth, and what became of it all."""

from __future__ import annotations

from .declaration import PARTS, POLICIES, Declaration, beyond_limits, unjudged, unsupported
from .needs import LIMITS
from .questions import Question, questions
from .verdicts import Verdict, judge

__all__ = [
    "LIMITS", "PARTS", "POLICIES", "Declaration", "Question", "Verdict", "beyond_limits", "judge",
    "questions", "unjudged", "unsupported",
]  # fmt: skip
