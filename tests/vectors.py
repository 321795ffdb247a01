"""All vectors, read once for all tests of a process."""

from __future__ import annotations

from gdproto.conformance.cases import load

CASES = load()
