"""A copy of a worker is told from it, whoever forked."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

import pytest

from dirty_runtime.worker import forks

FORKS: dict[str, Callable[[], int]] = {"Python": os.fork, "C": lambda: ctypes.CDLL(None).fork()}


@pytest.mark.parametrize("forker", FORKS)
@pytest.mark.parametrize("way", ["by a page", "by its number"])
def test_a_copy_is_told(way: str, forker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "by its number":
        monkeypatch.setattr(forks, "_takes", lambda page, advice: False)
    mark, fork = forks.Mark(), FORKS[forker]

    def is_told() -> bool:
        """Whether a copy of this process knows that it is one."""
        child = fork()
        if not child:
            os._exit(10 if mark.is_here() else 20)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 20

    assert is_told()
    assert mark.is_here()
    child = fork()
    if not child:
        # A worker may be forked itself.
        mark.take()
        os._exit(10 if mark.is_here() and is_told() else 20)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 10


def test_who_takes_any_advice_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "_takes", lambda page, advice: True)
    asked: list[None] = []
    monkeypatch.setattr(os, "getpid", lambda: asked.append(None) or 1)
    mark = forks.Mark()
    asked.clear()
    assert mark.is_here()
    assert asked
