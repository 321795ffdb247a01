"""Table.java of the client: a method for each operation of the stash, and for what it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap

from .. import ir, stash
from ..naming import camel, screaming
from ..template import fill
from .errors import ROOT, exception
from .words import WIDTH, doc, variable

PATH = "peers/java/src/main/java/gdproto/client/Table.java"
TEMPLATE = """
    package gdproto.client;

    import gdproto.gd.DirtyException;
    import gdproto.gd.Message;
    import gdproto.gd.«enumeration»;
    import java.util.List;
    import java.util.Map;

    /**
     * A table of the stash, which the arbiter keeps for all of its clients and workers. Keys are
     * neither lists nor maps. What an operation need not be given may be null.
     */
    public final class Table extends Asking {
      private final String name;

      Table(Client client, String name) {
        super(client);
        this.name = name;
      }

      «methods»

      private Object ask(
          «taken») {
        return answer(
            id ->
                new Message.Stash(
                    «passed»
      }
    }
"""
PASSED_AT = 16
TYPES = {"string": "String", "integer": "Long", "number": "Number", "any": "Object"}
# What a method gives, and what reads it from the answer.
READ = {
    "bool": ("boolean", "bool"),
    "integer": ("long", "integer"),
    "number": ("Number", "number"),
    "list": ("List<?>", "list"),
    stash.TEXTS: ("List<?>", "list"),
    "form": ("Map<String, Object>", "map"),
}
ANY = ("Object", "")


def files(spec: ir.Spec) -> dict[str, str]:
    """The file's text by its path below the root, without its mark."""
    fields, kind = stash.given(spec), stash.enumeration(spec)
    printer = _Printer(fields, kind, {one.name: exception(one) for one in spec.error_types})
    methods = [lines for one in stash.methods(spec) for lines in printer.methods(one)]
    taken = [f"{kind} op", *map(_parameter, fields)]
    passed = ["id", "op.code()", "name", *(variable(field.name) for field in fields)]
    text = fill(
        TEMPLATE,
        enumeration=kind,
        methods=[line for lines in methods for line in ["", *lines]][1:],
        taken=",\n      ".join(taken),
        passed=wrap(", ".join(passed) + "));", WIDTH - PASSED_AT),
    )
    return {PATH: text}


def _parameter(field: ir.Field) -> str:
    return f"{TYPES[stash.kind(field)]} {variable(field.name)}"


@dataclass(frozen=True)
class _Printer:
    """What all methods are printed with.

    Attributes:
        fields: all that a question may have.
        enumeration: of the operations.
        exceptions: the classes of error types.
    """

    fields: list[ir.Field]
    enumeration: str
    exceptions: Mapping[str, str]

    def methods(self, one: stash.Asked) -> list[list[str]]:
        """The method without what it need not be given, and one with it, if there is something."""
        brief = self._method(one, one.required)
        return [brief, self._method(one, one.fields)] if one.optional else [brief]

    def _method(self, one: stash.Asked, takes: tuple[ir.Field, ...]) -> list[str]:
        result, read = READ.get(one.result, ANY)
        passed = [variable(field.name) if field in takes else "null" for field in self.fields]
        op = f"{self.enumeration}.{screaming(one.name)}"
        table = "" if one.of_table else "none."
        asked = f"{table}ask({', '.join([op, *passed])})"
        parameters = [*["Client client"] * (not one.of_table), *map(_parameter, takes)]
        return [
            *doc(_says(one, self.exceptions), 1),
            f"{'public' if one.of_table else 'static'} {result} {camel(one.name)}"
            f"({', '.join(parameters)}) {{",
            *['  Table none = new Table(client, "");'] * (not one.of_table),
            *_returned(f"{read}({asked})" if read else asked, read),
            "}",
        ]


def _returned(made: str, read: str) -> list[str]:
    line = f"  return {made};"
    if len(line) + 2 <= WIDTH:
        return [line]
    return [f"  return {read}(", f"      {made.removeprefix(read + '(')};"]


def _says(one: stash.Asked, named: Mapping[str, str]) -> str:
    errors = [f"Throws {{@link {ROOT}.{named[name]}}} when {case}." for name, case in one.errors]
    return " ".join([_code(one.meaning), *errors])


def _code(text: str) -> str:
    """Names in code, as javadoc has them."""
    parts = text.split("`")
    return "".join(f"{{@code {part}}}" if at % 2 else part for at, part in enumerate(parts))
