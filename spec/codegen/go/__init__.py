"""Go: one file for each noun of the protocol, which need the standard library alone.

Rules: every number, name and meaning comes from the IR. What never changes stands in the modules
here as Go is written, with holes; tables are printed a row to a line.
"""

from __future__ import annotations

from .. import ir
from ..language import Language
from . import (
    connection,
    errors,
    exchanges,
    header,
    limits,
    messages,
    names,
    soundness,
    table,
    values,
)

NOUNS = {
    "limits": limits.text,
    "errors": errors.text,
    "values": values.text,
    "header": header.text,
    "messages": messages.text,
    "exchanges": exchanges.text,
    "connection": connection.text,
}


def files(spec: ir.Spec, package: str) -> dict[str, str]:
    """The files by name. Raises CompileError for what Go cannot carry."""
    soundness.check(spec)
    begun = f"// Code generated from the declaration of GD/{spec.version}. DO NOT EDIT.\n\n"
    return {f"{noun}.go": begun + text(spec, package) for noun, text in NOUNS.items()}


def beside(spec: ir.Spec) -> dict[str, str]:
    """The client's table, and the test of names."""
    return {**table.files(spec), **names.files(spec)}


LANGUAGE = Language(
    name="go",
    title="Go",
    folder="peers/go/gd",
    package="gd",
    comment="// {}",
    formatter=("gofmt",),
    files=files,
    beside=beside,
)
