"""Reports: what is made of results."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gdproto.conformance.cli import group
from gdproto.conformance.judging.outcomes import (
    MAX_SHOWN_CHARS,
    MEANINGS,
    Outcome,
    Result,
    Run,
    ended_line,
    read,
    started_line,
)
from gdproto.conformance.reports import annotated, badge, changes, junit, markdown, matrix
from tests.vectors import CASES

NASTY = "</script><b>&'\"|\x00\ud800"


def result(case: str, outcome: str, testee: str = "ours", **held: Any) -> Result:
    requires = CASES[case].requires if case in CASES else ("GD-GONE-001",)
    return Result(testee, case, requires, "MUST", Outcome(outcome), **held)


def run_of(*results: Result, **held: Any) -> Run:
    return Run(results[0].testee, {one.case: one for one in results}, **held)


RUN = run_of(
    result("none", "pass", seconds=0.25),
    result("bool-true", "fail", reason="decode: another value", got={"value": {"none": ""}}),
    result("bool-02", "known-failure", reason=NASTY, stderr=NASTY),
    result("bool-false", "crashed", reason="killed by SIGSEGV", stderr="boom"),
    result("type-02", "unsupported", reason="does not offer decode"),
    result("int-1", "non-strict", reason="so so"),
    declaration={"version": "1.2", "language": "Zig", "operations": ["decode"]},
    command="gdproto conformance run --testee './ours'",
    complaints=["after stop: no answer"],
)


# --- records ---


def write(path: Path, run: Run) -> Path:
    lines = [started_line(run), *(one.to_line() for one in run.results.values()), ended_line(run)]
    path.write_text("".join(lines))
    return path


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    assert read([write(tmp_path / "results.jsonl", RUN)]) == [RUN]


def test_a_file_of_results_alone_is_a_run(tmp_path: Path) -> None:
    path = tmp_path / "live.jsonl"
    path.write_text(result("a-script", "timeout", "an arbiter").to_line())
    (run,) = read([path])
    assert (run.testee, run.failed, run.command) == ("an arbiter", True, "")


def test_a_record_never_grows_beyond_what_is_shown() -> None:
    line = result("none", "fail", got={"value": {"string": "x" * 100_000}}).to_line()
    assert len(line) < MAX_SHOWN_CHARS + 1_000
    assert Result.of(json.loads(line)).got["chars"] > 100_000


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", r"results.jsonl:2: Expecting"),
        ("[]", r":2: "),
        ('{"case": "a"}', r":2: this is no record: it names no testee"),
        ('{"testee": "a", "case": "b"}', r":2: this is no result"),
        ('{"testee": "a", "case": "b", "requires": [], "level": "", "outcome": "?"}', r":2: '\?'"),
    ],
)
def test_a_line_that_is_no_record_is_named(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(f"{result('none', 'pass').to_line()}{text}\n")
    with pytest.raises(ValueError, match=complaint):
        read([path])


def test_every_outcome_has_a_meaning_and_a_sign() -> None:
    assert MEANINGS.keys() == matrix.SIGNS.keys() == set(Outcome)
    assert len(set(matrix.SIGNS.values())) == len(Outcome)


# --- the matrix ---


def page_data(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_matrix_shows_the_worst_outcome_and_opens_the_cases() -> None:
    page = matrix.render([RUN], CASES)
    data = page_data(page)
    row = re.search(r'data-id="GD-TLV-002" data-worst="([^"]*)">.*?</tr>', page, re.DOTALL)
    assert row
    assert row[1] == "crashed"
    assert "† 0/3" in row[0]
    held = data["cases"]["bool-02"]
    assert "invalid_bool at byte 1" in held["bytes"]
    assert held["expected"] == 'decode: {"error": {"code": "invalid_bool", "offset": 1}}'
    assert held["neighbour"] == "bool-true"
    assert data["runs"][0]["results"]["bool-true"]["got"] == '{"value": {"none": ""}}'
    assert data["runs"][0]["command"] == RUN.command
    assert "<code>invalid_bool</code>" in data["requirements"]["GD-TLV-002"]


def test_the_matrix_is_safe_and_needs_nothing_else() -> None:
    page = matrix.render([RUN, run_of(result("none", "pass", NASTY))], CASES)
    assert NASTY[:9] not in page.replace("</script>", "", 2).replace("\n</script>", "")
    assert page.count("</script>") == 2
    assert "<b>" not in page
    assert not re.search(r"(src|href)=|https?://|@import|url\(", page)
    assert page_data(page)["runs"][0]["results"]["bool-02"]["reason"] == NASTY


def test_a_requirement_that_was_not_judged_is_not_shown_as_passed() -> None:
    half = result("dict-path-quoted", "pass", unjudged=("GD-ERR-007",))
    other = [name for name in half.requires if name != "GD-ERR-007"]
    page = matrix.render([run_of(half)], CASES)
    assert 'data-id="GD-ERR-007" data-worst="unsupported"' in page
    assert other == [] or f'data-id="{other[0]}" data-worst="pass"' in page


def test_requirements_of_another_text_are_named() -> None:
    assert "GD-GONE-001 is not in this version" in matrix.render(
        [run_of(result("gone", "pass"))], CASES
    )


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_script_of_the_matrix_is_a_program(tmp_path: Path) -> None:
    script = matrix.render([RUN], CASES).rpartition("<script>")[2].partition("</script>")[0]
    (tmp_path / "matrix.js").write_text(script)
    subprocess.run(["node", "--check", tmp_path / "matrix.js"], check=True, timeout=60)


def test_every_case_can_be_shown() -> None:
    for case in CASES.values():
        assert annotated.bytes_of(case) or case.bytes is None, case.id
        assert annotated.expectation(case)
        annotated.bytes_of(case).encode()


# --- the others ---


def test_junit_counts_and_holds_whatever_was_said() -> None:
    root = ET.fromstring(junit.render([RUN]).encode())
    (suite,) = root
    assert suite.attrib["name"] == "ours"
    counts = [suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["7", "2", "1", "2"]
    tags = {case.attrib["name"]: [child.tag for child in case] for case in suite}
    assert tags == {
        "none": [],
        "bool-true": ["failure"],
        "bool-02": ["skipped", "system-err"],
        "bool-false": ["error", "system-err"],
        "type-02": ["skipped"],
        "int-1": [],
        "the run": ["failure"],
    }


def test_markdown_tells_who_how_many_and_what() -> None:
    page = markdown.render([RUN])
    assert "| ours | 1 | 1 | 1 | 1 | 1 |  | 1 |" not in page
    assert "| testee | pass | non-strict | fail | unsupported | known-failure | crashed |" in page
    assert "1.2, Zig; judged by: decode." in page
    assert "gdproto conformance run --testee './ours'" in page
    assert "| fail | decode: another value | `bool-true` |" in page
    assert "- **after stop: no answer**" in page
    # The table survives what a testee says.
    assert "&lt;/script>" in page
    assert "\\|" in page


@pytest.mark.parametrize(
    ("runs", "score", "colour"),
    [
        ([run_of(result("none", "pass"))], "100 %", badge.GREEN),
        ([run_of(result("none", "pass"), result("int-1", "unsupported"))], "100 %", badge.GREEN),
        ([run_of(result("none", "pass"), result("int-1", "known-failure"))], "50 %", badge.AMBER),
        ([RUN], "40 %", badge.RED),
        ([run_of(result("none", "unsupported"))], "nothing judged", badge.RED),
        ([run_of(result("none", "pass"), complaints=["stale"])], "100 %", badge.RED),
    ],
)
def test_the_badge_is_never_better_than_the_results(
    runs: list[Run], score: str, colour: str
) -> None:
    picture = badge.render(runs)
    title = ET.fromstring(picture).find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text == f"GD/1 conformance: {score}"
    assert colour in picture


def test_the_badge_does_not_round_up() -> None:
    many = [result(f"case-{number}", "pass") for number in range(4_999)]
    assert "99.9 %" in badge.render([run_of(*many, result("none", "known-failure"))])


# --- the difference of two runs ---


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ("pass", "fail", True),
        ("pass", "known-failure", False),
        ("known-failure", "fail", True),
        ("fail", "crashed", False),
        ("fail", "pass", False),
        ("pass", "unsupported", True),
        ("unsupported", "fail", True),
        (None, "fail", True),
        (None, "pass", False),
        ("pass", None, True),
        ("fail", None, False),
    ],
)
def test_what_got_worse(before: str | None, after: str | None, worse: bool) -> None:
    old = [run_of(result("int-1", "pass"), *([result("none", before)] if before else []))]
    new = [run_of(result("int-1", "pass"), *([result("none", after)] if after else []))]
    (change,) = changes.between(old, new)
    assert (change.case, change.worse) == ("none", worse)


def test_runs_of_several_testees_are_compared_by_name() -> None:
    old = [run_of(result("none", "pass", "a")), run_of(result("none", "pass", "b"))]
    new = [run_of(result("none", "fail", "b")), run_of(result("none", "pass", "a"))]
    assert [(one.testee, one.worse) for one in changes.between(old, new)] == [("b", True)]


# --- the commands ---


def test_the_commands_write_reports_and_compare(tmp_path: Path) -> None:
    held = {"declaration": {"version": NASTY}, "command": NASTY}
    good = write(tmp_path / "good.jsonl", run_of(result("none", "pass"), **held))
    bad = write(tmp_path / "bad.jsonl", run_of(result("none", "fail"), **held))
    wanted = {name: tmp_path / f"report.{name}" for name in ("html", "junit", "markdown", "badge")}
    words = [word for name, path in wanted.items() for word in (f"--{name}", str(path))]
    done = CliRunner().invoke(group, ["report", str(good), *words])
    assert done.exit_code == 0, done.output
    assert all(path.stat().st_size > 100 for path in wanted.values())
    same = CliRunner().invoke(group, ["diff", str(good), str(good)])
    assert (same.exit_code, same.output) == (0, "0 changed, 0 for the worse\n")
    worse = CliRunner().invoke(group, ["diff", str(good), str(bad)])
    assert worse.exit_code == 1
    assert "! ours  none  pass -> fail" in worse.output


def test_what_cannot_be_reported(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    done = CliRunner().invoke(group, ["report", str(empty), "--html", str(tmp_path / "x")])
    assert (done.exit_code, done.output) == (2, "Error: there is no result in these files\n")
    done = CliRunner().invoke(group, ["report", str(write(tmp_path / "a", RUN))])
    assert done.exit_code == 2
    assert "name a report" in done.output
