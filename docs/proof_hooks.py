"""The pages of what proves a requirement beside the vectors: live scripts, and tests of ours.

Rules: each is shown with the requirements that it proves, and with its code. A script is shown with
what is broken in the peers that it must tell from a sound one, as their own words say it.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File
from pygments import formatters, highlight, lexers  # type: ignore[import-untyped]
from reference_hooks import chapters
from site_hooks import BY_TESTS
from vector_hooks import TEMPLATES

from gdproto.conformance import live
from gdproto.conformance.live.script import ROLES, Script
from workshop.broken_peers.killing import MUTANTS

ROOT = Path(__file__).resolve().parents[1]
# An arbiter that is broken on its lanes is told by those who judge arbiters.
BROKEN = {role: [one for each in kinds for one in MUTANTS[each].values()] for role, kinds in (
    ("arbiter", ("arbiter", "lane")), ("worker", ("worker",)), ("client", ("client",)),
)}  # fmt: skip
LEXER, FORMATTER = lexers.PythonLexer(), formatters.HtmlFormatter(nowrap=True)
HEAD = "---\nhide: [toc]\nsearch: {exclude: true}\n---\n"
SCRIPTS = """# Live scripts

{count} scripts judge a running peer on a real socket, each in the opposite role. Peers that are
broken on purpose show that they are worth something: each must be told from a sound one.
[Judge a peer](../guides/judge.md) says how to play them against yours.
"""
TESTS = """# Tests

What no suite can bring about or see from outside, such as memory, users, or an arbiter's end, is
proved of ours alone, by {count} tests among all others. Each names what it proves.
"""


@dataclass(frozen=True)
class Proof:
    """One that proves something.

    Attributes:
        id: also its anchor.
        text: what it does; empty where its code says that.
        tells: what is broken in a peer that it must tell.
    """

    id: str
    requires: tuple[str, ...]
    text: str = ""
    tells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Proofs that have their code in common.

    Attributes:
        title: of the part of the page that begins with it; empty for none.
    """

    proofs: list[Proof]
    path: str
    line: int
    code: str = field(repr=False)
    title: str = ""


def on_files(files: Any, config: Any) -> Any:
    """Add the pages."""
    tests = {test for some in BY_TESTS.values() for test in some}
    contents = {
        "scripts": SCRIPTS.format(count=len(live.scripts())),
        "tests": TESTS.format(count=len(tests)),
    }
    for name, content in contents.items():
        files.append(File.generated(config, f"conformance/{name}.md", content=HEAD + content))
    return files


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Put the proofs behind the page's opening."""
    match page.file.src_uri:
        case "conformance/scripts.md":
            return html + shown(by_scripts())
        case "conformance/tests.md":
            return html + shown(by_tests())
    return html


def shown(groups: Iterable[Group]) -> str:
    """The groups as HTML."""
    template = TEMPLATES.get_template("proofs.html")
    return template.render(groups=groups, coloured=coloured, chapters=chapters())


def coloured(code: str) -> str:
    """The code as HTML."""
    return str(highlight(code, LEXER, FORMATTER))


def by_scripts() -> Iterator[Group]:
    """The scripts, by role and by the function that plays them."""
    for role in ROLES:
        title = f"{role.capitalize()}s"
        some = [one for one in live.scripts().values() if one.role == role]
        for play, alike in groupby(some, key=lambda one: played_by(one.play)):
            path = Path(inspect.getsourcefile(play) or "").resolve().relative_to(ROOT)
            source, line = inspect.getsourcelines(play)
            yield Group([_of(one) for one in alike], str(path), line, "".join(source), title)
            title = ""


def played_by(play: Callable[..., Any]) -> Callable[..., Any]:
    """The function under what is given to it beforehand; where that is a function, the latter."""
    while isinstance(play, partial):
        play = next((one for one in play.args if inspect.isfunction(one)), play.func)
    return play


def _of(script: Script) -> Proof:
    broken = [one for one in BROKEN[script.role] if fnmatchcase(script.id, one.told_by)]
    tells = tuple(" ".join((one.__doc__ or "").split()) for one in broken)
    return Proof(script.id, script.requires, script.text, tells)


def by_tests() -> Iterator[Group]:
    """The tests that prove something."""
    requires: dict[str, list[str]] = {}
    for name, tests in sorted(BY_TESTS.items()):
        for test in tests:
            requires.setdefault(test, []).append(name)
    for path, tests_of_it in groupby(sorted(requires), key=lambda one: one.partition("::")[0]):
        code, title = functions(path), path
        for test in tests_of_it:
            line, source = code[test.partition("::")[2]]
            yield Group([Proof(test, tuple(requires[test]))], path, line, source, title)
            title = ""


def functions(path: str) -> Mapping[str, tuple[int, str]]:
    """The functions of a file of tests: the line on which each begins, and its code."""
    text = (ROOT / path).read_text()
    lines = text.splitlines()
    return {
        one.name: (one.lineno, "\n".join(lines[one.lineno - 1 : one.end_lineno]))
        for one in ast.parse(text).body
        if isinstance(one, ast.FunctionDef)
    }
