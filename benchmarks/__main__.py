"""``python -m benchmarks``: measure and report."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import click
from rich.console import Console

from . import clients, codec, machine, report, runtime
from .samples import BenchmarkError


@click.command()
@click.option("--only", type=click.Choice(["codec", "runtime"]), help="Measure one part alone.")
@click.option("--side", type=click.Choice(clients.SIDES), help="Measure one arbiter alone.")
@click.option("--quick", is_flag=True, help="Take about a minute, at rougher figures.")
@click.option("--markdown", is_flag=True, help="Print Markdown in place of tables.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Also write every figure and round to this file.",
)
def main(
    only: str | None, side: str | None, quick: bool, markdown: bool, json_file: Path | None
) -> None:
    """Time the codec against gunicorn and msgpack, and the runtime against gunicorn's.

    Run it from the root of the checkout, on a machine that does nothing else.
    """
    signal.signal(signal.SIGTERM, _leave)
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise click.BadParameter("its directory does not exist", param_hint="--json")
    sides = clients.SIDES if side is None else (side,)
    try:
        results = _measure(only, sides, quick)
        _write_json(results, json_file)
    except BenchmarkError as error:
        raise click.ClickException(str(error)) from error
    if markdown:
        click.echo(report.as_markdown(results))
    else:
        report.print_tables(results)


def _leave(number: int, frame: object) -> None:
    """End as by an exception, so that the arbiters are ended too."""
    raise SystemExit(128 + number)


def _measure(only: str | None, sides: tuple[str, ...], quick: bool) -> report.Results:
    load_per_core = machine.load_per_core()
    with Console(stderr=True).status("") as status:

        def progress(step: str) -> None:
            status.update(step)

        codec_figures = runtime_figures = None
        if only != "runtime":
            codec_figures = codec.measure(codec.QUICK if quick else codec.FULL, progress)
        if only != "codec":
            plan = runtime.QUICK if quick else runtime.FULL
            runtime_figures = runtime.measure(plan, sides, progress)
    return report.Results(machine.describe(), load_per_core, quick, codec_figures, runtime_figures)


def _write_json(results: report.Results, json_file: Path | None) -> None:
    if json_file is None:
        return
    try:
        json_file.write_text(json.dumps(report.as_json(results), indent=2) + "\n")
    except OSError as error:
        raise BenchmarkError(f"cannot write the figures: {error.strerror}") from error


if __name__ == "__main__":
    main()
