"""Frames under another request id: nothing else of them changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdproto

IDS = st.integers(0, 2**64 - 1)
FRAMES = st.lists(
    st.one_of(
        st.builds(gdproto.Chunk, IDS, st.text(max_size=50)),
        st.builds(gdproto.End, IDS),
        st.builds(gdproto.Response, IDS, st.binary(max_size=50)),
    ),
    min_size=1,
    max_size=5,
)


@given(FRAMES, IDS)
def test_each_frame_of_a_run_is_under_the_id(frames: list[gdproto.Message], other: int) -> None:
    for one in frames:
        assert gdproto.parse(gdproto.readdressed(one.to_bytes(), other)).request_id == other
    run = b"".join(one.to_bytes() for one in frames)
    again = gdproto.readdressed(run, other)
    assert len(again) == len(run)
    at = 0
    for one in frames:
        size = len(one.to_bytes())
        found = gdproto.parse(again[at : at + size])
        assert found.request_id == other
        assert gdproto.readdressed(again[at : at + size], one.request_id) == one.to_bytes()
        at += size


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_the_first_part_of_a_large_frame(kind: type) -> None:
    whole = gdproto.Response(7, b"x" * 1000).to_bytes()
    part = gdproto.readdressed(kind(whole[:100]), 9)
    assert gdproto.parse(part + whole[100:]) == gdproto.Response(9, b"x" * 1000)
