"""The codecs beside each other: values, weak shapes, and messages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from . import codec_process, subjects
from .codec_process import CodecProcess
from .figures import Figure, Part
from .rounds import Progress, Side, measure
from .subjects import CODEC, GUNICORN, MESSAGES, MSGPACK, MSGSPEC, PYTHON, WEAK, C, Name

TITLES = {
    CODEC: "Codec: times as fast, and time per call",
    WEAK: "Codec, weak shapes",
    MESSAGES: "Messages and connections",
}
RIVALS = {
    CODEC: (GUNICORN, MSGSPEC, MSGPACK),
    WEAK: (GUNICORN, MSGSPEC, MSGPACK),
    MESSAGES: (GUNICORN, PYTHON),
}


@dataclass(frozen=True)
class CodecPlan:
    """How long to measure: rounds per figure, and the least length of one sample."""

    rounds: int
    sample_s: float


FULL = CodecPlan(rounds=21, sample_s=0.015)
QUICK = CodecPlan(rounds=9, sample_s=0.004)


def parts(keys: list[str], plan: CodecPlan, progress: Progress) -> Iterator[Part]:
    """Measure the parts of these keys."""
    if not keys:
        return
    progress("codec: starting")
    with contextlib.ExitStack() as stack:
        pure = stack.enter_context(codec_process.running(pure=True))
        # Where there is no C codec, this one times the rivals alone.
        native = stack.enter_context(codec_process.running(pure=False))
        owners = dict.fromkeys(native.names, native) | dict.fromkeys(pure.names, pure)
        ours = C if native.implementation == "c" else PYTHON
        for key in keys:
            rivals = tuple(side for side in RIVALS[key] if side != ours)
            yield Part(key, TITLES[key], ours, rivals, _figures(key, owners, plan, progress))


def _figures(
    part: str, owners: dict[Name, CodecProcess], plan: CodecPlan, progress: Progress
) -> list[Figure]:
    figures: list[Figure] = []
    wanted = [name for name in owners if name.part == part]
    for key in dict.fromkeys(name.key for name in wanted):
        names = [name for name in wanted if name.key == key]
        title = next(name.title for name in names if name.title)
        progress(f"{part}: {title}")
        sides = {name.side: _side(name, owners[name], plan) for name in _in_order(names)}
        figures += measure([Figure(key, title, "s")], sides, plan.rounds)
    return figures


def _in_order(names: list[Name]) -> list[Name]:
    order = (C, PYTHON, subjects.GUNICORN, MSGSPEC, MSGPACK, subjects.COPY)
    return sorted(names, key=lambda name: order.index(name.side))


def _side(name: Name, process: CodecProcess, plan: CodecPlan) -> Side:
    calls = 0

    def warm_up() -> None:
        nonlocal calls
        calls = process.calls_in(name, plan.sample_s)

    def take() -> tuple[float, ...]:
        return (process.seconds_per_call(name, calls),)

    return Side(take, warm_up)
