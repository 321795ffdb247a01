"""The C backend: what the codec in `gdproto/c/` includes of the declaration.

As in Python, the code handles what is common and right, and leaves everything else, as a doubt,
to the Python codec.
"""

from __future__ import annotations

from .. import ir
from .judging import judges
from .messages import messages
from .printing import header
from .reading import readers
from .routing import routing
from .tables import facts, states
from .writing import writers

FOLDER = "gdproto/_generated"


def files(spec: ir.Spec, source_hash: str) -> dict[str, str]:
    """File contents by path below the repository's root, without their marker."""
    return {
        f"{FOLDER}/tables.h": header(
            "The facts of the wire", facts(spec, source_hash), states(spec)
        ),
        f"{FOLDER}/values.h": header("Values", writers(spec), judges(spec), readers(spec)),
        f"{FOLDER}/messages.h": header("Messages", messages(spec), routing(spec)),
    }
