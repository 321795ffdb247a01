"""The arbiter: a program that takes clients' requests to workers and the answers back."""

from __future__ import annotations

from .arbiter import DirtyArbiter
from .lifetime import StartError

__all__ = ["DirtyArbiter", "StartError"]
