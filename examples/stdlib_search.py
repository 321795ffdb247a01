"""Full-text search over the documentation of this machine's Python standard library.

A dirty app worth keeping in a worker: `init` reads the docstrings of every module, which takes
seconds; a search takes milliseconds. No module is imported or executed: the sources are parsed.
Modules written in C have no source to read, and are not found.
"""

from __future__ import annotations

import ast
import os
import sys
import sysconfig
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bm25 import Hit, Index

from dirty_runtime import DirtyApp

# Programs, generated tables and tests that happen to live among the modules.
NOT_DOCUMENTATION = {
    "__phello__",
    "encodings",
    "idle_test",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "test",
    "tests",
    "turtledemo",
}
MAX_LIMIT = 100


class Entry(NamedTuple):
    """A docstring and where it stands.

    Attributes:
        name: in full, such as ``json.dumps``.
        kind: module, class, function or method.
        place: file, relative to the library, and line.
    """

    name: str
    kind: str
    place: str
    docstring: str

    @property
    def summary(self) -> str:
        """The first line that says something."""
        return next((line for line in self.docstring.splitlines() if line.strip()), "").strip()

    @property
    def text(self) -> str:
        """What is searched: the name and the summary say what it is about, and count twice."""
        return "\n".join((self.name, self.name, self.summary, self.docstring))


class StdlibSearch(DirtyApp):
    """Search the library's docstrings, and explain the ranking."""

    _loads = 0

    def init(self) -> None:
        """Read and index the library. Raises RuntimeError when it has no sources here."""
        started_s = time.perf_counter()
        StdlibSearch._loads += 1
        self._calls = 0
        self._lock = threading.Lock()
        self._index = Index()
        self._entries: dict[str, Entry] = {}
        self._files = 0
        self._skipped = 0
        root = Path(sysconfig.get_path("stdlib"))
        for path in module_files(root, sys.stdlib_module_names):
            self._read(path, root)
        if not self._entries:
            raise RuntimeError(f"no sources of the standard library in {root}")
        self._build_s = time.perf_counter() - started_s

    def __call__(self, action: str, /, *args: Any, **kwargs: Any) -> Any:
        # Several lanes of a worker share this instance, and an addition is not atomic.
        with self._lock:
            self._calls += 1
        return super().__call__(action, *args, **kwargs)

    def search(self, query: str, limit: int = 5) -> list[dict[str, Any]]:
        """The entries that fit `query` best, the best first.

        Raises:
            ValueError: the query has no word, or the limit is not from 1 to 100.
        """
        return [
            {
                "name": entry.name,
                "kind": entry.kind,
                "summary": entry.summary,
                "place": entry.place,
                "score": round(hit.score, 3),
            }
            for hit in self._hits(query, limit)
            for entry in [self._entries[hit.document]]
        ]

    def explain(self, query: str, limit: int = 3) -> Iterator[dict[str, Any]]:
        """How the ranking came about: a chunk for the query's terms, then one for each hit.

        Raises:
            ValueError: as `search`, before the first chunk.
        """
        hits = self._hits(query, limit)
        yield self._explain_query(query)
        for rank, hit in enumerate(hits, 1):
            yield self._explain_hit(query, rank, hit)

    def stats(self) -> dict[str, Any]:
        """What this worker has loaded and done.

        Returns:
            `pid`; `loads`, how often `init` ran in this process; `build_seconds`, how long it
            took; `files` read, and `files_skipped` that could not be read or parsed;
            `documents` and `terms` of the index; `calls` answered, this one included.
        """
        return {
            "pid": os.getpid(),
            "loads": StdlibSearch._loads,
            "build_seconds": round(self._build_s, 3),
            "files": self._files,
            "files_skipped": self._skipped,
            "documents": len(self._index),
            "terms": self._index.term_count,
            "calls": self._calls,
        }

    def _read(self, path: Path, root: Path) -> None:
        """Index one file; what cannot be read or parsed is counted and left out."""
        try:
            tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError):
            self._skipped += 1
            return
        self._files += 1
        for entry in entries(tree, path.relative_to(root)):
            # A name defined twice, in two branches or as getter and setter, counts once.
            if entry.name not in self._entries:
                self._entries[entry.name] = entry
                self._index.add(entry.name, entry.text)

    def _hits(self, query: str, limit: int) -> list[Hit]:
        if not isinstance(query, str):
            raise ValueError(f"the query is text, not {type(query).__name__}")
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:
            raise ValueError(f"limit is a whole number from 1 to {MAX_LIMIT}, not {limit!r}")
        return self._index.search(query, limit)

    def _explain_query(self, query: str) -> dict[str, Any]:
        return {
            "step": "query",
            "formula": "idf * tf * (k1 + 1) / (tf + length_norm)",
            "k1": self._index.k1,
            "b": self._index.b,
            "documents": len(self._index),
            "average_length": round(self._index.average_length, 2),
            "terms": [
                {"term": term, "documents": documents, "idf": round(idf, 4)}
                for term, documents, idf in self._index.rarity(query)
            ],
        }

    def _explain_hit(self, query: str, rank: int, hit: Hit) -> dict[str, Any]:
        return {
            "step": "hit",
            "rank": rank,
            "name": hit.document,
            "length": self._index.length(hit.document),
            "score": round(hit.score, 3),
            "terms": [
                {
                    "term": part.term,
                    "idf": round(part.idf, 4),
                    "tf": part.tf,
                    "length_norm": round(part.length_norm, 4),
                    "contribution": round(part.score, 4),
                }
                for part in self._index.explain(query, hit.document)
            ],
        }


def module_files(root: Path, names: Iterable[str]) -> Iterator[Path]:
    """The source files of the modules `names` below `root`, those of submodules included."""
    for name in sorted(set(names) - NOT_DOCUMENTATION):
        module = root / f"{name}.py"
        if module.is_file():
            yield module
        for path in sorted((root / name).rglob("*.py")):
            if NOT_DOCUMENTATION.isdisjoint(path.relative_to(root).parts):
                yield path


def entries(tree: ast.Module, path: Path) -> Iterator[Entry]:
    """The docstrings of a parsed file at `path`, relative to the library; private names not."""
    module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    docstring = ast.get_docstring(tree)
    if docstring:
        yield Entry(module, "module", f"{path}:1", docstring)
    for name, kind, node in definitions(tree, module, "function"):
        docstring = ast.get_docstring(node)
        if docstring:
            yield Entry(name, kind, f"{path}:{node.lineno}", docstring)


Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def definitions(node: ast.AST, prefix: str, kind: str) -> Iterator[tuple[str, str, Definition]]:
    """The classes and functions in `node`, also those in its branches, by full name and kind.

    Args:
        prefix: the full name of what `node` is or stands in.
        kind: what a function is called there.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition):
            # What begins with an underscore is private, or a protocol that Python calls.
            if child.name.startswith("_"):
                continue
            name = f"{prefix}.{child.name}"
            is_class = isinstance(child, ast.ClassDef)
            yield name, "class" if is_class else kind, child
            if is_class:
                yield from definitions(child, name, "method")
        elif isinstance(child, ast.stmt | ast.ExceptHandler):
            yield from definitions(child, prefix, kind)
