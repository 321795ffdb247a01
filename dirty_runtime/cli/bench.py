"""``dirty bench``: load on one's own app, and what follows from how it bears it.

Rules: an arbiter is loaded that was named, or one that is started for it; never one that is only
known from the surroundings, for that may be the one that serves.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import click
from rich.console import Console

from ..app import parse_app_spec
from ..bench import driving
from ..bench.arrivals import poisson
from ..bench.report import Bench, Room
from ..bench.report import bench as measure
from ..bench.steps import Done, Step
from ..errors import DirtyError
from .failing import failure, usage
from .options import client_at, takes_seconds, timeout_option
from .values import arguments_of, from_json, print_json

# Of calls that arrive: so many connections that it is none of them that is waited for.
CONNECTIONS = 8
# Of whatever waits for arrivals, always the same.
SEED = 3
# Each is a descriptor, and so many may be waited for exactly.
MOST_CLIENTS = 500
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


def _time(word: str) -> float:
    """A time such as 50ms, 0.5s or 2. Raises ClickException."""
    unit = next((unit for unit in UNITS if word.endswith(unit)), "")
    number = takes_seconds("--target-p99")(word.removesuffix(unit).strip())
    return number * UNITS.get(unit, 1.0)


class Load(NamedTuple):
    """Who makes calls of the target, for so long each time."""

    target: driving.Target
    duration_s: float

    def closed(self, clients: int) -> list[Done]:
        """Calls of so many clients."""
        return driving.closed(self.target, clients, self.duration_s)

    def arriving(self, rate: float) -> list[Done]:
        """Calls that arrive, so many a second; at least one."""
        arrivals = list(poisson(rate, self.duration_s, Random(SEED))) or [0.0]
        return driving.arriving(self.target, arrivals, CONNECTIONS)


@click.command(short_help="Load an app, and say how many workers it needs.")
@click.option("--app", required=True, metavar="MODULE:CLASS", help="Whose action is called.")
@click.option("--action", required=True, metavar="NAME", help="What is called.")
@click.option("--args", "words", default="[]", metavar="JSON", help="Its arguments, as a list.")
@click.option("--kw", "keywords", multiple=True, metavar="NAME=JSON", help="By name.")
@click.option("--socket", "socket_path", metavar="PATH", help="Load the arbiter that is there.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Of one that is started.")
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Of each of its workers.")
@click.option(
    "--shape",
    type=click.Choice(("open", "closed")),
    default="open",
    show_default=True,
    help="Calls arrive at random, or clients call again when they are answered.",
)
@click.option(
    "--rate",
    "rates",
    type=click.FloatRange(0, min_open=True, max=1e6),
    multiple=True,
    metavar="N",
    help="Calls a second that arrive; several times for several loads.",
)
@click.option(
    "--clients",
    type=click.IntRange(1, MOST_CLIENTS),
    metavar="N",
    help="Of the last closed load.",
)
@click.option(
    "--duration",
    "duration_s",
    default=2.0,
    show_default=True,
    type=takes_seconds("--duration"),
    metavar="SECONDS",
    help="Of each load.",
)
@click.option(
    "--target-p99",
    "target_s",
    type=_time,
    metavar="TIME",
    help="What 99 of a hundred calls are to take, as 50ms: how many workers does that need?",
)
@click.option("--svg", "picture", metavar="FILE", help="Write a picture there.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
@timeout_option
def bench(
    app: str,
    action: str,
    words: str,
    keywords: tuple[str, ...],
    socket_path: str | None,
    workers: int | None,
    threads: int | None,
    shape: str,
    rates: tuple[float, ...],
    clients: int | None,
    duration_s: float,
    target_s: float | None,
    picture: str | None,
    as_json: bool,
    timeout: float,
) -> None:
    """Call an action again and again, with more and more load, and show what that comes to.

    An arbiter is started for it from the current directory, or the one at --socket is loaded.
    """
    if shape == "closed" and rates:
        raise usage("--rate is of --shape open: closed loads have --clients")
    if shape == "open" and clients:
        raise usage("--clients is of --shape closed: open loads have --rate")
    args, kwargs = _arguments(words, keywords)
    path = _path_of(app)
    try:
        with _arbiter(app, socket_path, workers, threads) as where:
            target = driving.Target(where, path, action, tuple(args), kwargs, timeout)
            target.once()
            found = measure(
                Load(target, duration_s),
                _room(where, path, timeout),
                shape,
                clients=clients,
                rates=sorted(rates),
                target_s=target_s,
                told=_tell,
            )
    except DirtyError as error:
        raise failure(error) from None
    _show(found, f"{path} {action}", picture, as_json)


def _arguments(words: str, keywords: tuple[str, ...]) -> tuple[list[Any], dict[str, Any]]:
    args = from_json(words)
    if not isinstance(args, list):
        raise usage("--args is a list of JSON, as in '[1, \"two\"]'")
    return args, arguments_of((), keywords)[1]


def _path_of(app: str) -> str:
    """The path by which the app is called. Raises ClickException."""
    try:
        return parse_app_spec(app).path
    except DirtyError as error:
        raise usage(error.message) from None


@contextlib.contextmanager
def _arbiter(
    app: str, socket_path: str | None, workers: int | None, threads: int | None
) -> Iterator[str]:
    """The socket of the arbiter that is loaded."""
    if socket_path:
        if workers or threads:
            raise usage("--workers and --threads are of an arbiter that is started: leave --socket")
        yield socket_path
        return
    from ..testing import ArbiterError, running

    try:
        starting = running(app, workers=workers or 2, threads=threads or 1, directory=os.getcwd())
        with starting as arbiter:
            yield arbiter.socket_path
    except ArbiterError as error:
        raise click.ClickException(str(error)) from None


def _room(socket_path: str, path: str, timeout_s: float) -> Room:
    """How many workers serve the app, and how many calls they run at once. Raises DirtyError."""
    with client_at(socket_path, timeout_s) as client:
        state = client.status()
    serving = [one for one in state["workers"] if one["booted"] and path in one["apps"]]
    places = sum(one.get("lanes", state.get("threads", 1)) for one in serving)
    return Room(max(len(serving), 1), max(places, 1))


def _tell(step: Step) -> None:
    """That a load is over, to who waits."""
    from ..bench.drawing import shown_load

    click.echo(f"{shown_load(step)}: {step.rate:.1f} answered a second", err=True)


def _show(found: Bench, title: str, picture: str | None, as_json: bool) -> None:
    if picture:
        from ..bench.picture import svg

        try:
            Path(picture).write_text(svg(found, title))
        except OSError as error:
            raise click.ClickException(f"{picture}: {error.strerror}") from None
    if as_json:
        print_json(found.as_json())
        return
    from ..bench.drawing import draw

    Console(markup=False, emoji=False).print(draw(found), soft_wrap=True)
