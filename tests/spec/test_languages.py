"""What all backends print through, and that the machine-readable spec holds all that they need."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from gdproto.cli import group
from gdproto.spec.codegen import ir, machine
from gdproto.spec.codegen.declared import spec_of
from gdproto.spec.codegen.errors import CompileError
from gdproto.spec.codegen.languages import EVERYTHING, LANGUAGES, generated
from gdproto.spec.codegen.naming import camel, pascal, screaming, snake, words
from gdproto.spec.codegen.template import fill
from gdproto.spec.codegen.walk import walk

ROOT = Path(__file__).resolve().parents[2]


def as_the_document_has_it(spec: ir.Spec) -> ir.Spec:
    """After a fault of the connection there is no next state, so the document has none."""
    rows = tuple(
        replace(row, next=row.state) if row.scope == "connection" else row
        for row in spec.transitions
    )
    return replace(spec, transitions=rows)


def test_the_machine_readable_spec_is_all_of_the_ir() -> None:
    spec = walk()
    document = json.loads(json.dumps(machine.document(spec, "mark")))
    assert spec_of(document) == as_the_document_has_it(spec)


@pytest.mark.parametrize("name", EVERYTHING)
def test_an_installed_user_generates_what_is_checked_in(name: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(group, ["generate", "--lang", name, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    folder = ROOT / EVERYTHING[name].folder
    expected = {path.relative_to(folder): path.read_text() for path in folder.rglob("*.*")}
    made = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.*")}
    assert made == expected


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_backend_prints_from_the_machine_readable_spec_alone(name: str) -> None:
    said = CliRunner().invoke(group, ["spec", "--json"])
    document = json.loads(said.output)
    made = generated(EVERYTHING[name], spec_of(document), document["generated"])
    folder = ROOT / EVERYTHING[name].folder
    assert made == {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_client_has_a_method_for_each_operation_of_the_stash(name: str) -> None:
    """For one that is declared anew, too."""
    spec = walk()
    more = ir.Parameter("wait", "number", required=False, max_bytes=0)
    stash = next(question for question in spec.questions if question.message == "STASH")
    table, key = stash.operations[0].parameters[:2]
    result = ir.Type("integer", None, "")
    peek = ir.Operation("peek_at", 99, (table, key, more), result, (), False, "Look at `key`.")
    longer = replace(stash, operations=(*stash.operations, peek))
    questions = tuple(longer if one is stash else one for one in spec.questions)
    texts = LANGUAGES[name].beside(replace(spec, questions=questions))
    printed = max((text for path, text in texts.items() if "test" not in path), key=len)
    for one in longer.operations:
        assert re.search(
            rf"\b(gd_stash_)?({one.name}|{camel(one.name)}|{pascal(one.name)})\(", printed
        )


def test_a_language_without_a_backend_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(group, ["generate", "--lang", "cobol", "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert "no backend for 'cobol'" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("template", "holes", "text"),
    [
        ("a = «x»;", {"x": "1"}, "a = 1;"),
        ("\n    if (a) {\n        «body»\n    }\n", {"body": ["b;", "", "c;"]},
         "if (a) {\n    b;\n\n    c;\n}\n"),
        ("{\n    «none»\n}", {"none": []}, "{\n}"),
        ("«a»-«a»", {"a": "x"}, "x-x"),
        ("  «a»", {"a": "one text"}, "one text"),
    ],
)  # fmt: skip
def test_a_template_is_filled(template: str, holes: dict[str, str], text: str) -> None:
    assert fill(template, **holes) == text


@pytest.mark.parametrize(
    ("template", "holes"),
    [("«a»", {}), ("a", {"a": "x"}), ("b «a»", {"a": ["lines"]}), ("«a»", {"A": "x"})],
)
def test_a_hole_and_its_filling_belong_together(template: str, holes: dict[str, str]) -> None:
    with pytest.raises(CompileError):
        fill(template, **holes)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("app_path", ("AppPath", "appPath", "APP_PATH", "app_path")),
        ("REQUEST", ("Request", "request", "REQUEST", "request")),
        ("DirtyAppError", ("DirtyAppError", "dirtyAppError", "DIRTY_APP_ERROR", "dirty_app_error")),
        ("int64", ("Int64", "int64", "INT64", "int64")),
        ("request_id", ("RequestId", "requestId", "REQUEST_ID", "request_id")),
    ],
)
def test_names_in_other_hands(name: str, expected: tuple[str, ...]) -> None:
    assert (pascal(name), camel(name), screaming(name), snake(name)) == expected


def test_initialisms_stay_in_capitals() -> None:
    assert pascal("request_id", {"id"}) == "RequestID"
    assert camel("id_of_request", {"id"}) == "idOfRequest"
    assert words("HTTPServer2") == ["http", "server2"]
