"""What a bridge to a Ray cluster decides, without one: pieces of lanes, places, what is sent."""

from __future__ import annotations

import fcntl
import importlib
import os
import pickle
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import gdproto
from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter.policy.allocation import allocate
from dirty_runtime.arbiter.policy.catalogue import AppFacts, Catalogue
from dirty_runtime.bridge.in_order import InOrder
from dirty_runtime.bridge.intake import Intake
from dirty_runtime.bridge.lifeline import Lifeline, is_gone
from dirty_runtime.bridge.outlet import Outlet
from dirty_runtime.bridge.pieces import (
    LARGE_BYTES,
    PIECE_BYTES,
    Frames,
    Part,
    Piece,
    is_end,
    taken,
)
from dirty_runtime.bridge.placement import LOOKS, Looks, options_of, required, why_not
from dirty_runtime.bridge.sending import Sending
from dirty_runtime.bridge.shipping import left_out
from dirty_runtime.settings import Config
from dirty_runtime.sockets import passing
from dirty_runtime.sockets.passing import SEALS

from .processes import ROOT

LIMIT_S = 30.0
SMALL = gdproto.Response(1, "x").to_bytes()
LARGE = gdproto.Response(2, bytes(LARGE_BYTES + 3 * PIECE_BYTES)).to_bytes()


def cut(data: bytes, step: int = 0) -> list[Piece]:
    """The pieces of what is sent, all at once or `step` bytes at a time."""
    here, there = socket.socketpair()

    def send() -> None:
        with there:
            for at in range(0, len(data), step or len(data)):
                there.sendall(data[at : at + (step or len(data))])

    sender = threading.Thread(target=send)
    sender.start()
    with here:
        found = to_the_end(here)
    sender.join(LIMIT_S)
    return found


def to_the_end(source: socket.socket) -> list[Piece]:
    frames, found = Frames(), list[Piece]()
    while not found or not is_end(found[-1]):
        found += taken(source, frames)
    return found[:-1]


def data_of(found: list[Piece]) -> bytes:
    return b"".join(bytes(memoryview(one)) for one in found if not isinstance(one, Part))


def memory(data: bytes) -> int:
    """Sealed memory that has these bytes."""
    number = os.memfd_create("gd", os.MFD_ALLOW_SEALING)
    assert os.write(number, data) == len(data)
    fcntl.fcntl(number, fcntl.F_ADD_SEALS, SEALS)
    return number


@pytest.mark.parametrize("data", [SMALL, SMALL * 9, LARGE, SMALL + LARGE + SMALL, LARGE + LARGE])
def test_pieces_are_all_that_came(data: bytes) -> None:
    assert data_of(cut(data)) == data


def test_only_what_is_large_goes_by_the_store_and_then_as_a_whole() -> None:
    found = cut(SMALL + LARGE + SMALL)
    (large,) = (one for one in found if isinstance(one, pickle.PickleBuffer))
    assert len(memoryview(large)) > LARGE_BYTES
    rest = [one for one in found if isinstance(one, bytes)]
    assert len(rest) == len(found) - 1
    assert all(len(one) <= PIECE_BYTES for one in rest)


def test_a_stream_that_ends_within_a_large_frame_is_carried_so_far() -> None:
    half = LARGE[: len(LARGE) // 2]
    assert data_of(cut(half)) == half


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
    assert data_of(cut(nonsense)) == nonsense


def test_the_last_frame_is_found_however_they_are_cut() -> None:
    one, two = SMALL, gdproto.Response(3, bytes(300)).to_bytes()
    frames = Frames()
    frames.passed(one[:5])
    frames.passed(one[5:] + two + one[:7])
    assert frames.begin == len(one) - 5 + len(two)
    frames.passed(one[7:] + two[:20])
    assert (frames.begin, frames.is_between) == (len(one) - 7, False)
    frames.passed(two[20:])
    assert (frames.begin, frames.is_between) == (0, True)


MEMORIES = {
    "one": [b"one"],
    "none": [b""],
    "several": [b"a" * 5000, b"", b"b" * 70_001],
}


@pytest.mark.parametrize("memories", MEMORIES.values(), ids=MEMORIES)
@pytest.mark.parametrize("before", [b"", SMALL, SMALL * 3], ids=["alone", "behind", "far behind"])
def test_memory_goes_with_its_frame(
    memories: list[bytes], before: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In at one end, and out at the other, as sealed memory of its own."""
    monkeypatch.setattr("dirty_runtime.bridge.pieces.PART_BYTES", 30_000)
    numbers = [memory(data) for data in memories]
    (here, lane), (end, there) = socket.socketpair(), socket.socketpair()
    with here, lane, end, there:
        here.sendall(before)
        passing.send_passing(here, SMALL, numbers)
        here.sendall(SMALL)
        here.shutdown(socket.SHUT_WR)
        sending = Sending(end, socket.SHUT_WR)
        for piece in [*to_the_end(lane), b""]:
            sending.send_all(piece)
        at, came = 0, dict[int, list[int]]()
        while data := passing.receive_passed(there, len(SMALL), passed := list[int]()):
            came[at] = passed
            at += len(data)
    assert at == len(before) + 2 * len(SMALL)
    found = came.pop(len(before))
    assert not any(came.values())
    assert [os.pread(one, 2**20, 0) for one in found] == memories
    assert [passing.judged(one).size for one in found] == [len(data) for data in memories]
    for number in (*numbers, *found):
        os.close(number)


def test_what_is_no_sealed_memory_does_not_go_with_its_frame() -> None:
    here, lane = socket.socketpair()
    with here, lane:
        passing.send_passing(here, SMALL, [0, memory_number := memory(b"x")])
        here.shutdown(socket.SHUT_WR)
        assert to_the_end(lane) == [SMALL]
    os.close(memory_number)


CHUNK, END = gdproto.Chunk(1, "x").to_bytes(), gdproto.End(1).to_bytes()


class Carried:
    """An outlet, with the stream that reads it, and what a worker that stands there sends."""

    def __init__(self) -> None:
        self.worker, self.lane = socket.socketpair()
        self.outlet = Outlet(self.lane)
        self.streamed: queue.Queue[tuple[int, Piece]] = queue.Queue()
        self.reader = threading.Thread(target=self._run)
        self.reader.start()

    def _run(self) -> None:
        for found in self.outlet.stream():
            self.streamed.put(found)
            if is_end(found[1]):
                return


@pytest.fixture
def carried() -> Iterator[Carried]:
    carried = Carried()
    yield carried
    carried.worker.close()
    # The stream ends with the lane, whoever has read of it.
    carried.reader.join(LIMIT_S)
    assert not carried.reader.is_alive()
    carried.outlet.close()
    carried.lane.close()


def test_who_asks_has_a_quick_answer_and_the_stream_has_none(carried: Carried) -> None:
    for number in range(100):
        asked = partial(carried.worker.sendall, SMALL)
        found = carried.outlet.answer(asked) or carried.streamed.get(timeout=LIMIT_S)
        assert found == (number, SMALL)
    assert carried.streamed.empty()


def test_what_takes_longer_comes_by_the_stream(carried: Carried) -> None:
    assert carried.outlet.answer(lambda: None) is None
    carried.worker.sendall(SMALL)
    assert carried.streamed.get(timeout=LIMIT_S) == (0, SMALL)
    assert carried.outlet.answer(lambda: None) is None


def test_what_follows_a_chunk_comes_by_the_stream(carried: Carried) -> None:
    found = carried.outlet.answer(partial(carried.worker.sendall, CHUNK))
    carried.worker.sendall(END)
    came = [found] if found else []
    while len(data_of([piece for _, piece in came])) < len(CHUNK + END):
        came.append(carried.streamed.get(timeout=LIMIT_S))
    assert data_of([piece for _, piece in sorted(came)]) == CHUNK + END
    assert [number for number, _ in sorted(came)] == list(range(len(came)))


def test_the_end_of_a_lane_comes_by_the_stream_whoever_was_answered_last(
    carried: Carried,
) -> None:
    carried.outlet.answer(partial(carried.worker.sendall, SMALL))
    carried.worker.shutdown(socket.SHUT_RDWR)
    carried.reader.join(LIMIT_S)
    assert not carried.reader.is_alive()


def test_what_several_bring_is_written_in_order() -> None:
    written: list[Piece] = []
    in_order = InOrder(written.append)
    threads = [
        threading.Thread(target=in_order.put, args=(number, bytes(number)))
        for number in range(20, -1, -1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert written == [bytes(number) for number in range(21)]


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


def test_an_actor_that_starts_slowly_in_its_place_waits_for_nobody() -> None:
    has_it_itself = why_not({"a": 1}, [{"a": 1.0}], {"a": 0.0})
    looks = Looks(None)
    assert [looks.told(has_it_itself) for _ in range(LOOKS)] == [None] * LOOKS
    assert looks.told(has_it_itself) is has_it_itself
    assert looks.told(None) is None


def test_who_found_no_room_is_told_to_wait_at_once_and_where_there_will_be_none() -> None:
    taken = why_not({"a": 1}, [{"a": 1.0}], {"a": 0.0})
    assert Looks(taken).told(taken) is taken
    missing = why_not({"b": 1}, [{"a": 1.0}], {})
    assert Looks(None).told(missing) is missing


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


# --- the bridge itself, and its actor ---


class Ended(Exception):
    """The process would have ended, with this exit code."""


class Around:
    """What a bridge is told; what it says on its trace."""

    log_file = ""

    def __init__(self) -> None:
        self.said: list[str] = []

    def write_trace(self, data: bytes) -> None:
        self.said.append(data.decode())


@pytest.fixture
def bridging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of bridges, whether there is Ray or not: what is tried of it needs none."""
    exceptions = ModuleType("ray.exceptions")
    vars(exceptions)["RayError"] = type("RayError", (Exception,), {})
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    monkeypatch.setitem(sys.modules, "ray.exceptions", exceptions)
    name = "dirty_runtime.bridge.__main__"
    sys.modules.pop(name, None)
    yield importlib.import_module(name)
    del sys.modules[name]


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Around:
    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(os, "_exit", end)
    return Around()


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ("none yet", "died it burnt\n"),
        ("there", "died it burnt\n"),
        ("gone", "lost its node is gone\n"),
    ],
)
def test_an_actor_that_died_is_told_from_one_whose_node_is_gone(
    bridging: Any, around: Around, node: str, told: str
) -> None:
    bridge = bridging.Bridge(around, {})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        bridge._node = None if node == "none yet" else listener.getsockname()
        if node == "gone":
            listener.close()
        with pytest.raises(Ended, match=str(bridging.ENDED)):
            bridge._died("it burnt")
    assert around.said == [told]


def test_what_came_before_the_end_is_handed_on_before_it_is_told(
    bridging: Any, around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridging, "ON_ITS_WAY_S", LIMIT_S)
    bridge = bridging.Bridge(around, {})
    bridge._downs.append(threading.Timer(0.01, around.write_trace, [b"the last\n"]))
    bridge._downs[0].start()
    with pytest.raises(Ended):
        bridge._lost("the head is gone")
    assert around.said == ["the last\n", "lost the head is gone\n"]


def test_what_is_told_is_told_once_on_a_line_that_is_not_too_long(
    bridging: Any, around: Around
) -> None:
    bridge = bridging.Bridge(around, {})
    for line in ("waits a\nb", "waits a\nb", "x" * 1000, "waits a\nb"):
        bridge._tell(line)
    short, long, again = around.said
    assert short == again == "waits a\\nb\n"
    assert len(long) == bridging.REASON_CHARACTERS + len("…\n")


def test_a_cluster_that_says_nothing_is_told_from_one_that_is_not_there(bridging: Any) -> None:
    assert bridging._why_late("auto") == "no cluster answers at auto"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "{}:{}".format(*listener.getsockname())
        assert "does not let this machine in" in bridging._why_late(address)
    assert bridging._why_late(address) == f"no cluster answers at {address}"
    assert bridging._host_and_port("[::1]:6379") == ("::1", 6379)


SAYS = """
import os
from dirty_runtime.bridge.actor import SAID, Slot
from dirty_runtime.bridge.pieces import arrived
from dirty_runtime.version import VERSION
from dirty_runtime.worker.log import LOG
told = os.fdopen(os.dup(1), "w")
slot = Slot(VERSION, {"BY": "the bridge"}, 2)
print("printed", os.environ["BY"])
LOG.say("ERROR", "logged")
os.write(int(os.environ["DIRTY_TRACE_FD"]), b"traced")
for name in SAID:
    print(name, *arrived(next(slot.said(name))), file=told)
"""


def test_an_actor_hands_on_what_is_traced_logged_and_printed_each_by_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAYS], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S
    )
    assert done.returncode == 0, done.stderr
    traced, logged, printed = done.stdout.splitlines()
    assert traced == "trace 0 0 b'traced'"
    assert logged.startswith("log 0 0 ")
    assert "logged" in logged
    assert printed == "printed 0 0 b'printed the bridge\\n'"
