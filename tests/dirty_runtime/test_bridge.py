"""What a bridge to a Ray cluster decides, without one: pieces of lanes, places, what is sent."""

from __future__ import annotations

import os
import pickle
import socket
import threading
from pathlib import Path

import pytest

import gdproto
from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter.policy.allocation import allocate
from dirty_runtime.arbiter.policy.catalogue import AppFacts, Catalogue
from dirty_runtime.bridge.actor import Intake
from dirty_runtime.bridge.lifeline import Lifeline, is_gone
from dirty_runtime.bridge.pieces import LARGE_BYTES, PIECE_BYTES, Frames, pieces
from dirty_runtime.bridge.placement import options_of, required, why_not
from dirty_runtime.bridge.shipping import left_out
from dirty_runtime.settings import Config

LIMIT_S = 30.0
SMALL = gdproto.Response(1, "x").to_bytes()
LARGE = gdproto.Response(2, bytes(LARGE_BYTES + 3 * PIECE_BYTES)).to_bytes()


def cut(data: bytes, step: int = 0) -> list[bytes | pickle.PickleBuffer]:
    """The pieces of what is sent, all at once or `step` bytes at a time."""
    here, there = socket.socketpair()

    def send() -> None:
        with there:
            for at in range(0, len(data), step or len(data)):
                there.sendall(data[at : at + (step or len(data))])

    sender = threading.Thread(target=send)
    sender.start()
    with here:
        found = list(pieces(here))
    sender.join(LIMIT_S)
    return found


@pytest.mark.parametrize("data", [SMALL, SMALL * 9, LARGE, SMALL + LARGE + SMALL, LARGE + LARGE])
def test_pieces_are_all_that_came(data: bytes) -> None:
    assert b"".join(map(bytes, map(memoryview, cut(data)))) == data


def test_only_what_is_large_goes_by_the_store_and_then_as_a_whole() -> None:
    found = cut(SMALL + LARGE + SMALL)
    large = [one for one in found if isinstance(one, pickle.PickleBuffer)]
    assert len(large) == 1
    assert len(memoryview(large[0])) > LARGE_BYTES
    assert all(len(memoryview(one)) <= PIECE_BYTES for one in found if one is not large[0])


def test_a_stream_that_ends_within_a_large_frame_is_carried_so_far() -> None:
    half = LARGE[: len(LARGE) // 2]
    assert b"".join(map(bytes, map(memoryview, cut(half)))) == half


def test_frames_are_followed_however_they_are_cut() -> None:
    data = SMALL * 3 + gdproto.Response(3, bytes(300)).to_bytes() + SMALL
    for step in range(1, 40):
        frames = Frames()
        for at in range(0, len(data), step):
            frames.passed(data[at : at + step])
        assert frames.left == 0
    frames = Frames()
    frames.passed(LARGE[:20])
    assert frames.left == len(LARGE) - 20


def test_what_is_no_frame_is_carried_all_the_same() -> None:
    nonsense = b"\xff" * (3 * PIECE_BYTES)
    assert b"".join(map(bytes, map(memoryview, cut(nonsense)))) == nonsense


def test_a_lane_gets_pieces_in_their_order_however_full_it_is() -> None:
    sent = [bytes([number]) * (number % 3 * 300_000 + 1) for number in range(12)]
    here, there = socket.socketpair()
    intake = Intake(there)
    for number in (1, 0, *range(11, 1, -1)):
        intake.put(number, sent[number])
    intake.put(len(sent), b"")
    here.settimeout(LIMIT_S)
    with here, there, here.makefile("rb") as got:
        assert got.read() == b"".join(sent)


def test_what_apps_take_are_options_of_actors() -> None:
    needs = {"gpu": 1, "num_cpus": 2, "memory": 2**33, "fast_disk": 0.5, "cpu": 1}
    assert options_of(needs) == {
        "num_gpus": 1,
        "num_cpus": 3,
        "memory": 2**33,
        "resources": {"fast_disk": 0.5},
    }
    assert options_of({}) == {}


def test_an_actor_that_says_nothing_is_placed_where_a_cpu_is_free() -> None:
    assert required(options_of({"a": 1})) == {"CPU": 1, "a": 1}
    assert required(options_of({"cpu": 0, "a": 1})) == {"a": 1}


NODES = [{"CPU": 4.0, "a": 1.0}, {"CPU": 2.0, "GPU": 1.0}]


def test_what_no_node_has_is_told_with_what_there_is() -> None:
    wait = why_not({"CPU": 1, "GPU": 2}, NODES, {"CPU": 6.0, "GPU": 1.0})
    assert wait is not None
    assert not wait.may_end
    assert "none of 2 nodes has {CPU: 1, GPU: 2}" in wait.reason
    assert "{CPU: 4, GPU: 1}" in wait.reason


def test_one_node_must_have_it_all() -> None:
    wait = why_not({"GPU": 1, "a": 1}, NODES, {"CPU": 6.0, "GPU": 1.0, "a": 1.0})
    assert wait is not None
    assert not wait.may_end


def test_what_others_have_may_come_free() -> None:
    wait = why_not({"CPU": 1, "a": 1}, NODES, {"CPU": 6.0, "GPU": 1.0})
    assert wait is not None
    assert wait.may_end
    assert "free are {CPU: 6, a: 0}" in wait.reason


def test_what_is_free_is_not_waited_for() -> None:
    assert why_not({"CPU": 1, "a": 1}, NODES, {"CPU": 1.0, "a": 1.0}) is None


def test_pipes_sockets_and_what_is_hidden_are_not_sent(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("")
    (tmp_path / "inner").mkdir()
    os.mkfifo(tmp_path / "inner" / "pipe")
    (tmp_path / "gone").symlink_to("nowhere")
    assert sorted(left_out(str(tmp_path))) == ["/.git", "/gone", "/inner/pipe", "__pycache__"]


def test_each_app_in_a_cluster_has_slots_of_its_own_and_takes_nothing_here() -> None:
    apps = (AppSpec("m:A", None, "ray"), AppSpec("m:B", 1), AppSpec("m:C", None))
    config = Config(apps, "/s", workers=2, launcher="ray")
    catalogue = Catalogue.of(config)
    for app in apps:
        catalogue.learn(app.path, AppFacts(resources={"gpu": 1}))
    assert allocate(catalogue.specs, 2) == {
        0: ("m:A",),
        1: ("m:A",),
        2: ("m:B",),
        3: (),
        4: ("m:C",),
        5: ("m:C",),
    }
    assert catalogue.needs("m:A") == {}
    assert catalogue.asks("m:A") == {"gpu": 1}


def test_the_end_of_a_process_is_told_at_once() -> None:
    told, over = [], threading.Event()

    def lost(reason: str) -> None:
        told.append(reason)
        over.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Lifeline(*listener.getsockname(), lost)
        actor, _ = listener.accept()
        assert not told
        actor.close()
    assert over.wait(LIMIT_S)
    assert told == ["its actor died: its process is gone"]


def test_nobody_listens_where_a_node_was() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        assert not is_gone(address)
    assert is_gone(address)
