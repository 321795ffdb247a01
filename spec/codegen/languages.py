"""The languages that peers are generated for: one backend each, which prints from the IR alone.

Rules: a backend is a module, or a package, of this folder with one `LANGUAGE`. Its files stand in
a folder of their own, in which nothing is written by hand; they need nothing beside the language's
standard library. Text comes out as the language's own formatter would leave it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from . import c11, go, ir, java, kaitai, rust, typescript, wireshark
from .errors import CompileError
from .language import Language

FORMATTING_S = 120
# Words of a formatter: the file that it reads, or all files, of which it tells those to change.
ONE, EACH = "{}", "{each}"

# One line for each language.
_ALL: tuple[Language, ...] = (
    c11.LANGUAGE,
    go.LANGUAGE,
    java.LANGUAGE,
    rust.LANGUAGE,
    typescript.LANGUAGE,
)
LANGUAGES: Mapping[str, Language] = {language.name: language for language in _ALL}
# What other programs read to show or take apart bytes: no peer is written with it.
_TOOLS: tuple[Language, ...] = (kaitai.LANGUAGE, wireshark.LANGUAGE)
EVERYTHING: Mapping[str, Language] = {**LANGUAGES, **{tool.name: tool for tool in _TOOLS}}


def generated(language: Language, spec: ir.Spec, mark: str, package: str = "") -> dict[str, str]:
    """A language's files, marked, by name."""
    return _marked(language, language.files(spec, package or language.package), mark)


def _marked(language: Language, texts: Mapping[str, str], mark: str) -> dict[str, str]:
    return {name: language.comment.format(mark) + "\n" + text for name, text in texts.items()}


def named(name: str) -> Language:
    """The language of that name. Raises CompileError."""
    if name not in EVERYTHING:
        raise CompileError(f"no backend for {name!r}; there are {', '.join(EVERYTHING)}")
    return EVERYTHING[name]


def checked_in(spec: ir.Spec, mark: str) -> dict[str, str]:
    """The files of all languages and tools, by path below the root."""
    return {
        f"{language.folder}/{name}": text
        for language in EVERYTHING.values()
        for name, text in generated(language, spec, mark).items()
    }


def beside(spec: ir.Spec, mark: str) -> dict[str, str]:
    """The generated files that stand beside what is written by hand, by path below the root."""
    return {
        path: text
        for language in LANGUAGES.values()
        for path, text in _marked(language, language.beside(spec), mark).items()
    }


def badly_formatted(spec: ir.Spec, root: Path) -> list[str]:
    """The generated files that their language's formatter would change, where it is installed."""
    return [
        path.relative_to(root).as_posix()
        for language in LANGUAGES.values()
        if _formatter(language, root) is not None
        for path in _changed(
            language,
            [
                *sorted((root / language.folder).iterdir()),
                *map(root.joinpath, language.beside(spec)),
            ],
            root,
        )
    ]


def _changed(language: Language, paths: list[Path], root: Path) -> list[Path]:
    """The files that the formatter would change."""
    files = [path for path in paths if path.is_file()]
    if EACH in language.formatter:
        told = _run(language, root, "", {EACH: [str(path) for path in files]}).splitlines()
        return [path for path in files if str(path) in told]
    texts = {path: path.read_text() for path in files}
    return [
        path
        for path, text in texts.items()
        if _run(language, root, text, {ONE: [str(path)]}) != text
    ]


def _formatter(language: Language, root: Path) -> str | None:
    """Where the formatter stands: on the machine, or in the peer's own folder."""
    program = language.formatter[0]
    return shutil.which(program) or shutil.which(root / "peers" / language.name / program)


def _run(language: Language, root: Path, text: str, names: Mapping[str, list[str]]) -> str:
    """What the formatter writes, called with the names. Raises CompileError."""
    program, *words = language.formatter
    told = [name for word in words for name in names.get(word, [word])]
    command = [str(_formatter(language, root)), *told]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=FORMATTING_S)
    if done.returncode:
        raise CompileError(f"{program} refuses {language.title}: {done.stderr.strip()[:500]}")
    return done.stdout
