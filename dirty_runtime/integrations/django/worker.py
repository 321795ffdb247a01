"""Apps that use Django's models: Django is set up before their module goes on.

    from dirty_runtime.integrations.django.worker import DirtyApp
    from shop.models import Price          # after it

Rules: DJANGO_SETTINGS_MODULE says which project. Connections to databases that are too old, or
broken, are closed around each call, as around a request.
"""

from __future__ import annotations

from typing import Any

import django
from django.db import close_old_connections

from ... import app

django.setup()


class DirtyApp(app.DirtyApp):
    """As `dirty_runtime.DirtyApp`."""

    def __call__(self, action: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call the action. Raises ValueError for an unknown one, and what the action raises."""
        close_old_connections()
        try:
            return super().__call__(action, *args, **kwargs)
        finally:
            close_old_connections()
