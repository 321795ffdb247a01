"""gdproto's testee with another C codec: ``python -P compiled_testee.py LIBRARY``.

It is run by its path: as a module it would come too late to take the codec's place.

Rules: where the C codec judges, the Python one most often judges once more, and its answer hides
what C said. So each judge is asked beside the testee's own question, and must say what Python's does.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any

CODEC = "gdproto._codec"


class Other:
    """Finds the library where the codec is looked for."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        found = name == CODEC
        return importlib.util.spec_from_file_location(name, sys.argv[1]) if found else None


def main() -> None:
    """Serve as the testee."""
    from gdproto import ProtocolError, check, routing, strict, tlv
    from gdproto.conformance.running.testee import serve
    from gdproto.conformance.testees.python import GdprotoTestee
    from gdproto.declaration import HEADER_BYTES
    from gdproto.implementation import compiled

    codec: Any = compiled()

    def said(judge: Callable[..., Any], place: tuple[Any, ...]) -> Any:
        try:
            return judge(*place)
        except ProtocolError as error:
            return error.code, error.offset, error.path

    def agree(one: Callable[..., Any], other: Callable[..., Any], *place: Any) -> None:
        said_by_one, said_by_other = said(one, place), said(other, place)
        if said_by_one != said_by_other:
            raise AssertionError(f"C says {said_by_one}, and Python {said_by_other}")

    class Judged(GdprotoTestee):
        """Asks C's judges too."""

        def decode(self, data: bytes) -> Any:
            agree(check, tlv.check, data)
            agree(codec.check_at, strict.check, data, 0)
            return super().decode(data)

        def parse(self, data: bytes) -> Any:
            if len(data) > HEADER_BYTES:
                agree(codec.check_at, strict.check, data, HEADER_BYTES)
                agree(codec.route, routing.route, data, HEADER_BYTES)
            return super().parse(data)

    serve(Judged())


if __name__ == "__main__":
    sys.meta_path.insert(0, Other)
    main()
