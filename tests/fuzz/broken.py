"""Connections whose options are broken: by name, a text of `connection.py` and another for it.

The vectors cannot tell them from a sound one: what they say is asked without options.
"""

from __future__ import annotations

BROKEN = {
    "run-of-other-ids": ("(magic, version, code, request_id) != same", "(magic, version, code) != same[:3]"),
    "run-of-other-types": ("(magic, version, code, request_id) != same", "request_id != same[3]"),
    "run-of-other-versions": ("(magic, version, code, request_id) != same", "(code, request_id) != same[2:]"),
    "run-beyond-what-came": ("            if after > end:\n                break\n", ""),
    "run-of-an-opener": ('        if self._peer_side == "opener":', "        if False:"),
    "run-loses-its-first": ("        return stop - start\n\n    def _refuse", "        return stop\n\n    def _refuse"),
    "part-twice": ("        self._to_come -= len(part)\n", "        self._to_come -= len(part) - 1\n"),
    "part-goes-beyond-its-frame": ("min(there, self._to_come)", "there"),
    "part-lost": ("            return PartReceived(header, part)", "            return PartReceived(header, part[1:] or part)"),
    "parts-of-whole-frames": ("self._header = header\n        if self._whole_bytes and", "self._header = header\n        if"),
    "last-part-without-state": ("        self._header = None\n        return self._receive(header, part)", "        self._header = None\n        return FrameReceived(header, part, True)"),
    "end-inside-parts-is-none": ("        elif self._to_come and header:\n            there = HEADER_BYTES + header.length - self._to_come", "        elif self._to_come and header:\n            there = 0"),
    "end-inside-a-large-frame-elsewhere": ("            left = len(self.room) +", "            left = 0 * len(self.room) +"),
    "fills-one-less": ("self.room = self.room[count:]", "self.room = self.room[max(0, count - 1) :]"),
    "fills-what-is-full": ("            data = self._fill(self.room, data)\n        if", "            self._fill(self.room, data)\n            break\n        if"),
    "large-frame-loses-what-came": ("            data = self._fill(self.room, data)\n\n", "            data = data[:0]\n\n"),
    "large-frame-loses-what-follows-its-value": ("            data = self._fill(self.room, data)\n\n", "            self._fill(self.room, data)\n            break\n\n"),
    "large-frame-goes-on-early": ("            if self.room:\n                return NEED_DATA", "            if len(self.room) > 1:\n                return NEED_DATA"),
    "value-apart-is-all": ("Apart(frame, at, value), frame[at:]", "Apart(frame, at, value), frame[:0]"),
    "value-apart-elsewhere": ("Apart(frame, at, value), frame[at:]", "Apart(frame, at - 1, value), frame[at:]"),
    "value-apart-of-a-raw-frame": ("if codec is not None and not self.raw:", "if codec is not None:"),
    "value-apart-takes-its-head": ("frame[:at], data = data[:at], data[at:]", "frame[:at], data = data[:at], data"),
    "rest-before-its-value": ("self.room, self._next_room = self._next_room, None", "self.room = self._next_room"),
    "end-inside-the-rest-elsewhere": ('+ len(self._next_room or b"")', ""),
    "fault-in-the-rest-elsewhere": ("(frame[:at], value, frame[at:])", "(frame[:at], frame[at:])"),
    "passes-the-last-byte": ("self._to_come - 1 if self._to_come and", "self._to_come if self._to_come and"),
    "passed-is-to-come": ("        self._to_come -= count\n", ""),
    "room-outlives-its-frame": ("self._header = self._large = self.room = None", "self._header = self._large = None"),
}  # fmt: skip

# Those that show where a large value comes apart from the rest, which needs the C codec.
APART = {
    "large-frame-loses-what-follows-its-value",
    "value-apart-is-all",
    "value-apart-elsewhere",
    "value-apart-of-a-raw-frame",
    "value-apart-takes-its-head",
    "rest-before-its-value",
    "end-inside-the-rest-elsewhere",
    "fault-in-the-rest-elsewhere",
}
