"""Engines: what makes inputs for a target as long as there is time, and finds one that fails.

Rules: atheris, which follows the coverage, where it is installed; else changes by chance. Both
begin with the vectors and the stored corpus. What fails is made as small as it can be and kept.
"""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .inputs import Mutator, seeds, smallest
from .targets import check

FOUND = Path(__file__).parent / "found"
MAX_INPUT_BYTES = 4_096
# One input must not take longer, in seconds.
MAX_INPUT_S = 20
MAX_MEMORY_MIB = 2_048


def has_atheris() -> bool:
    return importlib.util.find_spec("atheris") is not None


def by_chance(target: str, seconds: float, seed: int) -> tuple[int, Path | None]:
    """Run the target on changed seeds. Returns how many inputs, and the one that fails."""
    mutator = Mutator(target, seed)
    ends = time.monotonic() + seconds
    tried = 0
    while time.monotonic() < ends:
        data = mutator.next()[:MAX_INPUT_BYTES]
        tried += 1
        if fails(target, data):
            return tried, keep(target, smallest(data, lambda one: fails(target, one)))
    return tried, None


def fails(target: str, data: bytes) -> bool:
    """Whether the target finds a rule broken, or takes too long."""
    began = time.monotonic()
    try:
        check(target, data)
    except Exception:
        return True
    return time.monotonic() - began > MAX_INPUT_S


def keep(target: str, data: bytes) -> Path:
    """Write the input among what was found."""
    name = hashlib.sha256(data).hexdigest()[:12]
    path = FOUND / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def by_atheris(target: str, seconds: float, seed: int) -> tuple[int, Path | None]:
    """Run the target under atheris, in a process of its own. Returns as `by_chance` does."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, artifacts = Path(folder, "corpus"), Path(folder, "found")
        corpus.mkdir()
        artifacts.mkdir()
        for number, data in enumerate(seeds(target)):
            (corpus / f"{number:05}").write_bytes(data)
        options = [
            f"-max_total_time={max(1, int(seconds))}", f"-seed={seed}",
            f"-max_len={MAX_INPUT_BYTES}", f"-timeout={MAX_INPUT_S}",
            f"-rss_limit_mb={MAX_MEMORY_MIB}", f"-artifact_prefix={artifacts}/",
            "-print_final_stats=1",
        ]  # fmt: skip
        command = [sys.executable, "-m", "tests.fuzz.under_atheris", target, *options, str(corpus)]
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds + 120, check=False
        )
        for artifact in artifacts.iterdir():
            data = artifact.read_bytes()
            return inputs_of(ran.stderr), keep(
                target,
                smallest(data, lambda one: fails(target, one)) if fails(target, data) else data,
            )
        if ran.returncode:
            raise RuntimeError(f"atheris ended with {ran.returncode}: {ran.stderr[-2000:]}")
        return inputs_of(ran.stderr), None


def inputs_of(log: str) -> int:
    """How many inputs libFuzzer says that it ran."""
    for line in log.splitlines():
        if line.startswith("stat::number_of_executed_units:"):
            return int(line.split()[-1])
    return 0
