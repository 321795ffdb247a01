"""``python -m spec.codegen --write | --check``: write the generated files, or compare them."""

from __future__ import annotations

import argparse
import difflib
import hashlib
import sys
from collections.abc import Collection
from pathlib import Path

from .. import requirements
from . import c, docs, grammar, languages, machine, message_schema, promela, python
from .errors import CompileError
from .python import stash
from .walk import walk

ROOT = Path(__file__).resolve().parents[2]
SPEC = Path(__file__).resolve().parents[1]
GENERATED = (
    *("gdproto/_generated", "dirty_runtime/client/_generated", "docs/generated"),
    "workshop/model/_generated",
    *(language.folder for language in languages.EVERYTHING.values()),
)
FIX = "python -m spec.codegen --write"
COMMENTS = {
    ".py": "# {}\n",
    ".pyi": "# {}\n",
    ".h": "/* {} */\n",
    ".md": "<!-- {} -->\n",
    ".svg": "<!-- {} -->\n",
    ".json": "",
    ".abnf": "; {}\n",
    ".pml": "/* {} */\n",
}
# What says what the bytes are, and what makes of it a codec in Python and C, which belong together.
DECLARATION = ("*.py",)
CODEC = tuple(f"codegen/{one}.py" for one in ("ir", "layout", "walk", "c/*", "python/*"))


def source_hash(*globs: str) -> str:
    """A hash of the files of `spec/` that the globs name."""
    digest = hashlib.sha256()
    for path in sorted(path for glob in globs for path in SPEC.glob(glob)):
        digest.update(path.relative_to(SPEC).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def render() -> dict[str, str]:
    """Every generated file's contents, by its path below the root.

    Raises:
        CompileError: the declaration cannot be compiled.
    """
    spec = walk()
    sources = source_hash(*DECLARATION, *CODEC)
    mark = f"@generated from spec/ ({source_hash(*DECLARATION)}) by {FIX}; do not edit"
    files = {
        **python.files(spec, sources),
        **stash.files(spec),
        **c.files(spec, sources),
        **docs.files(spec),
        **machine.files(spec, mark),
        **message_schema.files(spec, mark),
        **grammar.files(spec),
        **promela.files(spec),
    }
    marked = {path: COMMENTS[Path(path).suffix].format(mark) + text for path, text in files.items()}
    return {**marked, **languages.checked_in(spec, mark), **languages.beside(spec, mark)}


def present(root: Path, files: Collection[str]) -> dict[str, str]:
    """The files that stand in the generated folders, and those alone elsewhere, by path.

    Args:
        files: those that are made. What is of another kind than all of them, such as a module that
            was built, is nobody's business.
    """
    kinds = {Path(path).suffix for path in files}
    inside = {path for folder in GENERATED for path in (root / folder).rglob("*")}
    return {
        path.relative_to(root).as_posix(): path.read_text()
        for path in sorted({*inside, *map(root.joinpath, files)})
        if path.is_file() and path.suffix in kinds
    }


def write(root: Path) -> None:
    """Make the generated folders hold exactly what the compiler makes."""
    files = render()
    for path in present(root, files).keys() - files.keys():
        (root / path).unlink()
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    print(f"wrote {len(files)} files")


def check(root: Path) -> int:
    """Compare whole files and the set of files; 0 when they agree."""
    expected = render()
    found = present(root, expected)
    for path in sorted(expected.keys() | found.keys()):
        if path not in found:
            print(f"{path}: missing")
        elif path not in expected:
            print(f"{path}: the compiler does not write this file")
        elif expected[path] != found[path]:
            sys.stdout.writelines(
                difflib.unified_diff(
                    found[path].splitlines(keepends=True),
                    expected[path].splitlines(keepends=True),
                    f"{path} (as it stands)",
                    f"{path} (as the spec says)",
                )
            )
    unformatted = languages.badly_formatted(walk(), root) if expected == found else []
    for path in unformatted:
        print(f"{path}: the language's own formatter would change it: mend the backend")
    if expected == found and not unformatted:
        print(f"{len(expected)} generated files are up to date")
        return 0
    if expected != found:
        print(f"The generated files differ from the spec. Run: {FIX}", file=sys.stderr)
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m spec.codegen", description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write the generated files")
    mode.add_argument("--check", action="store_true", help="fail when they are not up to date")
    options = parser.parse_args()
    try:
        if options.check:
            requirements.check()
            return check(ROOT)
        requirements.write()
        write(ROOT)
    except (CompileError, requirements.TextError) as error:
        print(f"spec.codegen: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
