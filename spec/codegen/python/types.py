"""The Python types that the codec has, in the order in which it looks for them."""

from __future__ import annotations

PYTHON_TYPES = ("str", "int", "float", "dict", "list", "NoneType", "bool", "bytes")
