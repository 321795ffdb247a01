"""Mutants made by hand: a name, and a small change of the declaration, seldom of a source.

Rules: a change that changes nothing is an error, so that no mutant lives on as the codec itself
when the text that it edits has moved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from importlib.resources import files
from operator import is_
from typing import Any, NamedTuple

from gdproto.spec.codegen import ir, python
from gdproto.spec.codegen.walk import walk

PACKAGE = "gdproto/"
FOLDERS = ("", "_generated/")
SPEC = walk()

Change = Callable[[ir.Spec], ir.Spec]
Sources = dict[str, str]


class MutantError(Exception):
    """A mutant does not apply: the message names it and what it did not find."""


class Edit(NamedTuple):
    """One text for another.

    Attributes:
        file: path below the package.
        times: how often the old text stands in it; 0 for any number but none.
    """

    file: str
    old: str
    new: str
    times: int = 1


def every(file: str, old: str, new: str) -> Edit:
    """An edit of any number of places."""
    return Edit(file, old, new, times=0)


@dataclass(frozen=True)
class Mutant:
    """One broken codec.

    Attributes:
        name: says what it does wrong.
        edits: of the source, in order, after the change.
        change: of the declaration's intermediate form.
    """

    name: str
    edits: tuple[Edit, ...] = ()
    change: Change | None = None

    def sources(self) -> Sources:
        """The broken codec's modules by path below the package. Raises MutantError."""
        sources = dict(original())
        if self.change is not None:
            sources |= self._printed()
        for edit in self.edits:
            sources[edit.file] = self._edited(edit, sources[edit.file])
        return sources

    def _printed(self) -> Sources:
        assert self.change is not None
        changed = self.change(SPEC)
        if changed == SPEC:
            raise MutantError(f"{self.name}: the declaration is what it was")
        return _printed(changed)

    def _edited(self, edit: Edit, text: str) -> str:
        found = text.count(edit.old)
        if found == 0 or found != (edit.times or found):
            wanted = edit.times or "some"
            raise MutantError(f"{self.name}: {edit.file} has {found}, not {wanted}: {edit.old!r}")
        return text.replace(edit.old, edit.new)


@cache
def original() -> Sources:
    """The codec's own modules, those that the compiler prints as it prints them now."""
    package = files("gdproto")
    found = {
        folder + file.name: file.read_text()
        for folder in FOLDERS
        for file in package.joinpath(folder).iterdir()
        if file.name.endswith(".py")
    }
    return found | _printed(SPEC)


# Of what can be tried in no time, but for the depth, which vectors reach.
LOW_LIMITS = {"max_payload_bytes": 1000, "max_blob_bytes": 300, "max_items": 80}
# With these, so little is written before it is counted.
LOW_COUNTS = {
    "COUNTED_BYTES = 512": "COUNTED_BYTES = 260",
    "MOST_PIECES = 64 *": "MOST_PIECES = 0 *",
}


@cache
def limited() -> Sources:
    """The codec's modules with low limits."""
    spec = SPEC
    for name, value in LOW_LIMITS.items():
        spec = change(where(ir.Limit, name=name), value=value)(spec)
    fast = original()["fast.py"]
    for old, new in LOW_COUNTS.items():
        assert fast.count(old) == 1
        fast = fast.replace(old, new)
    return original() | {"fast.py": fast} | _printed(spec)


def _printed(spec: ir.Spec) -> Sources:
    # No C codec has this hash: a mutant is Python alone.
    printed = python.files(spec, "mutant")
    return {path.removeprefix(PACKAGE): text for path, text in printed.items()}


# --- changes of the declaration ---


class Where(NamedTuple):
    """Nodes of one kind with these attributes."""

    kind: type
    like: dict[str, Any]

    def holds(self, node: Any) -> bool:
        return type(node) is self.kind and all(
            getattr(node, name) == value for name, value in self.like.items()
        )


def where(kind: type, **like: Any) -> Where:
    return Where(kind, like)


def change(*path: Where, **new: Any) -> Change:
    """Replace the attributes `new` of each node that the last of `path` says, inside the others."""

    def apply(spec: ir.Spec) -> ir.Spec:
        changed: ir.Spec = _rewritten(spec, path, new)
        return changed

    return apply


def _rewritten(node: Any, path: tuple[Where, ...], new: dict[str, Any]) -> Any:
    """The node with the change below it; itself where nothing changes."""
    if isinstance(node, tuple):
        items = tuple(_rewritten(item, path, new) for item in node)
        return node if all(map(is_, items, node)) else items
    names = _fields(node.__class__)
    if not names:
        return node
    if path[0].holds(node):
        if len(path) == 1:
            return replace(node, **new)
        path = path[1:]
    changed = {}
    for name in names:
        held = getattr(node, name)
        # Most of what a node holds is neither.
        if held.__class__ is tuple or _fields(held.__class__):
            made = _rewritten(held, path, new)
            if made is not held:
                changed[name] = made
    return replace(node, **changed) if changed else node


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    """The names of its fields; none of what is no dataclass."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def both(*changes: Change) -> Change:
    """One change after the other."""

    def apply(spec: ir.Spec) -> ir.Spec:
        for one in changes:
            spec = one(spec)
        return spec

    return apply
