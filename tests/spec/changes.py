"""A copy of the declaration and of the codec, to be changed at will."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from gdproto.spec.codegen.__main__ import GENERATED
from gdproto.spec.codegen.languages import beside
from gdproto.spec.codegen.walk import walk

ROOT = Path(__file__).resolve().parents[2]


def copied(folder: Path) -> Path:
    """The copy, in the folder, with what Python has compiled of it already."""
    # What has one more dot is being written.
    ignore = shutil.ignore_patterns("*.pyc.*", "spec", "conformance", "*.so")
    shutil.copytree(ROOT / "spec", folder / "spec", ignore=shutil.ignore_patterns("*.pyc.*"))
    shutil.copytree(ROOT / "gdproto", folder / "gdproto", ignore=ignore)
    for generated in GENERATED:
        shutil.copytree(ROOT / generated, folder / generated, ignore=ignore, dirs_exist_ok=True)
    for generated in beside(walk(), ""):
        (folder / generated).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / generated, folder / generated)
    return folder


def run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=copy, capture_output=True, text=True, timeout=60
    )


def codegen(copy: Path, mode: str) -> subprocess.CompletedProcess[str]:
    return run(copy, "-m", "spec.codegen", mode)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
