"""How calls travel: frames recorded from a real arbiter, both sides of it.

    python -m workshop.drawings.travel

writes `docs/travels.json`, from which the site's page is drawn. A relay stands before the arbiter,
and one at its worker's lanes; each writes a frame before it passes it on, with the time of the
machine's clock, so that the order is that of the wire.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gdproto
from dirty_runtime import DirtyClient
from dirty_runtime.errors import DirtyError
from dirty_runtime.testing import running
from gdproto.conformance.live.lanes import relayed
from gdproto.conformance.live.relay import Passage, serve

from .traveller import SIGN, VARIABLE

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "docs" / "travels.json"
APP = "workshop.drawings.traveller:Traveller"
CLIENT, ARBITER = "client", "arbiter"
# By the order in which they are started.
WORKERS = WORKER, NEXT = "worker", "next worker"
WAIT_S = 30.0

Line = dict[str, Any]


@dataclass
class Seen(Passage):
    """Writes who sends what to whom.

    Attributes:
        path: the file of lines.
        names: the opener's and the answerer's.
    """

    path: Path
    names: tuple[str, str]

    def asked(self, frame: bytes, header: gdproto.Header) -> Iterator[bytes]:
        self._note(*self.names, hex=frame.hex())
        yield frame

    def answered(self, frame: bytes, header: gdproto.Header) -> Iterator[bytes]:
        self._note(*reversed(self.names), hex=frame.hex())
        yield frame

    def answering_ended(self) -> bool:
        self._note(*reversed(self.names), ends=True)
        return True

    def _note(self, source: str, target: str, **what: Any) -> None:
        line = {"at": time.monotonic_ns(), "from": source, "to": target, **what}
        line["process"] = os.getpid()
        # A line is one write: two processes write here.
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def tap(path: Path) -> int:
    """Stand where a worker is started, and start it behind relays."""

    def join(number: int, lane: Any, ours: Any) -> Passage:
        return Seen(lane, ours, path, (ARBITER, WORKER))

    return relayed([sys.executable, "-m", "dirty_runtime.worker"], join, {})


# --- what is recorded ---

Lines = Callable[[], list[Line]]
Last = Callable[[Line], bool]
Scene = Callable[[DirtyClient, Lines], None]


def call(client: DirtyClient, lines: Lines) -> None:
    client.execute(APP, "add", 2, 3)


def stream(client: DirtyClient, lines: Lines) -> None:
    list(client.stream(APP, "letters", "hi"))


def cancel(client: DirtyClient, lines: Lines) -> None:
    async def given_up() -> None:
        async with client:
            # By now it knows from its own STATUS that it may send CANCEL.
            await client.status_async()
            task = asyncio.create_task(client.execute_async(APP, "watch"))
            while not any(line["to"] == WORKER for line in lines()):
                await asyncio.sleep(0.01)
            task.cancel()
            while not any(map(_let_go, lines())):
                await asyncio.sleep(0.01)

    asyncio.run(given_up())


def death(client: DirtyClient, lines: Lines) -> None:
    with suppress(DirtyError):
        list(client.stream(APP, "vanish"))


def reload(client: DirtyClient, lines: Lines) -> None:
    calling = threading.Thread(target=client.execute, args=(APP, "rest"))
    calling.start()
    _awaited(lines, lambda line: line["to"] == WORKER)
    client.manage(gdproto.ManageOp.RELOAD)
    _awaited(lines, lambda line: line["from"] == NEXT)
    Path(client.socket_path).with_name(SIGN).touch()
    calling.join(WAIT_S)


def _answered(line: Line) -> bool:
    return line["to"] == CLIENT and _type(line) in ("RESPONSE", "END", "ERROR")


def _let_go(line: Line) -> bool:
    return line["from"] == WORKER and _type(line) in ("RESPONSE", "END", "ERROR")


def _closed(line: Line) -> bool:
    return "ends" in line and line["from"] == WORKER


def _rested(line: Line) -> bool:
    return line["to"] == CLIENT and b"rested" in bytes.fromhex(line.get("hex", ""))


def _of_scene(lines: list[Line]) -> list[Line]:
    """Without what a client asks for itself when it connects, and what is behind the scene."""
    begun = [line for line in lines if _type(line) in ("REQUEST", "MANAGE")]
    numbers = {_number(line) for line in begun}
    shown = {CLIENT, ARBITER, WORKER}
    if any(_type(line) == "MANAGE" for line in begun):
        shown.add(NEXT)
    return [line for line in lines if {line["from"], line["to"]} <= shown and _is_in(line, numbers)]


def _is_in(line: Line, numbers: set[str]) -> bool:
    """Whether it is of the calls that were begun, or of a worker alone."""
    if "hex" not in line:
        return bool(line["to"] != CLIENT)
    return NEXT in (line["from"], line["to"]) or _number(line) in numbers


def _with_workers(lines: list[Line]) -> list[Line]:
    """The lines in their order, each worker by its name: the first, and the one after it."""
    found = sorted(lines, key=lambda line: int(line["at"]))
    joined = [line["process"] for line in found if WORKER in (line["from"], line["to"])]
    names = dict(zip(dict.fromkeys(joined), WORKERS, strict=False))

    def named(line: Line, end: str) -> str:
        return names.get(line["process"], "another") if line[end] == WORKER else str(line[end])

    return [{**line, "from": named(line, "from"), "to": named(line, "to")} for line in found]


def _number(line: Line) -> str:
    """The request id, as it stands in the header."""
    return str(line["hex"])[16:32]


# What is done, and which lines are the last of it.
SCENES: dict[str, tuple[Scene, *tuple[Last, ...]]] = {
    "call": (call, _answered),
    "stream": (stream, _answered),
    "cancel": (cancel, _let_go),
    "death": (death, _answered),
    "reload": (reload, _closed, _rested),
}


def _type(line: Line) -> str:
    if "hex" not in line:
        return ""
    return type(gdproto.parse(bytes.fromhex(line["hex"]))).__name__.upper()


def record() -> dict[str, list[Line]]:
    """Run each scene with an arbiter of its own; the lines of each, in the order of the wire."""
    return {name: _recorded(scene, *last) for name, (scene, *last) in SCENES.items()}


def _recorded(scene: Scene, *last: Last) -> list[Line]:
    with tempfile.TemporaryDirectory(prefix="gd-") as name:
        path, front = Path(name) / "lines", f"{name}/front"
        path.touch()
        command = f"{sys.executable} -m workshop.drawings.travel {path}"
        options = ("--worker-command", command)
        environment = {"PYTHONPATH": str(ROOT), VARIABLE: f"{name}/{SIGN}"}
        with running(APP, options=options, environment=environment) as arbiter:
            begun = time.monotonic_ns()

            def lines() -> list[Line]:
                found = [json.loads(text) for text in path.read_text().splitlines()]
                return _of_scene([one for one in _with_workers(found) if one["at"] > begun])

            _relay(front, arbiter.socket_path, path)
            with DirtyClient(front, timeout=WAIT_S) as client:
                scene(client, lines)
            return _cut(_awaited(lines, *last))


def _relay(front: str, behind: str, path: Path) -> None:
    def passage(opener: Any, answerer: Any) -> Passage:
        return Seen(opener, answerer, path, (CLIENT, ARBITER))

    ready = threading.Event()
    threading.Thread(target=serve, args=(front, behind, passage, ready), daemon=True).start()
    assert ready.wait(WAIT_S)


def _awaited(lines: Lines, *last: Last) -> list[Line]:
    """The lines, once the last ones of the scene are there."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        found = lines()
        places = [_place(found, is_last) for is_last in last]
        if -1 not in places:
            return found[: max(places) + 1]
        time.sleep(0.01)
    raise TimeoutError("the scene did not end")


def _place(lines: list[Line], is_last: Last) -> int:
    return next((place for place, line in enumerate(lines) if is_last(line)), -1)


def _cut(lines: list[Line]) -> list[Line]:
    """The lines with microseconds since the first."""
    first = lines[0]["at"]
    at = [(line["at"] - first) // 1000 for line in lines]
    told = [{name: line[name] for name in line if name != "process"} for line in lines]
    return [{**line, "at": one} for line, one in zip(told, at, strict=True)]


def main() -> int:
    """Write what was recorded; or, as a worker's command, stand before the worker."""
    if len(sys.argv) > 1:
        return tap(Path(sys.argv[1]))
    OUT.write_text(json.dumps(record(), indent=1) + "\n")
    print(f"wrote {OUT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
