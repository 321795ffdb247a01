"""The declaration's public face: what is worked out from the tables is what connections do."""

from __future__ import annotations

from pathlib import Path

import pytest

import gdproto
from gdproto import declaration
from gdproto.declaration import (
    ANSWERING,
    ENDING,
    MESSAGES,
    OPENING,
    ROLES,
    FieldRule,
    MessageCode,
    MessageRule,
)

TEXT = Path(__file__).resolve().parents[2] / "spec" / "text"
MADE: dict[MessageCode, gdproto.Message] = {
    MessageCode.REQUEST: gdproto.Request(7, "m:A", "go"),
    MessageCode.RESPONSE: gdproto.Response(7, None),
    MessageCode.ERROR: gdproto.Error(7, "DirtyError", "no"),
    MessageCode.CHUNK: gdproto.Chunk(7, None),
    MessageCode.END: gdproto.End(7),
    MessageCode.STASH: gdproto.Stash(7, 9, ""),
    MessageCode.STATUS: gdproto.Status(7),
    MessageCode.MANAGE: gdproto.Manage(7, 1),
    MessageCode.CANCEL: gdproto.Cancel(7),
    MessageCode.PAUSE: gdproto.Pause(7),
    MessageCode.RESUME: gdproto.Resume(7),
}


# What those sent who spoke it first, and what is still enough.
FIRST: dict[str, dict[str, object]] = {
    "REQUEST": {"app_path": "m:A", "action": "go"},
    "RESPONSE": {"result": 1},
    "ERROR": {"error": {"error_type": "DirtyError", "message": "no"}},
    "CHUNK": {"data": 1},
    "STASH": {"op": 1, "table": "t"},
    "MANAGE": {"op": 1},
}
OPTIONAL = [
    (message, one)
    for message in MESSAGES
    for one in (*(message.fields or ()), *(more for f in message.fields or () for more in f.fields))
    if not one.required
]


def parsed(message: MessageRule, fields: dict[str, object]) -> gdproto.Message:
    """A message that is sent with these fields."""
    payload = gdproto.encode(fields)
    return gdproto.parse(gdproto.Header(message.code, len(payload), 7).to_bytes() + payload)


@pytest.mark.proves("GD-EXT-004")
def test_no_field_is_required_that_was_not_at_first() -> None:
    for message in MESSAGES:
        required = {one.name for one in message.fields or () if one.required}
        assert required == FIRST.get(message.name, {}).keys()
        if message.fields:
            assert parsed(message, FIRST[message.name])


@pytest.mark.proves("GD-EXT-004")
@pytest.mark.parametrize(
    ("message", "one"), OPTIONAL, ids=[f"{message.name} {one.name}" for message, one in OPTIONAL]
)
def test_a_field_that_is_left_out_means_its_default(message: MessageRule, one: FieldRule) -> None:
    fields = FIRST[message.name]
    without = parsed(message, fields)
    found = getattr(without, one.name)
    assert found == (tuple(one.default) if isinstance(found, tuple) else one.default)
    if one.default is not None:
        inner = fields.get("error")
        given = {**inner, one.name: one.default} if isinstance(inner, dict) else None
        more = {"error": given} if given else {**fields, one.name: one.default}
        assert parsed(message, more) == without


def is_sent(role: str, *messages: gdproto.Message) -> bool:
    """Whether a connection of the role sends the last, when it has sent or received the others."""
    connection = gdproto.Connection(role)
    *before, last = messages
    for one in before:
        connection.receive_data(one.to_bytes())
        connection.next_event()
    try:
        return bool(connection.send(last))
    except gdproto.ProtocolError:
        return False


@pytest.mark.parametrize("code", MessageCode)
def test_what_opens_an_exchange(code: MessageCode) -> None:
    # What is about an open exchange may be sent at any time, and opens nothing.
    about = (MessageCode.CANCEL, MessageCode.PAUSE, MessageCode.RESUME)
    opens = is_sent("client", MADE[code]) and code not in about
    assert opens == (code in OPENING)
    assert opens == any(code in role.opens for role in ROLES.values())


@pytest.mark.parametrize("code", MessageCode)
def test_what_answers_and_what_ends_an_exchange(code: MessageCode) -> None:
    assert is_sent("arbiter", MADE[MessageCode.REQUEST], MADE[code]) == (code in ANSWERING)
    client = gdproto.Connection("client")
    client.send(MADE[MessageCode.REQUEST])
    client.receive_data(MADE[code].to_bytes())
    if code in ANSWERING:
        event = client.next_event()
        assert isinstance(event, gdproto.MessageReceived)
        assert event.ended == (code in ENDING)


def test_every_message_is_known() -> None:
    assert {rule.code for rule in MESSAGES} == set(MessageCode) == MADE.keys()


def test_the_requirements_stand_in_chapters_of_the_text() -> None:
    chapters = declaration.chapters()
    assert list(chapters) == sorted(path.stem for path in TEXT.glob("*.md"))
    assert all(title and not title.startswith("#") for title in chapters.values())
    assert {one.chapter for one in declaration.requirements().values()} <= chapters.keys()


def test_all_that_is_named_is_there() -> None:
    assert all(hasattr(declaration, name) for name in declaration.__all__)
