"""The C codec: built, chosen, and one with the Python codec on every input."""

from __future__ import annotations

import dataclasses
import gc
import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdproto
from gdproto import fast, frames, implementation, messages, routing, strict, tlv
from tests.compiling import CAN_COMPILE

from .cases import BAD, GOOD, UNENCODABLE, nested
from .test_messages import FRAMES
from .test_tlv import values

ROOT = Path(__file__).resolve().parents[2]
C = gdproto.IMPLEMENTATION == "c"
only_c = pytest.mark.skipif(not C, reason="the Python codec runs")

# The functions of both codecs: what is called, and the Python one that has the last word.
DECODING: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
    (gdproto.decode, tlv.decode),
    (gdproto.parse, messages.parse),
    (gdproto.parse_header, frames.parse_header),
    (gdproto.peek_request, messages.peek_request),
]


def in_python(program: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_c_runs_where_a_compiler_is() -> None:
    if os.environ.get("GDPROTO_PURE", "0") != "0":
        pytest.skip("GDPROTO_PURE asks for the Python codec")
    if CAN_COMPILE:
        assert C, "the C codec is missing, or of another spec: run `pip install -e .`"


def test_the_environment_selects_the_python_codec() -> None:
    program = "import gdproto; print(gdproto.IMPLEMENTATION, gdproto.decode(gdproto.encode([1])))"
    assert in_python(program, GDPROTO_PURE="1") == "python [1]"


BUT = (Path(__file__).name, "test_sources.py")


@pytest.mark.timeout(600)
def test_the_python_codec_passes_the_same_tests() -> None:
    if not C:
        pytest.skip("it runs these tests already")
    # Of those left out one asks this, the other for what the C codec is built from.
    left_out = (f"--ignore={ROOT / 'tests' / 'gdproto' / name}" for name in BUT)
    command = [sys.executable, "-m", "pytest", "tests/gdproto", *left_out]
    result = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=590,
        env={**os.environ, "GDPROTO_PURE": "1"},
    )
    assert result.returncode == 0, result.stdout[-3000:]


def test_the_gil_is_not_switched_on() -> None:
    """By an import: Python does that where a module in C does not say that it needs none."""
    program = "import sys; print(getattr(sys, '_is_gil_enabled', lambda: True)())"
    imports = "import gdproto, dirty_runtime.sockets.small, dirty_runtime.sockets.round_trip;"
    assert in_python(imports + program) == in_python(program)


# Python 3.11 knows the first kind only: interpreters that share the GIL.
INTERPRETERS = ["legacy", "isolated"] if sys.version_info >= (3, 13) else [""]
IN_ANOTHER = """
import os, gdproto
connection, peer = gdproto.Connection("client"), gdproto.Connection("arbiter")
peer.receive_data(connection.send(gdproto.Request(1, "app:App", "do", ["a"], {"b": 1.5})))
assert peer.next_event().message.kwargs == {"b": 1.5}
try:
    gdproto.decode(b"")
except gdproto.ProtocolError:
    os.write(1, f"{gdproto.IMPLEMENTATION}\\n".encode())
"""


@only_c
@pytest.mark.parametrize("kind", INTERPRETERS)
def test_other_interpreters_of_the_process_have_the_c_codec(kind: str) -> None:
    """One after the other, two at once, in threads of their own, and the first before and after."""
    program = f"""
import threading
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
another = {IN_ANOTHER!r}
def run(one):
    failure = interpreters.run_string(one, another)
    assert failure is None, failure
exec(another)
for _ in range(3):
    first, second = (interpreters.create(*{[kind] if kind else []}) for _ in range(2))
    run(first)
    threads = [threading.Thread(target=run, args=(one,)) for one in (first, second)]
    for thread in threads:
        thread.start()
    exec(another)
    for thread in threads:
        thread.join()
    for one in first, second:
        interpreters.destroy(one)
exec(another)
"""
    assert in_python(program).split() == ["c"] * 14


# --- what is right is done in C ---


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("left to the Python codec")


@pytest.fixture
def alone() -> Any:
    """The C codec without the Python one to ask."""
    codec = implementation.compiled()
    assert codec is not None
    arguments = (gdproto.MESSAGE_CLASSES, gdproto.Header, gdproto.RequestPeek, gdproto.Encoded)
    codec.bind(
        *arguments, {**dict.fromkeys(implementation.FALLBACKS, refuse), "readable": tlv.readable}
    )
    yield
    codec.bind(*arguments, implementation.FALLBACKS)


@only_c
@pytest.mark.usefixtures("alone")
def test_what_is_right_is_done_in_c() -> None:
    for case in GOOD:
        assert gdproto.encode(case.value) == case.encoded, case.name
        assert gdproto.decode(case.encoded) == case.value, case.name
        gdproto.decode(case.encoded, zero_copy=True)
    for message, encoded in FRAMES:
        assert message.to_bytes() == encoded
        assert gdproto.parse(encoded) == message
        assert gdproto.parse(bytearray(encoded), zero_copy=True) == message
        header = gdproto.parse_header(encoded)
        assert gdproto.parse_payload(header, encoded, gdproto.HEADER_BYTES) == message
    assert gdproto.peek_request(FRAMES[1][1], gdproto.HEADER_BYTES).timeout == 2.5


@only_c
@pytest.mark.usefixtures("alone")
def test_a_doubt_is_left_to_the_python_codec() -> None:
    with pytest.raises(AssertionError, match="left to"):
        gdproto.encode(2**70)


# --- both agree ---


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result, or what the error says."""
    try:
        return function(*arguments)
    except gdproto.ProtocolError as error:
        return error.code, error.scope, error.offset, error.path, error.request_id, error.reason
    except TypeError as error:
        return str(error)


def agree(data: Any) -> None:
    for c, python in DECODING:
        # repr: a NaN is like itself, and 1 is not like True.
        assert repr(outcome(c, data)) == repr(outcome(python, data))


def same(one: Any, other: Any) -> bool:
    """Alike, and views where the other has views."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    if isinstance(one, memoryview):
        return one == other and one.readonly and other.readonly
    return repr(one) == repr(other)


SEEDS = [case.encoded for case in [*GOOD, *BAD] if len(case.encoded) < 500]
SEEDS += [encoded for _, encoded in FRAMES]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Good bytes, or bad ones, with a few bytes changed, cut or put in."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(data)


@given(damaged() | st.binary(max_size=60))
def test_both_codecs_judge_bytes_alike(data: bytes) -> None:
    agree(data)
    agree(memoryview(data))
    c, python = (outcome(partial(f, zero_copy=True), data) for f in (gdproto.decode, tlv.decode))
    assert same(c, python)


@only_c
@given(damaged())
def test_both_codecs_have_judges_that_say_the_same(data: bytes) -> None:
    # What is asked by itself where one judges and the other builds.
    codec = implementation.codec
    assert codec is not None
    for start in (0, gdproto.HEADER_BYTES):
        if start < len(data):
            for c, python in ((codec.check_at, strict.check), (codec.route, routing.route)):
                assert outcome(partial(c, data), start) == outcome(partial(python, data), start)


@pytest.mark.parametrize("peek", [gdproto.peek_request, messages.peek_request])
def test_what_trails_is_at_fault_before_the_fields_that_stand_last(peek: Any) -> None:
    whole = gdproto.encode({"action": "go", "timeout": 1, "priority": 2, "app_path": 5})
    with pytest.raises(gdproto.ProtocolError, match="trailing_data"):
        peek(whole + b"\0")


ODD = st.sampled_from(
    [
        2**63,
        -(2**63),
        2**63 - 1,
        -(2**63) - 1,
        "\ud800",
        "é",
        "😀",
        object(),
        {1: 2},
        {1: 1, "1": 2},
        bytearray(b"x"),
        memoryview(b"xyz")[::2],
        (1, 2),
        gdproto.StashOp.GET,
        {"\udc00": 1},
    ]
)


@given(
    st.recursive(ODD | values, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_both_codecs_write_alike(value: Any) -> None:
    assert outcome(gdproto.encode, value) == outcome(tlv.encode, value)


FIELDS = ODD | values | st.sampled_from([0, 1, -1, 0.5, math.inf, True])


@given(
    st.sampled_from(list(gdproto.MESSAGE_CLASSES.values())),
    st.lists(FIELDS, min_size=6, max_size=6),
    st.integers(-1, 2**64),
)
def test_both_codecs_serialize_alike(
    cls: type[gdproto.Message], fields: list[Any], request_id: int
) -> None:
    count = len(dataclasses.fields(cls)) - 1  # type: ignore[arg-type]
    message = cls(request_id, *fields[:count])  # type: ignore[call-arg]
    encoded = outcome(message.to_bytes)
    assert encoded == outcome(frames.serialize, message)
    if isinstance(encoded, bytes):
        agree(encoded)


class InPython(gdproto.Connection):
    """The C codec knows connections by their exact class, and leaves this one alone."""

    __slots__ = ()


SENDABLE = [message for message, _ in FRAMES]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["send", "parts", "frame", "receive"]),
        st.sampled_from(SENDABLE),
        st.integers(0, 3),
    )
    | st.tuples(st.just("bytes"), damaged(), st.integers(0, 20))
    | st.tuples(st.sampled_from(["eof", "abandon"]), st.none(), st.integers(0, 3)),
    max_size=25,
)


def take(connection: gdproto.Connection, step: tuple[str, Any, int]) -> list[Any]:
    """What comes of one step."""
    kind, content, number = step
    if kind == "eof":
        connection.receive_eof()
    elif kind == "abandon":
        connection.abandon(number)
    elif kind in ("send", "parts", "frame"):
        message = dataclasses.replace(content, request_id=number)
        if kind != "frame":
            send = connection.send if kind == "send" else connection.send_parts
            return [outcome(send, message)]
        frame = message.to_bytes()
        header = gdproto.parse_header(frame) if number % 2 else None
        return [outcome(connection.send_frame, frame, header)]
    else:
        data = content if kind == "bytes" else b""
        if kind == "receive":
            data = dataclasses.replace(content, request_id=number).to_bytes()
        cut = number if kind == "bytes" else len(data)
        connection.receive_data(data[:cut])
        connection.receive_data(bytearray(data[cut:]))
    events: list[Any] = []
    for _ in range(50):
        events.append(outcome(connection.next_event))
        if events[-1] is gdproto.NEED_DATA or (len(events) > 1 and events[-1] == events[-2]):
            break
    return events


@given(st.sampled_from(["client", "arbiter", "lane", "worker"]), st.booleans(), STEPS)
def test_both_connections_take_the_same_course(
    role: str, raw: bool, steps: list[tuple[str, Any, int]]
) -> None:
    c, python = gdproto.Connection(role, raw=raw), InPython(role, raw=raw)
    for step in steps:
        assert repr(take(c, step)) == repr(take(python, step))
        assert c._states == python._states
        assert c.unread(1000) == python.unread(1000)


ONE, OTHER, ALMOST = bytes(fast.PART_BYTES), bytes(100_000), bytes(fast.PART_BYTES - 1)
IN_PARTS: dict[str, tuple[gdproto.Message, list[bytes]]] = {
    "none": (gdproto.Response(1, [ALMOST, "a" * 70_000, bytearray(70_000)]), []),
    "the last value": (gdproto.Response(1, ONE), [ONE]),
    "in front": (gdproto.Response(1, [ONE, 1]), [ONE]),
    "several": (
        gdproto.Request(1, "m:A", "go", (ONE, 5, [OTHER, ALMOST]), {"a": ONE, "b": {}}),
        [ONE, OTHER, ONE],
    ),
    "views are copied": (gdproto.Request(1, "m:A", "go", (memoryview(ONE),)), []),
}


@pytest.mark.parametrize("name", IN_PARTS)
def test_large_bytes_are_parts_themselves(name: str) -> None:
    message, large = IN_PARTS[name]
    role = "client" if isinstance(message, gdproto.Request) else "arbiter"
    for kind in (gdproto.Connection, InPython):
        connection = kind(role)
        if role == "arbiter":
            connection.receive_data(gdproto.Request(1, "m:A", "go").to_bytes())
            connection.next_event()
        parts = connection.send_parts(message)
        assert b"".join(parts) == message.to_bytes()
        assert all(parts)
        aside = [part for part in parts if any(part is one for one in (ONE, OTHER))]
        assert len(aside) == len(large)
        assert all(part is one for part, one in zip(aside, large, strict=True))
        assert list(connection.open_exchanges) == ([1] if role == "client" else [])


@pytest.mark.parametrize("kind", [gdproto.Connection, InPython])
def test_parts_that_are_too_large_are_refused(kind: type[gdproto.Connection]) -> None:
    connection = kind("client")
    large = bytes(gdproto.MAX_PAYLOAD_BYTES // 2)
    with pytest.raises(gdproto.ProtocolError, match="payload_too_large"):
        connection.send_parts(gdproto.Request(1, "m:A", "go", (large, large)))
    assert not connection.open_exchanges


@pytest.mark.parametrize(
    "arguments",
    [(), (b"\x00", 1), ("text",), (5,), (None,), (b"\x00", 0, 0)],
    ids=repr,
)
def test_wrong_arguments_are_type_errors(arguments: tuple[Any, ...]) -> None:
    for function in (gdproto.decode, gdproto.parse):
        with pytest.raises(TypeError):
            function(*arguments)


def test_released_and_scattered_views() -> None:
    view = memoryview(gdproto.encode("text"))
    assert gdproto.decode(view) == "text"
    view.release()
    with pytest.raises(ValueError, match="released"):
        gdproto.decode(view)
    assert gdproto.decode(memoryview(b"\x00\xff\x01\xff\x01")[::2][:1]) is None


# --- memory ---


def everything_once() -> None:
    for case in [*GOOD, *BAD]:
        if len(case.encoded) < 5000:
            for c, _ in DECODING:
                outcome(c, case.encoded)
            outcome(lambda data: gdproto.decode(data, zero_copy=True), case.encoded)
    for case in GOOD:
        if len(case.encoded) < 5000:
            gdproto.encode(case.value)
    for unencodable in UNENCODABLE:
        outcome(gdproto.encode, unencodable.value)
    for message, encoded in FRAMES:
        message.to_bytes()
        gdproto.parse(encoded)
        for raw in (True, False):
            for role in ("client", "arbiter"):
                connection = gdproto.Connection(role, raw=raw)
                take(connection, ("send", message, 1))
                take(connection, ("receive", message, 1))
                take(connection, ("parts", message, 2))
    for message, _ in IN_PARTS.values():
        outcome(gdproto.Connection("client").send_parts, message)
        outcome(gdproto.Connection("arbiter").send_parts, message)
        for size in range(len(encoded)):
            outcome(gdproto.parse, encoded[:size])
            outcome(gdproto.peek_request, encoded[16:size])


@only_c
def test_nothing_is_leaked() -> None:
    everything_once()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(5):
        everything_once()
    gc.collect()
    assert sys.getallocatedblocks() - before < 20


@only_c
def test_constants_keep_their_counts() -> None:
    data = gdproto.encode([None, True, False, {}, []] * 1000)
    before = [sys.getrefcount(one) for one in (None, True, False)]
    for _ in range(10):
        gdproto.encode(gdproto.decode(data))
    after = [sys.getrefcount(one) for one in (None, True, False)]
    assert all(abs(one - other) < 500 for one, other in zip(before, after, strict=True))


def test_deep_values_in_a_small_stack() -> None:
    size = threading.stack_size(64 * 1024)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            encoded = gdproto.encode(nested(512))
            assert gdproto.encode(gdproto.decode(encoded)) == encoded
        except BaseException as error:
            failures.append(error)

    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(timeout=30)
    finally:
        threading.stack_size(size)
    assert not failures
