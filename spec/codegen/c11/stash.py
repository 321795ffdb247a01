"""gd_stash.h of the client: a function for each operation of the stash."""

from __future__ import annotations

from textwrap import wrap

from .. import ir, stash
from ..naming import screaming, snake
from ..template import fill
from .printing import KINDS, constant, member, text

PATH = "peers/c/lib/gd_stash.h"
WIDTH = 100
# A blank at which no line is broken.
WHOLE = "\0"
TEMPLATE = """
    /* The operations of the stash: tables of the arbiter, which all clients and workers share.
     *
     * Rules: keys are neither lists nor dicts. Each function returns whether there is a result, of
     * the kind that is declared; what it holds lives until gd_answer_free. */
    #ifndef GD_STASH_H
    #define GD_STASH_H

    #include "gd_client.h"

    «functions»

    #endif
"""
# What a result may be.
RESULTS = {
    "bool": ("bool",),
    "integer": ("integer",),
    "number": ("integer", "float"),
    "list": ("list",),
    stash.TEXTS: ("list",),
    "form": ("dict",),
}
CLIENT, CALL = "gd_client *client", ("const gd_terms *terms", "gd_answer *answer")


def files(spec: ir.Spec) -> dict[str, str]:
    """The file's text by its path below the root, without its mark."""
    fields, kind = stash.given(spec), stash.enumeration(spec)
    functions = [_function(one, fields, kind) for one in stash.methods(spec)]
    return {PATH: fill(TEMPLATE, functions=[line for f in functions for line in ["", *f]][1:])}


def _function(one: stash.Asked, fields: list[ir.Field], enumeration: str) -> list[str]:
    table = ["const char *table"] if one.of_table else []
    takes = [CLIENT, *table, *(f"gd_value {member(field.name)}" for field in one.fields), *CALL]
    op = constant(screaming(enumeration), one.name)
    given = [member(field.name) if field in one.fields else "gd_none()" for field in fields]
    name = "table" if one.of_table else text("")
    passed = ["0", f"gd_integer({op})", f"gd_text({name})", *given]
    kinds = " | ".join(f"1u << {KINDS[kind]}" for kind in RESULTS.get(one.result, ()))
    asked = f"{kinds or 'GD__ANY_KIND'}, client, question, terms, answer"
    return [
        *_comment(_says(one)),
        *_broken(f"static inline bool gd_stash_{snake(one.name)}({_whole(takes)}){WHOLE}{{", ""),
        *_broken(f"gd_message question = gd_make_stash({', '.join(passed)});", "    "),
        *_broken(f"return gd__client_ask_for({asked});", "    "),
        "}",
    ]


def _broken(line: str, indent: str) -> list[str]:
    """A line, continued where it is too long."""
    lines = wrap(line, WIDTH, initial_indent=indent, subsequent_indent=indent + "    ")
    return [one.replace(WHOLE, " ") for one in lines]


def _whole(parameters: list[str]) -> str:
    """Parameters that a line is not broken inside of."""
    return ", ".join(one.replace(" ", WHOLE) for one in parameters)


def _comment(text: str) -> list[str]:
    first, *others = wrap(text, WIDTH - len("/*  */"))
    lines = [f"/* {first}", *(f" * {line}" for line in others)]
    return [*lines[:-1], f"{lines[-1]} */"]


def _says(one: stash.Asked) -> str:
    errors = [f"Its failure is {name} when {case}." for name, case in one.errors]
    options = ", ".join(f"`{member(field.name)}`" for field in one.optional)
    return " ".join([one.meaning, *errors, *[f"May be none: {options}."] * bool(options)])
