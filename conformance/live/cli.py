"""`gdproto conformance live` and `gdproto conformance replay`: judge a running peer.

Exit status: 0 when all is as it should be; 1 when a script failed, timed out, crashed or passed
unexpectedly, or a known failure is stale; 2 when nothing could be judged.
"""

from __future__ import annotations

import shlex
import shutil
import socket
from fnmatch import fnmatchcase
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

import gdproto

from ..judging import known_failures
from ..judging.outcomes import BAD, Outcome, Result, Run, ended_line, started_line
from . import scripts
from .judge import TOGETHER, Peer, judged
from .record import record
from .replay import Replay
from .script import Crashed, Script
from .stages import APP, BROKEN_APP, ArbiterStage, Terms
from .transcript import Transcript
from .transcript import read as read_transcript
from .wire import Mismatch

RESULTS, TRANSCRIPTS = "results.jsonl", "transcripts"
# What an arbiter answers that serves something else.
NOT_SERVED = ("DirtyAppNotFoundError", "DirtyNoWorkersAvailableError")
COLOURS = {Outcome.PASS: "green", Outcome.UNSUPPORTED: "dim"}
LIMIT_S = Terms.limit_s

path_type = click.Path(path_type=Path)
file_type = click.Path(exists=True, dir_okay=False, path_type=Path)
limit_option = click.option(
    "--limit",
    "limit_s",
    default=LIMIT_S,
    show_default=True,
    metavar="S",
    help="Seconds to wait for what must come.",
)


class Unjudged(click.ClickException):
    """Nothing could be judged."""

    exit_code = 2


@click.command("live")
@click.option("--arbiter", metavar="SOCKET", help="Judge the arbiter that serves there.")
@click.option("--worker", metavar="CMD", help="Judge the worker that this command starts.")
@click.option("--client", metavar="CMD", help="Judge the client that this command runs.")
@click.option("--name", metavar="NAME", help="What the results call it.  [default: its role]")
@click.option("--app", default=APP, metavar="PATH", help="How the conformance app is called.")
@click.option("--broken-app", default=BROKEN_APP, metavar="PATH", help="How the broken one is.")
@click.option(
    "--worker-timeout",
    "worker_timeout_s",
    default=0.0,
    metavar="S",
    help="After how long a silence the arbiter kills a worker.",
)
@click.option("--only", multiple=True, metavar="GLOB", help="Only scripts with such an id.")
@click.option("--requirement", multiple=True, metavar="ID", help="Only scripts that prove this.")
@click.option("--known", type=file_type, metavar="FILE", help="The list of known failures.")
@click.option("--out", type=path_type, metavar="DIR", help=f"Write {RESULTS} and transcripts.")
@click.option("--jobs", default=TOGETHER, show_default=True, metavar="N", help="Scripts at once.")
@click.option("--list", "only_list", is_flag=True, help="Tell the scripts, and play none.")
@limit_option
def live(
    arbiter: str | None,
    worker: str | None,
    client: str | None,
    name: str | None,
    app: str,
    broken_app: str,
    worker_timeout_s: float,
    only: tuple[str, ...],
    requirement: tuple[str, ...],
    known: Path | None,
    out: Path | None,
    jobs: int,
    only_list: bool,
    limit_s: float,
) -> None:
    """Judge a running arbiter, or a worker or client that is started for it.

    Scripts play the opposite role on real sockets. What is served, and how a client is run, is
    told by the guide "Judge your arbiter, worker or client".
    """
    if jobs < 1 or limit_s <= 0:
        raise click.UsageError("--jobs and --limit are above 0")
    peer = _peer(arbiter, worker, client, name)
    chosen = _chosen(peer.role, only, requirement)
    if only_list:
        for script in chosen:
            click.echo(f"{script.id}: {script.text} ({', '.join(script.requires)})")
        return
    entries = _known(known)
    terms = Terms(app, broken_app, limit_s, worker_timeout_s)
    again = f"gdproto conformance live --{peer.role} {shlex.quote(peer.address)}"
    run = Run(peer.name, command=again, declaration={"roles": [peer.role]})
    if peer.role == "arbiter":
        _check_app(peer.address, terms)
    else:
        _check_command(peer.role, peer.address)
    _play(peer, chosen, terms, entries, run, out, jobs)
    complete = not only and not requirement
    run.complaints += known_failures.stale(entries, run.results.values(), complete)
    if out is not None:
        lines = [started_line(run), *(one.to_line() for one in run.results.values())]
        (out / RESULTS).write_text("".join([*lines, ended_line(run)]))
    _sum_up(run)
    if run.failed:
        raise SystemExit(1)


def _peer(arbiter: str | None, worker: str | None, client: str | None, name: str | None) -> Peer:
    given = {"arbiter": arbiter, "worker": worker, "client": client}
    named = {role: address for role, address in given.items() if address}
    if len(named) != 1:
        raise click.UsageError("give one of --arbiter SOCKET, --worker CMD and --client CMD")
    ((role, address),) = named.items()
    if role == "arbiter":
        _check_socket(address)
    return Peer(name or role, role, address)


def _check_socket(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError as error:
            raise Unjudged(f"no arbiter answers at {path}: {error.strerror or error}") from None


def _check_command(role: str, command: str) -> None:
    """Raises Unjudged where the command names no program: each script would say so."""
    try:
        program = next(iter(shlex.split(command)), "")
    except ValueError as error:
        raise Unjudged(f"--{role} {command}: {str(error).lower()}") from None
    if shutil.which(program) is None:
        raise Unjudged(f"--{role} {command}: there is no program {program}")


def _check_app(path: str, terms: Terms) -> None:
    """Raises Unjudged where the arbiter says that it has no such app; all else is for scripts."""
    stage = ArbiterStage(terms, Transcript("", "arbiter"), socket_path=path)
    try:
        wire = stage.connect()
        wire.send(stage.request(1, "counters"))
        answer = wire.next_outcome("an answer to counters", terms.limit_s)
    except (Crashed, Mismatch):
        return
    finally:
        stage.close()
    if isinstance(answer, gdproto.Error) and answer.error_type in NOT_SERVED:
        raise Unjudged(f"{answer.message}: serve {APP}, or give --app PATH")


def _chosen(role: str, only: tuple[str, ...], requirement: tuple[str, ...]) -> list[Script]:
    of_role = [script for script in scripts().values() if script.role == role]
    chosen = [
        script
        for script in of_role
        if (not only or any(fnmatchcase(script.id, glob) for glob in only))
        and (not requirement or set(requirement) & set(script.requires))
    ]
    if not chosen:
        raise Unjudged("no script is chosen: see --list")
    return chosen


def _known(path: Path | None) -> tuple[known_failures.Entry, ...]:
    try:
        return known_failures.read(path) if path else ()
    except known_failures.KnownError as error:
        raise Unjudged(str(error)) from None


def _play(
    peer: Peer,
    chosen: list[Script],
    terms: Terms,
    entries: tuple[known_failures.Entry, ...],
    run: Run,
    out: Path | None,
    jobs: int,
) -> None:
    """Play the scripts, and tell of each that is not simply right."""
    transcripts = None if out is None else out / TRANSCRIPTS
    if transcripts is not None:
        transcripts.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False, soft_wrap=True)
    with console.status("") as shown:
        for number, result in enumerate(judged(peer, chosen, terms, transcripts, jobs), 1):
            shown.update(f"{number} of {len(chosen)} scripts")
            result = known_failures.excuse(result, entries)
            run.results[result.case] = result
            if result.outcome is not Outcome.PASS:
                console.print(_line(result))


def _line(result: Result) -> str:
    colour = "red" if result.outcome in BAD else COLOURS.get(result.outcome, "yellow")
    outcome = f"[{colour}]{result.outcome}[/]"
    return f"{outcome} {result.case} ({', '.join(result.requires)}): {escape(result.reason)}"


def _sum_up(run: Run) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for complaint in run.complaints:
        console.print(f"[red]{escape(complaint)}[/]")
    counts = ", ".join(f"{count} {outcome}" for outcome, count in run.counts().items() if count)
    console.print(f"{run.testee}: {counts}")


@click.command("replay")
@click.argument("transcript", type=file_type)
@click.option("--arbiter", required=True, metavar="SOCKET", help="Where it is replayed.")
@limit_option
def replay(transcript: Path, arbiter: str, limit_s: float) -> None:
    """Send what a TRANSCRIPT says again, and compare what comes."""
    try:
        recorded = read_transcript(transcript)
    except ValueError as error:
        raise Unjudged(str(error)) from None
    if recorded.role != "arbiter":
        raise Unjudged(f"{transcript} is of a {recorded.role}: only an arbiter is replayed at")
    if any(entry.cut for entry in recorded.entries if entry.did == "sent"):
        raise Unjudged(f"{transcript} does not hold all that was sent")
    differences = 0
    try:
        for step in Replay(recorded, arbiter, Terms(limit_s=limit_s)):
            if step.differs:
                differences += 1
                click.echo(f"wire {step.wire}: {step.recorded} before, {step.replayed} now")
            elif not step.same_payload:
                differences += 1
                click.echo(f"wire {step.wire}: {step.recorded}, with another payload")
    except Crashed as error:
        raise Unjudged(str(error)) from None
    click.echo(_counted(differences))
    if differences:
        raise SystemExit(1)


def _counted(differences: int) -> str:
    if not differences:
        return "the same"
    return "1 difference" if differences == 1 else f"{differences} differences"


def mount(group: click.Group) -> None:
    """Add the commands to `gdproto conformance`."""
    for command in (live, replay, record):
        group.add_command(command)
