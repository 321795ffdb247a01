"""The TypeScript backend: one ES module for each noun, for any runtime of the language.

Rules: what is printed uses ECMAScript alone, and of what browsers add to it only TextDecoder and
TextEncoder. A value is null, a boolean, a bigint (an integer), a number (a float), a Uint8Array, a
string, an Array or a Map. Lines are as prettier leaves them at 100 columns.
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
from .printing import NAME, module


def files(spec: ir.Spec, package: str) -> dict[str, str]:
    """The modules' texts, by file."""
    soundness.check(spec)
    parts = (limits, errors, values, header, messages, exchanges, connection)
    texts = {f"{part.NAME}.ts": part.text(spec) for part in parts}
    return {**texts, f"{NAME}.ts": module(package, [part.NAME for part in parts])}


def beside(spec: ir.Spec) -> dict[str, str]:
    """The client's operations of the stash, and the test of names."""
    return {**table.files(spec), **names.files(spec)}


LANGUAGE = Language(
    name="typescript",
    title="TypeScript",
    folder="peers/typescript/src/gd",
    package="gd",
    comment="// {}",
    formatter=("node_modules/.bin/prettier", "--stdin-filepath", "{}"),
    files=files,
    beside=beside,
)
