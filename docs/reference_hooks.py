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

ROOT = Path(__file__).resolve().parents[1]
SPEC = json.loads((ROOT / "gdproto" / "_generated" / "spec.json").read_text())
# Where a name is declared: the first of these files that has it.
SOURCES = ("errors", "limits", "header", "tlv", "messages", "exchanges", "answers", "judging")
# What a sentence names in code: a limit, a part of the header, a type of value, a field, a state.
QUOTED = {
    *(
        one["name"]
        for part in ("limits", "header", "values", "states", "forms")
        for one in SPEC[part]
    ),
    *(field["name"] for message in SPEC["messages"] for field in message.get("fields", ())),
    *(field["name"] for form in SPEC["forms"] for field in form["fields"]),
    *(one["name"] for question in SPEC["questions"] for one in question["operations"]),
}
CODES = {one["name"]: one for one in SPEC["error_codes"]}
TYPES = {one["name"]: one for one in SPEC["error_types"]}
MESSAGES = {one["name"]: one for one in SPEC["messages"]}
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
    "dirty_worker_exit": "`(arbiter, worker)`: in the arbiter, when a worker is gone",
}
KNOWN = {*CODES, *TYPES, *MESSAGES}
WORD = re.compile(r"[A-Za-z_]+")
CODE = re.compile(r"`([a-z_0-9]+)`")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages."""
    contents = {"errors.md": errors(), "settings.md": settings(), "declaration.md": sources()}
    for name, content in contents.items():
        files.append(File.generated(config, f"api/{name}", content=content))
    return files


def on_post_build(config: Any) -> None:
    """Let the search find each requirement by its identifier, and lead to its own place."""
    path = Path(config.site_dir) / "search" / "search_index.json"
    index = json.loads(path.read_text())
    index["docs"] += [
        {"location": f"spec/{one.chapter}/#{one.id}", "title": one.id, "text": one.text}
        for one in declaration.requirements().values()
    ]
    path.write_text(json.dumps(index, separators=(",", ":")))


# --- what names what ---


@cache
def named() -> dict[str, list[str]]:
    """The requirements whose sentences have the name, for each name that is declared."""
    found: dict[str, list[str]] = {}
    for one in declaration.requirements().values():
        for name in names(one.text):
            found.setdefault(name, []).append(one.id)
    return found


@cache
def chapters() -> dict[str, str]:
    """The chapter of each requirement, by its identifier."""
    return {one.id: one.chapter for one in declaration.requirements().values()}


def names(text: str) -> list[str]:
    """What the text names of the declaration, each once."""
    words = [word for word in WORD.findall(text) if word in KNOWN]
    quoted = [word for word in CODE.findall(text) if word in QUOTED]
    return list(dict.fromkeys(words + quoted))


@cache
def place(name: str) -> str:
    """A link to where the name is declared, from two folders above the page; empty for nowhere."""
    for number, source in enumerate(SOURCES):
        for line, text in enumerate(_text(source).splitlines(), start=1):
            if f'"{name}"' in text:
                return _line_of(number, str(line))
    return ""


def _line_of(number: int, line: str) -> str:
    return f"api/declaration/#__codelineno-{number}-{line}"


@cache
def _text(source: str) -> str:
    return (ROOT / "spec" / f"{source}.py").read_text()


def declared(text: str) -> str:
    """Links to the declaration of what a requirement names, as HTML; empty for none."""
    links = [f'<a href="../../{place(one)}">{one}</a>' for one in names(text) if place(one)]
    return f'<p class="proofs">Declared: {", ".join(links)}</p>' if links else ""


def linked(text: str) -> str:
    """The text of a chapter's requirement, its error codes linked to their entries."""

    def link(found: re.Match[str]) -> str:
        known = found[1] in CODES
        return f"[`{found[1]}`](../api/errors.md#{found[1]})" if known else found[0]

    return CODE.sub(link, text)


def sources() -> str:
    """The page of the declaration's source, line by line."""
    lines = [
        "---",
        "search: {exclude: true}",
        "---",
        "# The declaration",
        "",
        "The files from which codecs, tables and the [data](machine.md) are made, as they stand in "
        "`spec/`. How its values are laid out is said with "
        "[construct](https://construct.readthedocs.io).",
    ]
    for number, source in enumerate(SOURCES):
        lines += ["", f"## {source}.py", "", *_named_in(number)]
        lines += ["", '```python linenums="1"', _text(source), "```"]
    return "\n".join(lines)


def _named_in(number: int) -> Iterator[str]:
    """Which requirements name what is declared in a file, behind one line."""
    here = [name for name in named() if place(name).startswith(_line_of(number, ""))]
    if not here:
        return
    rows = (
        f'<tr><td><a href="#{place(name).partition("#")[2]}">{name}</a></td>'
        f"<td>{_as_html(named()[name])}</td></tr>"
        for name in sorted(here)
    )
    yield "<details><summary>Which requirements name what is declared here</summary>"
    yield f"<table><tbody>{''.join(rows)}</tbody></table></details>"


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
