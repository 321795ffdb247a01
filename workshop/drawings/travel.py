"""How calls travel: frames recorded from a real arbiter, both sides of it.

    python -m workshop.drawings.travel

writes `docs/travels.json`, from which the site's page is drawn. A relay stands before the arbiter,
and one at its worker's lanes; each writes a frame before it passes it on, with the time of the
machine's clock, so that the order is that of the wire.
"""

from __future__ import annotations

import asyncio
import json
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

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "docs" / "travels.json"
APP = "workshop.drawings.traveller:Traveller"
CLIENT, ARBITER, WORKER = "client", "arbiter", "worker"
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


def call(client: DirtyClient, lines: Lines) -> None:
    client.execute(APP, "add", 2, 3)


def stream(client: DirtyClient, lines: Lines) -> None:
    list(client.stream(APP, "letters", "hi"))


def cancel(client: DirtyClient, lines: Lines) -> None:
    async def given_up() -> None:
        async with client:
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


def _answered(line: Line) -> bool:
    return line["to"] == CLIENT and _type(line) in ("RESPONSE", "END", "ERROR")


def _let_go(line: Line) -> bool:
    return line["from"] == WORKER and _type(line) in ("RESPONSE", "END", "ERROR")


def _of_call(lines: list[Line]) -> list[Line]:
    """Without what a client asks for itself when it connects."""
    called = next((line for line in lines if _type(line) == "REQUEST"), {"hex": ""})
    number = _number(called)
    return [line for line in lines if "hex" not in line or _number(line) == number]


def _number(line: Line) -> str:
    """The request id, as it stands in the header."""
    return str(line["hex"])[16:32]


# What is done, and which line is the last of it.
SCENES = {
    "call": (call, _answered),
    "stream": (stream, _answered),
    "cancel": (cancel, _let_go),
    "death": (death, _answered),
}


def _type(line: Line) -> str:
    if "hex" not in line:
        return ""
    return type(gdproto.parse(bytes.fromhex(line["hex"]))).__name__.upper()


def record() -> dict[str, list[Line]]:
    """Run each scene with an arbiter of its own; the lines of each, in the order of the wire."""
    return {name: _recorded(scene, last) for name, (scene, last) in SCENES.items()}


def _recorded(
    scene: Callable[[DirtyClient, Lines], None], last: Callable[[Line], bool]
) -> list[Line]:
    with tempfile.TemporaryDirectory(prefix="gd-") as name:
        path, front = Path(name) / "lines", f"{name}/front"
        path.touch()
        command = f"{sys.executable} -m workshop.drawings.travel {path}"
        options = ("--worker-command", command)
        with running(APP, options=options, environment={"PYTHONPATH": str(ROOT)}) as arbiter:
            begun = len(path.read_text().splitlines())

            def lines() -> list[Line]:
                found = [json.loads(text) for text in path.read_text().splitlines()[begun:]]
                return _of_call(sorted(found, key=lambda line: int(line["at"])))

            _relay(front, arbiter.socket_path, path)
            with DirtyClient(front, timeout=WAIT_S) as client:
                scene(client, lines)
            return _cut(_awaited(lines, last))


def _relay(front: str, behind: str, path: Path) -> None:
    def passage(opener: Any, answerer: Any) -> Passage:
        return Seen(opener, answerer, path, (CLIENT, ARBITER))

    ready = threading.Event()
    threading.Thread(target=serve, args=(front, behind, passage, ready), daemon=True).start()
    assert ready.wait(WAIT_S)


def _awaited(lines: Lines, last: Callable[[Line], bool]) -> list[Line]:
    """The lines, once the last one of the scene is there."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        found = lines()
        for place, line in enumerate(found):
            if last(line):
                return found[: place + 1]
        time.sleep(0.01)
    raise TimeoutError("the scene did not end")


def _cut(lines: list[Line]) -> list[Line]:
    """The lines with microseconds since the first."""
    first = lines[0]["at"]
    return [{**line, "at": (line["at"] - first) // 1000} for line in lines]


def main() -> int:
    """Write what was recorded; or, as a worker's command, stand before the worker."""
    if len(sys.argv) > 1:
        return tap(Path(sys.argv[1]))
    OUT.write_text(json.dumps(record(), indent=1) + "\n")
    print(f"wrote {OUT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
