"""Run the tests of what is in C on a build that watches its own memory.

    python -m tests.gdproto.sanitize

A copy of the tree is built with AddressSanitizer and UndefinedBehaviorSanitizer, and its tests are
run without Python's own allocator, so that every object is watched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ..compiling import CAN_COMPILE, CC, compile_codec, compile_runtime

ROOT = Path(__file__).resolve().parents[2]
SANITIZE = ("-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined")
TESTS = (
    "tests/gdproto",
    "tests/conformance/test_agreement.py",
    "tests/dirty_runtime/test_channel.py",
    "tests/dirty_runtime/test_counters.py",
    "tests/dirty_runtime/test_small.py",
    # What runs the Python codec in a process of its own.
    "--deselect=tests/gdproto/test_implementation.py::test_the_python_codec_passes_the_same_tests",
)


def library(name: str) -> str:
    """The path of a library of the compiler."""
    assert CC is not None
    found = subprocess.run([CC, f"-print-file-name={name}"], capture_output=True, text=True)
    return found.stdout.strip()


def main() -> int:
    if not CAN_COMPILE:
        print("sanitize: no C compiler with Python's headers is here", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "tree"
        left_out = shutil.ignore_patterns(".venv", ".git", "*.so", "build", "site", ".*_cache")
        shutil.copytree(ROOT, copy, ignore=left_out, symlinks=True)
        for compile_part in (compile_codec, compile_runtime):
            compile_part(copy, *SANITIZE, "-fno-sanitize-recover=undefined")
        environment = {
            **os.environ,
            "PYTHONPATH": str(copy),
            "PYTHONMALLOC": "malloc",
            "LD_PRELOAD": f"{library('libasan.so')} {library('libubsan.so')}",
            # What Python itself holds at its end is no leak of ours; counts are tested apart.
            "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
        }
        program = "import gdproto; print(gdproto.__file__, gdproto.IMPLEMENTATION)"
        where = subprocess.run(
            [sys.executable, "-c", program],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
        )
        if where.stdout.split() != [str(copy / "gdproto" / "__init__.py"), "c"]:
            print(f"sanitize: the built codec is not used: {where.stdout}{where.stderr}")
            return 1
        command = [sys.executable, "-m", "pytest", "--timeout", "900", *TESTS]
        return subprocess.run([*command, *sys.argv[1:]], cwd=copy, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
