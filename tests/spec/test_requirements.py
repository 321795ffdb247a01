"""The normative text's requirements: found, well-formed, and never given other words."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdproto.spec import requirements
from gdproto.spec.requirements import TextError

SENTENCE = "**GD-TEST-001** A peer MUST be tested.\n"


def test_the_text_keeps_its_rules() -> None:
    requirements.check()
    found = requirements.read()
    assert len(found) > 150
    one = found["GD-TLV-002"]
    assert (one.level, one.chapter) == ("MUST", "04-values")
    assert "\n" not in one.text


def chapter(folder: Path, text: str, name: str = "01-one.md") -> None:
    (folder / name).write_text(f"# A chapter\n\n{text}\nAn explanation.\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("**GD-TEST-1** A peer MUST be.\n", "form"),
        ("**GD-test-001** A peer MUST be.\n", "form"),
        ("**GD-TEST-001** A peer is.\n", "0 key words"),
        ("**GD-TEST-001** A peer MUST be, and SHOULD do.\n", "2 key words"),
        ("**GD-TEST-001** A peer MUST be\n", "sentence"),
        (f"{SENTENCE}\n{SENTENCE}", "twice"),
        ("A peer MUST be.\n", "outside"),
    ],
)
def test_what_breaks_a_rule_is_named(tmp_path: Path, text: str, reason: str) -> None:
    chapter(tmp_path, text)
    with pytest.raises(TextError, match=reason):
        requirements.read(tmp_path)


def test_an_identifier_keeps_its_words(tmp_path: Path) -> None:
    chapter(tmp_path, SENTENCE)
    with pytest.raises(TextError, match="GD-TEST-001 is new"):
        requirements.check(tmp_path)
    requirements.write(tmp_path)
    requirements.check(tmp_path)
    # It may be wrapped otherwise, and stand elsewhere.
    chapter(tmp_path, "Nothing.\n")
    chapter(tmp_path, SENTENCE.replace("MUST be", "MUST\nbe"), "02-two.md")
    requirements.check(tmp_path)
    chapter(tmp_path, SENTENCE.replace("tested", "trusted"), "02-two.md")
    for use in (requirements.check, requirements.write):
        with pytest.raises(TextError, match="other words"):
            use(tmp_path)


def test_what_was_taken_out_is_not_given_again(tmp_path: Path) -> None:
    chapter(tmp_path, SENTENCE)
    requirements.write(tmp_path)
    chapter(tmp_path, "Nothing.\n")
    requirements.write(tmp_path)
    chapter(tmp_path, "**GD-TEST-001** A peer MUST be new.\n")
    with pytest.raises(TextError, match="other words"):
        requirements.check(tmp_path)
