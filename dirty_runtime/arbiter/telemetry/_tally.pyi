from array import array

def add(
    numbers: array[float],
    average: array[float],
    outcome: int | None,
    size_bytes: int,
    arrived_s: float,
    started_s: float | None,
    now_s: float,
    /,
) -> None: ...
