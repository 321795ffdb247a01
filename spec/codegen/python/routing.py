"""Routing: what an arbiter reads of a REQUEST that begins as it is written."""

from __future__ import annotations

from .. import ir
from ..errors import CompileError
from .fields import annotation
from .from_bytes import read_in_order
from .printing import Lines

# The fields by which an arbiter routes a REQUEST: those that stand first in it.
ROUTING = ("app_path", "action", "timeout")


def routing_reader(spec: ir.Spec) -> Lines:
    request = next(m for m in spec.messages if m.name == "REQUEST")
    fields = (request.fields or ())[: len(ROUTING)]
    if tuple(f.name for f in fields) != ROUTING:
        raise CompileError(f"spec.messages: REQUEST does not begin with {', '.join(ROUTING)}")
    types = ", ".join(annotation(f) for f in fields)
    meaning = f"{', '.join(ROUTING)} as a REQUEST begins with them, and where they end."
    return [
        "",
        f"def read_routing(source: bytes, pos: int) -> tuple[{types}, int] | None:",
        f'    """{meaning}"""',
        *(f"    {line}" for line in read_in_order(fields, spec, 1)),
        f"    return {', '.join(ROUTING)}, pos",
        "",
    ]
