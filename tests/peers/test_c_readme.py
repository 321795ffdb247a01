"""The page of C's peer: its programs are built, run, and print what it says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from gdproto.cli import group

from ..dirty_runtime.processes import serving
from .toolchains import peer

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STRICT = ("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wconversion")


@pytest.mark.timeout(300)
def test_its_example_runs(tmp_path: Path) -> None:
    c = peer("c")
    blocks = FENCE.findall((c.folder / "README.md").read_text())
    for language, text in blocks:
        if language == "c":
            program = tmp_path / text.splitlines()[0].removeprefix("// ")
            program.write_text(text)
            _built(c.folder, program)
    with serving("shop:Prices@c", options=("--launcher", f"c={tmp_path / 'worker'}")) as arbiter:
        environment = {**os.environ, "DIRTY_SOCKET": arbiter.socket_path}
        words = [str(tmp_path / "caller")]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    (expected,) = (text for language, text in blocks if language == "text")
    assert (done.stdout, done.stderr, done.returncode) == (expected, "", 0)


def _built(folder: Path, program: Path) -> None:
    words = [
        *("gcc", *STRICT, "-D_POSIX_C_SOURCE=200809L", "-I", str(folder / "include")),
        *("-I", str(folder / "lib"), str(program), "-o", str(program.with_suffix(""))),
        *("-pthread", "-lm"),
    ]
    built = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stderr


TWO = """
#include "gd.h"
#include "shop.h"

int main(void) {
    gd_buffer one = gd_buffer_new(gd_heap());
    shop_buffer other = shop_buffer_new(shop_heap());
    gd_value value = gd_integer(7);
    shop_value same = shop_integer(7);
    gd_fault fault;
    shop_fault its_fault;
    int differs = gd_encode(&value, &one, &fault) != GD_CODE_OK ||
        shop_encode(&same, &other, &its_fault) != SHOP_CODE_OK || one.size != other.size;
    gd_buffer_free(&one);
    shop_buffer_free(&other);
    return differs;
}
"""


def test_a_package_gives_all_names_their_prefix(tmp_path: Path) -> None:
    c = peer("c")
    words = ["generate", "--lang", "c", "--package", "shop", "--out", str(tmp_path)]
    done = CliRunner().invoke(group, words)
    assert done.exit_code == 0, done.output
    program = tmp_path / "two.c"
    program.write_text(TWO)
    _built(c.folder, program)
    assert subprocess.run([str(program.with_suffix(""))], timeout=60).returncode == 0
