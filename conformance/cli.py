"""`gdproto conformance`: judge a peer."""

from __future__ import annotations

import click

from .live.cli import mount


@click.group("conformance", help=__doc__)
def group() -> None:
    pass


mount(group)
