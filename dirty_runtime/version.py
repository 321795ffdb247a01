"""What a STATUS says of this implementation."""

from __future__ import annotations

from importlib.metadata import version

PROTOCOL = "GD/1"
VERSION = version("gdproto")
EXTENSIONS = ["cancel"]
