"""The bars: data that is sound, and verdicts that can be worked out by hand."""

from __future__ import annotations

import pytest

from benchmarks import bars
from benchmarks.__main__ import PARTS
from benchmarks.bars import BARS, Bar, Times, TimesAsLong, Value

from .results import made_up


def verdicts() -> dict[str, bars.Verdict]:
    return {verdict.bar.key: verdict for verdict in bars.judge(made_up())}


@pytest.mark.parametrize("bar", BARS, ids=lambda bar: bar.key)
def test_a_bar_is_sound(bar: Bar) -> None:
    assert (bar.least is None) != (bar.most is None)
    assert bar.measure.part in PARTS
    assert [one.key for one in BARS].count(bar.key) == 1


@pytest.mark.parametrize(
    ("key", "value", "met"),
    [
        ("codec.encode.msgspec", 2.0, True),
        ("codec.least.msgspec", 2.0, True),
        ("codec.encode.gunicorn", 100.0, True),
        ("codec.decode.gunicorn", 26.0, True),
        ("codec.copy", None, None),
        ("python.encode.gunicorn", None, None),
        ("runtime.round_trip_p50", 6.0, True),
        ("runtime.parallel_calls", 3.0, False),
        ("runtime.stream_def", None, None),
        ("large.beside_p99", 9.9, True),
        ("large.arbiter_memory", 0.0, True),
        ("idle.cpu", 0.1, False),
    ],
)
def test_verdicts(key: str, value: float | None, met: bool | None) -> None:
    verdict = verdicts()[key]
    assert verdict.value == (None if value is None else pytest.approx(value))
    assert verdict.is_met is met


def test_parts_that_were_left_out_are_not_judged() -> None:
    assert {verdict.bar.measure.part for verdict in bars.judge(made_up())} == {
        "codec",
        "runtime",
        "large",
        "idle",
    }


def test_every_figure_counts() -> None:
    results = made_up()
    keys = ("encode.rows", "encode.nothing")
    assert Times("codec", keys, "gdproto, C", "gunicorn").value(results) is None
    keys = ("encode.rows", "decode.rows")
    assert Times("codec", keys, "gdproto, C", "gunicorn").value(results) == pytest.approx(
        51, rel=0.01
    )
    slower = TimesAsLong("codec", keys, "gdproto, C", "gunicorn").value(results)
    assert slower == pytest.approx(1 / 26)


@pytest.mark.parametrize(
    ("bar", "required", "shown"),
    [
        (Bar("a", "a", Times("p", ("k",), "o", "r"), least=1.15), "≥ 1.15×", "1.23×"),
        (Bar("a", "a", TimesAsLong("p", ("k",), "o", "r"), most=2), "≤ 2×", "1.23×"),
        (Bar("a", "a", Value("p", "k", "o", "ms"), most=10), "< 10 ms", "1.23 ms"),
    ],
)
def test_words(bar: Bar, required: str, shown: str) -> None:
    assert bar.required == required
    assert bar.shown(1.2345) == shown
