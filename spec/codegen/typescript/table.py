"""operations.ts of the client: a method for each operation of the stash."""

from __future__ import annotations

from collections.abc import Sequence

from .. import ir, stash
from ..naming import camel
from ..template import fill
from .printing import COLUMNS, Lines, doc, quoted, sentence

PATH = "peers/typescript/src/operations.ts"
TEMPLATE = """
    /** The operations of the stash, as methods. */

    import { «readers» } from "./answers.js";
    import type { CallOptions } from "./client.js";
    import type { StashMessage, StashOp, Value } from "./gd/index.js";

    /** What an operation may be given. */
    export type StashFields = Omit<StashMessageInit, "requestId" | "op">;
    type StashMessageInit = ConstructorParameters<typeof StashMessage>[0];

    /** What an operation need not be given, beside what any call may have. */
    export type Given<Names extends keyof StashFields> = CallOptions & Pick<StashFields, Names>;

    /** Asks the arbiter for an operation. */
    export type Ask = (
      operation: keyof typeof StashOp,
      fields: Omit<StashFields, "table">,
      options?: CallOptions,
    ) => Promise<Value>;

    «functions»

    /** What can be asked of a table. */
    export abstract class TableOperations {
      /** Any operation of the stash: `ask("incr", { key: "hits", value: 2n })`. */
      abstract ask(...asked: Parameters<Ask>): Promise<Value>;

      «methods»
    }
"""
# What a method gives, and what reads it from the answer.
READ = {
    "bool": ("boolean", "booleanOf"),
    "integer": ("bigint | number", "integerOf"),
    "number": ("bigint | number", "numberOf"),
    "list": ("Value[]", "listOf"),
    stash.TEXTS: ("string[]", "textsOf"),
    "form": ("Map<string, Value>", "mapOf"),
}
ANY = ("Value", "")


def files(spec: ir.Spec) -> dict[str, str]:
    """The file's text by its path below the root, without its mark."""
    methods = stash.methods(spec)
    text = fill(
        TEMPLATE,
        readers=", ".join(sorted({READ[one.result][1] for one in methods if one.result in READ})),
        functions=_apart([_function(one) for one in methods if not one.of_table]),
        methods=_apart([_method(one) for one in methods if one.of_table]),
    )
    return {PATH: text}


def _apart(pieces: Sequence[Lines]) -> Lines:
    """Their lines, with an empty one between two pieces."""
    return [line for piece in pieces for line in ["", *piece]][1:]


def _function(one: stash.Asked) -> Lines:
    return _asking(one, f"export async function {camel(one.name)}", ["ask: Ask"], "ask", "")


def _method(one: stash.Asked) -> Lines:
    return _asking(one, f"async {camel(one.name)}", [], "this.ask", "  ")


def _asking(one: stash.Asked, opening: str, takes: Lines, ask: str, indent: str) -> Lines:
    result, read = READ.get(one.result, ANY)
    names = " | ".join(quoted(camel(field.name)) for field in one.optional)
    given = f"given: Given<{names}> = {{}}" if names else "options?: CallOptions"
    options = "given" if names else "options"
    takes = [*takes, *(f"{camel(field.name)}: Value" for field in one.required), given]
    own = ", ".join(camel(field.name) for field in one.optional)
    fields = ", ".join(camel(field.name) for field in one.fields)
    asked = f"await {ask}({quoted(one.name)}, {{ {fields} }}, {options})".replace("{  }", "{}")
    lines = doc(sentence(one.meaning), *_throws(one), indent=indent)
    return [
        *(line.removeprefix(indent) for line in lines),
        *_signature(opening, takes, f"Promise<{result}>", len(indent)),
        *[f"  const {{ {own} }} = given;"] * bool(own),
        f"  return {f'{read}({asked})' if read else asked};",
        "}",
    ]


def _throws(one: stash.Asked) -> Lines:
    return [f"@throws {{{name}}} {case}" for name, case in one.errors]


def _signature(opening: str, takes: Lines, result: str, indent: int) -> Lines:
    line = f"{opening}({', '.join(takes)}): {result} {{"
    if indent + len(line) <= COLUMNS:
        return [line]
    return [f"{opening}(", *(f"  {one}," for one in takes), f"): {result} {{"]
