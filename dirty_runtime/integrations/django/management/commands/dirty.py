"""``manage.py dirty``: the dirty command, with the project's socket and apps.

manage.py dirty serve --workers 4
manage.py dirty status
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand

from ... import configured

SOCKET = "DIRTY_SOCKET"


class Command(BaseCommand):
    """Becomes the dirty command; its words are those of that command."""

    help = __doc__

    def run_from_argv(self, argv: Sequence[str]) -> None:
        """Does not return, but for an OSError."""
        found = configured()
        if found["SOCKET"]:
            os.environ[SOCKET] = found["SOCKET"]
        words = list(argv[2:])
        if words[:1] == ["serve"] and "--app" not in words:
            words += [word for app in found["APPS"] for word in ("--app", app)]
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", "dirty_runtime", *words])

    def handle(self, *args: Any, **options: Any) -> None:
        """Called by `call_command` alone."""
        self.run_from_argv(["", "dirty", *args])
