"""The Python backend: tables, the fast value codec, and the message classes.

The fast codec is straight-line code that handles what is common and right. Whatever it cannot
vouch for it leaves, by raising Doubt or the interpreter's own error, to the strict, table-driven
code in the package, which finds the exact fault or the exact answer.
"""

from __future__ import annotations

from .. import ir
from .answers import answers
from .messages import messages
from .tables import tables
from .values import values

FOLDER = "gdproto/_generated"


def files(spec: ir.Spec, source_hash: str) -> dict[str, str]:
    """File contents by path below the repository's root, without their marker."""
    return {
        f"{FOLDER}/__init__.py": '"""Code written by the spec compiler."""\n',
        f"{FOLDER}/tables.py": tables(spec, source_hash),
        f"{FOLDER}/values.py": values(spec),
        f"{FOLDER}/messages.py": messages(spec),
        f"{FOLDER}/answers.py": answers(spec),
    }
