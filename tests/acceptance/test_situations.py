"""Every situation, quickly: outcomes are exact, bounds of what is measured are generous."""

from __future__ import annotations

import pytest

from .situations import SITUATIONS, Situation


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.run.__name__)
def test_situation(situation: Situation) -> None:
    measured = situation.run(True)
    assert measured < situation.bound, f"{situation.name}: {measured:.3f} {situation.unit}"
