"""Every attack in small: attacks with the same options have one arbiter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .attacks import Attack, Stage, everything, staged

# On a machine that does other things too; the bar of the full measure is 20 ms.
BOUND_S = 0.1
ATTACKS = everything()
OPTIONS = sorted({one.options for one in ATTACKS})


@pytest.fixture(scope="module", params=OPTIONS, ids=lambda options: " ".join(options) or "plain")
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with staged(request.param, True) as stage:
        yield stage


def test_no_attack_stops_the_loop(stage: Stage, request: pytest.FixtureRequest) -> None:
    options = request.node.callspec.params["stage"]
    stood_s = {one.name: stood(one, stage) for one in ATTACKS if one.options == options}
    assert {name: it for name, it in stood_s.items() if it > BOUND_S} == {}


def stood(one: Attack, stage: Stage) -> float:
    """How long the loop stood by its own doing, in seconds."""
    one.strike(stage)
    return stage.outcome.stands.sure_s
