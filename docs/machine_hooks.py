"""The page of the machine-readable specification: its keys, as the schema describes them.

Rules: what a key means is said in the schema alone. The document and its schema are on the site as
well, for programs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

from gdproto.spec.codegen import machine

ROOT = Path(__file__).resolve().parents[1]
Schema = dict[str, Any]

INTRODUCTION = """\
# The specification as data

`gdproto spec --json` prints all of GD/1 that is data: limits, header, values, messages, codes, the
order of judging, and the transitions. Codecs and tables are made from the same declaration, so a
peer in another language need not copy them from the text. Here it is as a file:
[spec.json](spec.json), and its [JSON Schema](machine.schema.json).

The key `schema` changes when a reader of the former form would be wrong. New keys may come without,
so a reader ignores those that it does not know.
"""


def on_files(files: Any, config: Any) -> Any:
    """Add the page, the document and its schema."""
    contents = {
        "machine.md": page(json.loads(machine.SCHEMA_PATH.read_text())),
        "machine.schema.json": machine.SCHEMA_PATH.read_text(),
        "spec.json": (ROOT / machine.PATH).read_text(),
    }
    for name, content in contents.items():
        files.append(File.generated(config, f"api/{name}", content=content))
    return files


def page(schema: Schema) -> str:
    """The page."""
    parts = [INTRODUCTION, "## The document", "", *keys(schema, schema["$defs"])]
    for name, part in schema["$defs"].items():
        if "properties" in part:
            parts += ["", f"## {name}", "", part["description"], "", *keys(part, schema["$defs"])]
    return "\n".join(parts)


def keys(schema: Schema, defined: Schema) -> Iterator[str]:
    """A table of the keys of an object, and of those of objects in it."""
    yield "| key | holds | meaning |"
    yield "| --- | --- | --- |"
    yield from rows(schema, defined, "")


def rows(schema: Schema, defined: Schema, above: str) -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        optional = "" if name in schema["required"] else " *(or absent)*"
        meaning = part.get("description") or defined[last(part["$ref"])].get("description", "")
        yield f"| `{above}{name}`{optional} | {holds(part)} | {cell(meaning)} |"
        for inner in (part, part.get("items", {}), *part.get("oneOf", ())):
            yield from rows(inner, defined, f"{above}{name}.")


def holds(part: Schema) -> str:
    """What kind of value it is, in a few words."""
    if "$ref" in part:
        return referred(part["$ref"])
    if "const" in part:
        return cell(f"`{json.dumps(part['const'])}`")
    if "enum" in part:
        return cell(", ".join(f"`{one}`" for one in part["enum"]))
    if "oneOf" in part:
        return " or ".join(dict.fromkeys(holds(one) for one in part["oneOf"]))
    if part["type"] == "array":
        return f"list of {holds(part['items'])}"
    return part["type"] if isinstance(part["type"], str) else ", ".join(part["type"])


def referred(reference: str) -> str:
    name = last(reference)
    return name if name in ("name", "code", "scope", "encoding") else f"[{name}](#{name})"


def last(reference: str) -> str:
    """The name of what is referred to."""
    return reference.rpartition("/")[2]


def cell(text: str) -> str:
    return text.replace("|", "\\|")
