"""Every part is run, as small as it gets: what is checked is that it measures, not how much."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace

import pytest

from benchmarks import bars, byreference, codec, instructions, one_core, peers, report
from benchmarks.__main__ import RUNTIME_PARTS
from benchmarks.clients import OURS
from benchmarks.codec import CodecPlan
from benchmarks.figures import Results
from benchmarks.instructions import _total
from benchmarks.payloads import five_payloads
from benchmarks.samples import BenchmarkError
from benchmarks.stage import QUICK, stage
from benchmarks.subjects import COPY, GUNICORN, MSGPACK, MSGSPEC, PYTHON

TINY = replace(
    QUICK,
    rounds=1,
    calls=8,
    window_s=0.5,
    chunks=50,
    echoes=4,
    large_rounds=1,
    large_echoes=1,
    beside_s=0.05,
    connection_rounds=1,
    idle_s=0.05,
    imports=1,
)


def silent(step: str) -> None:
    """Show no progress."""


def test_the_codecs() -> None:
    parts = list(codec.parts(list(codec.TITLES), CodecPlan(1, 1e-6), silent))
    values, weak, messages = parts
    assert [len(part.figures) for part in parts] == [10, 8, 9]
    for figure in (*values.figures, *weak.figures):
        assert {PYTHON, GUNICORN, MSGSPEC, MSGPACK} <= set(figure.series)
    blobs = [figure for figure in values.figures if COPY in figure.series]
    assert [figure.key for figure in blobs] == ["encode.blob", "decode.blob"]
    assert all(PYTHON in figure.series for figure in messages.figures)
    report.markdown(Results({}, True, parts))


def test_the_runtime() -> None:
    with stage((OURS,), silent) as running:
        taken = [measure(running, TINY) for measure in RUNTIME_PARTS.values()]
    # What the system does not permit is left out.
    parts = [part for part in taken if part is not None]
    for part in parts:
        assert all(part.ours in figure.series for figure in part.figures), part.key
    # What is not a comparison with gunicorn has all its figures.
    unmeasured = {one.bar.key for one in bars.judge(Results({}, True, parts)) if one.value is None}
    needs_gunicorn = {bar.key for bar in bars.BARS if getattr(bar.measure, "rival", "") == GUNICORN}
    beside_c = ("floor.", "one_core.")
    needs_compiler = {bar.key for bar in bars.BARS if bar.key.startswith(beside_c)}
    assert unmeasured <= (needs_gunicorn if shutil.which("cc") else needs_gunicorn | needs_compiler)
    report.markdown(Results({}, True, parts))


def test_arrays_by_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    few = 2 * 2**20
    monkeypatch.setattr(byreference, "IMAGE", replace(byreference.IMAGE, size=few))
    monkeypatch.setattr(byreference, "LARGE", replace(byreference.LARGE, size=few))
    monkeypatch.setattr(byreference, "find_mosec", lambda: False)
    with stage((OURS,), silent) as running:
        part = byreference.part(running, replace(TINY, echoes=1))
    assert {byreference.AGAIN, byreference.COPY, byreference.NEW} <= set(part.sides)
    judged = bars.judge(Results({}, True, [part]))
    assert judged
    assert all(one.value is not None for one in judged)
    report.markdown(Results({}, True, [part]))


def test_what_is_undisturbed_is_as_before_afterwards() -> None:
    def now() -> tuple[object, ...]:
        return os.sched_getaffinity(0), os.sched_getscheduler(0), os.sched_getparam(0)

    before = now()
    with one_core.undisturbed() as is_permitted:
        if is_permitted:
            assert len(os.sched_getaffinity(0)) == 1
            assert os.sched_getscheduler(0) == os.SCHED_FIFO
    assert now() == before


def test_what_the_system_forbids_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*what: object) -> None:
        raise PermissionError

    before = os.sched_getaffinity(0)
    monkeypatch.setattr(one_core, "REAL_TIME", forbid)
    with stage((OURS,), silent) as running:
        assert one_core.part(running, TINY) is None
    assert os.sched_getaffinity(0) == before


def test_what_a_peer_prints() -> None:
    lines = [
        json.dumps({"payload": one.key, "direction": way, "ours_ns": 2, "theirs_ns": 5, **more})
        for one in five_payloads()
        for way, more in (("decode", {}), ("encode", {"copy_ns": 1}))
    ]
    part = peers.codec("peer-c", peers.PEERS["peer-c"], lines)
    assert [figure.key for figure in part.figures][:2] == [
        "encode.small_request",
        "encode.one_token",
    ]
    judged = {one.bar.key: one.value for one in bars.judge(Results({}, True, [part]))}
    assert judged == {"peer-c.structured": pytest.approx(2.5), "peer-c.blob": None}
    assert "| geometric mean, decode | 2.50 |" in report.markdown(Results({}, True, [part]))


def test_bars_of_peers_name_whom_they_are_measured_beside() -> None:
    named = {(bar.measure.part, getattr(bar.measure, "rival", "")) for bar in bars.BARS}
    theirs = {(part, rival) for part, rival in named if part in peers.PEERS} - {("peer-c", COPY)}
    assert theirs
    assert all(peers.PEERS[part].rival == rival for part, rival in theirs)


def test_the_total_of_a_dump() -> None:
    assert _total("version: 1\nevents: Ir\nsummary: 1234\n\nfn=(1) a\n1 1234\n") == 1234
    with pytest.raises(BenchmarkError, match="without a total"):
        _total("version: 1\n")


def test_without_valgrind_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert instructions.part(silent) is None
