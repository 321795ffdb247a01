"""Codecs that lose their place in the stream: portions, remainders, and its end."""

from __future__ import annotations

from collections.abc import Iterator

from .mutant import Edit, Mutant

CONNECTION = "connection.py"


def stream(name: str, *edits: Edit) -> Mutant:
    return Mutant(name, "stream", edits)


def portions() -> Iterator[Mutant]:
    short = "                    if there < HEADER_BYTES:\n"
    lost = '                        self._buffer, self._start = b"", 0\n'
    yield stream("cut-header-lost", Edit(CONNECTION, short, short + lost))
    yield stream(
        "cut-header-is-a-fault", Edit(CONNECTION, short, short.replace("HEADER_BYTES", "1"))
    )
    begun = "                        self._begin(header, size)\n"
    yield stream("cut-payload-lost", Edit(CONNECTION, begun, begun + lost))
    yield stream(
        "header-read-twice",
        Edit(CONNECTION, begun, begun + "                        self._start += HEADER_BYTES\n"),
    )
    kept = "            self._header = None\n            return self._receive(header, self._cut("
    yield stream(
        "header-kept-for-the-next-frame",
        Edit(CONNECTION, kept, kept.replace("            self._header = None\n", "", 1)),
    )
    rest = "        if stop == len(buffer):\n"
    yield stream("remainder-lost", Edit(CONNECTION, rest, "        if stop:\n"))
    yield stream(
        "remainder-one-byte-short",
        Edit(
            CONNECTION,
            "            self._start = stop\n        if type",
            "            self._start = stop + 1\n        if type",
        ),
    )
    yield stream(
        "frame-one-byte-short",
        Edit(
            CONNECTION,
            "            return buffer[start:stop]\n",
            "            return buffer[start : stop - (stop - start > 16)]\n",
        ),
    )
    kept = "            self._buffer = bytearray(memoryview(self._buffer)[self._start :])\n            self._start = 0\n"
    yield stream(
        "start-kept-when-bytes-move",
        Edit(CONNECTION, kept, kept.replace("            self._start = 0\n", "")),
    )
    yield stream(
        "bytes-not-moved",
        Edit(
            CONNECTION,
            kept,
            "            self._buffer = bytearray(self._buffer)\n            self._start = 0\n",
        ),
    )
    yield stream(
        "later-portion-replaces",
        Edit(
            CONNECTION,
            "        self._buffer += data\n",
            "        self._buffer = data\n        self._start = 0\n",
        ),
    )
    yield stream(
        "later-portion-twice",
        Edit(CONNECTION, "        self._buffer += data\n", "        self._buffer += data * 2\n"),
    )
    yield stream(
        "later-portion-first",
        Edit(
            CONNECTION,
            "        self._buffer += data\n",
            "        self._buffer[self._start : self._start] = data\n",
        ),
    )
    yield stream(
        "portion-of-one-byte-lost",
        Edit(
            CONNECTION,
            "        self._buffer += data\n",
            "        self._buffer += data if len(data) > 1 else b''\n",
        ),
    )
    yield stream(
        "first-portion-of-one-byte-lost",
        Edit(
            CONNECTION,
            "            # What cannot change need not be copied.\n",
            "            if len(data) == 1:\n                return\n",
        ),
    )
    yield stream(
        "empty-portion-is-the-end",
        Edit(
            CONNECTION,
            '        """Take bytes from the transport, in any portions."""\n',
            '        """."""\n        self._eof = self._eof or not data\n',
        ),
    )
    yield stream(
        "one-event-for-each-portion",
        Edit(CONNECTION, '        "role",\n', '        "role",\n        "told",\n'),
        Edit(
            CONNECTION,
            '        """Take bytes from the transport, in any portions."""\n',
            '        """."""\n        self.told = 0\n',
        ),
        Edit(
            CONNECTION,
            "        if self._closed is not None:\n            if",
            "        self.told = getattr(self, 'told', 0) + 1\n        if self.told == 2 and not self._eof:\n            return NEED_DATA\n        if self._closed is not None:\n            if",
        ),
    )


def skipping() -> Iterator[Mutant]:
    set_skip = "            self._skip = HEADER_BYTES + header.length\n"
    yield stream(
        "refused-payload-not-skipped",
        Edit(CONNECTION, set_skip, "            self._skip = HEADER_BYTES\n"),
    )
    yield stream(
        "refused-payload-skipped-with-more", Edit(CONNECTION, set_skip, set_skip[:-1] + " + 1\n")
    )
    yield stream(
        "refused-header-not-skipped",
        Edit(CONNECTION, set_skip, "            self._skip = header.length\n"),
    )
    yield stream(
        "refused-payload-skipped-once",
        Edit(CONNECTION, "        self._skip -= dropped\n", "        self._skip = 0\n"),
    )
    yield stream(
        "everything-buffered-is-skipped",
        Edit(
            CONNECTION,
            "            dropped = min(self._skip, there)\n",
            "            dropped = there\n",
        ),
        Edit(
            CONNECTION,
            "        self._skip -= dropped\n",
            "        self._skip = max(0, self._skip - dropped)\n",
        ),
    )
    yield stream(
        "presence-not-judged",
        Edit(CONNECTION, "            check_presence(header)\n", "            pass\n"),
    )


def ends() -> Iterator[Mutant]:
    left = "        if there:\n"
    for name, new in {
        "end-inside-a-frame-accepted": "        if there < 0:\n",
        "end-inside-a-header-accepted": "        if there >= HEADER_BYTES:\n",
        "end-inside-a-payload-accepted": "        if there and not header:\n",
        "end-with-open-exchanges-refused": "        if there or self._states:\n",
        "end-always-refused": "        if there >= 0:\n",
    }.items():
        yield stream(name, Edit(CONNECTION, left, new))
    skipped = "        if self._skip and self._skipped:\n"
    yield stream(
        "end-inside-a-refused-frame-accepted", Edit(CONNECTION, skipped, "        if there < 0:\n")
    )
    seen = "                        return NEED_DATA if not self._eof else self._over()\n"
    yield stream(
        "end-not-noticed", Edit(CONNECTION, seen, "                        return NEED_DATA\n")
    )
    yield stream(
        "end-inside-a-payload-not-noticed",
        Edit(
            CONNECTION,
            "if event is NEED_DATA and self._eof:",
            "if event is NEED_DATA and not event:",
        ),
    )
    yield stream(
        "end-offset-of-the-stream",
        Edit(CONNECTION, "                offset=there,\n", "                offset=0,\n"),
    )
    yield stream(
        "end-offset-of-the-promise",
        Edit(
            CONNECTION,
            "                offset=there,\n",
            "                offset=HEADER_BYTES + (header.length if header else 0),\n",
        ),
    )
    yield stream(
        "end-without-its-id",
        Edit(CONNECTION, "                request_id=header.request_id if header else 0,\n", ""),
    )
    yield stream(
        "end-drops-what-came-before",
        Edit(
            CONNECTION,
            "        self._eof = True\n",
            '        self._eof = True\n        self._buffer, self._start = b"", 0\n',
        ),
    )
    yield stream(
        "end-of-scope-exchange",
        Edit(CONNECTION, '                phase="stream",\n', '                phase="payload",\n'),
    )


def places() -> Iterator[Mutant]:
    yield stream(
        "header-judged-with-offset-of-the-buffer",
        Edit(
            CONNECTION,
            "                    header = parse_header(buffer, start)\n",
            "                    try:\n"
            "                        header = parse_header(buffer, start)\n"
            "                    except ProtocolError as error:\n"
            "                        error.offset = (error.offset or 0) + start\n"
            "                        raise\n",
        ),
    )


GROUPS = (portions, skipping, ends, places)
MUTANTS = tuple(mutant for group in GROUPS for mutant in group())
