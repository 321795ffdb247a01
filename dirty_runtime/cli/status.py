"""``dirty status``: how the arbiter is, once, again and again, or when it is as it should be.

Rules: what draws is loaded when something is to be drawn: the other commands start sooner.
"""

from __future__ import annotations

import click

from ..client.draining import look
from ..client.readiness import come, is_ready, not_ready, wait
from ..errors import DirtyError
from .failing import failure
from .options import client_at, socket_option, takes_seconds, timeout_option
from .values import print_json


@click.command()
@socket_option
@click.option("--json", "as_json", is_flag=True, help="Print the STATUS result as JSON.")
@click.option(
    "--wait",
    "wait_s",
    type=takes_seconds("--wait", 0),
    metavar="SECONDS",
    help="Wait so long for the arbiter to come and for every worker to be ready.",
)
@click.option("--watch", is_flag=True, help="Show it again every second, until Ctrl-C.")
@timeout_option
def status(
    socket_path: str | None, as_json: bool, wait_s: float | None, watch: bool, timeout: float
) -> None:
    """Show workers and queues. Of an arbiter that drains, show what it waits for."""
    client = client_at(socket_path, timeout)
    try:
        if wait_s is None:
            client, state = look(client)
        else:
            state = wait(client, wait_s, is_ready, not_ready, away=come)
        if watch:
            from .drawing import watch as keep_shown

            keep_shown(client, state)
        elif as_json:
            print_json(state)
        else:
            from .drawing import show

            show(state)
    except DirtyError as error:
        raise failure(error) from None
