"""The judgement of our codecs, the declaration and gunicorn's codec, made once and kept.

    python -m workshop.subjects.kept

prints the folder of the results.

Rules: it is kept for what it was made of: every file of the codecs, the suite and the declaration,
Python, and the packages that are judged or judge. When any of that changes it is made anew, and the
old one goes. The tests judge each time, and leave what they made to be kept.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

from . import codecs

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "judged"
SOURCES = ("gdproto", "conformance", "spec", "workshop/subjects")
PACKAGES = ("construct", "gunicorn")


def kept(folder: Path = KEPT, subjects: Iterable[codecs.Judged] = codecs.SUBJECTS) -> Path:
    """The folder, in `folder`, of the results as of now. Raises RunError."""
    results = folder / digest(made_of())
    if not results.exists():
        with tempfile.TemporaryDirectory() as made:
            for _ in codecs.write(Path(made), subjects):
                pass
            keep(Path(made), folder)
    return results


def keep(made: Path, folder: Path = KEPT) -> None:
    """Keep results that were just made, instead of older ones."""
    results = folder / digest(made_of())
    if not results.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # Under its name when it is whole.
        copied = shutil.copytree(made, tempfile.mkdtemp(dir=folder), dirs_exist_ok=True)
        Path(copied).rename(results)


def made_of(root: Path = ROOT) -> Iterator[tuple[str, bytes]]:
    """All that the results depend on, named."""
    yield "python", sys.version.encode()
    for name in PACKAGES:
        yield name, version(name).encode()
    for source in SOURCES:
        for path in sorted((root / source).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                yield str(path.relative_to(root)), path.read_bytes()


def digest(parts: Iterable[tuple[str, bytes]]) -> str:
    """One name for all of them."""
    hashed = hashlib.sha256()
    for name, content in parts:
        hashed.update(f"{len(name)} {name} {len(content)} ".encode() + content)
    return hashed.hexdigest()[:16]


if __name__ == "__main__":
    print(kept())
