"""Cases: what the vectors say of bytes and values, as data for programs in any language."""

from __future__ import annotations

from .case import FORMAT, KINDS, SCHEMA, VECTORS, Area, Case, areas, case_of, is_large, load
from .recipes import Recipe, cut, made, numeral, numerals, size
from .typed import NotHeld, Typed, from_typed, to_typed

__all__ = [
    "FORMAT", "KINDS", "SCHEMA", "VECTORS", "Area", "Case", "NotHeld", "Recipe", "Typed", "areas",
    "case_of", "cut", "from_typed", "is_large", "load", "made", "numeral", "numerals", "size",
    "to_typed",
]  # fmt: skip
