"""Where a worker finds its apps, and that it runs them as they stand.

Rules: the current directory comes first, whatever the environment says, but behind the modules that
a worker needs itself: a module beside the app replaces none of those. Compiled code is used where
it was made from the same source, byte for byte: neither time nor size tell, since a deployment
may keep both. What is installed is taken as Python takes it.
"""

from __future__ import annotations

import marshal
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import PathEntryFinder

STANDARD = os.path.dirname(os.__file__)
OURS = frozenset(("dirty_runtime", "gdproto", "__main__"))
# How often it is looked for what was imported.
LOOK_S = 0.25
INSTALLED = frozenset(("site-packages", "dist-packages"))
# Of a compiled file that is valid for a source with the hash that follows, and is to be checked.
BY_HASH = MAGIC_NUMBER + (0b11).to_bytes(4, "little")


class CheckedLoader(SourceFileLoader):
    """Loads modules from their sources, or from what was compiled of the same."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        source = self.get_data(path)
        compiled, head = cache_from_source(path), BY_HASH + source_hash(source)
        with suppress(OSError, ValueError, EOFError, TypeError):
            data = self.get_data(compiled)
            if data.startswith(head):
                code = marshal.loads(memoryview(data)[len(head) :])
                # It may have been compiled where the file was before.
                if isinstance(code, CodeType) and code.co_filename == path:
                    return code
        code = self.source_to_code(source, path)
        if not sys.dont_write_bytecode:
            self.set_data(compiled, head + marshal.dumps(code))
        return code


_checked = FileFinder.path_hook(
    (ExtensionFileLoader, EXTENSION_SUFFIXES),
    (CheckedLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)


def _found(path: str) -> PathEntryFinder:
    """Finds modules in a directory that is not an installation's. Raises ImportError."""
    is_standard = f"{path}{os.sep}".startswith(f"{STANDARD}{os.sep}")
    if is_standard or not INSTALLED.isdisjoint(path.split(os.sep)):
        raise ImportError("what is installed is found as usual", path=path)
    return _checked(path)


def find_apps() -> None:
    """Find modules in the current directory first, and none that is out of date."""
    with suppress(OSError):
        sys.path.insert(0, os.getcwd())
    # Before the last: what finds modules in archives stands at the head.
    sys.path_hooks.insert(len(sys.path_hooks) - 1, _found)
    sys.path_importer_cache.clear()


def tell_sources(told: Callable[[str], None]) -> None:
    """Call `told` with each file that a module of the apps was imported from, also later.

    By a thread, which looks again and again: an action may import as well.
    """

    def look() -> None:
        known: set[str] = set()
        while True:
            for path in _sources() - known:
                known.add(path)
                told(path)
            time.sleep(LOOK_S)

    threading.Thread(target=look, name="sources", daemon=True).start()


def _sources() -> set[str]:
    """The files of modules that are neither installed nor ours."""
    files = {
        getattr(module, "__file__", None)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] not in OURS
    }
    return {file for file in files if isinstance(file, str) and _is_source(file)}


def _is_source(file: str) -> bool:
    is_standard = file.startswith(f"{STANDARD}{os.sep}")
    is_installed = is_standard or not INSTALLED.isdisjoint(file.split(os.sep))
    return file.endswith(tuple(SOURCE_SUFFIXES)) and not is_installed
