"""TypeScript's peer: its codec by all vectors, its worker by the live scripts."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from gdproto.conformance.cases import load
from gdproto.conformance.judging.outcomes import BAD, Outcome
from gdproto.conformance.running.runner import judged

from .toolchains import built_peer

pytestmark = pytest.mark.timeout(900)


def test_its_codec_passes() -> None:
    peer = built_peer("typescript")
    run = judged(peer.words(peer.testee), load(), jobs=2, timeout_s=60.0)
    bad = [f"{one.case}: {one.reason}" for one in run.results.values() if one.outcome in BAD]
    assert bad == []
    assert run.complaints == []
    assert {one.outcome for one in run.results.values()} <= {Outcome.PASS, Outcome.NON_STRICT}


def test_its_worker_passes_the_scripts() -> None:
    peer = built_peer("typescript")
    worker = shlex.join(peer.words(peer.worker))
    words = [sys.executable, "-m", "gdproto", "conformance", "live", "--worker", worker]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
