"""One app with an action of every kind, on gunicorn's base, whose import takes its time."""

from __future__ import annotations

import gunicorn.dirty.app

from .kinds import Actions


class Theirs(Actions, gunicorn.dirty.app.DirtyApp):
    """The actions on gunicorn's base."""
