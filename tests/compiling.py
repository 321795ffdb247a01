"""Build what is in C of a copy of the tree, where it stands."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path

CC = shutil.which("cc")
INCLUDE = Path(sysconfig.get_path("include"))
CAN_COMPILE = CC is not None and (INCLUDE / "Python.h").exists()
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
# Not each width of a number is in the declaration; of the functions for them clang warns.
UNUSED = "-Wno-unused-function"
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", UNUSED)


def compile_codec(root: Path, *flags: str) -> None:
    """Build the codec of the tree at `root`. Raises CalledProcessError."""
    _compile(root / "gdproto" / "c" / "codec.c", root / "gdproto" / "_codec", flags)


def compile_runtime(root: Path, *flags: str) -> None:
    """Build the runtime's modules in C. Raises CalledProcessError."""
    for source in (root / "dirty_runtime").glob("**/*.c"):
        _compile(source, source.with_suffix(""), flags)


def _compile(source: Path, module: Path, flags: Iterable[str]) -> None:
    assert CC is not None
    target = module.with_name(module.name + SUFFIX)
    # A library that a process has mapped must not change under it.
    target.unlink(missing_ok=True)
    command = [CC, "-O1", *WARNINGS, "-DNDEBUG", "-shared", "-fPIC", f"-I{INCLUDE}", *flags]
    subprocess.run([*command, source, "-o", target], check=True, timeout=300)
