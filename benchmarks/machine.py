"""The machine in one line."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path


def describe() -> str:
    """CPU, cores, system, Python and the versions compared; no host name and no path."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("gunicorn", "msgpack")]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    parts = [_cpu_model(), f"{cores} cores", platform.system(), python, *versions]
    return ", ".join(parts)


def load_per_core() -> float | None:
    """The 1-minute load average per core, if the system tells: what else is running."""
    try:
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except OSError:
        return None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine() or "unknown CPU"
