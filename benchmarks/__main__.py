"""``python -m benchmarks``: measure and report."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from rich.console import Console

from . import (
    byreference,
    calls,
    capacity,
    clients,
    codec,
    connections,
    floor,
    gathering,
    idle,
    importing,
    instructions,
    large,
    machine,
    models,
    one_core,
    peers,
    plot,
    pool,
    preload,
    publish,
    report,
    starting,
    terminal,
)
from .figures import Part, Results
from .rounds import Progress
from .samples import BenchmarkError
from .stage import FULL, QUICK, Plan, Stage, stage

LATEST = Path(__file__).with_name("results") / "latest.json"
CODEC_PARTS = tuple(codec.TITLES)
Measure = Callable[[Stage, Plan], Part | None]
RUNTIME_PARTS: dict[str, Measure] = {
    module.KEY: module.part
    for module in (importing, idle, calls, floor, one_core, pool, connections, large)
}
# With arbiters of their own, and half a minute each: left out of a quick run.
SERVICE_PARTS: dict[str, Measure] = {
    module.KEY: module.part
    for module in (starting, gathering, preload, models, capacity, byreference)
}
PARTS = (*CODEC_PARTS, instructions.KEY, *RUNTIME_PARTS, *SERVICE_PARTS, *peers.KEYS)


@click.command()
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Measure this part alone.")
@click.option("--side", type=click.Choice(clients.SIDES), help="Measure one arbiter alone.")
@click.option("--quick", is_flag=True, help="Take about a minute, at rougher figures.")
@click.option("--markdown", is_flag=True, help="Print Markdown in place of tables.")
@click.option("--publish", "to_publish", is_flag=True, help="Put the results into the documents.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    default=LATEST,
    help="Where to write every figure and round; a plot goes beside it.",
)
def main(
    only: tuple[str, ...],
    side: str | None,
    quick: bool,
    markdown: bool,
    to_publish: bool,
    json_file: Path,
) -> None:
    """Measure codec and runtime against gunicorn and others.

    Run it from the root of the checkout, on a machine that does nothing else.
    """
    if to_publish and (only or side or quick):
        raise click.UsageError("only a full run is published")
    signal.signal(signal.SIGTERM, _leave)
    connections.allow_many_files()
    sides = clients.SIDES if side is None else (side,)
    try:
        results = _measure(only or PARTS, sides, quick, explicit=bool(only))
        _write(results, json_file)
        if to_publish:
            publish.publish(results)
    except BenchmarkError as error:
        raise click.ClickException(str(error)) from error
    if markdown:
        click.echo(report.markdown(results))
    else:
        terminal.show(results)


def _leave(number: int, frame: object) -> None:
    """End as by an exception, so that the arbiters are ended too."""
    raise SystemExit(128 + number)


def _measure(
    keys: tuple[str, ...], sides: tuple[str, ...], quick: bool, *, explicit: bool
) -> Results:
    facts = machine.describe()
    with Console(stderr=True).status("") as status:
        parts = list(_parts(keys, sides, quick, explicit, status.update))
    return Results(facts, quick, parts)


def _parts(
    keys: tuple[str, ...], sides: tuple[str, ...], quick: bool, explicit: bool, progress: Progress
) -> Iterator[Part]:
    of_codec = [key for key in CODEC_PARTS if key in keys]
    yield from codec.parts(of_codec, codec.QUICK if quick else codec.FULL, progress)
    # Counting takes a minute by itself.
    if instructions.KEY in keys and (explicit or not quick):
        counted = instructions.part(progress)
        if counted is None and explicit:
            raise BenchmarkError("instructions are counted by valgrind, which is not installed")
        yield from [counted] if counted else []
    with stage(sides, progress) as running:
        measures = RUNTIME_PARTS | (SERVICE_PARTS if explicit or not quick else {})
        for key in [key for key in measures if key in keys]:
            measured = measures[key](running, QUICK if quick else FULL)
            if measured is None and explicit:
                raise BenchmarkError(f"{key}: the system does not permit it")
            yield from [measured] if measured else []
        # Building them takes a minute by itself, and measuring another for each.
        if explicit or not quick:
            yield from peers.parts(keys, running, FULL)


def _write(results: Results, json_file: Path) -> None:
    try:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(results.as_json(), indent=1) + "\n")
        json_file.with_suffix(".svg").write_text(plot.svg(results))
    except OSError as error:
        raise BenchmarkError(f"cannot write the figures: {error.strerror}") from error


if __name__ == "__main__":
    main()
