"""Broken workers: a sound one whose lanes go through a relay that breaks one thing.

    python -m workshop.broken_peers.workers NAME COMMAND...

Rules: as for the broken arbiters. Here the arbiter is the opener.
"""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from typing import ClassVar

import gdproto
from gdproto import Header, MessageCode
from gdproto.conformance.live.lanes import relayed
from gdproto.conformance.live.relay import Passage, under
from gdproto.conformance.live.stages import APP
from gdproto.declaration import ENDING

BOOT_FAILED = 3


class BrokenWorker(Passage):
    """What may be broken beside the frames: how the process ends."""

    # Those that it ends of; a sound one ends of none.
    signals: ClassVar[tuple[signal.Signals, ...]] = ()

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


class TellsTheProcessOfAnother(BrokenWorker):
    """Answers STATUS with the process that has started it."""

    told_by = "worker-ready"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Response) and isinstance(message.result, dict):
            if "pid" in message.result:
                message.result["pid"] = os.getppid()
            frame = message.to_bytes()
        yield frame


class IsReadyAtOnce(BrokenWorker):
    """Answers STATUS before its apps are initialised, and has calls wait for that."""

    told_by = "worker-ready-*"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code == MessageCode.STATUS:
            about = {"pid": os.getpid(), "apps": [APP], "version": "1", "extensions": ["cancel"]}
            self.opener.sendall(gdproto.Response(header.request_id, about).to_bytes())
        yield frame

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        held = message.result if isinstance(message, gdproto.Response) else None
        if not (isinstance(held, dict) and "pid" in held):
            yield frame


class GoesOnUnderTheNextId(BrokenWorker):
    """Ends a stream by an ERROR for a CANCEL with a payload, and has what is left of it come when
    its id is open again."""

    told_by = "worker-payload-in-a-cancel"
    ended: int | None = None

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield frame
        if header.code == MessageCode.CANCEL and header.length:
            self.ended = header.request_id
        elif header.code == MessageCode.REQUEST and header.request_id == self.ended:
            self.ended = None
            self.opener.sendall(gdproto.Chunk(header.request_id, 99).to_bytes())


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


class CallsWhatEveryObjectHas(BrokenWorker):
    """Calls a method that every object of its language has, as if it were the app's."""

    told_by = "worker-forbidden"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Request) and message.action == "toString":
            told = gdproto.Response(header.request_id, "[object Object]")
            self.opener.sendall(told.to_bytes())
        else:
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


class ChangesErrors(BrokenWorker):
    """Changes what its errors tell."""

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Error):
            message.details = dict(message.details)
            self.change(message)
            frame = message.to_bytes()
        yield frame

    def change(self, error: gdproto.Error) -> None:
        """Change it."""


class AsksForWhatItCannotSend(ChangesErrors):
    """Writes a question mark for each character that cannot be encoded."""

    told_by = "worker-failures"

    def change(self, error: gdproto.Error) -> None:
        error.message = re.sub(r"\\(x..|u....)", "?", error.message)


class TellsAClassOfItsOwn(ChangesErrors):
    """Tells a class also where no exception of the app ended the call."""

    told_by = "worker-exception-class"

    def change(self, error: gdproto.Error) -> None:
        error.details.setdefault("exception_type", "worker.CannotSend")


class TellsBytesFromTheFault(ChangesErrors):
    """Tells as raw data what stands from the fault on."""

    told_by = "worker-unexpected-payload"

    def change(self, error: gdproto.Error) -> None:
        raw, offset = error.details.get("raw_data"), error.details.get("offset")
        if isinstance(raw, str) and isinstance(offset, int):
            error.details["raw_data"] = raw[2 * offset :]


class TellsNoPath(ChangesErrors):
    """Tells that a fault is at no place of the payload."""

    told_by = "worker-payload-fault"

    def change(self, error: gdproto.Error) -> None:
        if "path" in error.details:
            error.details["path"] = ""


class TellsOffsetsAsText(ChangesErrors):
    """Has a text for the offset of a fault."""

    told_by = "worker-payload-fault"

    def change(self, error: gdproto.Error) -> None:
        if "offset" in error.details:
            error.details["offset"] = str(error.details["offset"])


class CutsNothing(ChangesErrors):
    """Tells the whole of a long failure."""

    told_by = "worker-failures"

    def change(self, error: gdproto.Error) -> None:
        if len(error.message) > 10_000:
            error.message += "x" * 200_000


class CutsCharacters(ChangesErrors):
    """Cuts a failure at so many characters, each of which takes several bytes."""

    told_by = "worker-failures"

    def change(self, error: gdproto.Error) -> None:
        if len(error.message) > 10_000:
            error.message = "\u20ac" * 65_536


class AnswersWhatAFaultEnded(BrokenWorker):
    """Answers a CANCEL with a payload, and goes on with the stream that it ended."""

    told_by = "worker-payload-in-a-cancel"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code == MessageCode.CANCEL and header.length:
            fault = {"code": "unexpected_payload", "offset": 4}
            error = gdproto.Error(header.request_id, "DirtyProtocolError", "no", fault)
            self.opener.sendall(error.to_bytes())
        else:
            yield frame


class EscapesWhatCanBeSent(ChangesErrors):
    """Escapes every character that is not ASCII."""

    told_by = "worker-long-failure"

    def change(self, error: gdproto.Error) -> None:
        error.message = error.message.encode("ascii", "backslashreplace")[:65_536].decode()


class Runs(BrokenWorker):
    """Knows what runs: the REQUEST whose answer is still to come."""

    running: int | None = None

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if self.running is not None:
            yield from self.beside(frame, header)
            return
        if header.code == MessageCode.REQUEST:
            self.running = header.request_id
        yield frame

    def beside(self, frame: bytes, header: Header) -> Iterator[bytes]:
        """A frame that comes while something runs."""
        yield frame

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code in ENDING and header.request_id == self.running:
            self.running = None
        yield frame


class CancelsWhateverRuns(Runs):
    """Takes each CANCEL for one of what it runs."""

    told_by = "worker-cancel-of-another"

    def beside(self, frame: bytes, header: Header) -> Iterator[bytes]:
        is_cancel = header.code == MessageCode.CANCEL
        yield under(self.running or 0, frame) if is_cancel else frame


class HearsNothingButCancel(Runs):
    """Takes no notice of what else comes while it runs something."""

    told_by = "worker-is-sent-*"

    def beside(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code == MessageCode.CANCEL:
            yield frame


class DoesNotMindAnOpenId(Runs):
    """Takes no notice of a second REQUEST under the id of what it runs."""

    told_by = "worker-is-sent-an-open-id"

    def beside(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code != MessageCode.REQUEST or header.request_id != self.running:
            yield frame


class ServesAllAppsByOne(BrokenWorker):
    """Has one app, and does not look for which one is called."""

    told_by = "worker-app-of-others"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame) if header.code == MessageCode.REQUEST else None
        if isinstance(message, gdproto.Request):
            message.app_path = APP
            frame = message.to_bytes()
        yield frame


class DiesOfSignals(BrokenWorker):
    """Ends when the service manager tells all processes of its group."""

    told_by = "worker-signals"
    signals = (signal.SIGTERM,)


class DiesOfInterrupts(BrokenWorker):
    """Ends at the terminal's Ctrl-C."""

    told_by = "worker-signals"
    signals = (signal.SIGINT,)


class HearsNoKeywords(BrokenWorker):
    """Calls its app without the keywords."""

    told_by = "worker-calls"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame) if header.code == MessageCode.REQUEST else None
        if isinstance(message, gdproto.Request) and message.kwargs:
            message.kwargs = {}
            frame = message.to_bytes()
        yield frame


class EchoesNoEmptyKeywords(BrokenWorker):
    """Gives from `echo` no keywords where there are none."""

    told_by = "worker-calls"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Response) and isinstance(message.result, dict):
            result = {key: one for key, one in message.result.items() if one != {}}
            frame = gdproto.Response(header.request_id, result).to_bytes()
        yield frame


class Refuses(BrokenWorker):
    """Refuses a REQUEST for something that stands beside the call."""

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame) if header.code == MessageCode.REQUEST else None
        if isinstance(message, gdproto.Request) and self.minds(message):
            error = gdproto.Error(header.request_id, "DirtyProtocolError", "no")
            self.opener.sendall(error.to_bytes())
        else:
            yield frame

    def minds(self, request: gdproto.Request) -> bool:
        raise NotImplementedError


class RefusesUnknownExtensions(Refuses):
    """Refuses a caller who takes an extension that it does not know."""

    told_by = "worker-fields"

    def minds(self, request: gdproto.Request) -> bool:
        return bool(request.extensions)


class RefusesTracesWithoutParent(Refuses):
    """Refuses a trace that has keys, and no `traceparent`."""

    told_by = "worker-traces"

    def minds(self, request: gdproto.Request) -> bool:
        return bool(request.trace) and "traceparent" not in (request.trace or {})


class GivesZeros(BrokenWorker):
    """Gives zeros for a blob."""

    told_by = "worker-calls"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Response) and isinstance(message.result, bytes):
            frame = gdproto.Response(header.request_id, bytes(len(message.result))).to_bytes()
        yield frame


MUTANTS: dict[str, type[BrokenWorker]] = {
    one.__name__: one
    for one in (
        NeverReady, TellsLittle, TellsTheProcessOfAnother, IsReadyAtOnce, GoesOnUnderTheNextId,
        AsksForWhatItCannotSend, TellsAClassOfItsOwn, TellsBytesFromTheFault,
        ExitsWellWhenItCannotBoot, IgnoresCancel, LosesTheEnd,
        LetsPrivateNamesThrough, CallsWhatEveryObjectHas, OutlivesItsLanes, TellsAnotherType,
        TellsNoPath,
        TellsOffsetsAsText, CutsNothing, CutsCharacters, AnswersWhatAFaultEnded, DiesOfSignals,
        EscapesWhatCanBeSent, CancelsWhateverRuns, HearsNothingButCancel, DoesNotMindAnOpenId,
        ServesAllAppsByOne, DiesOfInterrupts, HearsNoKeywords, EchoesNoEmptyKeywords, GivesZeros,
        RefusesUnknownExtensions, RefusesTracesWithoutParent,
    )
}  # fmt: skip


def run(kind: type[BrokenWorker], command: list[str]) -> int:
    """Run the sound worker behind the relay; returns the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL if number in kind.signals else signal.SIG_IGN)
    made: list[BrokenWorker] = []

    def join(number: int, arbiter: socket.socket, worker: socket.socket) -> Passage:
        made.append(kind(arbiter, worker))
        return made[-1]

    status = relayed(command, join, {})
    return made[0].status(status)
