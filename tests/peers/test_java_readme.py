"""The page of Java's peer: its programs are compiled, run, and print what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from ..dirty_runtime.processes import serving
from .toolchains import built_peer

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LAUNCHER = re.compile(r'--launcher "java=(.*)"')
RUN_S = 300


def run(*words: str, **environment: str) -> str:
    """What a program prints. Its failure is one of the test."""
    done = subprocess.run(
        words, env={**os.environ, **environment}, capture_output=True, text=True, timeout=RUN_S
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.timeout(900)
def test_its_example_runs(tmp_path: Path) -> None:
    java = built_peer("java")
    page = (java.folder / "README.md").read_text()
    blocks = FENCE.findall(page)
    sources = []
    for language, text in blocks:
        if language == "java":
            sources.append(tmp_path / text.splitlines()[0].removeprefix("// "))
            sources[-1].parent.mkdir(exist_ok=True)
            sources[-1].write_text(text)
    ours, shop = str(java.built / "target" / "classes"), str(tmp_path / "classes")
    run("javac", "-Xlint:all", "-Werror", "-cp", ours, "-d", shop, *map(str, sources))
    (launcher,) = LAUNCHER.findall(page)
    command = launcher.replace("gdproto-1.jar:shop.jar", shlex.quote(f"{ours}:{shop}"))
    with serving("shop:Prices@java", options=("--launcher", f"java={command}")) as arbiter:
        words = ("java", "-cp", f"{ours}:{shop}", "shop.Caller")
        printed = run(*words, DIRTY_SOCKET=arbiter.socket_path)
    (expected,) = (text for language, text in blocks if language == "text")
    assert printed == expected
