"""What an answer means to a caller, under a clock of our own."""

from __future__ import annotations

import time
from typing import Any

import pytest

import gdproto
from dirty_runtime import DirtyAppError, DirtyConnectionError, DirtyError, DirtyTimeoutError
from dirty_runtime.client.answers import Deadline, answer_in, result_of


def test_results() -> None:
    assert result_of(gdproto.Response(1, {"a": 1})) == {"a": 1}
    with pytest.raises(DirtyAppError, match="it burns"):
        result_of(gdproto.Error(1, "DirtyAppError", "it burns"))
    for message in (gdproto.Chunk(1, "x"), gdproto.End(1)):
        with pytest.raises(DirtyError, match="stream"):
            result_of(message)


EVENTS: list[tuple[Any, Any]] = [
    (gdproto.MessageReceived(gdproto.Response(1, 2), True), gdproto.Response(1, 2)),
    (gdproto.MessageReceived(gdproto.Error(1, "DirtyError", "no"), True), "no"),
    (gdproto.ExchangeEnded(1), None),
]


@pytest.mark.parametrize(("event", "answer"), EVENTS, ids=str)
def test_answers(event: Any, answer: Any) -> None:
    found = answer_in(event, "/socket")
    if answer is None:
        assert found is None
    else:
        assert found is event


def test_what_ends_the_connection() -> None:
    with pytest.raises(DirtyConnectionError, match="/socket"):
        answer_in(gdproto.ConnectionClosed(), "/socket")
    notice = gdproto.MessageReceived(gdproto.Error(0, "DirtyProtocolError", "bad_magic"), False)
    with pytest.raises(DirtyError, match="bad_magic"):
        answer_in(notice, "/socket")


def test_a_deadline_counts_down(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    deadline = Deadline(2.5)
    assert deadline.left_s() == 2.5
    now[0] = 102.0
    assert deadline.left_s() == 0.5
    now[0] = 102.5
    with pytest.raises(DirtyTimeoutError) as caught:
        deadline.left_s()
    assert caught.value.timeout == 2.5
