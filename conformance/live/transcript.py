"""Transcripts: what went over the wires of one script, to be read and to be replayed.

A file of JSON lines. The first tells the script and its role; each of the others is something
that happened: {"at": seconds, "wire": name, "did": what, "hex": bytes}. What happened is one of
`connected`, `sent`, `received`, `half-closed`, `closed` (by the peer) and `dropped` (by us).

Rules: a transcript is bounded. Of what is beyond the bound the number of bytes is kept, as `cut`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 1024 * 1024
CONNECTED, SENT, RECEIVED = "connected", "sent", "received"
HALF_CLOSED, CLOSED, DROPPED = "half-closed", "closed", "dropped"


@dataclass(frozen=True)
class Entry:
    """Something that happened on a wire.

    Attributes:
        at_s: seconds since the script began.
        wire: which connection.
        did: what happened.
        data: the bytes that were sent or received.
        cut: how many more there were, which were not kept.
    """

    at_s: float
    wire: str
    did: str
    data: bytes = b""
    cut: int = 0


class Transcript:
    """The entries of one script, as they happen; wires may write from several threads."""

    def __init__(self, script: str, role: str) -> None:
        self.script = script
        self.role = role
        self.entries: list[Entry] = []
        self._began_s = time.monotonic()
        self._left = MAX_BYTES
        self._lock = threading.Lock()

    def note(self, wire: str, did: str, data: bytes = b"") -> None:
        """Something happened now."""
        with self._lock:
            kept = data[: self._left]
            self._left -= len(kept)
            at_s = round(time.monotonic() - self._began_s, 4)
            self.entries.append(Entry(at_s, wire, did, kept, len(data) - len(kept)))

    def write(self, path: Path) -> None:
        """Write the file."""
        lines = [json.dumps({"script": self.script, "role": self.role})]
        lines += [json.dumps(_line(entry)) for entry in self.entries]
        path.write_text("\n".join(lines) + "\n")


def _line(entry: Entry) -> dict[str, object]:
    line: dict[str, object] = {"at": entry.at_s, "wire": entry.wire, "did": entry.did}
    if entry.data or entry.cut:
        line["hex"] = entry.data.hex()
    if entry.cut:
        line["cut"] = entry.cut
    return line


def read(path: Path) -> Transcript:
    """The transcript in the file. Raises ValueError if it is none."""
    try:
        head, *lines = [json.loads(line) for line in path.read_text().splitlines()]
        transcript = Transcript(head["script"], head["role"])
        transcript.entries = list(_entries(lines))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a transcript: {error}") from None
    return transcript


def _entries(lines: list[dict[str, object]]) -> Iterator[Entry]:
    for line in lines:
        yield Entry(
            float(str(line["at"])),
            str(line["wire"]),
            str(line["did"]),
            bytes.fromhex(str(line.get("hex", ""))),
            int(str(line.get("cut", 0))),
        )
