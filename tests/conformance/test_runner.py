"""The runner, against real processes that do whatever a testee should not."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
import pytest

from gdproto.conformance.cases import Case
from gdproto.conformance.cli import chosen
from gdproto.conformance.judging import Declaration, judge, questions
from gdproto.conformance.judging.known_failures import Entry, KnownError
from gdproto.conformance.judging.known_failures import read as read_known
from gdproto.conformance.judging.outcomes import Outcome, Run, read
from gdproto.conformance.running import runner as runner_module
from gdproto.conformance.running.process import MAX_STDERR_BYTES, NoAnswer, Process
from gdproto.conformance.running.runner import RunError, Runner, judged
from tests.vectors import CASES

THREE = {name: CASES[name] for name in ("none", "bool-true", "bool-false")}
MISBEHAVING = str(Path(__file__).with_name("misbehaving.py"))
# For what must be noticed by its deadline; and for what must not be.
SHORT_S, LONG_S = 1.5, 30.0

HANGING = {"hangs", "forgets_to_flush", "answers_half", "floods_stderr_for_ever"}
# How it misbehaves at bool-true -> the outcome there, and what the reason says.
MISBEHAVIOURS = {
    "crashes": ("crashed", "killed by SIGSEGV"),
    "exits_early": ("crashed", "exited with status 0"),
    "raises": ("crashed", "exited with status 1"),
    "hangs": ("timeout", "no answer"),
    "leaves_its_stdout_open": ("crashed", "exited with status 4"),
    "leaves_a_flood": ("crashed", "exited with status 5"),
    "closes_its_stdout": ("crashed", "closed its stdout"),
    "forgets_to_flush": ("timeout", "no answer"),
    "answers_half": ("timeout", "bytes of an answer and no more"),
    "answers_twice": ("fail", "bytes follow the answer"),
    "answers_something_else": ("fail", "not of the contract's form"),
    "answers_no_object": ("fail", "not a JSON object"),
    "answers_with_another_number": ("fail", "answered to command 0"),
    "answers_no_json": ("fail", "no JSON"),
    "answers_too_deep": ("fail", "no JSON"),
    "prints": ("fail", "is text printed to stdout? b'debug"),
    "answers_too_much": ("fail", "a length of 4294967295"),
    "answers_a_wrong_value": ("fail", "another value; encode: other bytes"),
    "floods_stderr": ("pass", ""),
    "floods_stderr_for_ever": ("timeout", "no answer"),
}


def command(how: str, *more: str) -> list[str]:
    return [sys.executable, MISBEHAVING, how, *more]


def run(how: str, cases: Mapping[str, Case] = THREE, timeout_s: float = LONG_S) -> Run:
    return judged(command(how), cases, jobs=1, timeout_s=timeout_s)


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_for_ends(pids: Sequence[int]) -> None:
    deadline = time.monotonic() + LONG_S
    while alive := [pid for pid in pids if is_alive(pid)]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.01)


@pytest.mark.parametrize("how", MISBEHAVIOURS)
def test_a_misbehaving_testee_is_survived_and_reported(how: str) -> None:
    found = run(how, timeout_s=SHORT_S if how in HANGING else LONG_S)
    outcome, reason = MISBEHAVIOURS[how]
    assert found.results["none"].outcome == "pass"
    assert found.results["bool-true"].outcome == outcome
    assert reason in found.results["bool-true"].reason
    assert found.results["bool-false"].outcome == "pass"
    assert found.failed == (outcome != "pass")


def test_an_answer_too_many_is_noticed_however_late() -> None:
    found = run("answers_again_later")
    outcomes = [one.outcome for one in found.results.values()]
    assert "fail" in outcomes
    assert "answered to command" in " ".join(one.reason for one in found.results.values())


def test_the_last_words_on_stderr_are_kept_and_bounded() -> None:
    assert run("crashes").results["bool-true"].stderr == "on the edge\n"
    raised = run("raises").results["bool-true"].stderr
    assert raised.endswith("RuntimeError: it cannot go on\n")
    assert run("answers_a_wrong_value").results["bool-true"].stderr == "sorry\n"
    flood = run("floods_stderr_for_ever", timeout_s=SHORT_S).results["bool-true"].stderr
    assert 0 < len(flood) <= MAX_STDERR_BYTES


STARTS = {
    "other_contract": "it speaks contract 2, not 1",
    "unknown_operation": "it declares guess",
    "unknown_limit": "it declares max_mood",
    "unknown_role": "it declares bystander",
    "unknown_policy": "it declares mood",
    "unknown_answer": "lost for nan-payload, which is answered by canonical, kept, made-quiet",
    "skips_without_reason": "skips[0] has no reason",
    "nothing_declared": "it declares no operation",
    "nameless": "has no text name",
    "odd_declaration": "not of the contract's form",
    "does_not_start": "exited with status 1: no such library: libgd.so",
}


@pytest.mark.parametrize("how", STARTS)
def test_a_testee_that_cannot_be_judged_is_told_in_one_line(how: str) -> None:
    with pytest.raises(RunError) as caught:
        run(how)
    assert STARTS[how] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_start_without_an_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "START_S", 0.2)
    with pytest.raises(RunError, match="it does not start: no answer"):
        run("hangs_at_the_start", timeout_s=0.2)


def test_a_program_that_sends_back_what_it_is_sent() -> None:
    with pytest.raises(RunError, match="it sends back what it was sent: that is no testee"):
        judged(["cat"], THREE)


def test_a_command_that_is_none() -> None:
    with pytest.raises(RunError, match="cannot start /nowhere/testee: No such file"):
        judged(["/nowhere/testee"], THREE)


def test_a_testee_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "GIVE_UP_AFTER", 3)
    many = {name: CASES[name] for name in list(CASES)[:50]}
    with pytest.raises(RunError, match="gave up: no answer to 3 cases in a row"):
        run("hangs_always", many, timeout_s=0.2)


def test_a_command_that_is_not_read_has_a_deadline() -> None:
    large = replace(CASES["string-1"], id="large", value={"string": "a" * 2_000_000})
    found = run("stops_reading", {"large": large}, timeout_s=SHORT_S)
    # Its bytes are read by nobody, but fit into the pipe.
    assert found.results["large"].outcome == "timeout"
    with Process(command("stops_reading")) as process:
        process.ask({"do": "start"}, time.monotonic() + LONG_S)
        with pytest.raises(NoAnswer, match="did not read the command"):
            process.ask({"do": "run", "value": "a" * 2_000_000}, time.monotonic() + SHORT_S)


def test_a_lie_about_operations_is_a_complaint() -> None:
    found = run("lies_about_operations")
    assert found.complaints == ["declares encode, and never carries it out"]
    assert found.failed


def test_what_is_not_declared_is_not_asked() -> None:
    assert {one.outcome for one in run("only_decodes").results.values()} == {Outcome.PASS}
    skipped = run("skips").results
    assert skipped["none"].outcome == "pass"
    assert (skipped["bool-true"].outcome, skipped["bool-true"].reason) == (
        "unsupported",
        "no bools here",
    )


@pytest.mark.parametrize(
    ("how", "complaint"),
    [("ends_badly", "after stop: exited with status 3"), ("ignores_stop", "after stop: no answer")],
)
def test_how_a_testee_ends_is_judged(how: str, complaint: str) -> None:
    assert run(how).complaints == [complaint]


def test_no_process_is_left(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with contextlib.suppress(RunError):
        judged(command("hangs_with_a_child", str(pids)), THREE, jobs=3, timeout_s=SHORT_S)
    started = [int(line) for line in pids.read_text().split()]
    assert len(started) >= 3
    wait_for_ends(started)


def test_leaving_early_ends_the_processes(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with Runner(command("hangs", str(pids)), THREE.values(), timeout_s=LONG_S, jobs=2) as runner:
        began = time.monotonic()
        for _ in runner.results():
            break
    assert time.monotonic() - began < LONG_S / 2
    wait_for_ends([int(line) for line in pids.read_text().split()])


def test_jobs_share_the_cases() -> None:
    some = {name: case for name, case in list(CASES.items())[:60] if case.kind == "value"}
    command_ = [sys.executable, "-m", "gdproto.conformance.testees.python"]
    found = judged(command_, some, jobs=3)
    assert found.results.keys() == some.keys()
    assert not found.failed


# --- known failures ---


def test_known_failures_are_excused_and_nothing_else() -> None:
    entries = (Entry("It has moods.", ("bool-t*", "!bool-tr?")),)
    wrong = judged(command("answers_a_wrong_value"), THREE, known=entries)
    assert wrong.results["bool-true"].outcome == "known-failure"
    assert wrong.results["bool-true"].reason.startswith("It has moods. (")
    assert not wrong.failed
    crashing = judged(command("crashes"), THREE, known=entries)
    assert crashing.results["bool-true"].outcome == "crashed"
    excused = (replace(entries[0], outcomes=(Outcome.CRASHED,)),)
    assert not judged(command("crashes"), THREE, known=excused).failed


def test_where_a_race_decides_each_of_its_outcomes_is_excused(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text(
        "[[known]]\ncases = ['bool-t*', '!bool-tr?']\nreason = 'x'\noutcome = ['crashed', 'fail']"
    )
    entries = read_known(path)
    for how in ("answers_a_wrong_value", "crashes"):
        found = judged(command(how), THREE, known=entries)
        assert found.results["bool-true"].outcome == "known-failure"
        assert not found.failed


def test_where_a_race_decides_whether_it_fails_it_may_pass(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text("[[known]]\ncases = ['bool-t*']\nreason = 'x'\noutcome = ['pass', 'fail']")
    entries = read_known(path)
    for how, outcome in (("answers_a_wrong_value", "known-failure"), ("honest", "pass")):
        found = judged(command(how), THREE, known=entries)
        assert found.results["bool-true"].outcome == outcome
        assert not found.failed
        assert found.complaints == []
    assert judged(command("crashes"), THREE, known=entries).failed


def test_a_listed_case_that_passes_fails_the_run_and_its_entry_is_stale() -> None:
    found = judged(command("honest"), THREE, known=(Entry("It was so.", ("bool-true",)),))
    assert found.results["bool-true"].outcome == "unexpected-pass"
    assert found.complaints == ["stale known failure: bool-true: It was so."]
    nowhere = judged(command("honest"), THREE, known=(Entry("Once.", ("gone-*",)),))
    assert nowhere.complaints == ["stale known failure: gone-*: Once."]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("known = 3", "only tables"),
        ("known = [3]", "entry 1 is no table"),
        ("[[known]]\ncases = []\nreason = 'x'", "cases or expects are listed"),
        ("[[known]]\ncases = 'a'\nreason = 'x'", "cases is a list"),
        ("[[known]]\ncases = ['a']", "reason is a sentence"),
        ("[[known]]\ncases = ['a']\nreason = 'x'\noutcome = 'pass'", "outcome is one of"),
        ("[[known]]\ncases = ['a']\nreason = 'x'\noutcome = []", "outcome is one of"),
        ("[[known]]\ncases = ['a']\nreason = 'x'\noutcome = ['pass']", "outcome is one of"),
        (
            "[[known]]\ncases = ['a']\nreason = 'x'\nsince = 1",
            "only cases, expects, reason and outcome",
        ),
        ("[known", "known.toml"),
        ("other = 1", "only tables"),
    ],
)
def test_a_bad_list_is_told_in_one_line(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(KnownError, match=complaint):
        read_known(path)


# --- the command ---


def gdproto(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "gdproto", "conformance", *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, cwd=cwd)


def started_as(how: str) -> str:
    return f"'{sys.executable}' '{MISBEHAVING}' {how}"


def test_the_command_writes_results_and_exits_by_them(tmp_path: Path) -> None:
    some = [word for name in THREE for word in ("--only", name)]
    good = gdproto("run", "--testee", started_as("honest"), *some, "--out", str(tmp_path / "good"))
    assert good.returncode == 0, good.stderr
    bad = gdproto("run", "--testee", started_as("crashes"), *some, "--out", str(tmp_path / "bad"))
    assert bad.returncode == 1
    assert "crashed  bool-true  killed by SIGSEGV  (GD-TLV-" in bad.stderr
    assert '    asked: {"op": "decode", "bytes": "0101"}' in bad.stderr
    assert "    stderr: on the edge" in bad.stderr
    again = f"again: gdproto conformance run --testee {shlex.quote(started_as('crashes'))} --only"
    assert f"    {again} bool-true" in bad.stderr
    assert f"report {tmp_path}/bad/results.jsonl --html report.html shows the bytes" in bad.stdout
    assert "shows the bytes" not in good.stdout
    (found,) = read([tmp_path / "bad" / "results.jsonl"])
    assert found.testee == "misbehaving"
    assert found.results["bool-true"].stderr == "on the edge\n"
    assert found.results["bool-true"].requires == THREE["bool-true"].requires
    lines = (tmp_path / "bad" / "results.jsonl").read_text().splitlines()
    assert [json.loads(line).get("event") for line in lines] == [
        "started", None, None, None, "ended",
    ]  # fmt: skip


def test_areas_choose_cases_and_large_ones_are_left_out() -> None:
    every = list(CASES.values())
    assert {case.area for case in chosen(CASES, (), (), ("blobs",))} == {"blobs"}
    assert {case.kind for case in chosen(CASES, (), (), ("frame", "stream"))} == {"frame", "stream"}
    small = chosen(CASES, (), (), without_large=True)
    assert 10 < len(every) - len(small) < 60
    assert "bytes-limit" not in {case.id for case in small}
    with pytest.raises(click.UsageError, match="no area moon: there are answers, "):
        chosen(CASES, (), (), ("moon",))


def test_another_value_is_told_with_both() -> None:
    done = gdproto("run", "--testee", started_as("answers_a_wrong_value"), "--only", "bool-true")
    assert '    expected: {"value": {"bool": "true"}}' in done.stderr
    assert '    got: {"value": {"bool": "false"}' in done.stderr


def test_a_number_that_is_no_text_is_at_fault() -> None:
    case = next(one for one in CASES.values() if one.value and "int64" in one.value and one.bytes)
    question = next(iter(questions(case)))
    declaration = Declaration(frozenset(("decode",)), frozenset(), frozenset(), {}, {})
    text = case.value["int64"] if case.value else ""
    good = judge(case, question, {"value": {"int64": text}}, declaration)
    assert good.outcome == "pass"
    bad = judge(case, question, {"value": {"int64": int(text)}}, declaration)
    assert bad.outcome == "fail"
    assert "where a text is due" in bad.reason


@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        (["--testee", started_as("other_contract")], 2, "Error: it speaks contract 2"),
        (["--testee", "/nowhere/testee"], 2, "cannot start"),
        (["--testee", started_as("honest"), "--only", "nothing-like-it"], 2, "no case fits"),
        (["--testee", started_as("honest"), "--timeout", "0"], 2, "above 0"),
        (["--testee", "'"], 2, "quotation"),
    ],
)
def test_what_cannot_be_run(words: list[str], status: int, complaint: str) -> None:
    done = gdproto("run", *words)
    assert done.returncode == status
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_cases_are_chosen_by_requirement() -> None:
    done = gdproto("run", "--testee", started_as("honest"), "--requirement", "GD-TLV-002")
    assert done.returncode == 1
    assert "bool-02" in done.stderr
    assert "type-02" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_and_its_processes(number: signal.Signals, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    pids.touch()
    line = [sys.executable, "-m", "gdproto", "conformance", "run", "--timeout", "60"]
    line += ["--testee", f"{started_as('hangs')} '{pids}'", "--only", "bool-true"]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + LONG_S
        while not pids.read_text().strip():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        process.wait(LONG_S)
    assert process.returncode != 0
    wait_for_ends([int(line) for line in pids.read_text().split()])
