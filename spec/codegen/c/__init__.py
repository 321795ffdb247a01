"""The C backend: what the codec in `gdproto/c/` includes of the declaration.

As in Python, the code handles what is common and right, and leaves everything else, as a doubt,
to the Python codec.
"""

from __future__ import annotations

from .. import ir
from ..python.types import PYTHON_TYPES
from ..walk import CompileError
from .messages import messages
from .printing import FLOATS, INTEGERS, header
from .reading import readers
from .routing import routing
from .tables import facts, states
from .writing import writers

FOLDER = "gdproto/_generated"


def files(spec: ir.Spec, source_hash: str) -> dict[str, str]:
    """File contents by path below the repository's root, without their marker."""
    _known_types(spec)
    return {
        f"{FOLDER}/tables.h": header(
            "The facts of the wire", facts(spec, source_hash), states(spec)
        ),
        f"{FOLDER}/values.h": header("Values", writers(spec), readers(spec)),
        f"{FOLDER}/messages.h": header("Messages", messages(spec), routing(spec)),
    }


def _known_types(spec: ir.Spec) -> None:
    for value in spec.values:
        where = f"spec.tlv: value type '{value.name}'"
        if value.python not in PYTHON_TYPES:
            raise CompileError(f"{where}: no C codec for {value.python}")
        match value.body:
            case ir.Fixed(format) if value.python in ("int", "float"):
                if format not in (FLOATS if value.python == "float" else INTEGERS):
                    raise CompileError(f"{where}: no C codec for the format {format}")
            case ir.Mapped(_, 1, choices) if {type(c) for _, c in choices} == {bool}:
                pass
            case ir.Fixed() | ir.Mapped():
                raise CompileError(f"{where}: no C codec for this form")
