"""``dirty metrics``: serve the metrics of an arbiter that runs already."""

from __future__ import annotations

import os
import sys

import click

from ..settings import host_and_port
from .options import client_at, socket_option


@click.command(short_help="Serve the metrics of an arbiter beside it.")
@click.argument("listen", metavar="HOST:PORT", required=False)
@click.option("--statsd", default="", metavar="HOST:PORT", help="Push to this statsd, by UDP.")
@socket_option
def metrics(listen: str | None, statsd: str, socket_path: str | None) -> None:
    """Serve /metrics, /healthz and /readyz at HOST:PORT, and push to statsd, until Ctrl-C.

    An arbiter does so itself with `dirty serve --metrics` and `--statsd`.
    """
    client_at(socket_path, 1.0).close()
    if not listen and not statsd:
        raise click.UsageError("give HOST:PORT, --statsd, or both")
    try:
        from ..metrics.__main__ import main
    except ImportError:
        told = "dirty metrics needs more packages: pip install 'gdproto[metrics]'"
        raise click.ClickException(told) from None
    try:
        if statsd:
            host_and_port(statsd)
        descriptor = _listening(listen) if listen else -1
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    sys.stdout.flush()
    main(os.path.abspath(socket_path or ""), descriptor, statsd)


def _listening(place: str) -> int:
    """The descriptor of a socket that listens there. Raises ClickException, ValueError."""
    import socket

    host, port = host_and_port(place)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise click.ClickException(f"{place}: {error.strerror or error}") from None
    click.echo("serving at {}:{}".format(*listening.getsockname()[:2]))
    return listening.detach()
