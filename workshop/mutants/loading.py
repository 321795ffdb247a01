"""A codec from its sources: loaded as a package of its own, beside the one that is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import CodeType, ModuleType

from .mutant import Sources


class _Loader(InspectLoader):
    """Loads the modules of one package from their texts."""

    def __init__(self, package: str, sources: Sources) -> None:
        self._package = package
        self._sources = sources

    def path(self, name: str) -> str | None:
        """The path of the module called `name`; None where there is none."""
        inner = name.removeprefix(self._package).removeprefix(".").replace(".", "/")
        paths = (f"{inner}.py", f"{inner}/__init__.py".removeprefix("/"))
        return next((path for path in paths if path in self._sources), None)

    def is_package(self, name: str) -> bool:
        return (self.path(name) or "").endswith("__init__.py")

    def get_source(self, name: str) -> str:
        path = self.path(name)
        if path is None:
            raise ImportError(f"no module called {name}")
        return self._sources[path]

    def get_code(self, name: str) -> CodeType:
        return _compiled(self.path(name) or name, self.get_source(name))


@lru_cache(maxsize=64)
def _compiled(path: str, text: str) -> CodeType:
    """Mutants share all modules but one or two."""
    return compile(text, f"<{path}>", "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, package: str, loader: _Loader) -> None:
        self._package = package
        self._loader = loader

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        ours = name == self._package or name.startswith(self._package + ".")
        if not ours or self._loader.path(name) is None:
            return None
        return spec_from_loader(name, self._loader)


@contextmanager
def loaded(sources: Sources, package: str = "gdproto_mutant") -> Iterator[ModuleType]:
    """The codec of `sources`, importable as `package` until the block ends."""
    finder = _Finder(package, _Loader(package, sources))
    sys.meta_path.insert(0, finder)
    try:
        yield import_module(package)
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.split(".")[0] == package]:
            del sys.modules[name]
