"""The backend for C11: one header, `gd.h`, that a program includes; C++17 takes it too.

Rules: each module prints one section, under its own name. What is not for programs begins with two
underscores behind the prefix, which is the package's name. Lines are not longer for longer names of
the declaration: so the formatter does not break any (`peers/c/.clang-format`).
"""

from __future__ import annotations

import re

from .. import ir
from ..language import Language
from ..template import fill
from . import (
    connection,
    errors,
    exchanges,
    header,
    limits,
    memory,
    messages,
    names,
    reading,
    stash,
    values,
    writing,
)

FILE = "{}.h"
SECTIONS = (
    *(limits, errors, memory, values, reading, writing),
    *(header, messages, exchanges, connection),
)


def files(spec: ir.Spec, package: str) -> dict[str, str]:
    """The header's text by its name. Raises CompileError for what C cannot carry."""
    sections = "\n".join(section.section(spec).strip("\n") + "\n" for section in SECTIONS)
    text = fill(HEADER, version=str(spec.version), sections=sections.rstrip("\n"))
    return {FILE.format(package): _named(text, package)}


def _named(text: str, package: str) -> str:
    """The text with the package's name for the prefix of all that it declares."""
    for prefix, name in (("gd", package), ("GD", package.upper())):
        text = re.sub(rf"\b{prefix}_", f"{name}_", text)
    return text


def beside(spec: ir.Spec) -> dict[str, str]:
    """The client's operations of the stash, and the test of names."""
    return {**stash.files(spec), **names.files(spec)}


HEADER = """\
/* GD/«version» in C11, one header: values, messages, and connections without I/O.
 *
 * Rules: nothing is global, nothing blocks, and nothing is printed. What can fail returns a gd_code
 * and fills a gd_fault that says where: GD_CODE_OK is zero. Memory comes from the gd_allocator that
 * the caller gives.
 *
 * Lifetime: what is decoded borrows. Texts and bytes lie in the input, lists and dicts in the
 * gd_arena: a value lives as long as both. The message of an event lives until the next call on its
 * connection.
 */
#ifndef GD_H
#define GD_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

«sections»

#endif
"""

LANGUAGE = Language(
    name="c",
    title="C11",
    folder="peers/c/include",
    package="gd",
    comment="/* {} */",
    formatter=("clang-format", "--style=file", "--assume-filename", "{}"),
    files=files,
    beside=beside,
)
