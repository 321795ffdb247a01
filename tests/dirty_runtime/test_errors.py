"""Errors on the wire: what is sent is what is caught, and an ERROR can always be sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dirty_runtime
import gdproto
from dirty_runtime import DirtyAppError, DirtyError, DirtyProtocolError, DirtyWorkerError
from dirty_runtime.client.stash import _typed
from dirty_runtime.errors import (
    CLASSES,
    MAX_TEXT_BYTES,
    StashKeyNotFoundError,
    StashTableNotFoundError,
    from_message,
    to_message,
)

SAMPLES: dict[str, Any] = {
    "timeout": 1.5, "where": "run", "waited": 0.1,
    "socket_path": "/s", "worker_id": 7, "traceback": "Trace", "app_path": "m:A",
    "action": "go", "reason": "why", "code": "truncated", "offset": 3, "path": "a.b",
    "exception_type": "a.B", "exception_bases": ["builtins.ValueError"],
    "raw_data": "00ff", "retry_after": 0.5, "table_name": "t", "key": "k", "begun": False,
}  # fmt: skip


def sent(error: DirtyError) -> DirtyError:
    """What the other end catches."""
    message = gdproto.parse(to_message(error, 9).to_bytes())
    assert isinstance(message, gdproto.Error)
    assert message.request_id == 9
    return from_message(message)


def test_every_type_of_the_wire_is_a_class_that_people_import() -> None:
    assert {rule.name for rule in gdproto.ERROR_TYPES} == set(CLASSES)
    for name, cls in CLASSES.items():
        assert getattr(dirty_runtime, name) is cls
    for rule in gdproto.ERROR_TYPES:
        parent = CLASSES[rule.name].__mro__[1]
        assert parent.__name__ == (rule.parent or "Exception")


@pytest.mark.parametrize("rule", gdproto.ERROR_TYPES, ids=lambda rule: rule.name)
def test_errors_arrive_as_they_were_sent(rule: Any) -> None:
    facts = {name: SAMPLES[name] for name in rule.details}
    error = CLASSES[rule.name](message="it burns", **facts)
    caught = sent(error)
    assert type(caught) is type(error)
    assert str(caught) == "it burns"
    assert caught.details == error.details == facts
    for name, value in facts.items():
        assert getattr(caught, name) == value


@pytest.mark.parametrize("rule", gdproto.ERROR_TYPES, ids=lambda rule: rule.name)
def test_errors_may_be_made_without_facts(rule: Any) -> None:
    error = CLASSES[rule.name]()
    caught = sent(error)
    assert type(caught) is type(error)
    assert str(caught) == str(error) != ""
    assert all(getattr(caught, name) is None for name in rule.details)


def test_an_unknown_type_is_a_dirty_error_and_keeps_its_details() -> None:
    error = from_message(gdproto.Error(1, "FutureError", "no", {"new": [1], "timeout": 3}))
    assert type(error) is DirtyError
    assert error.details == {"new": [1], "timeout": 3}


def test_a_class_of_a_user_travels_as_the_nearest_that_is_known() -> None:
    class Mine(DirtyAppError):
        pass

    assert type(sent(Mine("no", "m:A"))) is DirtyAppError


@pytest.mark.parametrize("text", ["\ud800", "a" * 10**6, "é" * 10**5, "\x00", ""])
def test_any_text_can_be_sent(text: str) -> None:
    caught = sent(DirtyError(text, {text: text}))
    assert len(caught.message.encode()) <= MAX_TEXT_BYTES
    assert caught.message[:10] == text.encode(errors="backslashreplace").decode()[:10]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.just(object()) | st.complex_numbers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    | st.frozensets(st.integers(), max_size=2),
)  # fmt: skip


@given(st.text(), st.dictionaries(st.text(), anything, max_size=4))
def test_any_error_can_be_sent(message: str, details: dict[str, Any]) -> None:
    caught = sent(DirtyError(message, details))
    assert len(caught.details) <= len(details)


def test_a_protocol_error_says_where() -> None:
    with pytest.raises(gdproto.ProtocolError) as caught:
        gdproto.decode(b"\x01\x02")
    error = DirtyProtocolError.of(caught.value, bytes(300))
    assert (error.code, error.offset, error.path) == ("invalid_bool", 1, None)
    assert error.raw_data == "00" * 100


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Key not found: k", StashKeyNotFoundError),
        ("Table not found: t", StashTableNotFoundError),
        ("Something else: Key not found: k", DirtyError),
    ],
)
def test_plain_errors_of_a_stash_that_mean_something_missing_get_its_type(
    message: str, kind: type[DirtyError]
) -> None:
    assert type(_typed(DirtyError(message), "t", "k")) is kind
    typed = DirtyWorkerError(message)
    assert _typed(typed, "t", "k") is typed
