"""Encoding and decoding: gdproto, gunicorn's TLV and msgpack on the same values."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from timeit import Timer
from typing import Any

import msgpack  # type: ignore[import-untyped]
from gunicorn.dirty.tlv import TLVEncoder  # type: ignore[import-untyped]

import gdproto

from .payloads import Payload, all_payloads
from .samples import BenchmarkError, Ratio, Series, geometric_mean, times_as_fast

OURS = "gdproto"
GUNICORN = "gunicorn"
MSGPACK = "msgpack"
RIVALS = (GUNICORN, MSGPACK)
OPERATIONS = ("encode", "decode")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class CodecPlan:
    """How long to measure: rounds per figure, and the least length of one sample."""

    rounds: int
    sample_s: float


FULL = CodecPlan(rounds=15, sample_s=0.03)
QUICK = CodecPlan(rounds=7, sample_s=0.01)


@dataclass(frozen=True)
class Implementation:
    """One codec, called as its own project calls it."""

    name: str
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


IMPLEMENTATIONS = (
    Implementation(OURS, gdproto.encode, gdproto.decode),
    Implementation(GUNICORN, TLVEncoder.encode, TLVEncoder.decode_full),
    Implementation(MSGPACK, msgpack.packb, msgpack.unpackb),
)


@dataclass(frozen=True)
class CodecFigure:
    """One operation on one payload; the series are seconds per call, by implementation."""

    payload: Payload
    operation: str
    series_s: dict[str, Series]

    def ratio_to(self, rival: str) -> Ratio:
        """How many times as fast as `rival` gdproto is."""
        return times_as_fast(self.series_s[OURS], self.series_s[rival])


def measure(plan: CodecPlan, progress: Progress) -> list[CodecFigure]:
    """Time every operation on every payload, after checking that the codecs agree."""
    figures = []
    for payload in all_payloads():
        _check(payload)
        for operation in OPERATIONS:
            progress(f"codec: {operation} {payload.title}")
            figures.append(_measure_one(payload, operation, plan))
    return figures


def mean_ratio(figures: list[CodecFigure], rival: str, operation: str | None = None) -> float:
    """The geometric mean of the ratios to `rival`, of one operation or of both."""
    return geometric_mean(
        figure.ratio_to(rival) for figure in figures if operation in (None, figure.operation)
    )


def _check(payload: Payload) -> None:
    """Refuse to time codecs that disagree: each must round-trip, and the TLV bytes be equal."""
    encoded = {codec.name: codec.encode(payload.value) for codec in IMPLEMENTATIONS}
    if encoded[OURS] != encoded[GUNICORN]:
        raise BenchmarkError(f"{payload.title}: gdproto and gunicorn encode it differently")
    for codec in IMPLEMENTATIONS:
        if codec.decode(encoded[codec.name]) != payload.value:
            raise BenchmarkError(f"{payload.title}: {codec.name} does not decode what it encoded")


def _measure_one(payload: Payload, operation: str, plan: CodecPlan) -> CodecFigure:
    timers = {codec.name: _timer(codec, payload, operation) for codec in IMPLEMENTATIONS}
    repeats = {name: _calibrate(timer, plan.sample_s) for name, timer in timers.items()}
    series = {name: Series() for name in timers}
    for name in _interleaved(list(timers), plan.rounds):
        gc.collect()
        series[name].add(timers[name].timeit(repeats[name]) / repeats[name])
    return CodecFigure(payload, operation, series)


def _timer(codec: Implementation, payload: Payload, operation: str) -> Timer:
    """A timer of one call with its operands in local variables. timeit turns the GC off."""
    call: Callable[[Any], Any] = codec.encode if operation == "encode" else codec.decode
    operand = payload.value if operation == "encode" else codec.encode(payload.value)
    return Timer(
        "call(operand)",
        setup="call = bound_call; operand = bound_operand",
        globals={"bound_call": call, "bound_operand": operand},
    )


def _calibrate(timer: Timer, sample_s: float) -> int:
    """How many calls make a sample of at least about `sample_s`; finding out is the warm-up."""
    repeats = 1
    while True:
        taken_s = timer.timeit(repeats)
        if taken_s >= sample_s:
            return repeats
        growth = 1.2 * sample_s / max(taken_s, 1e-9)
        repeats = int(repeats * min(max(growth, 1.5), 10.0)) + 1


def _interleaved(names: list[str], rounds: int) -> Iterator[str]:
    """Each name once per round; every other round runs backwards, so none is always first."""
    for index in range(rounds):
        yield from names if index % 2 == 0 else reversed(names)
