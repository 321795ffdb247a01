"""The mutants of the runtime: each is another runtime in every process, and is judged fairly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from workshop.mutants import survivors
from workshop.mutants.operators import Change, Place
from workshop.mutants.runtime import judging
from workshop.mutants.runtime.__main__ import LEDGER
from workshop.mutants.runtime.broken import Broken, everything, sample
from workshop.mutants.runtime.judging import ALL, Judge, Verdict, chosen, environment
from workshop.mutants.runtime.reach import FEW, Case, Reach
from workshop.mutants.runtime.types import NAME, TypeChecker

from .processes import LIMIT_S, ROOT, dirty

WAITS = "tests/dirty_runtime/test_time.py::test_waits_double_and_start_over"
RESTARTS = "arbiter/policy/restarts.py"
PURE, SLOW = Case(WAITS, 0.05, True), Case("test_b.py::one", 1.0, False)


def broken(old: str, new: str, file: str = RESTARTS, function: str = "Backoff.died") -> Broken:
    start = (ROOT / "dirty_runtime" / file).read_text().index(old)
    place = Place(function, True, start, start + len(old), old)
    return Broken(f"{old} => {new}", file, Change(place, old, new))


def judge() -> Judge:
    return Judge(Reach({1: PURE}, {f"{RESTARTS} Backoff.died": {1}}))


def test_each_mutant_has_a_name_of_its_own_and_is_python() -> None:
    names = [one.name for one in everything()]
    assert len(names) == len(set(names)) > 3000
    for one in sample(50, 1, everything()):
        compile(one.source(), one.name, "exec")


def test_a_sample_stays_the_same_where_the_code_does() -> None:
    before = sample(300, 1, everything())
    without = tuple(one for one in everything() if one.file != "arbiter/calls.py")
    kept = {one.name for one in before if one.file != "arbiter/calls.py"}
    assert kept <= {one.name for one in sample(300, 1, without)}
    assert {one.name for one in sample(300, 2, everything())} != {one.name for one in before}


def test_a_mutant_that_no_test_tells_lives_and_another_is_killed() -> None:
    same = broken("wait_s * 2", "2 * wait_s")
    wrong = broken("wait_s * 2", "wait_s * 3")
    lives, killed = judge().verdicts([same, wrong], 2)
    assert lives == Verdict(same.name)
    assert killed.outcome == "fails"
    assert killed.killer.startswith(WAITS)


def test_the_type_checker_is_asked_before_any_test() -> None:
    types = TypeChecker(1, [f"dirty_runtime/{RESTARTS}"])
    of_another_type, wrong = broken("return 0.0", "return None"), broken("wait_s * 2", "wait_s * 3")
    asked = Judge(Reach({}, {}), types=types)
    assert [asked.verdict(one).killer for one in (of_another_type, wrong)] == [NAME, ""]
    assert not types.refuses(None)


def test_a_mutant_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "PATIENCE_S", 0.5)
    ran = judging.run([PURE], broken("return 0.0", "while True: pass"))
    assert ran.outcome == "late"


def test_a_test_that_fails_by_itself_kills_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def always(tests: list[Case], mutant: Broken | None) -> judging.Ran:
        return judging.Ran(tests[0].name, "fails")

    monkeypatch.setattr(judging, "run", always)
    assert not judge().verdict(broken("wait_s * 2", "0")).killer
    monkeypatch.setattr(judging, "run", lambda tests, mutant: judging.Ran(ALL, "import"))
    assert not judge().verdict(broken("wait_s * 2", "0")).killer


@pytest.mark.parametrize("is_excused", [True, False])
def test_of_one_that_lives_without_a_reason_more_are_asked(
    is_excused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_one_tells(tests: list[Case], mutant: Broken | None) -> judging.Ran:
        return judging.Ran(SLOW.name, "fails") if mutant and SLOW in tests else judging.Ran()

    monkeypatch.setattr(judging, "run", slow_one_tells)
    one = broken("wait_s * 2", "2 * wait_s")
    reach = Reach({1: PURE, 2: SLOW}, {one.lines[0]: {1, 2}})
    asked = Judge(reach, 0.5, excused=[one.name] if is_excused else [])
    assert asked.verdict(one).killer == ("" if is_excused else SLOW.name)


def test_every_process_has_the_mutant(tmp_path: Path) -> None:
    own = str(tmp_path)
    around = environment(broken('prog_name="dirty"', 'prog_name="mutated"', "__main__.py"), own)
    child = f"import subprocess; subprocess.run({dirty('--help')!r})"
    said = subprocess.run(
        [sys.executable, "-c", child], cwd=ROOT, env=around, capture_output=True, timeout=LIMIT_S
    )
    assert b"mutated" in said.stderr + said.stdout


@pytest.mark.parametrize("line", ["exec sleep 600", "while sleep 0.001; do sleep 600 & done"])
def test_none_outlives_its_judge(tmp_path: Path, line: str) -> None:
    own = str(tmp_path)
    around = environment(broken("wait_s * 2", "0"), own)
    # Some are caught while they become another program, when they have no environment.
    for _ in range(20):
        with subprocess.Popen(["sh", "-c", line], env=around, start_new_session=True) as process:
            try:
                judging.sweep(own)
                process.wait(LIMIT_S)
                assert not_swept(own) == []
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def not_swept(own: str) -> list[str]:
    def has_mark(process: Path) -> bool:
        with suppress(OSError):
            return own.encode() in (process / "environ").read_bytes()
        return False

    return [one.name for one in Path("/proc").glob("[0-9]*") if has_mark(one)]


def test_a_mutant_signals_nobody_else(tmp_path: Path) -> None:
    around = environment(broken("wait_s * 2", "0"), str(tmp_path))
    for call in ("os.kill(-1, 0)", "os.killpg(1, 0)", "os.kill(1, 0)"):
        said = subprocess.run(
            [sys.executable, "-c", f"import os; {call}"], env=around, capture_output=True
        )
        assert b"ProcessLookupError" in said.stderr
    os.kill(os.getpid(), 0)


def test_tests_without_processes_are_asked_first_and_files_in_turn() -> None:
    others = [Case(f"test_{file}.py::{n}", float(n), False) for file in "cd" for n in (1, 2, 3)]
    asked = chosen([*others, SLOW, PURE], 12.0)
    assert asked[0] is PURE
    assert [one.name for one in asked[1:]] == [
        "test_b.py::one", "test_c.py::1", "test_c.py::2", "test_d.py::1", "test_d.py::2",
    ]  # fmt: skip


def test_where_few_run_a_line_those_around_it_are_asked_too() -> None:
    file = "arbiter/policy/catalogue.py"
    of_class = broken("preload: bool = False", "preload: bool = True", file, "AppFacts")
    of_method = broken("self._resources = resources", "pass", file, "Catalogue.__init__")
    many = {number: Case(f"test_c.py::{number}", 0.1, True) for number in range(3, 3 + FEW)}
    named = Case("tests/dirty_runtime/test_apps.py::one", 0.1, True)
    reach = Reach(
        {1: PURE, 2: SLOW, **many, 99: named}, {of_method.lines[0]: {1}, file: {1, 2, *many}}
    )
    assert (reach.of(of_method), reach.around(of_method)) == ([PURE], [SLOW, *many.values()])
    # What makes a class runs once, in whatever test comes first.
    assert (reach.of(of_class), reach.around(of_class)) == ([named], [PURE, SLOW, *many.values()])
    reach.reached[of_method.function] = {1, *many}
    assert reach.around(of_method) == [*many.values()]
    reach.reached[of_method.lines[0]] = {*many}
    assert reach.around(of_method) == []


def test_the_ledger_has_a_reason_for_each() -> None:
    assert all(entry.reason for entry in survivors.read(LEDGER))
