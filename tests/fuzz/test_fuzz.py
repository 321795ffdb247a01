"""The targets, for a short while: what was found once, and inputs that hypothesis makes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gdproto
from gdproto import Connection, ProtocolError, connection
from tests.gdproto.implementations import DECODERS, PARSERS, SLOW, python_connection

from . import engines, targets
from .broken import APART, BROKEN
from .inputs import CODES, CORPUS, Mutator, seeds, smallest, stored
from .targets import TARGETS, Receiver, check

STORED = [(target, path) for target in TARGETS for path in stored(target)]


def test_the_corpus_holds_inputs_of_each_target_and_no_others() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert {target for target, _ in STORED} == set(TARGETS)


@pytest.mark.parametrize(("target", "path"), STORED, ids=lambda one: getattr(one, "name", one))
def test_what_was_found_once(target: str, path: Path) -> None:
    check(target, path.read_bytes(), measured=True)


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_vectors_say(target: str) -> None:
    for data in seeds(target):
        check(target, data, measured=False)


def changed(target: str) -> st.SearchStrategy[bytes]:
    """Seeds with a few pieces replaced, and any bytes."""
    pieces = st.one_of(
        st.binary(max_size=8), st.sampled_from(CODES).map(lambda code: bytes([code])),
        st.integers(0, 2**32 - 1).map(lambda size: size.to_bytes(4, "big")),
    )  # fmt: skip

    @st.composite
    def some(draw: st.DrawFn) -> bytes:
        data = bytearray(draw(st.sampled_from(seeds(target))))
        for _ in range(draw(st.integers(0, 4))):
            at = draw(st.integers(0, len(data)))
            data[at : at + draw(st.integers(0, 8))] = draw(pieces)
        return bytes(data)

    return st.one_of(some(), st.binary(max_size=100))


@pytest.mark.parametrize("target", TARGETS)
def test_any_input(target: str) -> None:
    @settings(
        max_examples=150, deadline=None, derandomize=True,
        suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
    )  # fmt: skip
    @given(changed(target))
    def run(data: bytes) -> None:
        check(target, data)

    run()


# --- the targets and engines themselves ---


def test_a_target_sees_that_a_decoder_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    def lax(data: bytes) -> object:
        return gdproto.decode(data.rstrip(b"\xff"))

    monkeypatch.setattr(targets, "DECODERS", [gdproto.decode, lax])
    check("value", b"\x00")
    with pytest.raises(AssertionError):
        check("value", b"\x00\xff")


only_c = pytest.mark.skipif(gdproto.IMPLEMENTATION != "c", reason="no value comes apart")
BROKEN_HERE = [pytest.param(one, marks=only_c if one in APART else ()) for one in BROKEN]


@pytest.mark.parametrize("name", BROKEN_HERE)
def test_a_target_sees_that_an_option_is_broken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = BROKEN[name]
    source = Path(connection.__file__).read_text()
    assert source.count(old) == 1
    apart = gdproto.IMPLEMENTATION == "c"
    broken = python_connection(f"{__name__}.broken", source.replace(old, new), apart=apart)
    monkeypatch.setattr(targets, "CONNECTIONS", [broken])
    inputs = [path.read_bytes() for path in stored("options")]
    # Each cut in several ways.
    several = (one[:2] + bytes([0, way]) + one[4:] for way in range(8) for one in inputs)
    assert any(engines.fails("options", data) for data in several)


def test_a_target_sees_memory_out_of_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    def generous(data: bytes) -> bytes:
        return bytes(3_000_000)

    monkeypatch.setitem(targets.MEASURED_FUNCTIONS, "value", [generous])
    with pytest.raises(AssertionError):
        check("value", b"\x00", measured=True)


def test_chance_finds_and_keeps_the_smallest_input(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuses_lists(data: bytes) -> None:
        assert b"\x20" not in data

    monkeypatch.setitem(TARGETS, "value", refuses_lists)
    monkeypatch.setattr(engines, "FOUND", tmp_path)
    _, found = engines.by_chance("value", 20, seed=1)
    assert found is not None
    assert found.read_bytes() == b"\x20"


def test_chance_repeats() -> None:
    one, other = Mutator("frame", 7), Mutator("frame", 7)
    assert [one.next() for _ in range(50)] == [other.next() for _ in range(50)]


def test_smallest_leaves_out_all_that_can_be() -> None:
    assert smallest(bytes(range(100)), lambda one: 7 in one and 70 in one) == bytes([7, 70])


# --- time ---

# Sixteen times the input must not take sixty-four times as long: between linear and quadratic.
SMALL, FACTOR, BOUND = 1_000, 16, 64


def item(encoded: bytes) -> Callable[[int], bytes]:
    return lambda size: b"\x20" + size.to_bytes(4, "big") + encoded * size


def keyed(size: int) -> bytes:
    pairs = (b"\x11\0\0\0\x06%06d\0" % number for number in range(size))
    return b"\x21" + size.to_bytes(4, "big") + b"".join(pairs)


def chunk(value: bytes) -> bytes:
    payload = b"\x21\0\0\0\x01\x11\0\0\0\x04data" + value
    return gdproto.Header(gdproto.MessageCode.CHUNK, len(payload), 1).to_bytes() + payload


SHAPES: dict[str, Callable[[int], bytes]] = {
    "nones": item(b"\0"),
    "ints": item(b"\5" + bytes(8)),
    "dicts": item(b"\x21" + bytes(4)),
    "keys": keyed,
    "text": lambda size: b"\x11" + (9 * size).to_bytes(4, "big") + b"a" * (9 * size),
    "fault at the end": lambda size: item(b"\5" + bytes(8))(size)[:-9] + b"\x01\x02" + bytes(7),
    "trailing": lambda size: item(b"\0")(size) + b"\0",
    "key twice at the end": lambda size: keyed(size)[:-12] + keyed(1)[5:],
}


def seconds(function: Callable[[bytes], object], data: bytes) -> float:
    """The processor's time for it, the best of three."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        with suppress(ProtocolError):
            function(data)
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.parametrize("decode", [one for one in DECODERS if one not in SLOW])
@pytest.mark.parametrize("shape", SHAPES)
def test_time_to_decode_grows_as_the_input(shape: str, decode: Callable[[bytes], object]) -> None:
    make = SHAPES[shape]
    few, many = seconds(decode, make(SMALL)), seconds(decode, make(SMALL * FACTOR))
    assert many <= BOUND * max(few, 1e-4)


@pytest.mark.parametrize("parse", [one for one in PARSERS if one not in SLOW])
def test_time_to_parse_grows_as_the_input(parse: Callable[[bytes], object]) -> None:
    few, many = (
        seconds(parse, chunk(SHAPES["fault at the end"](size))) for size in (SMALL, SMALL * FACTOR)
    )
    assert many <= BOUND * max(few, 1e-4)


@pytest.mark.parametrize("portion_bytes", [1, 1000])
def test_time_to_receive_grows_as_the_stream(portion_bytes: int) -> None:
    frame = gdproto.Cancel(7).to_bytes()

    def receive(stream: bytes) -> None:
        receiver = Receiver(Connection("arbiter"), 0)
        parts = range(0, len(stream), portion_bytes)
        receiver.take([stream[at : at + portion_bytes] for at in parts], True)

    few, many = (seconds(receive, frame * size) for size in (100, 100 * FACTOR))
    assert many <= BOUND * max(few, 1e-4)


def test_time_to_receive_one_large_frame_grows_as_the_frame() -> None:
    def receive(stream: bytes) -> None:
        receiver = Receiver(Connection("client", raw=True), 1)
        chance = random.Random(1)
        at = 0
        while at < len(stream):
            size = chance.randint(1, 40)
            receiver.take([stream[at : at + size]], False)
            at += size
        assert len(receiver.outcomes) == 1

    few, many = (seconds(receive, chunk(SHAPES["text"](size))) for size in (1_000, 16_000))
    assert many <= BOUND * max(few, 1e-4)
