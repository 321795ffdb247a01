"""``dirty top``: the live view.

Rules: what draws it is an extra, and loaded by this command alone.
"""

from __future__ import annotations

import click

from .options import client_at, socket_option, takes_seconds, timeout_option


@click.command(short_help="Watch rates, queues, workers and calls live.")
@click.option(
    "--every",
    "every_s",
    default=1.0,
    show_default=True,
    type=takes_seconds("--every", 0.05),
    metavar="SECONDS",
    help="How often the arbiter is asked.",
)
@socket_option
@timeout_option
def top(every_s: float, socket_path: str | None, timeout: float) -> None:
    """Watch the arbiter: what is called how often, what waits, what each worker does.

    Keys: Tab goes from table to table, s sorts by the next column and S turns the order, Enter
    shows the stacks of the worker in the row, r recycles it, k kills it or the call, q quits.
    """
    client = client_at(socket_path, timeout)
    try:
        from .live_view import LiveView
    except ImportError:
        told = "dirty top needs textual: pip install 'gdproto[top]'"
        raise click.ClickException(told) from None
    LiveView(client, every_s).run()
