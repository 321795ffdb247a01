"""Every situation, quickly: outcomes are exact, bounds of what is measured are generous."""

from __future__ import annotations

import pytest

from .situations import SITUATIONS, Situation
from .soak import soak


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.run.__name__)
def test_situation(situation: Situation) -> None:
    measured = situation.run(True)
    assert measured < situation.bound, f"{situation.name}: {measured:.3f} {situation.unit}"


def test_every_call_of_a_soak_is_accounted_for() -> None:
    balance = soak(4)
    assert balance.unexplained == []
    assert balance.missing() == 0
    for kind in ("call", "stream", "stash", "async call"):
        assert balance.ended[kind, "result"] > 0, balance.ended
