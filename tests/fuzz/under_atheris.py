"""``python -m tests.fuzz.under_atheris TARGET [libFuzzer options and folders]``: one target.

The codec is instrumented as it is imported; `tests.fuzz` runs this, with the options that it needs.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["gdproto"], enable_loader_override=False):
    import gdproto.explain

from .targets import check


def main() -> None:
    target = sys.argv.pop(1)
    atheris.Setup(sys.argv, lambda data: check(target, data))
    atheris.Fuzz()


if __name__ == "__main__":
    assert gdproto.explain
    main()
