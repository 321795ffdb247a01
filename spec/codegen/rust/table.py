"""table.rs of the client: a method for each operation of the stash, and one for each option."""

from __future__ import annotations

from textwrap import wrap

from .. import ir, stash
from ..naming import pascal
from ..template import fill
from .printing import MAX_WIDTH, Lines, integer, name

PATH = "peers/rust/src/client/table.rs"
TEMPLATE = """
    //! The operations of the stash, as methods.

    use super::asked::{«readers»};
    use super::{Asked, Client, Table};
    use crate::gd::messages::{Stash, «enumeration»};
    use crate::gd::{Dict, Value};

    impl Client {
        «of_none»
    }

    impl<'a> Table<'a> {
        «of_a_table»
    }

    impl<T> Asked<'_, T> {
        «options»
    }
"""
# Fields that are None where they are not given, and no Value.
OPTIONAL = ("string", "integer")
# What a method gives, and what reads it from the answer.
READ = {
    "bool": ("bool", "bool_of"),
    "integer": ("i64", "integer_of"),
    "list": ("Vec<Value>", "list_of"),
    stash.TEXTS: ("Vec<String>", "texts_of"),
    "form": ("Dict", "dict_of"),
}
ANY = ("Value", "any_of")


def files(spec: ir.Spec) -> dict[str, str]:
    """The file's text by its path below the root, without its mark."""
    kind, methods, whole = stash.enumeration(spec), stash.methods(spec), integer(spec)
    text = fill(
        TEMPLATE,
        readers=", ".join(sorted({READ.get(one.result, ANY)[1] for one in methods})),
        enumeration=kind,
        of_none=_apart([_method(one, kind, whole) for one in methods if not one.of_table]),
        of_a_table=_apart([_method(one, kind, whole) for one in methods if one.of_table]),
        options=_apart([_option(field, whole) for field in stash.options(spec)]),
    )
    return {PATH: text}


def _apart(pieces: list[Lines]) -> Lines:
    """Their lines, with an empty one between two pieces."""
    return [line for piece in pieces for line in ["", *piece]][1:]


def _method(one: stash.Asked, enumeration: str, whole: str) -> Lines:
    result, read = READ.get(one.result, ANY)
    takes = [f"{name(f.name)}: {_taken(f, whole)}" for f in one.required]
    op = f"{enumeration}::{pascal(one.name)}"
    table = "self" if one.of_table else 'self.table("")'
    life = "'a" if one.of_table else "'_"
    fields = [f"{name(f.name)}: {name(f.name)}.into()" for f in one.required]
    question = f"{table}.question({op})"
    made = f"Stash {{ {', '.join(fields)}, ..{question} }}" if fields else question
    return [
        *_comment(_says(one)),
        *_signature(f"pub fn {name(one.name)}", takes, f"Asked<{life}, {result}>"),
        *_bound("    let question =", f"{made};"),
        f"    {table}.asked(question, {read})",
        "}",
    ]


def _signature(opening: str, takes: Lines, result: str) -> Lines:
    line = f"{opening}({', '.join(['&self', *takes])}) -> {result} {{"
    if 4 + len(line) <= MAX_WIDTH:
        return [line]
    return [f"{opening}(", "    &self,", *(f"    {one}," for one in takes), f") -> {result} {{"]


def _bound(to: str, made: str) -> Lines:
    """What is bound to a name, as rustfmt breaks it in a method."""
    line = f"{to} {made}"
    return [line] if 4 + len(line) <= MAX_WIDTH else [to, f"        {made}"]


def _option(field: ir.Field, whole: str) -> Lines:
    kind, called = stash.kind(field), name(field.name)
    value = f"Some({called}.into())" if kind in OPTIONAL else f"{called}.into()"
    return [
        *_comment(f"Gives {field.meaning}."),
        f"pub fn {called}(mut self, {called}: {_taken(field, whole)}) -> Self {{",
        f"    self.question.{called} = {value};",
        "    self",
        "}",
    ]


def _taken(field: ir.Field, whole: str) -> str:
    """What a field is made of; `whole` is the type of integers."""
    kinds = {"string": "String", "integer": whole}
    return f"impl Into<{kinds.get(stash.kind(field), 'Value')}>"


def _comment(text: str) -> Lines:
    return [f"/// {line}" for line in wrap(text, MAX_WIDTH - 8)]


def _says(one: stash.Asked) -> str:
    errors = [f"It fails by {error} when {case}." for error, case in one.errors]
    options = ", ".join(f"`{name(field.name)}`" for field in one.optional)
    return " ".join([one.meaning, *errors, *[f"It may be given {options}."] * bool(options)])
