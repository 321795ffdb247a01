"""Peers in other languages, written from the text: the contract is not about Python."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gdproto.conformance.cases import load
from gdproto.conformance.judging.outcomes import BAD, Outcome
from gdproto.conformance.running.runner import judged

ROOT = Path(__file__).resolve().parents[2]
JAVASCRIPT = ROOT / "peers" / "javascript" / "testee.mjs"
SPEC = ROOT / "gdproto" / "_generated" / "spec.json"


@pytest.mark.timeout(400)
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_peer_in_javascript_passes() -> None:
    run = judged(["node", str(JAVASCRIPT), str(SPEC)], load(), jobs=2, timeout_s=60.0)
    bad = [f"{one.case}: {one.reason}" for one in run.results.values() if one.outcome in BAD]
    assert bad == []
    assert run.complaints == []
    # A Map cannot have two equal keys.
    unsupported = [one for one in run.results.values() if one.outcome is Outcome.UNSUPPORTED]
    assert len(unsupported) <= 1
