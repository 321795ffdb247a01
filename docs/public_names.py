"""What the reader of sources has to be told of gdproto's names.

Rules: which codec runs is decided when it is imported, so a name of the codec is assigned, not
defined; what it is, its Python function says, and the one in C is the same. A generated constant
has no words of its own: they stand here. An enumeration is told by its codes.
"""

from __future__ import annotations

from typing import Any

from griffe import Alias, Attribute, Class, Docstring, Extension, Module

MEANINGS = {
    "ERROR_TEXT_BYTES": "How much of an ERROR's message and details, in bytes, a sender keeps.",
    "ERROR_TYPES": "The error types of the specification, each with its parent and its details.",
    "HEADER_BYTES": "The size of a header, in bytes.",
    "IMPLEMENTATION": 'Which codec runs: `"c"` or `"python"`.',
    "MAGIC": "The bytes that each frame begins with.",
    "MAX_PAYLOAD_BYTES": "The largest payload of a frame, in bytes.",
    "MESSAGE_CLASSES": "The class of each message, by its code.",
    "NEED_DATA": "What `Connection.next_event` returns while there is no event.",
    "PRIORITY_RANGE": "The least and the greatest priority of a call.",
    "RAW_DATA_BYTES": "How many of a faulty frame's bytes, at most, an ERROR may quote.",
    "VALUE_TYPES": "The types of values: name, code, form and limits of each, by their codes.",
    "VERSION": "The version of the protocol, as headers have it.",
}
ENUMERATIONS = ("ManageOp", "MessageCode", "StashOp")


class PublicNames(Extension):
    """Puts it where the reader looks for it."""

    def on_package(self, *, pkg: Module, **_: Any) -> None:
        if pkg.name != "gdproto":
            return
        implementation = pkg["implementation"]
        for name, member in list(implementation.members.items()):
            if isinstance(member, Attribute) and (found := function_of(pkg, member)):
                implementation.set_member(name, Alias(name, found, parent=implementation))
        for name, words in MEANINGS.items():
            constant = pkg[name].final_target
            constant.docstring = Docstring(words, parent=constant)
            if len(str(constant.value)) > 40:
                constant.value = None
        for name in ENUMERATIONS:
            codes = pkg[name].final_target
            codes.docstring = Docstring(told(codes), parent=codes)


def function_of(pkg: Module, member: Attribute) -> Any:
    """The function that is assigned by its module's name; None for what is something else."""
    module, _, name = str(member.value).partition(".")
    if not name or module not in pkg.modules:
        return None
    return pkg[module].members.get(name)


def told(codes: Class) -> str:
    """The codes of an enumeration."""
    members: dict[str, Any] = dict(codes.members)
    each = (f"`{name}` {one.value}" for name, one in members.items() if one.is_attribute)
    return f"Codes: {', '.join(each)}."
