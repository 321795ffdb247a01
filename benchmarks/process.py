"""What Linux tells of a process: its memory and its share of the processors."""

from __future__ import annotations

from pathlib import Path

_RESET_PEAK = "5"


class Process:
    """A running process by its id. Everything here raises OSError where there is no /proc."""

    def __init__(self, pid: int) -> None:
        self._directory = Path("/proc", str(pid))

    def resident_bytes(self) -> int:
        """The memory it has now."""
        return self._status("VmRSS")

    def peak_bytes(self) -> int:
        """The most memory it had since `reset_peak`."""
        return self._status("VmHWM")

    def reset_peak(self) -> None:
        """Let the peak begin anew, from what it has now."""
        (self._directory / "clear_refs").write_text(_RESET_PEAK)

    def cpu_s(self) -> float:
        """Seconds that its threads have run, to the nanosecond."""
        threads = (self._directory / "task").glob("*/schedstat")
        return sum(int(one.read_text().split()[0]) for one in threads) / 1e9

    def _status(self, name: str) -> int:
        for line in (self._directory / "status").read_text().splitlines():
            key, _, value = line.partition(":")
            if key == name:
                return int(value.split()[0]) * 1024
        raise OSError(f"/proc tells no {name}")
