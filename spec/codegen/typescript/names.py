"""names.test.ts: a test that each number of the declaration has its name."""

from __future__ import annotations

from collections.abc import Iterable

from .. import ir
from ..naming import screaming
from ..template import fill
from .printing import Lines, bigint, number

PATH = "peers/typescript/test/names.test.ts"
TEMPLATE = """
    /** Each number of the declaration has its name. */

    import assert from "node:assert/strict";
    import test from "node:test";
    import * as gd from "../src/gd/index.js";

    test("every number has its name", () => {
      «asserted»
    });
"""


def files(spec: ir.Spec) -> dict[str, str]:
    """The file's text by its path below the root, without its mark."""
    asserted = [
        *(
            line
            for kind, held in spec.enumerations
            for line in _equal(f"gd.{kind}", ((name, bigint(code)) for name, code in held))
        ),
        *_equal("gd.MESSAGE_CODES", ((one.name, f"0x{one.code:02x}") for one in spec.messages)),
        *(f"assert.equal(gd.{screaming(o.name)}, {number(o.value)});" for o in spec.limits),
    ]
    return {PATH: fill(TEMPLATE, asserted=asserted)}


def _equal(what: str, pairs: Iterable[tuple[str, str]]) -> Lines:
    rows = (f"  {name}: {held}," for name, held in pairs)
    return [f"assert.deepEqual({what}, {{", *rows, "});"]
