"""Broken arbiters, on the side of their workers: a sound one's lanes behind a relay.

    python -m workshop.broken_peers.lanes NAME COMMAND...

Rules: as for the broken arbiters. The command starts a worker through a program that sees its
lanes, so that it sees what the relay made of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import gdproto
from gdproto import Header, MessageCode, StashOp
from gdproto.conformance.live.lanes import relayed
from gdproto.conformance.live.relay import Passage, under
from gdproto.declaration import ENDING

# An id that no script uses.
STRAY_ID = 2**40 + 1


class OpensUnderAnotherId(Passage):
    """Opens a lane with a STATUS of id 2."""

    told_by = "arbiter-lane-opening"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield under(2, frame) if header.code == MessageCode.STATUS else frame

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield under(1, frame) if header.request_id == 2 else frame


class OpensByCancel(Passage):
    """Sends a CANCEL before the STATUS that opens a lane."""

    told_by = "arbiter-lane-opening"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code == MessageCode.STATUS:
            yield gdproto.Cancel(STRAY_ID).to_bytes()
        yield frame


class NeverCancels(Passage):
    """Sends no CANCEL to a worker whose caller has gone."""

    told_by = "arbiter-lane-cancel"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code != MessageCode.CANCEL:
            yield frame


class CancelsAnother(Passage):
    """Sends CANCEL under another id than the exchange has."""

    told_by = "arbiter-lane-cancel"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield under(STRAY_ID, frame) if header.code == MessageCode.CANCEL else frame


@dataclass
class AsksWithinAnExchange(Passage):
    """Sends a STATUS while an exchange is open."""

    told_by = "arbiter-lane-in-turn"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield frame
        if header.code == MessageCode.REQUEST:
            yield gdproto.Status(STRAY_ID).to_bytes()

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.request_id != STRAY_ID:
            yield frame


class PassesStashOn(AsksWithinAnExchange):
    """Sends a STASH on a lane, which carries none."""

    told_by = "arbiter-lane-in-turn"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code == MessageCode.REQUEST:
            yield gdproto.Stash(STRAY_ID, StashOp.TABLES, "").to_bytes()
        yield frame


@dataclass
class DoesNotDrain(Passage):
    """Takes a lane for free when it has sent CANCEL: sends the next request, and drops the rest."""

    told_by = "arbiter-lane-cancel"

    given_up: set[int] = field(default_factory=set)

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code != MessageCode.CANCEL:
            yield frame
            return
        # The worker is told when it has been overtaken.
        self.given_up.add(header.request_id)
        ended = gdproto.Error(header.request_id, "DirtyCancelledError", "cancelled")
        self.opener.sendall(ended.to_bytes())

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.request_id not in self.given_up:
            yield frame
        elif header.code in ENDING:
            self.given_up.discard(header.request_id)


@dataclass
class RenumbersRequests(Passage):
    """Gives the requests of a lane ids of its own."""

    told_by = "arbiter-lane-bytes"

    named: dict[int, int] = field(default_factory=dict)

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code == MessageCode.REQUEST:
            self.named[STRAY_ID + len(self.named)] = header.request_id
            frame = under(list(self.named)[-1], frame)
        yield frame

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield under(self.named.get(header.request_id, header.request_id), frame)


class EncodesRequestsAnew(Passage):
    """Decodes requests and encodes them again, fields in its own order, unknown ones lost."""

    told_by = "arbiter-lane-bytes"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield gdproto.parse(frame).to_bytes() if header.code == MessageCode.REQUEST else frame


class ForwardsAnotherFrame(Passage):
    """Hands a worker the request without its arguments."""

    told_by = "arbiter-lane-bytes"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Request) and message.action == "echo":
            message.args, message.kwargs = (), {}
            frame = message.to_bytes()
        yield frame


MUTANTS: dict[str, type[Passage]] = {
    one.__name__: one
    for one in (
        OpensUnderAnotherId, OpensByCancel, NeverCancels, CancelsAnother, AsksWithinAnExchange,
        PassesStashOn, DoesNotDrain, RenumbersRequests, EncodesRequestsAnew, ForwardsAnotherFrame,
    )
}  # fmt: skip


def run(kind: type[Passage], command: list[str]) -> int:
    """Run the worker behind the relay; returns its exit status."""
    return relayed(command, lambda number, arbiter, worker: kind(arbiter, worker), {})
