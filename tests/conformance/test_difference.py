"""What a failure shows of what was asked, expected and got."""

from __future__ import annotations

from typing import Any

from gdproto.conformance.judging import difference
from gdproto.conformance.judging.outcomes import Outcome, Result


def failed(reason: str, asked: Any, expected: Any, got: Any) -> Result:
    result = Result("mine", "a-case", ("GD-TLV-001",), "MUST", Outcome.FAIL)
    return Result(
        **{**vars(result), "reason": reason, "asked": asked, "expected": expected, "got": got}
    )


def step(number: int) -> dict[str, Any]:
    return {"events": [{"event": "message", "request_id": str(number)}]}


def test_of_a_session_the_step_is_shown_in_which_it_differs() -> None:
    steps = [step(number) for number in range(20)]
    asked = {"op": "session", "steps": [{"receive": f"{number:02x}"} for number in range(20)]}
    got = {"steps": [*steps[:16], {"events": []}, *steps[17:]]}
    result = failed("session: step 17: 0 events instead of 1", asked, {"steps": steps}, got)
    assert list(difference.lines(result)) == [
        'asked: {"receive": "10"}',
        'expected: {"events": [{"event": "message", "request_id": "16"}]}',
        'got: {"events": []}',
    ]


def test_of_a_step_the_event_is_shown() -> None:
    wanted = {"steps": [{"events": [{"n": 1}, {"n": 2}]}]}
    got = {"steps": [{"events": [{"n": 1}, {"n": 3}]}]}
    asked = {"steps": [{"receive": "00"}]}
    result = failed("session: step 1: event 2: offset 3 instead of 2", asked, wanted, got)
    assert list(difference.lines(result)) == [
        'asked: {"receive": "00"}', 'expected: {"n": 2}', 'got: {"n": 3}',
    ]  # fmt: skip


def test_of_a_stream_the_event_is_shown_behind_what_was_sent_before() -> None:
    wanted = {"setup": [{"bytes": "00"}], "events": [{"n": 1}, {"n": 2}]}
    got = {"steps": [{"bytes": "00"}, {"events": [{"n": 1}]}, {"events": [{"n": 3}]}]}
    told = list(difference.lines(failed("stream: event 2: offset 3", {"op": "x"}, wanted, got)))
    assert told[1:] == ['expected: {"n": 2}', 'got: {"n": 3}']


def test_long_texts_are_shown_where_they_differ() -> None:
    wanted, got = {"bytes": "00" * 1000 + "01"}, {"bytes": "00" * 1000 + "02" + "00" * 500}
    _, expected, came = difference.lines(failed("other bytes", {"op": "encode"}, wanted, got))
    assert expected.startswith("expected: …")
    assert expected.endswith('01"}')
    assert came.startswith("got: …")
    assert "0200" in came
    assert len(came) < 250


def test_a_step_that_is_missing_shows_all() -> None:
    result = failed("session: 1 steps answered of 2", None, {"steps": [1, 2]}, {"steps": [1]})
    assert list(difference.lines(result)) == ['expected: {"steps": [1, 2]}', 'got: {"steps": [1]}']
