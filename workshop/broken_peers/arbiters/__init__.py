"""Broken arbiters: a sound one behind a relay that breaks one thing.

    python -m workshop.broken_peers.arbiters NAME SOCKET BEHIND

Rules: each class breaks one rule of the text, which its docstring tells; its name says how it
misbehaves, and `told_by` which scripts are about that rule: one of them must fail.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import gdproto
from gdproto import Header, MessageCode
from gdproto.conformance.live.relay import Passage, under
from gdproto.declaration import ENDING, OPENING

FATAL = frozenset(
    (
        "bad_magic",
        "unsupported_version",
        "unknown_message_type",
        "payload_too_large",
        "duplicate_request_id",
    )
)


class AnswersTwice(Passage):
    """Sends each RESPONSE twice."""

    told_by = "arbiter-call"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield frame
        if header.code == MessageCode.RESPONSE:
            yield frame


class EndsAfterError(Passage):
    """Sends an END after the ERROR of an exchange."""

    told_by = "arbiter-error"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield frame
        if header.code == MessageCode.ERROR and header.request_id:
            yield gdproto.End(header.request_id).to_bytes()


@dataclass
class MixesIds(Passage):
    """Answers under the id of another exchange that is open, where there is one."""

    told_by = "arbiter-ids-stay-apart"

    open: list[int] = field(default_factory=list)

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code in OPENING:
            self.open.append(header.request_id)
        yield frame

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code in ENDING and header.request_id in self.open:
            taken = self.open[-1]
            self.open.remove(taken)
            yield under(taken, frame)
        else:
            yield frame


@dataclass
class DropsAChunk(Passage):
    """Loses the second chunk."""

    told_by = "arbiter-stream"

    chunks: int = 0

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        self.chunks += header.code == MessageCode.CHUNK
        if header.code != MessageCode.CHUNK or self.chunks != 2:
            yield frame


class DoublesAChunk(Passage):
    """Sends each chunk twice."""

    told_by = "arbiter-stream"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield frame
        if header.code == MessageCode.CHUNK:
            yield frame


@dataclass
class ReordersChunks(Passage):
    """Sends each chunk after the next one."""

    told_by = "arbiter-stream"

    held: list[bytes] = field(default_factory=list)

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code == MessageCode.CHUNK and not self.held:
            self.held.append(frame)
            return
        last = header.code != MessageCode.CHUNK
        yield from [*self.held, frame] if last else [frame, *self.held]
        self.held.clear()


class LosesTheEnd(Passage):
    """Does not send END."""

    told_by = "arbiter-stream-of-nothing"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code != MessageCode.END:
            yield frame


class IgnoresCancel(Passage):
    """Lists the extension cancel, and takes no notice of a CANCEL."""

    told_by = "arbiter-cancel-stream"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code != MessageCode.CANCEL:
            yield frame


@dataclass
class AnswersCancel(Passage):
    """Answers a CANCEL, also where nothing is open, with an ERROR of its own."""

    told_by = "arbiter-cancel-nothing"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield frame
        if header.code == MessageCode.CANCEL:
            error = gdproto.Error(header.request_id, "DirtyCancelledError", "cancelled")
            self.opener.sendall(error.to_bytes())


class NeverCloses(Passage):
    """Does not close after a fault of the connection."""

    told_by = "arbiter-header-magic"

    def answering_ended(self) -> bool:
        return False


class SaysNothingOfFaults(Passage):
    """Closes without an ERROR after a fault of the connection."""

    told_by = "arbiter-header-version-2"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if _code(frame, header) not in FATAL:
            yield frame


class ClosesAtEveryFault(Passage):
    """Closes also after a fault of one exchange."""

    told_by = "arbiter-payload-of-status"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield frame
        if _code(frame, header):
            raise OSError


class TellsAnotherCode(Passage):
    """Calls every fault `trailing_data`."""

    told_by = "arbiter-header-type-*"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if _code(frame, header):
            error = _error(frame)
            error.details["code"] = "trailing_data"
            yield error.to_bytes()
        else:
            yield frame


class TellsAnotherOffset(Passage):
    """Counts offsets from the payload."""

    told_by = "arbiter-header-length-*"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if _code(frame, header) and "offset" in _error(frame).details:
            error = _error(frame)
            error.details["offset"] -= gdproto.HEADER_BYTES
            yield error.to_bytes()
        else:
            yield frame


class TellsAnotherType(Passage):
    """Calls every error DirtyError."""

    told_by = "arbiter-stash-missing-key"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code == MessageCode.ERROR:
            error = _error(frame)
            error.error_type = "DirtyError"
            yield error.to_bytes()
        else:
            yield frame


class ErrsUnderTheHeadersId(Passage):
    """Answers bad magic under the id where the header would have it, not under 0."""

    told_by = "arbiter-header-magic"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if _code(frame, header) == "bad_magic":
            yield under(1, frame)
        else:
            yield frame


class NeverAnswersStatus(Passage):
    """Takes no notice of STATUS."""

    told_by = "arbiter-status"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code != MessageCode.STATUS:
            yield frame


class HidesExtensions(Passage):
    """Leaves `extensions` out of the answer to STATUS."""

    told_by = "arbiter-status-extensions"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Response) and isinstance(message.result, dict):
            message.result.pop("extensions", None)
            frame = message.to_bytes()
        yield frame


class TellsNumbersAsText(Passage):
    """Has texts for numbers in a field of every answer that is a dict."""

    told_by = "arbiter-status"
    field = "uptime"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Response) and isinstance(message.result, dict):
            if self.field in message.result:
                message.result[self.field] = str(message.result[self.field])
            frame = message.to_bytes()
        yield frame


class TellsShareAboveAll(Passage):
    """Counts what a worker shares as if it were its own, twice."""

    told_by = "arbiter-status-memory"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Response) and isinstance(message.result, dict):
            for worker in message.result.get("workers", ()):
                worker |= {"private_bytes": 4096, "shared_bytes": 4096, "pss_bytes": 12288}
            frame = message.to_bytes()
        yield frame


class GivesAnIdTwice(Passage):
    """Gives one more worker the id that another has."""

    told_by = "arbiter-status-resources"
    listed: ClassVar[dict[str, dict[str, float]]] = {"gpu": {"0": 1}}

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Response) and isinstance(message.result, dict):
            if workers := message.result.get("workers"):
                two = [
                    {**workers[0], "slot": slot, "resources": {"gpu": {"0": 1}}} for slot in (0, 1)
                ]
                message.result |= {"workers": two, "worker_count": 2, "resources": self.listed}
            frame = message.to_bytes()
        yield frame


class ListsNoId(GivesAnIdTwice):
    """Does not list an id that workers have."""

    listed: ClassVar[dict[str, dict[str, float]]] = {"gpu": {}}


class TellsSizesAsText(TellsNumbersAsText):
    """Has a text for the size of a table."""

    told_by = "arbiter-stash-answers"
    field = "size"


class TellsWorkersAsText(TellsNumbersAsText):
    """Has a text for how many workers there are, when they are changed."""

    told_by = "arbiter-manage"
    field = "total_workers"


class EncodesAnew(Passage):
    """Decodes results and encodes them again, floats that are whole as integers."""

    told_by = "arbiter-values-int-like-floats"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        message = gdproto.parse(frame)
        if isinstance(message, gdproto.Response):
            message.result = _as_json(message.result)
            frame = message.to_bytes()
        yield frame


class IgnoresTimeouts(Passage):
    """Takes no notice of a request's timeout."""

    told_by = "arbiter-deadline"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        request = _request(frame, header)
        if request is not None and request.timeout is not None:
            request.timeout = None
            frame = request.to_bytes()
        yield frame


class NeedsItsOwnFieldOrder(Passage):
    """Refuses a REQUEST whose fields stand in another order, or that has others."""

    told_by = "arbiter-fields-reversed"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        request = _request(frame, header)
        if request is not None and request.to_bytes() != frame:
            frame = gdproto.Request(header.request_id, "", "").to_bytes()
        yield frame


@dataclass
class TakesAnIdTwice(Passage):
    """Takes no notice of a frame under an id that is open, instead of ending the connection."""

    told_by = "arbiter-id-open-*"

    open: set[int] = field(default_factory=set)

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code in OPENING:
            if header.request_id in self.open:
                return
            self.open.add(header.request_id)
        yield frame

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code in ENDING:
            self.open.discard(header.request_id)
        yield frame


class IgnoresHalfCloses(Passage):
    """Takes no notice of a client that sends nothing more."""

    told_by = "arbiter-half-close"

    def asking_ended(self) -> bool:
        return False


class TakesKeysForEqual(Passage):
    """Takes stash keys for the same that compare as equal: true, 1 and 1.0."""

    told_by = "arbiter-stash-equal-keys"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code == MessageCode.STASH:
            with_number = gdproto.parse(frame) if _is_sound(frame) else None
            if isinstance(with_number, gdproto.Stash) and isinstance(with_number.key, bool | float):
                with_number.key = int(with_number.key)
                frame = with_number.to_bytes()
        yield frame


class KeepsALateAnswer(Passage):
    """Sends a second terminal frame after a DirtyTimeoutError."""

    told_by = "arbiter-deadline"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield frame
        if header.code == MessageCode.ERROR and _error(frame).error_type == "DirtyTimeoutError":
            yield gdproto.Response(header.request_id, "late").to_bytes()


class TruncatesIds(Passage):
    """Keeps only 32 bits of a request id."""

    told_by = "arbiter-request-id-*"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        yield under(header.request_id & 0xFFFFFFFF, frame)


@dataclass
class JudgesHalfHeaders(Passage):
    """Refuses bad magic before the header is all there."""

    told_by = "arbiter-header-in-two-parts"

    def run(self) -> None:
        start = self.opener.recv(1, 2)
        if start[:1] not in (b"G", b""):
            fault = {"code": "bad_magic", "offset": 0}
            error = gdproto.Error(0, "DirtyProtocolError", "no frame", fault)
            self.opener.sendall(error.to_bytes())
            self.opener.close()
            self.answerer.close()
            return
        super().run()


class LargeAnswers(Passage):
    """Passes large answers on as they come."""

    most_held_bytes = 1024 * 1024


class TellsWithinAFrame(LargeAnswers):
    """Sends an ERROR when the source of a frame has died in the middle of it."""

    told_by = "arbiter-source-dies"

    def answering_ended(self) -> bool:
        self.opener.sendall(gdproto.Error(1, "DirtyWorkerError", "it died").to_bytes())
        return True


class StaysOpenWithinAFrame(LargeAnswers):
    """Does not close when the source of a frame has died in the middle of it."""

    told_by = "arbiter-source-dies"

    def answering_ended(self) -> bool:
        return False


class AnswersWhatAFaultEnded(Passage):
    """Answers a CANCEL with a payload, and goes on with the stream that it ended."""

    told_by = "arbiter-stream-ended-by-payload-in-a-cancel"

    def asked(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code == MessageCode.CANCEL and header.length:
            told = {"code": "unexpected_payload", "offset": 4}
            error = gdproto.Error(header.request_id, "DirtyProtocolError", "no", told)
            self.opener.sendall(error.to_bytes())
        else:
            yield frame


class TellsTheWholeFailure(Passage):
    """Does not cut the text of a failure."""

    told_by = "arbiter-action-fail-oddly"

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        if header.code == MessageCode.ERROR and len(frame) > 10_000:
            error = _error(frame)
            error.message += "x" * 200_000
            frame = error.to_bytes()
        yield frame


class MakesOthersWait(Passage):
    """Takes a millisecond longer for an answer with each connection on which something came."""

    told_by = "arbiter-others-are-served"
    busy: ClassVar[list[Passage]] = []

    def came(self, by_opener: bool, data: bytes) -> None:
        if by_opener and self not in self.busy:
            self.busy.append(self)

    def answered(self, frame: bytes, header: Header) -> Iterator[bytes]:
        time.sleep(0.001 * len(self.busy))
        yield frame


def _code(frame: bytes, header: Header) -> str:
    """The portable code that an ERROR gives; empty if it is none, or gives none."""
    if header.code != MessageCode.ERROR:
        return ""
    error = _error(frame)
    return str(error.details.get("code", "")) if error.error_type == "DirtyProtocolError" else ""


def _error(frame: bytes) -> gdproto.Error:
    error = gdproto.parse(frame)
    assert isinstance(error, gdproto.Error)
    error.details = dict(error.details)
    return error


def _is_sound(frame: bytes) -> bool:
    try:
        gdproto.parse(frame)
    except gdproto.ProtocolError:
        return False
    return True


def _request(frame: bytes, header: Header) -> gdproto.Request | None:
    """The REQUEST, if it is one without a fault."""
    if header.code != MessageCode.REQUEST or not _is_sound(frame):
        return None
    message = gdproto.parse(frame)
    assert isinstance(message, gdproto.Request)
    return message


def _as_json(value: Any, levels: int = 4) -> Any:
    """The value as it is after JSON has had it: whole floats are integers."""
    if isinstance(value, list) and levels:
        return [_as_json(item, levels - 1) for item in value]
    if isinstance(value, dict) and levels:
        return {key: _as_json(item, levels - 1) for key, item in value.items()}
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if is_whole else value


MUTANTS: dict[str, type[Passage]] = {
    one.__name__: one
    for one in (
        AnswersTwice, EndsAfterError, MixesIds, DropsAChunk, DoublesAChunk, ReordersChunks,
        LosesTheEnd, IgnoresCancel, AnswersCancel, NeverCloses, SaysNothingOfFaults,
        ClosesAtEveryFault, TellsAnotherCode, TellsAnotherOffset, TellsAnotherType,
        ErrsUnderTheHeadersId, NeverAnswersStatus, HidesExtensions, EncodesAnew, IgnoresTimeouts,
        NeedsItsOwnFieldOrder, TakesAnIdTwice, IgnoresHalfCloses, TakesKeysForEqual,
        KeepsALateAnswer, TruncatesIds, JudgesHalfHeaders, TellsWithinAFrame,
        StaysOpenWithinAFrame, TellsNumbersAsText, TellsSizesAsText, TellsWorkersAsText,
        TellsShareAboveAll, GivesAnIdTwice, ListsNoId,
        AnswersWhatAFaultEnded, TellsTheWholeFailure, MakesOthersWait,
    )
}  # fmt: skip
