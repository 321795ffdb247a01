"""The vectors of streams and sessions, run through every Connection that is at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

import gdproto
from gdproto import NEED_DATA, ConnectionClosed, ProtocolError
from gdproto.conformance.cases import Case, made
from tests.conformance import told
from tests.gdproto.implementations import CONNECTIONS
from tests.vectors import CASES

SESSIONS = [case for case in CASES.values() if case.kind == "session"]
STREAMS = [case for case in CASES.values() if case.kind == "stream"]
Connect = Callable[[str], gdproto.Connection]


def written_out(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with its recipes carried out."""
    if "message" not in event:
        return dict(event)
    return {**event, "message": told.said(told.message(event["message"]))}


class Played:
    """One end of a connection as the vectors drive it."""

    def __init__(self, connection: gdproto.Connection) -> None:
        self.connection = connection
        self.is_over = False

    def step(self, step: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
        """What came of a step, of an error as much as is expected."""
        if "send" in step:
            try:
                return {"bytes": self.connection.send(told.message(step["send"])).hex()}
            except ProtocolError as error:
                wanted = expected.get("error", ())
                fault = told.fault(error)
                return {"error": {name: fault[name] for name in fault if name in wanted}}
        if "permit" in step:
            self.connection.permit(int(step["permit"]))
            return {}
        if "abandon" in step:
            self.connection.abandon(int(step["abandon"]))
            return {}
        if "receive" in step:
            return {"events": self.receive(made(step["receive"]))}
        self.connection.receive_eof()
        return {"events": self.events()}

    def receive(self, data: bytes) -> list[dict[str, Any]]:
        self.connection.receive_data(data)
        return self.events()

    def events(self) -> list[dict[str, Any]]:
        """The events that are new; none after the one that ends the connection."""
        found: list[dict[str, Any]] = []
        while not self.is_over:
            try:
                event: Any = self.connection.next_event()
            except ProtocolError as error:
                event = error
            if event is NEED_DATA:
                break
            found.append(told.event(event))
            self.is_over = isinstance(event, ConnectionClosed) or (
                isinstance(event, ProtocolError) and event.scope == "connection"
            )
        return found

    def steps(self, steps: Sequence[Mapping[str, Any]]) -> None:
        for number, step in enumerate(steps):
            assert self.step(step, step["expect"]) == step["expect"], f"step {number}"


@pytest.mark.parametrize("connect", CONNECTIONS)
@pytest.mark.parametrize("case", SESSIONS, ids=lambda case: case.id)
def test_a_session_goes_as_written(case: Case, connect: Connect) -> None:
    Played(connect(case.role)).steps(case.steps)


@pytest.mark.parametrize("connect", CONNECTIONS)
@pytest.mark.parametrize("case", STREAMS, ids=lambda case: case.id)
def test_a_stream_gives_the_same_events_however_it_is_cut(case: Case, connect: Connect) -> None:
    data = made(case.receives or "")
    expected = [written_out(event) for event in case.events]
    for point in case.split_points():
        played = Played(connect(case.role))
        played.steps(case.setup)
        found = played.receive(data[:point]) + played.receive(data[point:])
        if case.eof:
            found += played.step({"eof": True}, {})["events"]
        assert found == expected, f"cut at {point}"
    if len(data) <= 4096:
        played = Played(connect(case.role))
        played.steps(case.setup)
        found = [event for byte in data for event in played.receive(bytes([byte]))]
        if case.eof:
            found += played.step({"eof": True}, {})["events"]
        assert found == expected, "byte by byte"
