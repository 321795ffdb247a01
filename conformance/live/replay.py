"""Replaying a transcript: the same bytes again, at an arbiter, and what comes of them this time.

Rules: what was sent is sent again, in the same order and not earlier than it was; before it, as
many frames are read as had come. Frames are compared by their type and id, an ERROR also by its
type and code. Another payload is a difference too, but in the answer to a STATUS: process ids and
times differ each time.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import gdproto

from .expectations import CLOSED
from .stages import ArbiterStage, Terms
from .transcript import CLOSED as CLOSED_BY_PEER
from .transcript import CONNECTED, DROPPED, HALF_CLOSED, RECEIVED, SENT, Entry, Transcript
from .wire import Mismatch, Wire


@dataclass
class Step:
    """One thing that was compared.

    Attributes:
        wire: on which connection.
        recorded: what came when the transcript was made.
        replayed: what came this time.
        same_payload: whether all bytes are the same that can be.
    """

    wire: str
    recorded: str
    replayed: str
    same_payload: bool = True

    @property
    def differs(self) -> bool:
        return self.recorded != self.replayed


@dataclass
class Replay:
    """A transcript that is replayed. Iterate to run it; raises Crashed when nobody answers."""

    transcript: Transcript
    socket_path: str
    terms: Terms = field(default_factory=Terms)

    def __iter__(self) -> Iterator[Step]:
        made = Transcript(self.transcript.script, self.transcript.role)
        stage = ArbiterStage(self.terms, made, socket_path=self.socket_path)
        wires: dict[str, Wire] = {}
        recorded: dict[str, bytearray] = defaultdict(bytearray)
        self._sent: dict[str, bytearray] = defaultdict(bytearray)
        self._statuses: set[tuple[str, int]] = set()
        began_s = time.monotonic()
        try:
            for entry in self.transcript.entries:
                if entry.did == CONNECTED:
                    wires[entry.wire] = stage.connect()
                    continue
                if entry.did not in (RECEIVED, CLOSED_BY_PEER):
                    time.sleep(max(0.0, began_s + entry.at_s - time.monotonic()))
                yield from self._do(entry, wires[entry.wire], recorded[entry.wire])
        finally:
            stage.close()

    def _do(self, entry: Entry, wire: Wire, recorded: bytearray) -> Iterator[Step]:
        if entry.did == SENT:
            wire.send(entry.data)
            self._sent[entry.wire] += entry.data
            for frame in _cut_frames(self._sent[entry.wire]):
                message = _message(frame)
                if isinstance(message, gdproto.Status):
                    self._statuses.add((entry.wire, message.request_id))
        elif entry.did == HALF_CLOSED:
            wire.half_close()
        elif entry.did == DROPPED:
            wire.drop()
        elif entry.did == CLOSED_BY_PEER:
            yield Step(entry.wire, "a close", *self._next(wire)[:1])
        else:
            recorded += entry.data
            for frame in _cut_frames(recorded):
                told, data = self._next(wire)
                same = data == frame or self._is_of_status(entry.wire, frame)
                yield Step(entry.wire, describe(frame), told, same)

    def _is_of_status(self, wire: str, frame: bytes) -> bool:
        message = _message(frame)
        return message is not None and (wire, message.request_id) in self._statuses

    def _next(self, wire: Wire) -> tuple[str, bytes]:
        try:
            outcome = wire.next_outcome("what was recorded", self.terms.limit_s)
        except Mismatch as error:
            return error.got, b""
        if outcome is CLOSED:
            return "a close", b""
        return describe(wire.last_frame), wire.last_frame


def _message(frame: bytes) -> gdproto.Message | None:
    try:
        return gdproto.parse(frame)
    except gdproto.ProtocolError:
        return None


def _cut_frames(data: bytearray) -> Iterator[bytes]:
    """Take the whole frames from the front of `data`; what is none is taken as it is."""
    while len(data) >= gdproto.HEADER_BYTES:
        try:
            stop = gdproto.HEADER_BYTES + gdproto.parse_header(data).length
        except gdproto.ProtocolError:
            stop = len(data)
        if len(data) < stop:
            return
        frame = bytes(data[:stop])
        del data[:stop]
        yield frame


def describe(frame: bytes) -> str:
    """The frame's type and id, and of an ERROR its type and code."""
    try:
        message = gdproto.parse(frame)
    except gdproto.ProtocolError as error:
        return f"a frame with {error.code}"
    name = f"{type(message).__name__.upper()} {message.request_id}"
    if isinstance(message, gdproto.Error):
        code = message.details.get("code")
        return f"{name} {message.error_type}" + (f" {code}" if code else "")
    return name
