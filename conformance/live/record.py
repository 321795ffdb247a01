"""`gdproto conformance record`: a relay that writes what goes over it into a capture.

Rules: bytes are passed on as they come, and written before. It knows nothing of GD: frames are for
whoever reads the capture.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
from pathlib import Path

import click

from .pcapng import Capture

RECEIVE_BYTES = 64 * 1024


class Recorder:
    """Joins each connection at one socket with a new one to another."""

    def __init__(self, listener: socket.socket, behind: str, capture: Capture) -> None:
        self._listener = listener
        self._behind = behind
        self._capture = capture

    def run(self) -> None:
        """Serve until the listener is closed."""
        for number in itertools.count():
            try:
                opener, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(number, opener), daemon=True).start()

    def _join(self, number: int, opener: socket.socket) -> None:
        with opener, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as answerer:
            try:
                answerer.connect(self._behind)
            except OSError:
                return
            self._capture.connected(number)
            ways = ((opener, answerer, True), (answerer, opener, False))
            threads = [threading.Thread(target=self._pass, args=(number, *way)) for way in ways]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _pass(
        self, number: int, source: socket.socket, target: socket.socket, by_opener: bool
    ) -> None:
        # An end that is gone ends the other one.
        with contextlib.suppress(OSError):
            while data := source.recv(RECEIVE_BYTES):
                self._capture.sent(number, by_opener, data)
                target.sendall(data)
        self._capture.ended(number, by_opener)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


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
    with out.open("wb") as file, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        mask = os.umask(0o077)
        try:
            listener.bind(path)
        except OSError as error:
            raise click.ClickException(f"{path}: {error.strerror}; give another --socket") from None
        finally:
            os.umask(mask)
        listener.listen(128)
        click.echo(f"recording {path} -> {behind} into {out}")
        try:
            Recorder(listener, behind, Capture(file)).run()
        finally:
            Path(path).unlink(missing_ok=True)
