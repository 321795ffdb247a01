"""What a STATUS says of this implementation."""

from __future__ import annotations

import os

import gdproto

PROTOCOL = "GD/1"
# Not from the metadata of what is installed: reading that takes a third of a worker's start.
VERSION = gdproto.__version__
EXTENSIONS = ["cancel", *(["memfd"] if hasattr(os, "memfd_create") else [])]
