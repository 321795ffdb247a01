"""What the site is made of beside the pages in this folder.

Rules: the chapters of the specification are read where they stand, in `spec/text/`; a requirement
becomes an anchor; a byte diagram is put into the page, so that it takes the page's colours; the
commands' help is asked of the commands.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
from mkdocs.structure.files import File

from dirty_runtime.cli import group as dirty
from gdproto.cli import group as gdproto
from gdproto.conformance.cases import Case, load, made
from gdproto.spec import requirements

ROOT = Path(__file__).resolve().parents[1]
CASES = load()
MAX_SHOWN_BYTES = 16
MAX_SHOWN_VALUE = 40
INTRODUCTION = (
    "For programs they are JSON, in `conformance/vectors/`, with a schema. What each expects is "
    "written from the text and the declaration; no implementation was asked."
)
GENERATED = ROOT / "docs" / "generated"
DIAGRAM = re.compile(r"!\[[^]]*\]\([./]*docs/generated/([a-z0-9-]+\.svg)\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made."""
    for path in sorted(requirements.TEXT.glob("*.md")):
        files.append(File.generated(config, f"spec/{path.name}", content=path.read_text()))
    files.append(File.generated(config, "spec/index.md", content=contents()))
    files.append(File.generated(config, "spec/requirements.md", content=index()))
    files.append(File.generated(config, "spec/vectors.md", content=vectors()))
    files.append(File.generated(config, "api/commands.md", content=commands()))
    for name in ("app", "clients"):
        path = ROOT / "conformance" / "live" / f"{name}.md"
        files.append(File.generated(config, f"guides/judge-{name}.md", content=path.read_text()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Give the requirements their anchors, and the diagrams their place."""
    if not page.file.src_uri.startswith("spec/"):
        return markdown
    markdown = DIAGRAM.sub(lambda found: diagram(found[1]), markdown)
    return requirements.PARAGRAPH.sub(anchor, markdown)


def anchor(found: re.Match[str]) -> str:
    name, text = found[1], found[2]
    proofs = [case.id for case in CASES.values() if name in case.requires]
    shown = f" [{len(proofs)} vectors](vectors.md#{proofs[0]})" if proofs else ""
    return f'<p class="requirement" id="{name}" markdown="1">[{name}](#{name}) {text}{shown}</p>'


def diagram(name: str) -> str:
    svg = (GENERATED / name).read_text()
    return f'<div class="diagram">{svg[svg.index("<svg") :].strip()}</div>'


def contents() -> str:
    """The specification's first page."""
    lines = ["# The specification", "", "GD/1, chapter by chapter:", ""]
    for path in sorted(requirements.TEXT.glob("*.md")):
        title = path.read_text().splitlines()[0].removeprefix("# ")
        lines.append(f"1. [{title}]({path.name})")
    lines += ["", "[All requirements](requirements.md) stand in one table as well."]
    return "\n".join(lines)


def index() -> str:
    """Every requirement, with a link to its place."""
    lines = [
        "---",
        "hide: [toc]",
        "---",
        "# All requirements",
        "",
        "| requirement | level | |",
        "| --- | --- | --- |",
    ]
    for one in requirements.read().values():
        text = one.text.replace("|", "\\|")
        lines.append(f"| [`{one.id}`]({one.chapter}.md#{one.id}) | {one.level} | {text} |")
    return "\n".join(lines)


def vectors() -> str:
    """Every case: what it proves, its bytes, and what must come of them."""
    chapters = {one.id: one.chapter for one in requirements.read().values()}
    lines = ["---", "hide: [toc]", "---", "# Vectors", "", INTRODUCTION, ""]
    lines += ["| case | proves | bytes | expected |", "| --- | --- | --- | --- |"]
    for case in CASES.values():
        proves = ", ".join(f"[`{name}`]({chapters[name]}.md#{name})" for name in case.requires)
        row = (
            f'<a id="{case.id}"></a>{case.id}',
            proves,
            shown(made(case.bytes or "")),
            outcome(case),
        )
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def shown(data: bytes) -> str:
    """The bytes in hex, cut where they are many."""
    if not data:
        return "none"
    more = f" … {len(data):,} in all" if len(data) > MAX_SHOWN_BYTES else ""
    return f"`{data[:MAX_SHOWN_BYTES].hex(' ')}`{more}"


def outcome(case: Case) -> str:
    """The value, or what is wrong and where."""
    if case.error is None:
        text = json.dumps(case.value or case.outcomes)
        return f"`{text}`" if len(text) <= MAX_SHOWN_VALUE and "`" not in text else "a value"
    path = case.error.get("path", "")
    place = f", in `{path}`" if 0 < len(path) < MAX_SHOWN_VALUE and "`" not in path else ""
    return f"**{case.error['code']}** at {case.error.get('offset', '-')}{place}".replace("|", "")


def commands() -> str:
    """The commands as their `--help` shows them."""
    lines = ["# Commands", ""]
    for name, group in (("dirty", dirty), ("gdproto", gdproto)):
        for words, command in walk((name,), group):
            context = click.Context(command, info_name=" ".join(words), max_content_width=90)
            lines += [f"## {' '.join(words)}", "", "```text", command.get_help(context), "```", ""]
    return "\n".join(lines)


def walk(words: tuple[str, ...], command: Any) -> Any:
    """The command and those below it."""
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from walk((*words, name), command.get_command(context, name))
