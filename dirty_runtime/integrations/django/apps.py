"""What INSTALLED_APPS finds."""

from __future__ import annotations

from django.apps import AppConfig


class DirtyConfig(AppConfig):
    """The app, which has no models."""

    name = "dirty_runtime.integrations.django"
    label = "dirty"

    def ready(self) -> None:
        """Look at the settings early. Raises ImproperlyConfigured."""
        from . import configured

        configured()
