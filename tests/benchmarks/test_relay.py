"""The relay in C: it compiles without a warning, answers every call, and refuses nonsense."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import relay
from benchmarks.relay import SMALL_CALL, SOURCE, Exchange, Relay
from benchmarks.samples import BenchmarkError

COMPILER = shutil.which("cc")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")


@pytest.fixture(scope="module")
def compiled() -> Iterator[Relay]:
    with relay.compiled() as found:
        assert found is not None
        yield found


def test_no_warning(tmp_path: Path) -> None:
    assert COMPILER is not None
    strict = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    subprocess.run([COMPILER, *strict, str(SOURCE)], check=True, timeout=60)


@pytest.mark.parametrize("hops", [1, 2])
@pytest.mark.parametrize(
    "exchange", [SMALL_CALL, Exchange(16, 16), Exchange(1 << 20, 16), Exchange(17, 1 << 20)]
)
def test_every_call_is_answered(compiled: Relay, hops: int, exchange: Exchange) -> None:
    taken_s = compiled.taken_s(hops, 20, exchange)
    assert len(taken_s) == 20
    assert min(taken_s) > 0


def test_nonsense_is_refused(compiled: Relay) -> None:
    with pytest.raises(BenchmarkError, match="usage"):
        compiled.taken_s(3, 20, SMALL_CALL)
    with pytest.raises(BenchmarkError, match="usage"):
        compiled.taken_s(1, 20, Exchange(15, 16))


def test_a_small_call_has_the_sizes_of_a_real_one() -> None:
    assert SMALL_CALL.request_bytes > 100
    assert SMALL_CALL.response_bytes > 16
