"""The pages of the vectors: one to search them all, and one for each area, made from the cases.

Rules: the page that searches asks for `cases.json`, a row for each case; without a script it lists
the areas. A page of an area is Markdown as far as its title and what it is about; its cases are put
in as HTML, so that the parser of Markdown does not read a thousand tables. Links lead to
requirements, and to the valid case that an invalid one was edited from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from mkdocs.structure.files import File

from gdproto import declaration
from gdproto.conformance.cases import Area, Case, Recipe, areas, made, size
from gdproto.explain import explain

AREAS = {area.name: area for area in areas()}
CASES = {case.id: case for area in AREAS.values() for case in area.cases}
CHAPTERS = {one.id: one.chapter for one in declaration.requirements().values()}
TITLES = {
    "value": "Values",
    "frame": "Frames",
    "message": "Messages",
    "stream": "Streams",
    "session": "Sessions",
}
# From here on cases that differ in their bytes alone share a table.
FEWEST_ALIKE = 6
MOST_SHOWN_BYTES = 400
MOST_SHOWN_CHARS = 600
TYPES = {rule.code: rule.name for rule in declaration.MESSAGES}
SEARCH = """
<div id="vector-search" data-cases="cases.json"></div>
<script src="../vectors.js" defer></script>
"""
INTRODUCTION = """---
hide: [toc]
---
# Vectors

{count} cases say, byte by byte, what the specification means. What each expects is written from the
text, or follows from how its bytes were put together; no implementation was asked. For programs
they are JSON, in `conformance/vectors/`, with a schema.
"""
READING = """
## How to read a case

A **valid** case is read and written as shown. An **invalid** one is refused with the error shown;
it is one edit away from a valid one. What is **permitted** is left to the implementation, within
the outcomes shown. A stream gives the same events however it is cut; a session is a conversation
as one of its ends sees it; either is invalid when anything in it is refused or at fault.

An edit, in bytes, is one run put in, taken out, or replaced; the sizes that stand before it follow
from it. In a value or a message it is one place. In a stream or a session it is one step put in,
taken out, or replaced by another; the bytes of a stream are one step, and are edited as bytes are.
"""
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages."""
    files.append(File.generated(config, "vectors/index.md", content=index()))
    rows = {"chapters": CHAPTERS, "cases": [row(case) for case in CASES.values()]}
    content = json.dumps(rows, separators=(",", ":"))
    files.append(File.generated(config, "vectors/cases.json", content=content))
    for area in AREAS.values():
        files.append(File.generated(config, f"vectors/{area.name}.md", content=opening(area)))
    return files


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Put the cases behind the page's opening."""
    folder, _, name = page.file.src_uri.removesuffix(".md").partition("/")
    if folder != "vectors" or name not in AREAS:
        return html
    return html + cases(AREAS[name])


def index() -> str:
    """The page that lists the areas."""
    lines = [INTRODUCTION.format(count=f"{len(CASES):,}"), SEARCH, READING]
    for kind, title in TITLES.items():
        lines += ["", f"## {title}", "", "| area | cases | about |", "| --- | --- | --- |"]
        for area in AREAS.values():
            if area.kind == kind:
                lines.append(
                    f"| [{area.name}]({area.name}.md) | {len(area.cases)} | {area.about} |"
                )
    return "\n".join(lines) + "\n"


def row(case: Case) -> list[Any]:
    """What the page that searches knows of a case: all that it filters by."""
    error = case.error["code"] if case.error else ""
    codes = [error] if error else sorted(_codes([*case.steps, *case.events]))
    return [case.id, case.area, case.result, codes, sorted(_types(case)), case.requires, case.notes]


def _codes(node: Any) -> set[str]:
    """The codes of all faults that are expected in it."""
    if isinstance(node, list | tuple):
        return {code for one in node for code in _codes(one)}
    if not isinstance(node, Mapping):
        return set()
    own = {node["code"]} if isinstance(node.get("code"), str) else set()
    return own.union(*map(_codes, node.values()))


def _types(case: Case) -> set[str]:
    """The messages that it is about: those that are named, and those that frames begin with."""
    frames = [case.bytes, case.receives, *(step.get("receive") for step in case.steps)]
    named = _named_types([case.message, case.events, case.steps]) & set(TYPES.values())
    return named | {
        TYPES[data[3]]
        for recipe in frames
        if recipe is not None and size(recipe) <= MOST_SHOWN_BYTES
        for data in [made(recipe)]
        if data.startswith(declaration.MAGIC) and len(data) > 3 and data[3] in TYPES
    }


def _named_types(node: Any) -> set[str]:
    if isinstance(node, list | tuple):
        return {name for one in node for name in _named_types(one)}
    if not isinstance(node, Mapping):
        return set()
    own = {node["type"]} if isinstance(node.get("type"), str) else set()
    return own.union(*map(_named_types, node.values()))


def opening(area: Area) -> str:
    """What a page says before its cases."""
    head = "---\nhide: [toc]\nsearch: {exclude: true}\n---\n"
    title = f"# {TITLES[area.kind]}: {area.name.replace('-', ' ')}\n\n"
    back = "[Search all vectors](index.md), or open one in the [playground](../playground.md)."
    return f"{head}{title}{area.about} {len(area.cases)} cases. {back}\n"


def cases(area: Area) -> str:
    """The cases as HTML."""
    groups: list[list[dict[str, Any]]] = []
    for _, some in groupby(area.cases, key=_likeness):
        shown = [_shown(case) for case in some]
        groups += [shown] if len(shown) >= FEWEST_ALIKE else [[one] for one in shown]
    return TEMPLATES.get_template("area.html").render(groups=groups)


def _likeness(case: Case) -> object:
    """Equal for cases that differ in their bytes alone."""
    if case.error is None or case.bytes is None or case.notes or not isinstance(case.bytes, str):
        return case.id
    return case.requires, case.error["code"]


def href(case_id: str) -> str:
    """A link from one area's page to a case."""
    return f"../{CASES[case_id].area}/#{case_id}"


def _shown(case: Case) -> dict[str, Any]:
    """What the template shows of a case."""
    is_short = case.bytes is not None and size(case.bytes) <= MOST_SHOWN_BYTES
    held = [("Value:", case.value), ("Message:", case.message), ("Outcomes:", case.outcomes)]
    return {
        "id": case.id,
        "area": case.area,
        "kind": case.kind,
        "result": case.result,
        "level": case.level,
        "notes": case.notes,
        "role": case.role,
        "cuts": len(case.cuts),
        "code": case.error["code"] if case.error else "",
        "requires": [
            {"id": one, "href": f"../../spec/{CHAPTERS[one]}/#{one}"} for one in case.requires
        ],
        "neighbour": {"id": case.neighbour, "href": href(case.neighbour)} if case.neighbour else {},
        "hex": made(case.bytes or "").hex(" ") if is_short else "",
        "rows": _rows(case) if is_short else [],
        "recipe": "" if is_short or case.bytes is None else _cut(json.dumps(case.bytes)),
        "size": f"{size(case.bytes or ''):,}",
        "held": list(_held(held, case)),
        "expected": _error(case.error) if case.error else "",
        "steps": list(_steps(case)),
    }


def _held(held: list[tuple[str, Any]], case: Case) -> Iterator[tuple[str, str]]:
    for title, one in held:
        if one:
            yield title, _cut(json.dumps(one, ensure_ascii=False))
    if case.canonical is not None:
        yield "Written back as", _cut(_recipe(case.canonical))


def _recipe(recipe: Recipe) -> str:
    return made(recipe).hex(" ") if size(recipe) <= MOST_SHOWN_BYTES else json.dumps(recipe)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_SHOWN_CHARS else text[:MOST_SHOWN_CHARS] + "…"


def _rows(case: Case) -> list[dict[str, Any]]:
    """The annotated bytes; the whole of them where they do not begin like what they should be."""
    data = made(case.bytes or "")
    if case.kind != "value" and not data.startswith(b"G"):
        return [{"offset": 0, "hex": data.hex(" "), "depth": 0, "text": "no frame"}]
    return [
        {
            "offset": part.offset,
            "hex": part.hex(),
            "depth": part.depth,
            "text": part.text,
            "fault": part.fault,
        }
        for part in explain(data)
    ]


def _error(error: Mapping[str, Any]) -> str:
    text = str(error["code"])
    if "offset" in error:
        text += f" at {error['offset']}"
    if "path" in error:
        text += f" in {error['path']}"
    if "scope" in error:
        text += f", of scope {error['scope']}"
    return text


# --- streams and sessions ---


def _steps(case: Case) -> Iterator[dict[str, Any]]:
    steps = [*case.setup, *case.steps]
    if case.receives is not None:
        steps.append({"receive": case.receives, "expect": {"events": case.events}})
    for step in steps:
        expect = list(_expect(step["expect"]))
        if "send" in step:
            written = _cut(_recipe(step["expect"].get("bytes", "")))
            what = _message(step["send"])
            yield {"does": "send", "what": what, "written": written, "expect": expect}
        elif "receive" in step:
            is_end = step is steps[-1] and case.eof
            yield {
                "does": "receive, to the end" if is_end else "receive",
                "hex": _cut(_recipe(step["receive"])),
                "what": "",
                "expect": expect,
            }
        elif "abandon" in step:
            yield {"does": "abandon", "what": step["abandon"], "expect": expect}
        else:
            yield {"does": "end of stream", "what": "", "expect": expect}


def _expect(expect: Mapping[str, Any]) -> Iterator[str]:
    if "error" in expect:
        yield f"refused: {_error(expect['error'])}"
    for event in expect.get("events", ()):
        yield _event(event)
    if expect.get("events") == []:
        yield "nothing"


def _event(event: Mapping[str, Any]) -> str:
    match event["event"]:
        case "message":
            return _message(event["message"]) + (
                ", and the exchange ends" if event["ended"] else ""
            )
        case "ended":
            return f"exchange {event['request_id']}, which was given up, has ended"
        case "closed":
            return "the connection is closed"
    return f"fault in exchange {event['request_id']}: {_error(event)}"


def _message(message: Mapping[str, Any]) -> str:
    return f"{message['type']} {message['request_id']}"
