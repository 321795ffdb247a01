"""The mutants: each applies and loads, some die here, and the codec itself does not."""

from __future__ import annotations

import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import gdproto
from gdproto._generated.tables import SPEC_HASH
from gdproto.spec.codegen import ir
from tests.vectors import CASES
from workshop.mutants import compiled, doors, let_pass, survivors
from workshop.mutants.__main__ import BY_HAND, everything, share
from workshop.mutants.compiled import Compiled
from workshop.mutants.in_c import IN_C
from workshop.mutants.loading import loaded
from workshop.mutants.mutant import (
    PACKAGE,
    Edit,
    Mutant,
    MutantError,
    change,
    original,
    where,
)
from workshop.mutants.operated import Operated, operated
from workshop.mutants.operators import Change, Place, changes
from workshop.mutants.scoring import Suite, scores
from workshop.mutants.wrapped import Wrapped

ROOT = Path(__file__).resolve().parents[2]
SHARE = 15
SEED = 1


def test_each_mutant_has_a_name_of_its_own() -> None:
    names = [mutant.name for mutant in everything()]
    assert len(names) == len(set(names))
    assert len(BY_HAND) >= 600
    assert len(operated()) >= 1500


def test_each_mutant_applies_and_is_another_codec() -> None:
    for mutant in everything():
        if not isinstance(mutant, Wrapped):
            assert mutant.sources() != original(), mutant.name


def test_what_the_compiler_prints_for_no_change_is_the_codec() -> None:
    for path, text in original().items():
        installed = (ROOT / PACKAGE / path).read_text()
        if path.startswith("_generated/"):
            # But for the mark, and for the hash by which a C codec would be taken.
            installed = installed.split("\n", 1)[1].replace(SPEC_HASH, "mutant")
        assert text == installed, path


def test_some_mutants_die_and_the_codec_passes_every_case() -> None:
    # The suite raises ValueError for a case that the codec itself does not pass.
    found = list(scores(share(SHARE, SEED), CASES))
    lived, killed = ([one.mutant for one in found if bool(one.killer) is is_killed]
                     for is_killed in (False, True))  # fmt: skip
    assert list(survivors.faults(survivors.read(), lived, killed)) == []
    assert len(found) == SHARE
    assert killed


def test_a_mutant_that_changes_nothing_lives() -> None:
    cases = {name: CASES[name] for name in ("bool-true", "bool-02")}
    renamed = Mutant(
        "renamed", (Edit("tlv.py", "value, stop = _decoded", "value, stop  = _decoded"),)
    )
    (score,) = scores([renamed], cases, jobs=1)
    assert score.killer == ""


# --- the operators ---


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("if a < 1: return b", {"a <= 1", "a >= 1", "a < 2", "a < 0", "return None"}),
        ("x = a and not b", {"a or not b", "not b", "x = a", "a and b", "pass"}),
        ("x += b[1:n]", {"x -= b[1:n]", "b[2:n]", "b[0:n]", "b[:n]", "b[1:]", "pass"}),
        ("raise fault('bad_magic', at=c + 2)", {"'unsupported_version'", "c - 2", "pass"}),
        ("for x in a: f(x, k=True, z=0)", {"list(a)[::-1]", "False", "f(x, k=True)", "pass"}),
        ("if type(a) is int: g(a)\n  if a: h(a)", {"isinstance(a, int)", "if a: h(a)\n  if type"}),
        ("x = 1\n  g(x)", {"g(x)\n  x = 1"}),
        ("x = Struct('>q')", {"'<q'"}),
        ('"""Text."""\n  import b\n  assert b > 1', set()),
    ],
)
def test_operators_change_what_is_done(source: str, made: set[str]) -> None:
    text = f"def f(a):\n  {source}\n"
    found = [text[: one.place.start] + one.new + text[one.place.stop :] for one in changes(text)]
    for broken in found:
        compile(broken, "broken", "exec")
    plain = ["".join(one.split()).replace("(", "").replace(")", "") for one in found]
    for wanted in made:
        bare = "".join(wanted.split()).replace("(", "").replace(")", "")
        assert any(bare in one for one in plain), (wanted, found)
    assert bool(found) == bool(made)


def test_a_change_that_is_none_is_told_by_nothing() -> None:
    # Whatever is asked of a codec, beside the cases too, comes out the same each time.
    nothing = Change(Place("", False, 0, 0, "limit"), "", "")
    same = Operated("same", "tlv.py", (nothing,), ())
    cases = dict(list(CASES.items())[::20])
    assert Suite(cases).score(same).killer == ""


def test_a_change_that_is_no_python_is_an_error() -> None:
    broken = Change(
        Place(
            "",
            False,
            0,
            0,
            "",
        ),
        "",
        "(",
    )
    with pytest.raises(MutantError, match="it is no Python"):
        Suite({}, with_doors=False).score(Operated("broken", "tlv.py", (broken,), (0,)))


# --- the ledger ---


def test_the_ledger_names_mutants_that_are_made() -> None:
    names = [one.name for one in operated()]
    assert survivors.unknown(survivors.read(), names) == []


def test_the_ledger_and_the_scores_must_agree() -> None:
    entries = [survivors.Entry("Alike.", ("a.py f: x => y", "b.py g: *"))]
    assert list(survivors.faults(entries, ["a.py f: x => y", "b.py g: 1 => 2"], ["c.py"])) == []
    (lives,) = survivors.faults(entries, ["c.py f: x => y"], [])
    assert lives.startswith("c.py f: x => y lives")
    (killed,) = survivors.faults(entries, [], ["b.py g: 1 => 2"])
    assert killed.startswith("b.py g: 1 => 2 is killed")
    assert len(survivors.unknown(entries, ["a.py f: x => y"])) == 1


def test_an_entry_of_the_ledger_has_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "survivors.toml"
    path.write_text('[[survivors]]\nmutants = ["a"]\n')
    with pytest.raises(survivors.LedgerError, match="entry 1"):
        survivors.read(path)


def test_a_codec_that_fails_is_no_codec_to_compare_with() -> None:
    wrong = CASES["bool-true"].__class__(**{**vars(CASES["bool-true"]), "value": {"bool": "false"}})
    with pytest.raises(ValueError, match="bool-true"):
        Suite({"bool-true": wrong})


def test_a_door_that_fails_for_the_codec_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(codec: object, limits: object = None) -> list[object]:
        raise NameError

    with monkeypatch.context() as patched:
        # Before all others, which would be gone through first.
        patched.setattr(doors, "APART", {"fails": fails})
        with pytest.raises(ValueError, match=r"fails: .* crashed \(NameError\)"):
            Suite({})
    monkeypatch.setattr(doors, "near_limits", fails)
    with pytest.raises(ValueError, match=r"low limits: .* crashed \(NameError\)"):
        Suite({}, with_doors=False)


@pytest.mark.parametrize(
    ("mutant", "complaint"),
    [
        (Mutant("lost", (Edit("tlv.py", "no such text", ""),)), "lost: tlv.py has 0"),
        (Mutant("twice", (Edit("tlv.py", "return", ""),)), "twice: tlv.py has"),
        (
            Mutant("same", change=change(where(ir.Limit, name="none"), value=1)),
            "same: the declaration is what it was",
        ),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_a_mutant_that_does_not_apply_is_an_error(mutant: Mutant, complaint: str) -> None:
    with pytest.raises(MutantError, match=complaint):
        mutant.sources()


def test_a_mutant_that_never_answers_or_dies_is_killed() -> None:
    cases = {"bool-true": CASES["bool-true"]}
    decoding = "    source = readable(data, zero_copy)\n    value, stop"
    for body, outcome in {
        "    while True:\n        pass\n": "timeout",
        "    raise ZeroDivisionError\n": "crashed (ZeroDivisionError)",
    }.items():
        hangs = Mutant("hangs", (Edit("tlv.py", decoding, body + decoding),))
        (score,) = scores([hangs], cases, jobs=1)
        assert (score.killer, score.outcome) == ("bool-true", outcome)


def test_a_codec_is_loaded_beside_the_installed_one_and_leaves_nothing() -> None:
    with loaded(original()) as codec:
        assert codec.ProtocolError is not gdproto.ProtocolError
        assert codec.decode(codec.encode({"a": [1, None]})) == {"a": [1, None]}
        assert codec.IMPLEMENTATION == "python"
        name = codec.__name__
    assert [one for one in sys.modules if one.split(".")[0] == name] == []


def test_the_command_prints_the_table_and_the_score() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "workshop.mutants", "bools-swapped"],
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("bools-swapped ")
    assert "1 of 1 mutants killed: 100 %" in ran.stdout


# --- in C ---

only_c = pytest.mark.skipif(not compiled.CAN_COMPILE, reason="no C compiler is here")
# A codec that is not broken is asked all of them.
SOME = dict(list(CASES.items())[::60])


def test_each_mutant_in_c_has_a_name_of_its_own_and_applies() -> None:
    names = [mutant.name for mutant in (*BY_HAND, *IN_C)]
    assert len(names) == len(set(names))
    assert len(IN_C) >= 40
    original = compiled.original()
    broken = {tuple(mutant.sources().items()) for mutant in IN_C}
    assert len(broken - {tuple(original.items())}) == len(IN_C)


@only_c
def test_a_mutant_in_c_dies_and_one_that_changes_nothing_lives() -> None:
    byte = "PyObject *number = PyFloat_FromDouble("
    wrong = Compiled("wrong", "read_list", byte, "+ 1", "+ 2")
    same = Compiled("same", "read_list", byte, "+ 1", "+  1")
    cases = SOME | {name: CASES[name] for name in ("run-of-floats", "bool-true")}
    dies, lives = compiled.scores([wrong, same], cases)
    assert dies.outcome == "fail"
    assert lives.killer == ""


@only_c
def test_a_mutant_in_c_that_crashes_or_never_answers_is_killed() -> None:
    case = {name: CASES[name] for name in ("run-of-floats",)}
    start = "size_t count = get32(r->pos + 1);"
    dies, hangs = (
        Compiled(name, "read_list", start, start, f"{start} {does}")
        for name, does in (("dies", "__builtin_trap();"), ("hangs", "for (;;) {}"))
    )
    crashed, late = compiled.scores([dies, hangs], case, timeout_s=1.0)
    assert (crashed.killer, crashed.outcome) == ("run-of-floats", "crashed")
    assert (late.killer, late.outcome) == ("run-of-floats", "timeout")


@pytest.mark.parametrize(
    "row", [("no_such", "x", "y", "z"), ("read_list", "no such line", "y", "z"),
            ("read_list", "r->pos += 9;", "no such text", "z")],
)  # fmt: skip
def test_a_mutant_in_c_that_does_not_apply_is_an_error(row: tuple[str, str, str, str]) -> None:
    with pytest.raises(MutantError, match=r"lost: (the C codec|_generated/values\.h) has"):
        Compiled("lost", *row).sources()


# --- what all cases once let pass ---


def test_what_was_once_let_pass_is_killed() -> None:
    globs = ("dict-of-*", "encode-dict-of-*", "*-floats-*", "run-of-*", "path-*", "*kwargs*")
    told = {
        name: case
        for name, case in CASES.items()
        if case.area == "which-fault" or any(fnmatchcase(name, glob) for glob in globs)
    }
    lived = [one.mutant for one in scores(let_pass.MUTANTS, told) if not one.killer]
    assert lived == []
