"""The machine-readable spec: the IR as JSON, for tools and for peers in other languages."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from typing import Any

from . import ir


def files(spec: ir.Spec, mark: str) -> dict[str, str]:
    """File contents by path below the repository's root."""
    document = {"protocol": "GD", "generated": mark, **plain(spec)}
    return {"gdproto/_generated/spec.json": json.dumps(document, indent=1) + "\n"}


def plain(node: Any) -> Any:
    """Dataclasses, tuples and bytes as JSON values; a body carries the name of its form."""
    if is_dataclass(node) and not isinstance(node, type):
        fields = {key: plain(getattr(node, key)) for key in asdict(node)}
        form = {"form": type(node).__name__.lower()} if isinstance(node, ir.Body) else {}
        return {**form, **fields}
    if isinstance(node, list | tuple):
        return [plain(item) for item in node]
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, bytes):
        return {"hex": node.hex()}
    return node
