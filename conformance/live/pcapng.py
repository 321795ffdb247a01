"""Captures: the bytes of connections as packets of TCP, in a file that Wireshark reads.

Rules: a Unix socket has no packets, so they are made up: each piece of bytes that was seen is one
or more, on a connection between two ports of 127.0.0.1. Sums are left out; times are real.
"""

from __future__ import annotations

import struct
import threading
import time
from collections import defaultdict
from typing import BinaryIO

SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
RAW_IPV4 = 228
MAGIC, VERSION = 0x1A2B3C4D, (1, 0)
ADDRESS = bytes([127, 0, 0, 1])
# What the openers connect to; their own ports count up.
ANSWERERS_PORT, FIRST_PORT, PORTS = 7470, 20_000, 40_000
PIECE_BYTES = 32 * 1024
TCP, PSH_ACK, SYN, SYN_ACK, FIN_ACK = 6, 0x18, 0x02, 0x12, 0x11


class Capture:
    """Writes a file as it happens; connections may write from several threads."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        # By the sender's end: the number of its next byte.
        self._next: defaultdict[tuple[int, bool], int] = defaultdict(int)
        self._write(SECTION, struct.pack("<IHHq", MAGIC, *VERSION, -1))
        self._write(INTERFACE, struct.pack("<HHI", RAW_IPV4, 0, 0))

    def connected(self, number: int) -> None:
        """A connection of that number began."""
        self._packet(number, True, SYN)
        self._packet(number, False, SYN_ACK)

    def sent(self, number: int, by_opener: bool, data: bytes) -> None:
        """Bytes went over it."""
        for start in range(0, len(data), PIECE_BYTES):
            self._packet(number, by_opener, PSH_ACK, data[start : start + PIECE_BYTES])

    def ended(self, number: int, by_opener: bool) -> None:
        """One end sends nothing more."""
        self._packet(number, by_opener, FIN_ACK)

    def _packet(self, number: int, by_opener: bool, flags: int, data: bytes = b"") -> None:
        with self._lock:
            ports = [FIRST_PORT + number % PORTS, ANSWERERS_PORT]
            place = self._next[number, by_opener]
            heard = self._next[number, not by_opener]
            self._next[number, by_opener] += len(data) or flags != PSH_ACK
            source, target = ports if by_opener else reversed(ports)
            segment = struct.pack(
                ">HHIIBBHHH",
                source,
                target,
                place % 2**32,
                heard % 2**32,
                5 << 4,
                flags,
                65535,
                0,
                0,
            )
            self._raw(_ipv4(segment + data))

    def _raw(self, packet: bytes) -> None:
        at_us = time.time_ns() // 1000
        sizes = len(packet), len(packet)
        head = struct.pack("<IIIII", 0, at_us >> 32, at_us & 0xFFFFFFFF, *sizes)
        self._write(PACKET, head + packet + bytes(-len(packet) % 4))

    def _write(self, kind: int, body: bytes) -> None:
        size = struct.pack("<I", len(body) + 12)
        self._file.write(struct.pack("<I", kind) + size + body + size)
        self._file.flush()


def _ipv4(segment: bytes) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0x4000, 64, TCP, 0)
    return head + ADDRESS + ADDRESS + segment
