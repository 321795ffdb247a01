"""A small run, made up, with ratios that can be checked by hand."""

from __future__ import annotations

from benchmarks.figures import Figure, Part, Results
from benchmarks.samples import Series


def figure(key: str, unit: str, **sides: list[float]) -> Figure:
    """Keywords name sides, with `_` for what no keyword may hold."""
    named = {"c": "gdproto, C", "python": "gdproto, Python", "pool": "ProcessPoolExecutor"}
    series = {named.get(side, side): Series(values) for side, values in sides.items()}
    return Figure(key, key.replace("_", " "), unit, series)


def made_up() -> Results:
    codec = [
        figure(f"{operation}.{payload}", "s", c=[1e-6], gunicorn=[factor * 1e-6], msgspec=[2e-6])
        for operation, factor in (("encode", 100.0), ("decode", 26.0))
        for payload in ("small_request", "one_token", "embedding", "rows", "blob")
    ]
    runtime = [
        figure("round_trip_p50", "s", gdproto=[1e-4, 2e-4, 1e-4], gunicorn=[5e-4, 8e-4, 6e-4]),
        figure("parallel_calls", "1/s", gdproto=[9000.0], gunicorn=[3000.0]),
    ]
    large = [
        figure("beside_p99", "s", gdproto=[0.0099]),
        figure("arbiter_memory", "B", gdproto=[0.0], gunicorn=[3.5e8]),
    ]
    idle = [figure("cpu", "%", gdproto=[0.1], gunicorn=[0.2])]
    parts = [
        Part("codec", "Codec", "gdproto, C", ("gunicorn", "msgspec"), codec),
        Part("runtime", "Runtime <here>", "gdproto", ("gunicorn",), runtime),
        Part("large", "60 MiB echoes", "gdproto", ("gunicorn",), large),
        Part("idle", "Idle", "gdproto", ("gunicorn",), idle),
    ]
    return Results({"processor": "one, 2 cores"}, True, parts)
