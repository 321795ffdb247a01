"""What gdproto is to reach, as data, and whether a run reached it.

Rules: a bar says what is measured, and the least or the most that it may be. A bar whose figures
were not measured in a run is neither met nor missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .figures import Results
from .samples import geometric_mean

OURS, GUNICORN, POOL, RELAY = "gdproto", "gunicorn", "ProcessPoolExecutor", "relay in C"
PEERS = "peers-calls"
C, PYTHON, MSGSPEC, COPY = "gdproto, C", "gdproto, Python", "msgspec", "one copy"
STRUCTURED = ("small_request", "one_token", "embedding", "rows")
FIVE = (*STRUCTURED, "blob")


@dataclass(frozen=True)
class Times:
    """How many times better `ours` is than `rival`, over the figures of one part."""

    part: str
    keys: tuple[str, ...]
    ours: str
    rival: str
    over: Callable[[Iterable[float]], float] = geometric_mean

    def value(self, results: Results) -> float | None:
        """None unless every figure was measured on both sides."""
        figures = results.figures(self.part)
        ratios = [
            figures[key].times_as_good(self.ours, self.rival) for key in self.keys if key in figures
        ]
        found = [ratio.value for ratio in ratios if ratio is not None]
        return self.over(found) if len(found) == len(self.keys) else None


@dataclass(frozen=True)
class TimesAsLong:
    """How many times as long `ours` takes as `rival`."""

    part: str
    keys: tuple[str, ...]
    ours: str
    rival: str

    def value(self, results: Results) -> float | None:
        """The worst of the figures; None unless every one was measured on both sides."""
        best = Times(self.part, self.keys, self.ours, self.rival, min).value(results)
        return None if best is None else 1.0 / best


@dataclass(frozen=True)
class Value:
    """The median of one side's figure, in `unit`, of which there are `per` to the figure's own."""

    part: str
    key: str
    side: str
    unit: str
    per: float = 1.0

    def value(self, results: Results) -> float | None:
        """None if it was not measured."""
        figure = results.figures(self.part).get(self.key)
        if figure is None or self.side not in figure.series:
            return None
        return figure.series[self.side].median * self.per


@dataclass(frozen=True)
class Bar:
    """One bar; exactly one of `least` and `most` is a number."""

    key: str
    title: str
    measure: Times | TimesAsLong | Value
    least: float | None = None
    most: float | None = None

    @property
    def required(self) -> str:
        """The limit in words."""
        sign, limit = ("≥", self.least) if self.least is not None else ("<", self.most)
        if not isinstance(self.measure, Value):
            sign = "≥" if self.least is not None else "≤"
        return f"{sign} {limit:g}{self._unit}"

    def shown(self, value: float) -> str:
        """A measured value in words."""
        return f"{value:,.3g}{self._unit}" if value < 100 else f"{value:,.0f}{self._unit}"

    @property
    def _unit(self) -> str:
        return f" {self.measure.unit}" if isinstance(self.measure, Value) else "×"

    def is_met(self, value: float) -> bool:
        """Whether `value` reaches it."""
        if self.least is not None:
            return value >= self.least
        assert self.most is not None
        return value < self.most if isinstance(self.measure, Value) else value <= self.most


@dataclass(frozen=True)
class Verdict:
    """A bar in the light of a run; `value` is None where it was not measured."""

    bar: Bar
    value: float | None

    @property
    def is_met(self) -> bool | None:
        """None where it was not measured."""
        return None if self.value is None else self.bar.is_met(self.value)


def judge(results: Results) -> list[Verdict]:
    """The bars of the parts that were measured, in order."""
    measured = {part.key for part in results.parts}
    concerned = [bar for bar in BARS if bar.measure.part in measured]
    return [Verdict(bar, bar.measure.value(results)) for bar in concerned]


def _keys(operation: str, payloads: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{operation}.{payload}" for payload in payloads)


_BOTH = (*_keys("encode", FIVE), *_keys("decode", FIVE))
_BLOB = ("encode.blob", "decode.blob")


def _runtime(key: str, title: str, least: float, part: str = "runtime") -> Bar:
    return Bar(
        f"{part}.{key}", f"{title}, against gunicorn", Times(part, (key,), OURS, GUNICORN), least
    )


def _peer(name: str, language: str, rival: str) -> tuple[Bar, ...]:
    return tuple(
        Bar(
            f"peer-{name}.{operation}",
            f"{language}, {operation}, mean of five payloads, against {rival}",
            Times(f"peer-{name}", _keys(operation, FIVE), OURS, rival),
            least=1.0,
        )
        for operation in ("encode", "decode")
    )


BARS = (
    Bar(
        "codec.encode.msgspec",
        "C codec, encode, mean of five payloads, against msgspec",
        Times("codec", _keys("encode", FIVE), C, MSGSPEC),
        least=1.4,
    ),
    Bar(
        "codec.decode.msgspec",
        "C codec, decode, mean of five payloads, against msgspec",
        Times("codec", _keys("decode", FIVE), C, MSGSPEC),
        least=1.15,
    ),
    Bar(
        "codec.least.msgspec",
        "C codec, the weakest of these ten, against msgspec",
        Times("codec", _BOTH, C, MSGSPEC, min),
        least=0.95,
    ),
    Bar(
        "codec.encode.gunicorn",
        "C codec, encode, mean of four structured payloads, against gunicorn",
        Times("codec", _keys("encode", STRUCTURED), C, GUNICORN),
        least=50,
    ),
    Bar(
        "codec.decode.gunicorn",
        "C codec, decode, mean of four structured payloads, against gunicorn",
        Times("codec", _keys("decode", STRUCTURED), C, GUNICORN),
        least=25,
    ),
    Bar(
        "codec.copy",
        "C codec, 1 MiB of bytes, the slower way, times as long as one copy",
        TimesAsLong("codec", _BLOB, C, COPY),
        most=1.3,
    ),
    Bar(
        "python.encode.gunicorn",
        "Python codec, encode, mean of five payloads, against gunicorn",
        Times("codec", _keys("encode", FIVE), PYTHON, GUNICORN),
        least=3,
    ),
    Bar(
        "python.decode.gunicorn",
        "Python codec, decode, mean of five payloads, against gunicorn",
        Times("codec", _keys("decode", FIVE), PYTHON, GUNICORN),
        least=2.2,
    ),
    Bar(
        "messages.peek",
        "peek_request in C, a small REQUEST and one with 1,000 rows, the weaker, against Python",
        Times("messages", ("peek.request", "peek.rows"), C, PYTHON, min),
        least=20,
    ),
    *_peer("go", "Go", "vmihailenco/msgpack"),
    *_peer("typescript", "TypeScript", "@msgpack/msgpack"),
    *_peer("rust", "Rust", "rmp-serde"),
    Bar(
        "peer-c.structured",
        "C11, encode and decode, mean of four structured payloads, against msgpack-c",
        Times(
            "peer-c",
            (*_keys("encode", STRUCTURED), *_keys("decode", STRUCTURED)),
            OURS,
            "msgpack-c",
        ),
        least=2,
    ),
    Bar(
        "peer-c.blob",
        "C11, 1 MiB of bytes, the slower way, as fast as one copy",
        Times("peer-c", _BLOB, OURS, COPY, min),
        least=0.9,
    ),
    Bar(
        "peers-calls.go",
        "Go's client, round trip, p50, times as long as Python's",
        TimesAsLong(PEERS, ("go",), OURS, "Python"),
        most=1.0,
    ),
    Bar(
        "peers-calls.rust",
        "Rust's client, round trip, p50, times as long as Python's",
        TimesAsLong(PEERS, ("rust",), OURS, "Python"),
        most=1.0,
    ),
    _runtime("round_trip_p50", "round trip, p50", 5),
    _runtime("parallel_calls", "32 clients in 4 processes, calls", 6),
    _runtime("stream_def", "stream of a generator", 20),
    _runtime("stream_async", "stream of an async generator", 8),
    _runtime("echo_1mib_p50", "1 MiB echo", 4),
    _runtime("echo_60mib", "60 MiB echo", 60, "large"),
    Bar(
        "large.beside_p99",
        "small call beside 60 MiB echoes, p99",
        Value("large", "beside_p99", OURS, "ms", 1e3),
        most=10,
    ),
    Bar(
        "large.arbiter_memory",
        "arbiter's memory above idle during 60 MiB echoes",
        Value("large", "arbiter_memory", OURS, "MB", 1e-6),
        most=8,
    ),
    Bar(
        "floor.round_trip",
        "round trip, p50, times as long as the relay in C",
        TimesAsLong("floor", ("round_trip_p50",), OURS, RELAY),
        most=2,
    ),
    Bar(
        "one_core.round_trip",
        "round trip on one core, p50, times as long as the relay in C",
        TimesAsLong("one_core", ("round_trip_p50",), OURS, RELAY),
        most=2.5,
    ),
    Bar(
        "pool.round_trip",
        "round trip, p50, against ProcessPoolExecutor",
        Times("pool", ("round_trip_p50",), OURS, POOL),
        least=2,
    ),
    Bar(
        "pool.calls",
        "32 threads of one process, calls, against ProcessPoolExecutor",
        Times("pool", ("threads",), OURS, POOL),
        least=2,
    ),
    Bar(
        "connections.calls",
        "calls with 1,000 connections, against 32 connections",
        Times("connections", ("calls",), "1,000 connections", "32 connections"),
        least=0.8,
    ),
    Bar(
        "floor.stash",
        "stash put and get, p50, the slower, times as long as one hop in C",
        TimesAsLong("floor", ("stash_put_p50", "stash_get_p50"), OURS, RELAY),
        most=3,
    ),
    Bar(
        "import.client",
        "import of the client, times as long as of asyncio and socket",
        TimesAsLong("import", ("client",), OURS, "asyncio, socket"),
        most=1.3,
    ),
    Bar(
        "start.ready",
        "an arbiter for a test, ready",
        Value("start", "ready", OURS, "s"),
        most=1,
    ),
    Bar(
        "gathering.calls",
        "64 callers of a batched model, calls, against perfect batches",
        Times("gathering", ("calls",), OURS, "perfect batches"),
        least=0.9,
    ),
    Bar(
        "gathering.p99",
        "64 callers of a batched model, p99, times as long as a full batch",
        TimesAsLong("gathering", ("p99",), OURS, "perfect batches"),
        most=2.5,
    ),
    Bar(
        "gathering.mosec.calls",
        "64 callers of a batched model, calls, against mosec",
        Times("gathering", ("calls",), OURS, "mosec"),
        least=1.0,
    ),
    Bar(
        "gathering.mosec.p99",
        "64 callers of a batched model, p99, times as long as mosec's",
        TimesAsLong("gathering", ("p99",), OURS, "mosec"),
        most=1.0,
    ),
    Bar(
        "gathering.naps",
        "1,000 coroutines of 100 ms in one worker",
        Value("gathering", "naps", OURS, "ms", 1e3),
        most=150,
    ),
    Bar(
        "gathering.waits",
        "memory of a call that waits, of arbiter or worker",
        Value("gathering", "waits", OURS, "KB", 1e-3),
        most=10,
    ),
    Bar(
        "preload.memory",
        "8 workers with one model of 1 GiB, memory",
        Value("preload", "memory", OURS, "MiB", 2**-20),
        most=1280,
    ),
    Bar(
        "preload.memory_used",
        "the same, after 10,000 calls and a collection in each",
        Value("preload", "memory_used", OURS, "MiB", 2**-20),
        most=1382,
    ),
    Bar(
        "preload.back",
        "a killed worker replaced, with 1 GiB loaded",
        Value("preload", "back", OURS, "ms", 1e3),
        most=60,
    ),
    Bar(
        "preload.back_empty",
        "a killed worker replaced, with nothing loaded",
        Value("preload", "back_empty", OURS, "ms", 1e3),
        most=20,
    ),
    *(
        Bar(
            f"byreference.{key}.{rival}",
            f"{title} by reference, times as long as {rival}",
            TimesAsLong("byreference", (key,), OURS, rival),
            most=most,
        )
        for key, title, most in (("image", "6 MB", 1.3), ("large", "1 GiB", 2.0))
        for rival in ("a copy and a call", "with fresh memory")
    ),
    Bar(
        "byreference.memory",
        "arbiter's memory above idle during 1 GiB by reference",
        Value("byreference", "large_memory", OURS, "MB", 1e-6),
        most=8,
    ),
    Bar("idle.cpu", "idle arbiter", Value("idle", "cpu", OURS, "% of a core"), most=0.1),
)
