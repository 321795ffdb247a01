"""`gdproto conformance record`: a relay that writes what goes over it into a capture.

Rules: bytes are written as they come, and before they are passed on. It knows nothing of GD: frames
are for whoever reads the capture.
"""

from __future__ import annotations

import itertools
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import click

from .pcapng import Capture
from .relay import Passage, serve


@dataclass
class Recorded(Passage):
    """A connection of which all is written.

    Attributes:
        capture: where to.
        number: of the connection.
    """

    most_held_bytes: ClassVar[int] = 0
    capture: Capture
    number: int

    def __post_init__(self) -> None:
        self.capture.connected(self.number)

    def came(self, by_opener: bool, data: bytes) -> None:
        """Bytes came from one end."""
        self.capture.sent(self.number, by_opener, data)

    def asking_ended(self) -> bool:
        """The opener sends nothing more."""
        self.capture.ended(self.number, by_opener=True)
        return True

    def answering_ended(self) -> bool:
        """The answerer sends nothing more."""
        self.capture.ended(self.number, by_opener=False)
        return True


@click.command("record")
@click.option("--socket", "path", required=True, metavar="PATH", help="Where clients connect.")
@click.option("--behind", required=True, metavar="SOCKET", help="The arbiter that serves there.")
@click.option("--out", required=True, metavar="FILE", help="The capture, as pcapng.",
              type=click.Path(dir_okay=False, path_type=Path))  # fmt: skip
def record(path: str, behind: str, out: Path) -> None:
    """Write what clients and an arbiter say into a capture, until Ctrl-C.

    A Unix socket's bytes are wrapped as TCP between two ports of 127.0.0.1, so that Wireshark shows
    them with the dissector of `gdproto generate --lang wireshark`.
    """
    numbers, ready = itertools.count(), threading.Event()
    with out.open("wb") as file:
        capture = Capture(file)

        def recorded(opener: socket.socket, answerer: socket.socket) -> Recorded:
            return Recorded(opener, answerer, capture, next(numbers))

        click.echo(f"recording {path} -> {behind} into {out}")
        try:
            serve(path, behind, recorded, ready)
        except OSError as error:
            raise click.ClickException(f"{path}: {error.strerror}; give another --socket") from None
        finally:
            # What was there before is somebody else's.
            if ready.is_set():
                Path(path).unlink(missing_ok=True)
