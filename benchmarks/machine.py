"""The machine and what runs on it; no host name and no path."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from pathlib import Path

import gdproto

COMPARED = ("gunicorn", "msgspec", "msgpack", "uvloop")


def describe() -> dict[str, str]:
    """A line for each fact."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in COMPARED]
    return {
        "processor": f"{_cpu_model()}, {_cores()} cores",
        "system": f"{platform.system()} {platform.release()} ({platform.machine()})",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "compiler": _compiler(),
        "gdproto": f"{importlib.metadata.version('gdproto')}, codec in {_implementation()}",
        "compared with": ", ".join(versions),
        "load per core before": _load_per_core(),
    }


def _implementation() -> str:
    return "C" if gdproto.IMPLEMENTATION == "c" else "Python"


def _cores() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _load_per_core() -> str:
    """The 1-minute load average per core, if the system tells: what else is running."""
    try:
        return f"{os.getloadavg()[0] / (os.cpu_count() or 1):.2f}"
    except OSError:
        return "unknown"


def _compiler() -> str:
    compiler = shutil.which("cc")
    if compiler is None:
        return "none"
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, timeout=30)
    return done.stdout.splitlines()[0] if done.stdout else "unknown"


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
