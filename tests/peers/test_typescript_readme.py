"""The page of TypeScript's peer: its programs are compiled, run, and print what it says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from ..dirty_runtime.processes import serving
from .toolchains import built_peer

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STRICT = ("--strict", "--target", "es2022", "--module", "nodenext", "--types", "node")
COMPILE_S = 300


@pytest.mark.timeout(900)
def test_its_example_runs(tmp_path: Path) -> None:
    peer = built_peer("typescript")
    blocks = FENCE.findall((peer.folder / "README.md").read_text())
    sources = []
    for language, text in blocks:
        if language == "ts":
            sources.append(tmp_path / text.splitlines()[0].removeprefix("// "))
            sources[-1].write_text(text)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "gdproto").symlink_to(peer.folder)
    modules = peer.folder / "node_modules"
    words = [str(modules / ".bin" / "tsc"), *STRICT, "--typeRoots", str(modules / "@types")]
    words += map(str, sources)
    built = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=COMPILE_S)
    assert built.returncode == 0, built.stdout
    options = ("--launcher", f"node=node {tmp_path}/worker.js")
    with serving("shop:Prices@node", options=options) as arbiter:
        environment = {**os.environ, "DIRTY_SOCKET": arbiter.socket_path}
        caller = ["node", str(tmp_path / "caller.js")]
        done = subprocess.run(caller, env=environment, capture_output=True, text=True, timeout=60)
    (expected,) = (text for language, text in blocks if language == "text")
    assert (done.stdout, done.stderr) == (expected, "")
