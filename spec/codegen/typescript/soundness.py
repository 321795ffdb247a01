"""What TypeScript cannot carry, by the declaration's name."""

from __future__ import annotations

from collections import Counter

from .. import ir
from ..errors import CompileError
from ..layout import leaves
from .printing import attribute, message_class

# Words of the language, and names that the code of a message has already.
OWN_NAMES = frozenset([
    "arguments", "await", "class", "const", "delete", "enum", "eval", "export", "extends",
    "false", "fields", "frame", "function", "implements", "import", "in", "init", "instanceof",
    "interface", "let", "new", "null", "options", "package", "private", "protected", "public",
    "requestId", "static", "super", "this", "throw", "true", "type", "typeof", "undefined", "var",
    "writePayload", "writer",
])  # fmt: skip


def check(spec: ir.Spec) -> None:
    """Raise CompileError for the first thing that TypeScript cannot carry."""
    classes = Counter(message_class(message.name) for message in spec.messages)
    for message in spec.messages:
        where = f"spec.messages: {message.name}"
        if classes[message_class(message.name)] > 1:
            raise CompileError(f"{where}: two messages would be one class in TypeScript")
        names = Counter(attribute(field) for field in leaves(message.fields or ()))
        for field in leaves(message.fields or ()):
            name = attribute(field)
            if name in OWN_NAMES or names[name] > 1:
                what = "TypeScript needs this name for something else"
                raise CompileError(f"{where}: field '{field.name}': {what}")
