"""The page of Go's peer: its programs are built, run, and print what it says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from ..dirty_runtime.processes import serving
from .toolchains import peer

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MODULE = "module readme\n\ngo 1.24\n\nrequire gdproto v0.0.0\n\nreplace gdproto => {}\n"
BUILD_S = 300


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["go"])
def test_its_example_runs(name: str, tmp_path: Path) -> None:
    go = peer(name)
    blocks = FENCE.findall((go.folder / "README.md").read_text())
    (tmp_path / "go.mod").write_text(MODULE.format(go.folder))
    for language, text in blocks:
        if language == "go":
            program = tmp_path / text.splitlines()[0].removeprefix("// ")
            program.parent.mkdir()
            program.write_text(text)
    words = ["go", "build", "-o", str(tmp_path / "bin") + "/", "./..."]
    built = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=BUILD_S)
    assert built.returncode == 0, built.stderr
    options = ("--launcher", f"go={tmp_path}/bin/worker")
    with serving("shop:Prices@go", options=options) as arbiter:
        environment = {**os.environ, "DIRTY_SOCKET": arbiter.socket_path}
        caller = [str(tmp_path / "bin" / "caller")]
        done = subprocess.run(caller, env=environment, capture_output=True, text=True, timeout=60)
    (expected,) = (text for language, text in blocks if language == "text")
    assert (done.stdout, done.stderr) == (expected, "")
