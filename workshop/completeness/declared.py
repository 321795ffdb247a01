"""Where the declaration says what each requirement asks for: lines of `spec/`.

Rules: nothing is listed. A line holds a requirement that it names by its identifier, in a comment
or in words. A requirement that names something of the declaration, a message, a code, a field in
backquotes, is held by the line that declares it.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gdproto import declaration

ROOT = Path(__file__).resolve().parents[2]
# Where a name is declared: the first of these files that has it.
SOURCES = (
    "errors", "limits", "header", "tlv", "messages", "exchanges", "answers", "judging", "forms",
    "paths",
)  # fmt: skip
ID = re.compile(r"GD-[A-Z]+-[0-9]{3}")
WORD = re.compile(r"[A-Za-z_]+")
CODE = re.compile(r"`([a-z_0-9]+)`")


@dataclass(frozen=True)
class Line:
    """A line of the declaration.

    Attributes:
        source: the name of its file, one of SOURCES.
        number: from 1.
        name: what is declared there.
    """

    source: str
    number: int
    name: str


@cache
def known() -> tuple[frozenset[str], frozenset[str]]:
    """What a sentence may name: as a word, and in backquotes alone."""
    spec = json.loads((ROOT / "gdproto" / "_generated" / "spec.json").read_text())
    words = {
        one["name"] for part in ("error_codes", "error_types", "messages") for one in spec[part]
    }
    # A limit, a part of the header, a type of value, a state, a form, a field, an extension, an
    # operation.
    parts = ("limits", "header", "values", "states", "forms")
    quoted = {one["name"] for part in parts for one in spec[part]}
    quoted |= {field["name"] for form in spec["forms"] for field in form["fields"]}
    for message in spec["messages"]:
        quoted |= {
            message.get("extension", ""),
            *(one["name"] for one in message.get("fields", ())),
        }
    quoted |= {one["name"] for question in spec["questions"] for one in question["operations"]}
    return frozenset(words), frozenset(quoted)


def names(text: str) -> list[str]:
    """What the text names of the declaration, each once."""
    words, quoted = known()
    found = [word for word in WORD.findall(text) if word in words]
    found += [word for word in CODE.findall(text) if word in quoted]
    return list(dict.fromkeys(found))


@cache
def text(source: str) -> str:
    """The file's text."""
    return (ROOT / "spec" / f"{source}.py").read_text()


@cache
def tree(source: str) -> ast.Module:
    """The file's statements."""
    return ast.parse(text(source))


@cache
def place(name: str) -> Line | None:
    """Where the name is declared."""
    for source in SOURCES:
        for number, line in enumerate(text(source).splitlines(), start=1):
            if f'"{name}"' in line:
                return Line(source, number, name)
    return None


@cache
def naming() -> dict[str, list[Line]]:
    """The lines that name a requirement, for each that one names."""
    found: dict[str, list[Line]] = {}
    for source in SOURCES:
        for number, line in enumerate(text(source).splitlines(), start=1):
            for name in ID.findall(line):
                found.setdefault(name, []).append(Line(source, number, told(source, number)))
    return found


def told(source: str, number: int) -> str:
    """What is declared at the line, or right below it: `Items`, `OFFSETS`, `Field.leaves_out`."""
    body = tree(source).body
    path: list[str] = []
    while body:
        one = next((each for each in body if (each.end_lineno or 0) >= number), body[-1])
        if not (name := _named(one)):
            break
        path.append(name)
        body = one.body if isinstance(one, ast.ClassDef) and one.lineno < number else []
    return ".".join(path) or f"{source}.py"


def _named(one: ast.stmt) -> str:
    """The name that the statement gives to something; empty for none."""
    match one:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""


@cache
def by_declaration() -> dict[str, list[Line]]:
    """The lines that hold a requirement, for each that one holds."""
    found: dict[str, list[Line]] = {}
    for one in declaration.requirements().values():
        named = [line for name in names(one.text) if (line := place(name))]
        if lines := [*naming().get(one.id, ()), *named]:
            found[one.id] = lines
    return found
