"""Results are kept until something that they are made of changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdproto.conformance.judging.outcomes import Run, read
from workshop.subjects import kept
from workshop.subjects.kept import SOURCES, digest, made_of


class Counted:
    """Judges nothing, and counts how often."""

    name = "counted"
    count = 0

    def judged(self) -> Run:
        self.count += 1
        return Run(f"number {self.count}", command="", declaration={})


def test_they_are_made_once(tmp_path: Path) -> None:
    subject = Counted()
    folders = [kept.kept(tmp_path / "kept", [subject]) for _ in range(2)]
    assert folders[0] == folders[1]
    (run,) = read(folders[0].iterdir())
    assert (run.testee, subject.count) == ("number 1", 1)


def test_what_was_just_made_is_kept(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    (made / "results").write_text("of the tests")
    kept.keep(made, tmp_path / "kept")
    subject = Counted()
    assert (kept.kept(tmp_path / "kept", [subject]) / "results").read_text() == "of the tests"
    assert subject.count == 0


def test_they_are_made_anew_when_something_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = Counted()
    old = kept.kept(tmp_path, [subject])
    monkeypatch.setattr(kept, "made_of", lambda: [("another", b"thing")])
    new = kept.kept(tmp_path, [subject])
    assert subject.count == 2
    assert not old.exists()
    assert list(tmp_path.iterdir()) == [new]


def test_a_run_that_fails_is_not_kept(tmp_path: Path) -> None:
    class Failing(Counted):
        def judged(self) -> Run:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        kept.kept(tmp_path, [Failing()])
    subject = Counted()
    kept.kept(tmp_path, [subject])
    assert subject.count == 1


def test_they_are_made_of_each_source(tmp_path: Path) -> None:
    before = {digest(made_of(tmp_path))}
    for source in SOURCES:
        folder = tmp_path / source / "deep"
        folder.mkdir(parents=True)
        for name, content in (("a.py", "1"), ("a.py", "2"), ("b.so", "1")):
            (folder / name).write_text(content)
            now = digest(made_of(tmp_path))
            assert now not in before
            before.add(now)
    assert digest([("a", b"bc")]) != digest([("ab", b"c")])


def test_the_sources_are_there() -> None:
    names = {name.partition("/")[0] for name, _ in made_of()}
    assert {source.partition("/")[0] for source in SOURCES} < names
    assert "gdproto/_generated/spec.json" in dict(made_of())
