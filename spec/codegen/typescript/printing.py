"""TypeScript as text: what every part of the backend prints with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from .. import ir
from ..naming import camel, pascal

NAME = "index"
COLUMNS = 100
Lines = list[str]

# The type of a value of each kind, and the test of one whose name stands in the hole.
TYPES = {
    "none": "null",
    "bool": "boolean",
    "integer": "bigint",
    "float": "number",
    "bytes": "Uint8Array",
    "string": "string",
    "list": "Value[]",
    "dict": "Map<string, Value>",
}
TESTS = {
    "none": "{} === null",
    "bool": 'typeof {} === "boolean"',
    "integer": 'typeof {} === "bigint"',
    "float": 'typeof {} === "number"',
    "bytes": "{} instanceof Uint8Array",
    "string": 'typeof {} === "string"',
    "list": "Array.isArray({})",
    "dict": "{} instanceof Map",
}


def quoted(text: str) -> str:
    """A text as a literal; what is no ASCII is escaped."""
    literal = json.dumps(text)
    if text.count('"') > text.count("'"):
        return "'" + literal[1:-1].replace(r"\"", '"').replace("'", r"\'") + "'"
    return literal


def number(value: int) -> str:
    """A count, with its digits in groups."""
    return f"{value:_}"


def bigint(value: int) -> str:
    return f"{value}n"


def listed(opening: str, items: Sequence[str], closing: str, indent: str = "") -> Lines:
    """What stands between brackets: on one line where it fits, else an item on each."""
    line = f"{indent}{opening}{', '.join(items)}{closing}"
    if len(line) <= COLUMNS:
        return [line]
    return [indent + opening, *(f"{indent}  {item}," for item in items), indent + closing]


def union(name: str, members: Sequence[str]) -> Lines:
    """A type that is one of several."""
    line = f"export type {name} = {' | '.join(members)};"
    if len(line) <= COLUMNS:
        return [line]
    short = f"  {' | '.join(members)};"
    if len(short) <= COLUMNS:
        return [f"export type {name} =", short]
    return [f"export type {name} =", *(f"  | {one}" for one in members[:-1]), f"  | {members[-1]};"]


def doc(*paragraphs: str, indent: str = "") -> Lines:
    """A comment that editors show."""
    if len(paragraphs) == 1 and len(indent) + len(paragraphs[0]) + 7 <= COLUMNS:
        return [f"{indent}/** {paragraphs[0]} */"]
    lines: Lines = [f"{indent}/**"]
    for number_, paragraph in enumerate(paragraphs):
        lines += [f"{indent} *"] if number_ else []
        lines += [f"{indent} * {line}" for line in _wrapped(paragraph, COLUMNS - len(indent) - 3)]
    return [*lines, f"{indent} */"]


def _wrapped(text: str, width: int) -> Iterable[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    yield line


def sentence(meaning: str) -> str:
    """A meaning that is a phrase, as a sentence."""
    text = meaning[:1].upper() + meaning[1:]
    return text if text.endswith((".", "!")) else f"{text}."


def message_class(name: str) -> str:
    """REQUEST -> RequestMessage: `Request` and `Error` are other things in browsers."""
    return f"{pascal(name)}Message"


def attribute(field: ir.Field) -> str:
    """app_path -> appPath."""
    return camel(field.name)


def module(package: str, names: Iterable[str]) -> str:
    """What the package exports."""
    head = f"/** {package}: GD/1 values, frames, messages and connections, without I/O. */"
    return "\n".join([head, *(f'export * from "./{name}.js";' for name in names), ""])
