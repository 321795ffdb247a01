"""The C backend: the value codec and the messages as one CPython extension.

The parts that do not depend on the declaration stand in `parts/`: `support.c` before what is
printed here, the others after it. As in Python, the code handles what is common and right, and
leaves everything else, as a doubt, to the Python codec.
"""

from __future__ import annotations

from pathlib import Path

from .. import ir
from ..python import PYTHON_TYPES
from ..walk import CompileError
from .facts import facts, states
from .messages import messages
from .printing import FLOATS, INTEGERS, section
from .reading import readers
from .routing import routing
from .writing import writers

PARTS = Path(__file__).parent / "parts"
PATH = "gdproto/_generated/codec.c"

# The same functions as types see them.
STUB = '''"""The C codec's functions. They are those of gdproto.tlv, frames and messages."""

from typing import Any

from ..frames import Header, Message
from ..messages import RequestPeek

SPEC_HASH: str

def bind(
    messages: dict[int, type[Message]],
    header: type[Header],
    peek: type[RequestPeek],
    functions: dict[str, Any],
    /,
) -> None: ...
def encode(value: Any) -> bytes: ...
def decode(data: bytes | bytearray | memoryview, *, zero_copy: bool = False) -> Any: ...
def parse(data: bytes | bytearray | memoryview, *, zero_copy: bool = False) -> Message: ...
def parse_payload(header: Header, data: bytes | memoryview, start: int = 0) -> Message: ...
def parse_header(data: bytes | bytearray | memoryview, offset: int = 0) -> Header: ...
def peek_request(payload: bytes | bytearray | memoryview, start: int = 0) -> RequestPeek: ...
def begin_value(
    data: bytes | bytearray, start: int, least: int, /
) -> tuple[int, bytes, memoryview] | None: ...
def parse_around(frame: memoryview, at: int, value: bytes, /) -> Message | None: ...
def to_bytes(self: Message) -> bytes: ...
def bind_connection(
    connection: type[Any],
    frame_received: type[Any],
    message_received: type[Any],
    need_data: object,
    states: tuple[str, ...],
    functions: dict[str, Any],
    /,
) -> None: ...
def next_event(self: Any) -> Any: ...
def receive_data(self: Any, data: bytes | bytearray | memoryview) -> None: ...
def send(self: Any, message: Message) -> bytes: ...
def send_parts(self: Any, message: Message) -> list[bytes]: ...
def send_frame(self: Any, frame: bytes, header: Header | None = None) -> bytes: ...
'''


def files(spec: ir.Spec, source_hash: str) -> dict[str, str]:
    """File contents by path below the repository's root, without their marker."""
    _known_types(spec)
    sections = [
        (PARTS / "support.c").read_text(),
        section("Wire facts", facts(spec, source_hash)),
        section("Writing values", writers(spec)),
        section("Reading values", readers(spec)),
        section("Messages", messages(spec)),
        section("Routing", routing(spec)),
        section("States", states(spec)),
        *(
            (PARTS / f"{name}.c").read_text()
            for name in ("functions", "apart", "connection", "module")
        ),
    ]
    return {PATH: "\n".join(sections), f"{PATH.removesuffix('.c')}.pyi": STUB}


def _known_types(spec: ir.Spec) -> None:
    for value in spec.values:
        where = f"spec.tlv: value type '{value.name}'"
        if value.python not in PYTHON_TYPES:
            raise CompileError(f"{where}: no C codec for {value.python}")
        match value.body:
            case ir.Fixed(format) if value.python in ("int", "float"):
                if format not in (FLOATS if value.python == "float" else INTEGERS):
                    raise CompileError(f"{where}: no C codec for the format {format}")
            case ir.Mapped(_, 1, choices) if {type(c) for _, c in choices} == {bool}:
                pass
            case ir.Fixed() | ir.Mapped():
                raise CompileError(f"{where}: no C codec for this form")
