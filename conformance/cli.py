"""Judge a peer: by the vectors, or live on real sockets; report, and compare.

Exit status: 0 when all is as it should be; 1 when a case failed, crashed, timed out or passed
unexpectedly, or a known failure is stale; 2 when nothing could be judged.
"""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from .cases import KINDS, Case, is_large, load
from .judging import difference, known_failures
from .judging.outcomes import BAD, MEANINGS, Outcome, Result, Run, ended_line, read, started_line
from .live.cli import mount
from .running.process import last_lines
from .running.runner import TIMEOUT_S, RunError, Runner, again

RESULTS = "results.jsonl"
# Of so many failures it is told what was asked and came.
DETAILED = 5
COLOURS = {
    Outcome.PASS: "green",
    Outcome.NON_STRICT: "yellow",
    Outcome.KNOWN_FAILURE: "yellow",
    Outcome.UNSUPPORTED: "dim",
}

path_type = click.Path(path_type=Path)
file_type = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("conformance", help=__doc__)
def group() -> None:
    pass


class Unjudged(click.ClickException):
    """Nothing could be judged."""

    exit_code = 2


@group.command("run")
@click.option("--testee", "command", required=True, metavar="CMD", help="How it is started.")
@click.option("--only", multiple=True, metavar="GLOB", help="Only cases with such an id.")
@click.option("--requirement", multiple=True, metavar="ID", help="Only cases that prove this.")
@click.option(
    "--area",
    multiple=True,
    metavar="NAME",
    help=f"Only its cases: a file, or {', '.join(KINDS)}.",
)
@click.option("--without-large", is_flag=True, help="Leave out cases of a megabyte and more.")
@click.option("--out", type=path_type, metavar="DIR", help=f"Write {RESULTS} there.")
@click.option("--known", type=file_type, metavar="FILE", help="The list of known failures.")
@click.option(
    "--timeout",
    default=TIMEOUT_S,
    show_default=True,
    metavar="S",
    help="Seconds for each case, and for the start.",
)
@click.option("--jobs", default=1, show_default=True, metavar="N", help="Processes at once.")
def run_command(
    command: str,
    only: tuple[str, ...],
    requirement: tuple[str, ...],
    area: tuple[str, ...],
    without_large: bool,
    out: Path | None,
    known: Path | None,
    timeout: float,
    jobs: int,
) -> None:
    """Ask a testee every case of the vectors.

    A testee is a program that speaks the testee contract on stdin and stdout.
    """
    if timeout <= 0 or jobs <= 0:
        raise click.UsageError("--timeout and --jobs are above 0")
    everything = load()
    cases = chosen(everything, only, requirement, area, without_large=without_large)
    try:
        words = shlex.split(command)
        entries = known_failures.read(known) if known else ()
        with _ending_on_term(), _sink(out) as sink:
            runner = Runner(
                words,
                cases,
                known=entries,
                everything=everything,
                timeout_s=timeout,
                jobs=jobs,
            )
            with runner:
                run = _watched(runner, command, sink)
    except RunError as error:
        words = [f"stderr: {line}" for line in error.words]
        raise Unjudged("\n".join([str(error), *words])) from None
    except (known_failures.KnownError, ValueError, OSError) as error:
        raise Unjudged(str(error)) from None
    summarise(run)
    if out is not None and any(one.outcome in BAD for one in run.results.values()):
        results = shlex.quote(str(out / RESULTS))
        click.echo(f"gdproto conformance report {results} --html report.html shows the bytes")
    sys.exit(1 if run.failed else 0)


def chosen(
    cases: dict[str, Case],
    only: tuple[str, ...],
    requirement: tuple[str, ...],
    area: tuple[str, ...] = (),
    *,
    without_large: bool = False,
) -> list[Case]:
    """The cases that fit any glob, prove any requirement, and are of any area or kind.

    Raises UsageError for none, and for an area that is not there.
    """
    known = {name for case in cases.values() for name in (case.area, case.kind)}
    if unknown := set(area) - known:
        raise click.UsageError(f"no area {min(unknown)}: there are {', '.join(sorted(known))}")
    found = [
        case
        for case in cases.values()
        if (not only or any(fnmatchcase(case.id, glob) for glob in only))
        and (not requirement or set(requirement).intersection(case.requires))
        and (not area or {case.area, case.kind}.intersection(area))
        and not (without_large and is_large(case))
    ]
    if not found:
        raise click.UsageError("no case fits")
    return found


@contextmanager
def _ending_on_term() -> Iterator[None]:
    """Let TERM end the run as an interrupt does, so that its processes end too."""

    def end(*_: object) -> None:
        sys.exit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _sink(out: Path | None) -> Iterator[TextIO | None]:
    if out is None:
        yield None
        return
    out.mkdir(parents=True, exist_ok=True)
    with (out / RESULTS).open("w") as sink:
        yield sink


def _watched(runner: Runner, command: str, sink: TextIO | None) -> Run:
    """Run it, showing how it goes and writing the results as they come."""
    introduction = runner.introduction
    run = Run(introduction.name, declaration=introduction.said, command=again(command))

    def write(line: str) -> None:
        if sink is not None:
            sink.write(line)
            sink.flush()

    write(started_line(run))
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[bad]} bad"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(run.testee, total=len(runner.cases), bad=0)
        for result in runner.results():
            run.results[result.case] = result
            write(result.to_line())
            bad = sum(one.outcome in BAD for one in run.results.values())
            if result.outcome in BAD:
                lines = [_line(result), *_details(result, bad <= DETAILED)]
                lines.append(f"    again: {run.command} --only {shlex.quote(result.case)}")
                told = "\n".join(lines)
                console.print(told, markup=False, highlight=False, soft_wrap=True)
            progress.update(task, advance=1, bad=bad)
    run.complaints += runner.complaints
    write(ended_line(run))
    return run


def _line(result: Result) -> str:
    return f"{result.outcome}  {result.case}  {result.reason}  ({', '.join(result.requires)})"


def _details(result: Result, whole: bool) -> Iterator[str]:
    """What was asked and came, where `whole`; of a crash the last words."""
    if whole:
        yield from (f"    {line}" for line in difference.lines(result))
    if result.outcome is Outcome.CRASHED:
        for line in last_lines(result.stderr):
            yield f"    stderr: {line}"


def summarise(run: Run) -> None:
    """Print how many cases had each outcome, and what else is wrong."""
    console = Console()
    table = Table(title=f"{run.testee}, {run.declaration.get('version', '')}", title_justify="left")
    table.add_column("outcome")
    table.add_column("cases", justify="right")
    table.add_column("that is")
    for outcome, count in run.counts().items():
        if count:
            table.add_row(outcome, str(count), MEANINGS[outcome], style=COLOURS.get(outcome, "red"))
    console.print(table)
    for complaint in run.complaints:
        console.print(complaint, style="red", markup=False, highlight=False, soft_wrap=True)


def _read(paths: tuple[Path, ...]) -> list[Run]:
    try:
        runs = read(paths)
    except (OSError, ValueError) as error:
        raise Unjudged(str(error)) from None
    if not runs:
        raise Unjudged("there is no result in these files")
    return runs


results_argument = click.argument("results", nargs=-1, required=True, type=file_type)


@group.command("report")
@results_argument
@click.option("--html", type=path_type, metavar="F", help="A page with the whole matrix.")
@click.option("--junit", type=path_type, metavar="F", help="XML, as CI servers read it.")
@click.option("--markdown", type=path_type, metavar="F", help="Counts and what failed.")
@click.option("--badge", type=path_type, metavar="F", help="An SVG picture of the score.")
def report_command(
    results: tuple[Path, ...],
    html: Path | None,
    junit: Path | None,
    markdown: Path | None,
    badge: Path | None,
) -> None:
    """Write reports of the RESULTS that runs have written."""
    from .reports import badge as badges
    from .reports import junit as junits
    from .reports import markdown as markdowns
    from .reports import matrix

    runs, cases = _read(results), load()
    wanted: list[tuple[Path | None, Callable[[], str]]] = [
        (html, lambda: matrix.render(runs, cases)),
        (junit, lambda: junits.render(runs)),
        (markdown, lambda: markdowns.render(runs)),
        (badge, lambda: badges.render(runs)),
    ]
    if not any(path for path, _ in wanted):
        raise click.UsageError("name a report: --html, --junit, --markdown or --badge")
    for path, made in wanted:
        if path is not None:
            # Half a surrogate pair, which a testee may have sent, has no UTF-8.
            path.write_text(made(), encoding="utf-8", errors="backslashreplace")
            click.echo(f"wrote {path}")


@group.command("diff")
@click.argument("before", type=file_type)
@click.argument("after", type=file_type)
def diff_command(before: Path, after: Path) -> None:
    """Show what changed from the results BEFORE to AFTER. Exits 1 when something got worse."""
    from .reports import changes

    found = changes.between(_read((before,)), _read((after,)))
    click.echo(changes.render(found), nl=False)
    sys.exit(1 if any(one.worse for one in found) else 0)


mount(group)
