"""The page of Rust's peer: its programs are built, run, and print what it says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from ..dirty_runtime.processes import serving
from .toolchains import peer

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MANIFEST = """
[package]
name = "readme"
version = "0.0.0"
edition = "2021"

[dependencies]
dirty = {{ path = "{}" }}
"""
BUILD_S = 300


@pytest.mark.timeout(900)
def test_its_example_runs(tmp_path: Path) -> None:
    rust = peer("rust")
    blocks = FENCE.findall((rust.folder / "README.md").read_text())
    (tmp_path / "Cargo.toml").write_text(MANIFEST.format(rust.folder))
    for language, text in blocks:
        if language == "rust":
            program = tmp_path / text.splitlines()[0].removeprefix("// ")
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text(text)
    words = ["cargo", "build", "--quiet", "--offline"]
    built = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=BUILD_S)
    assert built.returncode == 0, built.stderr
    made = tmp_path / "target" / "debug"
    with serving("shop:Prices@rust", options=("--launcher", f"rust={made}/worker")) as arbiter:
        environment = {**os.environ, "DIRTY_SOCKET": arbiter.socket_path}
        words = [str(made / "caller")]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    (expected,) = (text for language, text in blocks if language == "text")
    assert (done.stdout, done.stderr) == (expected, "")
