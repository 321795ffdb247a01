"""gdproto's testee with another C codec: ``python -P compiled_testee.py LIBRARY``.

It is run by its path: as a module it would come too late to take the codec's place.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys
from importlib.machinery import ModuleSpec

CODEC = "gdproto._codec"


class Other:
    """Finds the library where the codec is looked for."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        found = name == CODEC
        return importlib.util.spec_from_file_location(name, sys.argv[1]) if found else None


if __name__ == "__main__":
    sys.meta_path.insert(0, Other)
    runpy.run_module("gdproto.conformance.testees.python", run_name="__main__")
