"""The judgement of our codecs, the declaration and gunicorn's codec, made once and kept.

Rules: it is kept for what it was made of: every file of the codecs, the suite and the declaration,
Python, and the packages that are judged or judge. When any of that changes it is made anew, and the
old one goes. What judges by itself, the tests and `make conformance`, keeps nothing.
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
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        made = Path(tempfile.mkdtemp(dir=folder))
        for _ in codecs.write(made, subjects):
            pass
        # Not before it is whole.
        made.rename(results)
    return results


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
