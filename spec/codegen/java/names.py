"""NamesTest.java: a test that each number of the declaration has its name."""

from __future__ import annotations

from .. import ir
from ..naming import screaming
from ..numbers import named
from ..template import fill

PATH = "peers/java/src/test/java/gdproto/gd/NamesTest.java"
TEMPLATE = """
    package gdproto.gd;

    import static org.junit.jupiter.api.Assertions.assertEquals;

    import org.junit.jupiter.api.Test;

    /** Each number of the declaration has its name. */
    class NamesTest {
      @Test
      void everyNumberHasItsName() {
        «asserted»
      }
    }
"""


def files(spec: ir.Spec) -> dict[str, str]:
    """The file's text by its path below the root, without its mark."""
    numbers = named(
        spec,
        lambda kind, name: f"{kind}.{screaming(name)}.code()",
        lambda name: f"MessageType.{screaming(name)}.code()",
        lambda one: f"Limits.{screaming(one.name)}",
    )
    asserted = [f"assertEquals({number}, {said});" for said, number in numbers]
    return {PATH: fill(TEMPLATE, asserted=asserted)}
