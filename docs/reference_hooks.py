"""The pages to look things up in: error codes and types, settings, and the declaration's source.

Rules: every entry has a heading of its own, so that the search finds it and a link can lead to it.
What a code means is said in the declaration, what a setting does where it is declared; here it is
brought together with who names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import Field
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

from dirty_runtime.settings import (
    AT_START,
    FILE_NAMES,
    HOOKS,
    label_of,
    option_name,
    simple_settings,
    variable_name,
)
from gdproto import declaration
from gdproto.conformance import live
from workshop.completeness import declared as lines
from workshop.completeness.declared import Line

ROOT = Path(__file__).resolve().parents[1]
SPEC = json.loads((ROOT / "gdproto" / "_generated" / "spec.json").read_text())
CODES = {one["name"]: one for one in SPEC["error_codes"]}
TYPES = {one["name"]: one for one in SPEC["error_types"]}
# By the end of a setting's name, and else by the type of its default.
UNITS = {"_s": "seconds", "_bytes": "bytes", "_share": "percent", "_mode": "octal digits"}
KINDS = {int: "number", float: "number", bool: "yes or no", str: "text"}
# Of settings that are no number, switch or text: the option, what the file holds, the default.
FORMS = {
    "apps": (
        "`--app`",
        'a list of `"module:Class"`, `"module:Class:2"` for so many workers',
        "none",
    ),
    "socket_path": ("`--socket`", "a path", "`$DIRTY_SOCKET`"),
    "stash_tables": (
        "`--stash-table`",
        'where tables are kept, by patterns of their names: `{"orders*": "sqlite:orders"}`',
        "`{}`: all where `stash` says",
    ),
    "slot_env": (
        "none",
        'variables of workers, in which `{slot}` is the number of the slot: `{"PORT": "80{slot}"}`',
        "`{}`",
    ),
    "launchers": ("`--launcher`", 'commands that start workers: `{"go": "./worker"}`', "`{}`"),
    "launcher": (
        "`--launcher`",
        "what starts the workers of all other apps: `ray`, `python`, or a name of `launchers`",
        "`python`, or `worker_command`",
    ),
    "preload": (
        "`--preload`, `--no-preload`",
        "`True` for all apps, `False` for none, or a list of those that are loaded once",
        "`None`: as each app says",
    ),
    "resources": ("`--resource`", 'the ids of each resource: `{"gpu": [0, 1]}`', "`{}`"),
    "app_resources": (
        "none",
        'what each worker of an app takes, in ids or parts of one: `{"shop:Shop": {"gpu": 0.5}}`',
        "`{}`: as each app says",
    ),
    "app_max_run": (
        "none",
        'the longest run of an app\'s calls, in seconds, 0 for any: `{"shop:Shop": 5}`',
        "`{}`: `max_run`",
    ),
}
# When each hook is called, and with what.
CALLED = {
    "on_dirty_starting": "`(arbiter)`: in the arbiter, before its first worker",
    "dirty_post_fork": "`(arbiter, worker)`: in a new worker, before it loads its apps",
    "dirty_worker_init": "`(worker)`: in a worker, when its apps are loaded",
    "dirty_worker_exit": "`(arbiter, worker)`: in the arbiter, which waits, when a worker is gone",
}
CODE = re.compile(r"`([a-z_0-9]+)`")
LISTING = re.compile(r"<pre>.*?</pre>", re.DOTALL)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages."""
    contents = {"errors.md": errors(), "settings.md": settings(), "declaration.md": sources()}
    for name, content in contents.items():
        files.append(File.generated(config, f"api/{name}", content=content))
    return files


def on_post_build(config: Any) -> None:
    """Let the search find each requirement and live script by its identifier, at its own place."""
    path = Path(config.site_dir) / "search" / "search_index.json"
    index = json.loads(path.read_text())
    index["docs"] += [
        {"location": f"spec/{one.chapter}/#{one.id}", "title": one.id, "text": one.text}
        for one in declaration.requirements().values()
    ]
    index["docs"] += [
        {"location": f"conformance/scripts/#{one.id}", "title": one.id, "text": one.text}
        for one in live.scripts().values()
    ]
    path.write_text(json.dumps(index, separators=(",", ":")))


# --- what names what ---


@cache
def named() -> dict[str, list[str]]:
    """The requirements whose sentences have the name, for each name that is declared."""
    found: dict[str, list[str]] = {}
    for one in declaration.requirements().values():
        for name in lines.names(one.text):
            found.setdefault(name, []).append(one.id)
    return found


@cache
def chapters() -> dict[str, str]:
    """The chapter of each requirement, by its identifier."""
    return {one.id: one.chapter for one in declaration.requirements().values()}


def place(name: str) -> str:
    """A link to where the name is declared, from two folders above the page; empty for nowhere."""
    line = lines.place(name)
    return place_of(line) if line else ""


def place_of(line: Line) -> str:
    """A link to the line, from two folders above the page."""
    return f"api/declaration/#__codelineno-{lines.SOURCES.index(line.source)}-{line.number}"


def declared(name: str) -> str:
    """Links to the lines of the declaration that hold the requirement, as HTML; empty for none."""
    found: dict[str, str] = {}
    for one in lines.by_declaration().get(name, ()):
        found.setdefault(one.name, place_of(one))
    links = [f'<a href="../../{where}">{one}</a>' for one, where in found.items()]
    return f'<p class="proofs">Declared: {", ".join(links)}</p>' if links else ""


def linked(text: str) -> str:
    """The text of a chapter's requirement, its error codes linked to their entries."""

    def link(found: re.Match[str]) -> str:
        known = found[1] in CODES
        return f"[`{found[1]}`](../api/errors.md#{found[1]})" if known else found[0]

    return CODE.sub(link, text)


def sources() -> str:
    """The page of the declaration's source, line by line."""
    page = [
        "---",
        "search: {exclude: true}",
        "---",
        "# The declaration",
        "",
        "The files from which codecs, tables and the [data](machine.md) are made, as they stand in "
        "`spec/`. How its values are laid out is said with "
        "[construct](https://construct.readthedocs.io).",
    ]
    for source in lines.SOURCES:
        page += ["", f"## {source}.py", "", *_held_in(source)]
        page += ["", '```python linenums="1"', lines.text(source), "```"]
    return "\n".join(page)


def _held_in(source: str) -> Iterator[str]:
    """Which requirements the lines of a file hold, behind one line."""
    held: dict[Line, list[str]] = {}
    for name, some in lines.by_declaration().items():
        for one in dict.fromkeys(some):
            held.setdefault(one, []).append(name)
    rows = (
        f'<tr><td><a href="#{place_of(one).partition("#")[2]}">{one.name}</a></td>'
        f"<td>{_as_html(held[one])}</td></tr>"
        for one in sorted(held, key=lambda one: one.number)
        if one.source == source
    )
    yield "<details><summary>Which requirements stand on what is declared here</summary>"
    yield f"<table><tbody>{''.join(rows)}</tbody></table></details>"


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Link each requirement that a line of the declaration names to its place."""
    if page.file.src_uri != "api/declaration.md":
        return html
    return LISTING.sub(lambda found: lines.ID.sub(lambda one: _as_html([one[0]]), found[0]), html)


def _as_html(ids: Iterable[str]) -> str:
    return ", ".join(f'<a href="../../spec/{chapters()[one]}/#{one}">{one}</a>' for one in ids)


# --- errors ---


def errors() -> str:
    """The index of error codes and types."""
    lines = [
        "# Error codes",
        "",
        "A **code** says what is wrong with bytes, or with what a peer does, in a word that is the "
        "same in every language. A **type** says what became of a call, in an ERROR. The "
        "[chapter on errors](../spec/08-errors.md) has the rules, the "
        "[playground](../playground.md) shows each at its byte.",
        "",
        "## Codes",
    ]
    for one in CODES.values():
        lines += ["", f"### {one['name']}", "", *_code(one)]
    lines += ["", "## Types", ""]
    for one in TYPES.values():
        lines += ["", f"### {one['name']}", "", *_type(one)]
    return "\n".join(lines)


def _code(one: dict[str, Any]) -> Iterator[str]:
    yield one["meaning"]
    yield ""
    for found in one["found"]:
        yield f"- Found in: {found['stage']}. What dies of it: the {found['scope']}."
    yield from _named(one["name"])
    yield f'- <a href="../../vectors/?code={one["name"]}">Vectors that expect it</a>'


def _type(one: dict[str, Any]) -> Iterator[str]:
    yield one["meaning"]
    yield ""
    if one.get("parent"):
        yield f"- A kind of [{one['parent']}](#{one['parent'].lower()})."
    if one["details"]:
        yield f"- Details: {', '.join(f'`{name}`' for name in one['details'])}."
    yield from _named(one["name"])


def _named(name: str) -> Iterator[str]:
    if ids := named().get(name):
        yield f"- Named by {links(ids)}."
    if where := place(name):
        yield f'- <a href="../../{where}">Its declaration</a>'


def links(ids: Iterable[str]) -> str:
    """The requirements, each linked to its place."""
    return ", ".join(f"[{one}](../spec/{chapters()[one]}.md#{one})" for one in ids)


# --- settings ---


def settings() -> str:
    """The index of settings."""
    lines = [
        "# Settings",
        "",
        "Each is an option of [`dirty serve`](commands.md#dirty-serve), a variable, and a name in "
        "the config file; the first beats the second, and that the third. "
        "[Run the arbiter](../guides/operate.md) shows them at work.",
        "",
        "Seconds may have a fraction. The last column says whether a reload takes what has changed "
        "in the file.",
    ]
    simple = simple_settings()
    for one in simple:
        lines += ["", _heading(one), "", one.metadata["help"], "", *_setting(one)]
    lines += [
        "",
        "## Those with a form of their own",
        "",
        *_with_forms({one.name for one in simple}),
    ]
    lines += ["", "## Hooks, in the file alone", "", "| name | what |", "| --- | --- |"]
    lines += [f"| `{name}` | {CALLED[name]} |" for name in HOOKS]
    return "\n".join(lines)


def _with_forms(known: Collection[str]) -> Iterator[str]:
    """A row for each that is no number, switch or text."""
    yield "| in the file | option | holds | default |"
    yield "| --- | --- | --- | --- |"
    for name, setting in FILE_NAMES.items():
        if setting not in known:
            yield f"| `{name}` | {' | '.join(FORMS[setting])} |"


def _heading(one: Field[Any]) -> str:
    label = label_of(one.name)
    return f"## --{label} {{ #{label} }}"


def _setting(one: Field[Any]) -> Iterator[str]:
    bounds = one.metadata["bounds"]
    yield "| option | variable | in the file | default | unit | least | most | by a reload |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    switch = f"`--{label_of(one.name)}`"
    if isinstance(one.default, bool):
        switch += f", `--no-{label_of(one.name)}`"
    least, most = (bounds[key] if bounds[key] is not None else "" for key in ("least", "most"))
    file_name = f"dirty_{option_name(one.name)}"
    cells = [switch, f"`{variable_name(one.name)}`", f"`{file_name}`", _default(one.default)]
    reloads = "no" if one.name in AT_START else "yes"
    yield f"| {' | '.join(cells)} | {_unit(one)} | {least} | {most} | {reloads} |"


def _unit(one: Field[Any]) -> str:
    """In what the setting is counted; of a text or a switch, what it is."""
    units = (unit for ending, unit in UNITS.items() if one.name.endswith(ending))
    return next(units, KINDS[type(one.default)])


def _default(value: Any) -> str:
    if value == "":
        return "empty"
    if isinstance(value, int) and not isinstance(value, bool) and value >= 2**20:
        return f"`{value}` ({value // 2**20} MiB)"
    return f"`{value}`"
