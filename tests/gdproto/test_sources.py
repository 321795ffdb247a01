"""The source distribution carries what the C codec is built from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.compiling import CAN_COMPILE, compile_codec

ROOT = Path(__file__).resolve().parents[2]
SDIST = "from setuptools import build_meta; print(build_meta.build_sdist('.'))"


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """The source distribution of this checkout, without vectors, unpacked."""
    others = shutil.ignore_patterns(".*", "build", "*.so", "site", "docs", "tests", "vectors")

    def ignore(folder: str, names: list[str]) -> set[str]:
        # An arbiter may run in it.
        return others(folder, names) | {name for name in names if Path(folder, name).is_socket()}

    shutil.copytree(ROOT, tmp_path / "tree", ignore=ignore, symlinks=True)
    made = subprocess.run(
        [sys.executable, "-c", SDIST], cwd=tmp_path / "tree", capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    with tarfile.open(tmp_path / "tree" / made.stdout.split()[-1]) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.glob("gdproto-*")
    return folder


@pytest.mark.skipif(not CAN_COMPILE, reason="no C compiler is here")
def test_the_c_codec_can_be_built_from_it(unpacked: Path) -> None:
    wanted = sorted(path.relative_to(ROOT) for path in (ROOT / "gdproto").glob("*/*.[ch]"))
    found = sorted(path.relative_to(unpacked) for path in (unpacked / "gdproto").glob("*/*.[ch]"))
    assert found == wanted
    compile_codec(unpacked)
    program = "import gdproto; print(gdproto.__file__, gdproto.IMPLEMENTATION)"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=unpacked,
        env={**os.environ, "GDPROTO_PURE": ""},
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == [str(unpacked / "gdproto" / "__init__.py"), "c"]
