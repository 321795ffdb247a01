"""The Java backend: one public type a file, Java 17, nothing beside the JDK.

Values are plain objects: null, Boolean, Long, Double, byte[], String, List and Map; an integer that
no long holds is a BigInteger. What programs use is public; how it is read and written is not. Each
fault is a ProtocolException, which is checked.
"""

from __future__ import annotations

from .. import ir
from ..language import Language
from . import connection, errors, exchanges, header, limits, messages, names, table, values


def files(spec: ir.Spec, package: str) -> dict[str, str]:
    """The files by name; the package is written as Java does, with dots."""
    sections = (limits, errors, values, header, messages, exchanges, connection)
    texts = {name: text for one in sections for name, text in one.files(spec).items()}
    return {f"{name}.java": f"package {package};\n\n{text}" for name, text in texts.items()}


def beside(spec: ir.Spec) -> dict[str, str]:
    """The client's table, and the test of names."""
    return {**table.files(spec), **names.files(spec)}


LANGUAGE = Language(
    name="java",
    title="Java",
    folder="peers/java/src/main/java/gdproto/gd",
    package="gdproto.gd",
    comment="// {}",
    formatter=("target/google-java-format", "--dry-run", "{each}"),
    files=files,
    beside=beside,
)
