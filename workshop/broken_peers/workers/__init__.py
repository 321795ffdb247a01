"""Broken workers: a sound one whose lanes go through a relay that breaks one thing.

    python -m workshop.broken_peers.workers NAME COMMAND...

Rules: as for the broken arbiters. Here the arbiter is the opener.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import gdproto
from gdproto import Header, MessageCode
from gdproto.conformance.live.lanes import relayed
from gdproto.conformance.live.relay import Passage

BOOT_FAILED = 3


class BrokenWorker(Passage):
    """What may be broken beside the frames: how the process ends."""

    def status(self, status: int) -> int:
        """The exit status in place of that of the sound worker."""
        return status


class Sound(BrokenWorker):
    """Breaks nothing: shows that the relay does not."""


class NeverReady(BrokenWorker):
    """Does not answer STATUS."""

    told_by = "worker-ready"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code != MessageCode.STATUS:
            yield frame


class TellsLittle(BrokenWorker):
    """Answers STATUS without its version and extensions."""

    told_by = "worker-ready"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Response) and isinstance(message.result, dict):
            message.result = {
                key: value
                for key, value in message.result.items()
                if key not in ("version", "extensions")
            }
            frame = message.to_bytes()
        yield frame


class ExitsWellWhenItCannotBoot(BrokenWorker):
    """Exits with 0 when its apps cannot be initialised."""

    told_by = "worker-app-*"

    def status(self, status: int) -> int:
        return 0 if status == BOOT_FAILED else status


class IgnoresCancel(BrokenWorker):
    """Takes no notice of CANCEL."""

    told_by = "worker-cancel"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code != MessageCode.CANCEL:
            yield frame


class LosesTheEnd(BrokenWorker):
    """Does not send END."""

    told_by = "worker-streams"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code != MessageCode.END:
            yield frame


class LetsPrivateNamesThrough(BrokenWorker):
    """Calls an action without the underscore that its name begins with."""

    told_by = "worker-forbidden"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code == MessageCode.REQUEST:
            message = gdproto.parse(frame) if b"_hidden" in frame else None
            if isinstance(message, gdproto.Request):
                message.action = "counters"
                frame = message.to_bytes()
        yield frame


class OutlivesItsLanes(BrokenWorker):
    """Lives on when its lanes have ended."""

    told_by = "worker-idle-lane-ends"

    def asking_ended(self) -> bool:
        return False


class TellsAnotherType(BrokenWorker):
    """Calls the failures of an app DirtyError."""

    told_by = "worker-failures"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Error) and message.error_type == "DirtyAppError":
            message.error_type = "DirtyError"
            frame = message.to_bytes()
        yield frame


MUTANTS: dict[str, type[BrokenWorker]] = {
    one.__name__: one
    for one in (
        NeverReady, TellsLittle, ExitsWellWhenItCannotBoot, IgnoresCancel, LosesTheEnd,
        LetsPrivateNamesThrough, OutlivesItsLanes, TellsAnotherType,
    )
}  # fmt: skip


def run(kind: type[BrokenWorker], command: list[str]) -> int:
    """Run the sound worker behind the relay; returns the exit status."""
    made: list[BrokenWorker] = []

    def join(number: int, arbiter: socket.socket, worker: socket.socket) -> Passage:
        made.append(kind(arbiter, worker))
        return made[-1]

    status = relayed(command, join, {})
    return made[0].status(status)
