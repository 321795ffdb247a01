"""names.c: a test that each number of the declaration has its name; to compile it is to run it."""

from __future__ import annotations

from .. import ir
from ..naming import screaming
from ..numbers import named
from ..template import fill
from .printing import constant

PATH = "peers/c/tests/names.c"
TEMPLATE = """
    /* Each number of the declaration has its name. */
    #include "gd.h"

    «asserted»

    int main(void) {
        return 0;
    }
"""


def files(spec: ir.Spec) -> dict[str, str]:
    """The file's text by its path below the root, without its mark."""
    numbers = named(
        spec,
        lambda kind, name: constant(screaming(kind), name),
        lambda name: constant("MESSAGE", name),
        lambda one: f"GD_{screaming(one.name)}",
    )
    asserted = [f'_Static_assert({name} == {number}, "{name}");' for name, number in numbers]
    return {PATH: fill(TEMPLATE, asserted=asserted)}
