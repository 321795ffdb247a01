"""gunicorn.dirty's names on our code: the same names, the same bytes, the same answers."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import socket
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dirty_runtime.gunicorn_compat import app, client, errors, protocol, stash, tlv

from .processes import OURS, serving

MODULES = ("tlv", "protocol", "errors", "app", "client", "stash")


def ours_and_theirs(name: str) -> tuple[Any, Any]:
    return (
        importlib.import_module(f"dirty_runtime.gunicorn_compat{name and '.' + name}"),
        importlib.import_module(f"gunicorn.dirty{name and '.' + name}"),
    )


def is_public(module: Any, name: str) -> bool:
    value = getattr(module, name)
    if name.startswith("_") or inspect.ismodule(value):
        return False
    return getattr(value, "__module__", module.__name__) == module.__name__


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_there(name: str) -> None:
    ours, theirs = ours_and_theirs(name)
    public = {one for one in vars(theirs) if is_public(theirs, one)}
    assert public
    assert public - set(vars(ours)) == set()


def test_the_package_has_their_names() -> None:
    ours, theirs = ours_and_theirs("")
    assert set(ours.__all__) == set(theirs.__all__)
    assert all(hasattr(ours, name) for name in ours.__all__)


@pytest.mark.parametrize("name", ["tlv", "protocol", "stash"])
def test_constants_agree(name: str) -> None:
    ours, theirs = ours_and_theirs(name)
    constants = {one: value for one, value in vars(theirs).items() if one.isupper()}
    assert constants
    shared = {one: getattr(ours, one) for one in constants}
    if "HEADER_FORMAT" in constants:
        # `struct` has two letters for four bytes.
        assert _packed(constants.pop("HEADER_FORMAT")) == _packed(shared.pop("HEADER_FORMAT"))
    for mapping in ("MSG_TYPE_TO_STR", "MSG_TYPE_FROM_STR"):
        if mapping in constants:
            # Ours knows messages that theirs does not.
            assert constants.pop(mapping).items() <= shared.pop(mapping).items()
    assert shared == constants


def _packed(header_format: str) -> bytes:
    return struct.pack(header_format, b"GD", 1, 2, 3, 4)


def test_methods_are_there() -> None:
    theirs = importlib.import_module("gunicorn.dirty.protocol").BinaryProtocol
    public = {name for name in vars(theirs) if not name.startswith("_")}
    assert public - set(vars(protocol.BinaryProtocol)) == set()


# --- bytes ---

BUILT = [
    ("make_request", ("m:A", "go", (1, "x"), {"k": None})),
    ("make_request", ("m:A", "go")),
    ("make_response", ({"a": [1.5, b"x"]},)),
    ("make_response", (None,)),
    ("make_error_response", ({"error_type": "DirtyError", "message": "no", "details": {"a": 1}},)),
    ("make_error_response", (ValueError("it burns"),)),
    ("make_chunk_message", ("token",)),
    ("make_end_message", ()),
    ("make_stash_message", (1, "t", "k", [1])),
    ("make_stash_message", (4, "t", None, None, "a*")),
    ("make_stash_message", (9, "")),
    ("make_manage_message", (2, 3)),
]


@pytest.mark.parametrize(("builder", "args"), BUILT)
@pytest.mark.parametrize("request_id", [1, 2**64 - 1])
def test_messages_agree(builder: str, args: tuple[Any, ...], request_id: int) -> None:
    ours, theirs = ours_and_theirs("protocol")
    message = getattr(theirs, builder)(request_id, *args)
    assert getattr(ours, builder)(request_id, *args) == message
    frame = theirs.BinaryProtocol._encode_from_dict(message)
    assert ours.BinaryProtocol.decode_message(frame) == theirs.BinaryProtocol.decode_message(frame)
    written = through_a_socket(message)
    assert written == frame


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("encode_request", ("m:A", "go", (1,), {"k": 2})),
        ("encode_response", ([1],)),
        ("encode_error", (ValueError("x"),)),
        ("encode_error", (errors.DirtyTimeoutError("late", 1.5),)),
        ("encode_chunk", (None,)),
        ("encode_end", ()),
        ("encode_status", ()),
        ("encode_manage", (1, 2)),
        ("encode_stash", (1, "t", "k", 0)),
    ],
)
def test_encoders_agree(method: str, args: tuple[Any, ...]) -> None:
    ours, theirs = ours_and_theirs("protocol")
    plain = [one.to_dict() if isinstance(one, errors.DirtyError) else one for one in args]
    expected = getattr(theirs.BinaryProtocol, method)(7, *plain)
    assert getattr(ours.BinaryProtocol, method)(7, *args) == expected


def through_a_socket(message: dict[str, Any]) -> bytes:
    """The bytes of the message, which is read back on the way."""
    left, right = socket.socketpair()
    with left, right:
        protocol.DirtyProtocol.write_message(left, message)
        data = right.recv(65536)
        left.sendall(data)
        read = protocol.DirtyProtocol.read_message(right)
        assert {key: value for key, value in read.items() if key in message} == message
        left.close()
        with pytest.raises(errors.DirtyProtocolError, match="closed"):
            protocol.DirtyProtocol.read_message(right)
    return data


def test_a_name_may_be_an_id() -> None:
    left, right = socket.socketpair()
    with left, right:
        for _ in range(2):
            message = protocol.make_end_message("9f1b6c1e-0b7e-4d0e-9a53-5d4f1f9a3c11")
            protocol.DirtyProtocol.write_message(left, message)
        first, second = (protocol.DirtyProtocol.read_message(right)["id"] for _ in range(2))
    assert first == second > 0


HEADER = protocol.BinaryProtocol.encode_header(protocol.MSG_TYPE_CHUNK, 1, 5)


@pytest.mark.parametrize(
    "data",
    [b"G", b"XX" + HEADER[2:], HEADER, HEADER + b"\x20", HEADER + b"\x11\0\0\0\0", HEADER[:8]],
)
def test_malformed_bytes_are_one_error(data: bytes) -> None:
    left, right = socket.socketpair()
    with left, right:
        left.sendall(data)
        left.close()
        with pytest.raises(errors.DirtyProtocolError):
            protocol.BinaryProtocol.read_message(right)
    with pytest.raises(errors.DirtyProtocolError):
        protocol.BinaryProtocol.decode_message(data)

    async def read() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        with pytest.raises(errors.DirtyProtocolError):
            await protocol.BinaryProtocol.read_message_async(reader)

    asyncio.run(read())


def test_streams_carry_messages() -> None:
    async def exchange() -> list[Any]:
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_unix_connection(sock=left)
        _, other = await asyncio.open_unix_connection(sock=right)
        sent = [protocol.make_request(1, "m:A", "go"), protocol.make_chunk_message(1, b"x" * 99)]
        for message in sent:
            await protocol.BinaryProtocol.write_message_async(other, message)
        read = [await protocol.BinaryProtocol.read_message_async(reader) for _ in sent]
        assert read == sent
        for one in (writer, other):
            one.close()
            await one.wait_closed()
        with pytest.raises(asyncio.IncompleteReadError):
            await protocol.BinaryProtocol.read_message_async(reader)
        return read

    assert len(asyncio.run(exchange())) == 2


@pytest.mark.parametrize(
    "message",
    [{"type": "nonsense"}, {}, {"type": "request", "app_path": 1}, {"type": "end", "id": -1}],
)
def test_what_is_no_message_is_refused(message: dict[str, Any]) -> None:
    left, right = socket.socketpair()
    with left, right, pytest.raises(errors.DirtyProtocolError):
        protocol.BinaryProtocol.write_message(left, message)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.binary(max_size=8), st.binary(max_size=8))
def test_values_agree(value: Any, before: bytes, after: bytes) -> None:
    ours, theirs = ours_and_theirs("tlv")
    data = theirs.TLVEncoder.encode(value)
    assert ours.TLVEncoder.encode(value) == data
    assert ours.TLVEncoder.decode_full(data) == value
    around = before + data + after
    expected = theirs.TLVEncoder.decode(around, len(before))
    assert ours.TLVEncoder.decode(around, len(before)) == expected


@pytest.mark.parametrize("data", [b"", b"\x20", b"\xff", b"\x00\x00", b"\x01\x02"])
def test_bad_values_are_one_error(data: bytes) -> None:
    with pytest.raises(errors.DirtyProtocolError):
        tlv.TLVEncoder.decode_full(data)
    with pytest.raises(errors.DirtyProtocolError):
        tlv.TLVEncoder.encode(object())


# --- apps, errors, clients ---


@pytest.mark.parametrize("spec", ["m:A", "m.sub:A:3", "nothing", "m:A:0", "m:A:x", "a:b:c:d"])
def test_app_specs_agree(spec: str) -> None:
    ours, theirs = ours_and_theirs("app")
    results = []
    for module in (ours, theirs):
        try:
            results.append(module.parse_dirty_app_spec(spec))
        except Exception as error:
            results.append(type(error).__name__)
    assert results[0] == results[1]


def test_apps_are_loaded_here() -> None:
    assert app.load_dirty_apps([OURS])[OURS]("echo", 1) is not None
    assert app.get_app_workers_attribute(OURS) is None
    with pytest.raises(errors.DirtyAppNotFoundError):
        app.load_dirty_app("nowhere:App")


def test_errors_travel_as_dicts() -> None:
    for error in (
        errors.DirtyError("x", {"a": 1}),
        errors.DirtyTimeoutError("late", timeout=2.0),
        errors.DirtyAppError("bad", app_path="m:A", action="go", traceback="tb"),
        stash.StashKeyNotFoundError("t", "k"),
    ):
        again = errors.DirtyError.from_dict(error.to_dict())
        assert type(again) is type(error)
        assert again.to_dict() == error.to_dict()
    assert type(errors.DirtyError.from_dict({"error_type": "New", "message": "m"})) is (
        errors.DirtyError
    )


def test_the_socket_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIRTY_SOCKET", raising=False)
    with serving(OURS) as arbiter:
        client.set_dirty_socket_path(arbiter.socket_path)
        try:
            assert isinstance(client.get_dirty_client().execute(OURS, "pid"), int)
            chunks = client.get_dirty_client().stream(OURS, "count", 2)
            assert isinstance(chunks, client.DirtyStreamIterator)
            assert len(list(chunks)) == 2
            assert stash.put("t", "k", 1)
            assert stash.get("t", "k") == 1
        finally:
            client.close_dirty_client()
            client.set_dirty_socket_path(None)
    with pytest.raises(errors.DirtyError, match="socket is not configured"):
        client.get_dirty_client()
