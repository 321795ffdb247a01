"""What the kernel says of an arbiter and its workers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return [pid, *(one for child in children for one in family(child))]


def cpu_s(pids: list[int]) -> float:
    """Seconds of CPU that the processes have used, all their threads included."""
    return sum(
        int((task / "schedstat").read_text().split()[0]) / 1e9
        for pid in pids
        for task in Path(f"/proc/{pid}/task").iterdir()
    )


def rss_mb(pid: int) -> float:
    """Memory that the process holds, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def open_files(pid: int) -> int:
    """How many file descriptors the process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


@dataclass(frozen=True)
class Held:
    """What a process holds: memory in MB, and descriptors."""

    memory_mb: float = 0.0
    files: int = 0

    @classmethod
    def by(cls, pid: int) -> Held:
        """What the process holds now."""
        return cls(rss_mb(pid), open_files(pid))

    def __sub__(self, before: Held) -> Held:
        return Held(self.memory_mb - before.memory_mb, self.files - before.files)
