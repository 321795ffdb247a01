"""The requirements of the normative text: read from its chapters, never written twice.

    **GD-FRAME-001** A sender MUST ...

Rules: a requirement is a paragraph of one sentence that begins with its identifier and has one key
word of BCP 14, which is its level. An identifier is given once: with other words it would be
another requirement. `text/requirements.json` remembers every identifier that was ever given.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

TEXT = Path(__file__).parent / "text"
SNAPSHOT = "requirements.json"

# A requirement where it stands: its identifier, and its sentence.
PARAGRAPH = re.compile(r"^\*\*(GD-[^*]*)\*\* (.+?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
# Where the key words are listed, they require nothing.
_EXPLANATION = re.compile(r"^The key words .+?(?=\n\n)", re.MULTILINE | re.DOTALL)
_ID = re.compile(r"GD-[A-Z]+-[0-9]{3}")
_LEVEL = re.compile(
    r"\b(MUST NOT|MUST|REQUIRED|SHALL NOT|SHALL|SHOULD NOT|SHOULD|NOT RECOMMENDED|RECOMMENDED"
    r"|MAY|OPTIONAL)\b"
)


class TextError(Exception):
    """The text breaks a rule; the message is one line that says where, and what to do."""


@dataclass(frozen=True)
class Requirement:
    """One requirement.

    Attributes:
        id: its identifier, also its anchor.
        level: the key word of BCP 14.
        text: the sentence, on one line.
        chapter: the file's name without its suffix.
    """

    id: str
    level: str
    text: str
    chapter: str


def read(folder: Path = TEXT) -> dict[str, Requirement]:
    """Every requirement by identifier, in the order of the text. Raises TextError."""
    found: dict[str, Requirement] = {}
    for path in sorted(folder.glob("*.md")):
        text = path.read_text()
        stray = _LEVEL.search(PARAGRAPH.sub("", _EXPLANATION.sub("", text)))
        if stray:
            raise TextError(f"{path.name}: {stray.group()} stands outside of a requirement")
        for name, paragraph in PARAGRAPH.findall(text):
            one = _requirement(name, " ".join(paragraph.split()), path)
            if one.id in found:
                raise TextError(f"{path.name}: {one.id} is given twice")
            found[one.id] = one
    return found


def titles(folder: Path = TEXT) -> dict[str, str]:
    """Each chapter's title by its file's name without its suffix, in the order of the text."""
    found = ((path.stem, path.read_text()) for path in sorted(folder.glob("*.md")))
    return {name: text.splitlines()[0].removeprefix("# ") for name, text in found}


def _requirement(name: str, text: str, path: Path) -> Requirement:
    if not _ID.fullmatch(name):
        raise TextError(f"{path.name}: {name} is not of the form GD-AREA-001")
    levels = _LEVEL.findall(text)
    if len(levels) != 1:
        raise TextError(f"{path.name}: {name} has {len(levels)} key words of BCP 14, not one")
    if not text.endswith("."):
        raise TextError(f"{path.name}: {name} is not a sentence")
    return Requirement(name, levels[0], text, path.stem)


def snapshot(folder: Path = TEXT) -> str:
    """The snapshot with what the text has added. Raises TextError."""
    known = _known(folder)
    for one in read(folder).values():
        if known.setdefault(one.id, one.text) != one.text:
            raise TextError(f"{one.id} has other words than it was given: take a new identifier")
    return json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def write(folder: Path = TEXT) -> None:
    """Remember the identifiers that are new. Raises TextError."""
    (folder / SNAPSHOT).write_text(snapshot(folder))


def check(folder: Path = TEXT) -> None:
    """Raises TextError if the text breaks a rule, or has identifiers that are not remembered."""
    missing = read(folder).keys() - _known(folder).keys()
    if missing:
        raise TextError(f"{min(missing)} is new: python -m spec.codegen --write remembers it")
    snapshot(folder)


def _known(folder: Path) -> dict[str, str]:
    path = folder / SNAPSHOT
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return known
