"""Broken clients: a sound one that calls through a relay which breaks one thing.

    python -m workshop.broken_peers.clients NAME COMMAND... SOCKET JOB

Rules: as for the broken arbiters. Here the client is the opener. Where the environment names the
socket, the client is left alone.
"""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar

import gdproto
from gdproto import Header, MessageCode
from gdproto.conformance.live.relay import Passage, serve, under
from gdproto.declaration import ENDING, OPENING


class TakesAnyId(Passage):
    """Takes whatever comes for the answer to what it asked last."""

    told_by = "client-is-sent-unknown-id"

    last = 0

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        self.last = header.request_id
        yield frame

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield under(self.last, frame)


@dataclass
class CancelsWhereItMayNot(Passage):
    """Sends CANCEL for what it gives up, whatever STATUS says."""

    told_by = "client-gives-up-without-cancel"

    open: set[int] = field(default_factory=set)

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code in OPENING:
            self.open.add(header.request_id)
        yield frame

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code in ENDING:
            self.open.discard(header.request_id)
        yield frame

    def asking_ended(self) -> bool:
        for request_id in self.open:
            self.answerer.sendall(gdproto.Cancel(request_id).to_bytes())
        return True


class MistakesErrors(Passage):
    """Takes some errors for others."""

    told_by = "client-texts-of-others"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Error) and self.mistakes(message):
            frame = message.to_bytes()
        yield frame

    def mistakes(self, error: gdproto.Error) -> bool:
        """Make another of it. Returns whether it is one of these."""
        raise NotImplementedError


class FindsTextsAnywhere(MistakesErrors):
    """Takes a text of gunicorn for an error type wherever in a message it stands."""

    def mistakes(self, error: gdproto.Error) -> bool:
        _, text, rest = error.message.partition("Key not found: ")
        error.message = text + rest
        return bool(text)


class CancelsUnasked(CancelsWhereItMayNot):
    """Sends CANCEL for what takes too long, without a question for STATUS."""

    told_by = "client-timeout"


@dataclass
class AsksAgain(Passage):
    """Sends a REQUEST again on a new connection when it was lost without an answer."""

    told_by = "client-lost"

    last: bytes = b""

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        self.last = frame
        yield frame

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        self.last = b""
        yield frame

    def answering_ended(self) -> bool:
        if self.last:
            with socket.socket(socket.AF_UNIX) as again, suppress(OSError):
                again.connect(self.answerer.getpeername())
                again.sendall(self.last)
                again.settimeout(1.0)
                self.opener.sendall(again.recv(65536))
        return True


class DoesNotHearOfTheConnection(Passage):
    """Takes no notice of an ERROR under id 0."""

    told_by = "client-error-of-connection"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code != MessageCode.ERROR or header.request_id:
            yield frame


class StaysWhereItIsToLeave(DoesNotHearOfTheConnection):
    """Makes its next call on a connection of which it was told that it ends."""

    told_by = "client-told-to-leave"


class NeedsKnownKeys(Passage):
    """Takes no notice of an answer that has keys which it does not know."""

    told_by = "client-call"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        with suppress(gdproto.ProtocolError):
            if gdproto.parse(frame).to_bytes() != frame:
                return
        yield frame


class AnswersItself(Passage):
    """Sends an ERROR of its own when an answer does not please it."""

    told_by = "client-error-*"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield frame
        if header.code == MessageCode.ERROR:
            error = gdproto.Error(header.request_id, "DirtyError", "that does not please me")
            self.answerer.sendall(error.to_bytes())


class LeavesAtAFault(Passage):
    """Closes what it has open when the answer to one call is at fault."""

    told_by = "client-fault-beside-a-call"
    others: ClassVar[list[Passage]] = []

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if self not in self.others:
            self.others.append(self)
        yield frame

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield frame
        try:
            gdproto.parse(frame)
        except gdproto.ProtocolError:
            self.leave()

    def leave(self) -> None:
        """Close all connections but this one."""
        for one in self.others:
            if one is not self:
                one.opener.shutdown(socket.SHUT_RDWR)
                one.answerer.shutdown(socket.SHUT_RDWR)


class TakesBoolsForNumbers(Passage):
    """Sends a 1 for true, and a 0 for false."""

    told_by = "client-values"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Request):
            message.args = [int(one) if isinstance(one, bool) else one for one in message.args]
            frame = message.to_bytes()
        yield frame


class TakesTextsForTypes(MistakesErrors):
    """Takes a text of gunicorn's for what it says, whatever the type."""

    def mistakes(self, error: gdproto.Error) -> bool:
        error.error_type = "StashKeyNotFoundError"
        return error.message.startswith("Key not found: ")


class AsksForAnotherKey(Passage):
    """Reads another key of the stash than it is told."""

    told_by = "client-stash"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Stash):
            message.key = self.in_place_of(message.key)
            frame = message.to_bytes()
        yield frame

    def in_place_of(self, key: object) -> str:
        """The key that is read."""
        return "another"


class WritesKeysAsText(AsksForAnotherKey):
    """Reads the text of a key of the stash in place of the key."""

    def in_place_of(self, key: object) -> str:
        return str(key)


class FindsTextsThatAreLike(MistakesErrors):
    """Takes a text that is like one of gunicorn's for it."""

    def mistakes(self, error: gdproto.Error) -> bool:
        is_like = error.message.lower().startswith("key not f")
        error.message = "Key not found: k"
        return is_like


class LeavesAtWhatMayNotCome(LeavesAtAFault):
    """Closes what it has open when the answer to one call may not come for it."""

    told_by = "client-state-beside-a-call"

    question = 0

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code == MessageCode.STASH:
            self.question = header.request_id
        yield from super().asked(frame, header)

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield frame
        if header.code == MessageCode.CHUNK and header.request_id == self.question:
            self.leave()


class StaysConnected(Passage):
    """Stays connected after a fault that ends the connection."""

    told_by = "client-ends-the-connection-*"

    def asking_ended(self) -> bool:
        return False


MUTANTS: dict[str, type[Passage]] = {
    one.__name__: one
    for one in (
        TakesAnyId, CancelsWhereItMayNot, AsksAgain, DoesNotHearOfTheConnection, NeedsKnownKeys,
        AnswersItself, LeavesAtAFault, TakesBoolsForNumbers, TakesTextsForTypes, AsksForAnotherKey,
        StaysConnected, CancelsUnasked, FindsTextsAnywhere, WritesKeysAsText,
        FindsTextsThatAreLike, LeavesAtWhatMayNotCome,
    )
}  # fmt: skip


def run(kind: type[Passage], words: list[str]) -> int:
    """Run the sound client against a relay; returns its exit status."""
    *command, path, job = words
    if not path:
        return subprocess.call(words)
    # Beside the judge's, who removes it: this process may be killed.
    relayed = f"{path}-relayed"
    ready = threading.Event()
    threading.Thread(target=serve, args=(relayed, path, kind, ready), daemon=True).start()
    ready.wait()
    return subprocess.call([*command, relayed, job])
