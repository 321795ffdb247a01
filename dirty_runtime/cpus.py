"""Lists of CPUs, as people write them: ``0-3,8``; several, for one worker each: ``0-1; 2-3``."""

from __future__ import annotations

# Numbers above are no machine's.
MOST = 65536


def cpu_lists(text: str) -> list[frozenset[int]]:
    """The lists that `text` has; none where it is empty. Raises ValueError."""
    return [_cpus(part) for part in text.split(";")] if text.strip() else []


def _cpus(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        numbers = [first, last] if dash else [first]
        if not all(number.isascii() and number.isdigit() for number in numbers):
            raise ValueError(f"it has lists of CPUs such as 0-3,8 between semicolons, not {text!r}")
        low, high = int(numbers[0]), int(numbers[-1])
        if not low <= high < MOST:
            raise ValueError(f"it has CPUs from the lower to the higher, not {part.strip()!r}")
        found.update(range(low, high + 1))
    return frozenset(found)
