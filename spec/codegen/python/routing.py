"""Routing: what an arbiter reads of a REQUEST that begins as it is written."""

from __future__ import annotations

from .. import ir
from ..errors import CompileError
from ..layout import key_bytes
from .fields import annotation
from .from_bytes import read_in_order
from .printing import Lines

# The fields by which an arbiter routes a REQUEST: those that stand first in it.
ROUTING = ("app_path", "action", "timeout", "priority")
# Of these, the last counts only before the arguments: who has found the others need not step over
# those to learn that it is not there.
EARLY = ROUTING[-1]
ARGUMENTS = ("args", "kwargs")


def routing_reader(spec: ir.Spec) -> Lines:
    request = next(m for m in spec.messages if m.name == "REQUEST")
    fields = (request.fields or ())[: len(ROUTING)]
    if tuple(f.name for f in fields) != ROUTING:
        raise CompileError(f"spec.messages: REQUEST does not begin with {', '.join(ROUTING)}")
    first = fields[: ROUTING.index(EARLY)]
    types = ", ".join(annotation(f) for f in first)
    names = ", ".join(f.name for f in first)
    meaning = f"{names} as a REQUEST begins with them, and where they end."
    behind = tuple(key_bytes(name, spec) for name in ARGUMENTS)
    return [
        "",
        f"# How fields begin that stand behind {EARLY}, which does not count behind them.",
        f"BEHIND_ROUTING = {behind!r}",
        f"ARGUMENTS = frozenset({ARGUMENTS!r})",
        "",
        "",
        f"def read_routing(source: bytes, pos: int) -> tuple[{types}, int] | None:",
        f'    """{meaning}"""',
        *(f"    {line}" for line in read_in_order(first, spec, 1)),
        f"    return {names}, pos",
        "",
    ]
