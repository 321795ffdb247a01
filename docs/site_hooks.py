"""What the site is made of beside the pages in this folder.

Rules: the chapters of the specification are read where they stand, in `spec/text/`; a requirement
becomes an anchor; a byte diagram is put into the page, so that it takes the page's colours; the
commands' help is asked of the commands.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

import click
from mkdocs.structure.files import File
from reference_hooks import declared, linked

from dirty_runtime.cli import group as dirty
from gdproto.cli import group as gdproto
from gdproto.conformance.cases import load
from gdproto.spec import requirements
from workshop.completeness import proofs

ROOT = Path(__file__).resolve().parents[1]
VECTORS = {case.id: case.area for case in load().values()}
BY_VECTORS = proofs.by_vectors(load().values())
BY_SCRIPTS = proofs.by_scripts()
BY_TESTS = proofs.by_tests()
EXEMPT = proofs.exemptions()
GENERATED = ROOT / "docs" / "generated"
EMPTY_HEADING = re.compile(r"<th([^>]*)>\s*</th>")
DIAGRAM = re.compile(r"!\[([^]]*)\]\([./]*docs/generated/([a-z0-9-]+\.svg)\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made."""
    for path in sorted(requirements.TEXT.glob("*.md")):
        files.append(File.generated(config, f"spec/{path.name}", content=path.read_text()))
    files.append(File.generated(config, "spec/index.md", content=contents()))
    files.append(File.generated(config, "spec/requirements.md", content=index()))
    files.append(File.generated(config, "api/commands.md", content=commands()))
    for name in ("app", "clients"):
        path = ROOT / "conformance" / "live" / f"{name}.md"
        files.append(File.generated(config, f"guides/judge-{name}.md", content=path.read_text()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Give the requirements their anchors, and the diagrams their place."""
    if not page.file.src_uri.startswith("spec/"):
        return markdown
    markdown = DIAGRAM.sub(lambda found: diagram(found[2], found[1]), markdown)
    return requirements.PARAGRAPH.sub(anchor, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """A column without a name has an empty cell above it, not a heading that says nothing."""
    return EMPTY_HEADING.sub(r"<td\1></td>", html)


def anchor(found: re.Match[str]) -> str:
    name, text = found[1], found[2]
    return (
        f'<div class="requirement" id="{name}" markdown="1">\n\n'
        f"[{name}](#{name}) {linked(text)}\n\n{proved(name)}\n{declared(name)}</div>"
    )


def proved(name: str) -> str:
    """What proves the requirement, behind one line that says how much that is."""
    if name in EXEMPT:
        return f'<p class="proofs">Without a proof. {escape(EXEMPT[name])}</p>'
    vectors, scripts = BY_VECTORS.get(name, []), BY_SCRIPTS.get(name, [])
    tests = BY_TESTS.get(name, [])
    links = [f'<a href="../../vectors/{VECTORS[one]}/#{one}">{one}</a>' for one in vectors]
    for page, some in (("scripts", scripts), ("tests", tests)):
        links += [f'<a href="../../conformance/{page}/#{one}">{one}</a>' for one in some]
    counts = [
        f"{len(some)} {what}{'s' * (len(some) > 1)}{more}"
        for some, what, more in (
            (vectors, "vector", ""),
            (scripts, "live script", ""),
            (tests, "test", " of this project's own"),
        )
        if some
    ]
    summary = f"<summary>{', '.join(counts) or 'nothing'}</summary>"
    if vectors:
        links.append(f'<a href="../../vectors/?requirement={name}">search them</a>')
    return f'<details class="proofs">{summary}<p>{", ".join(links)}</p></details>'


def diagram(name: str, words: str) -> str:
    """The picture as a part of the page, with the words for whoever does not see it."""
    svg = (GENERATED / name).read_text()
    svg = svg.replace('role="img"', f'role="img" aria-label="{escape(words)}"', 1)
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
        text = linked(one.text).replace("|", "\\|")
        lines.append(f"| [`{one.id}`]({one.chapter}.md#{one.id}) | {one.level} | {text} |")
    return "\n".join(lines)


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
