"""Celery tasks that call workers: the queue is Celery's, the model is loaded once, beside it.

    dirty serve --chdir examples --app storyteller:Storyteller --socket /tmp/stories.sock
    DIRTY_SOCKET=/tmp/stories.sock celery --workdir examples --app celery_app worker

A task that calls waits, and computes nothing: give Celery as many processes, or greenlets, as calls
may wait. Each process of Celery's has a client of its own.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery  # type: ignore[import-untyped]

from dirty_runtime import DirtyConnectionError, DirtyOverloadedError, get_dirty_client

STORYTELLER = "storyteller:Storyteller"

app = Celery("stories", broker=os.environ.get("CELERY_BROKER", "redis://"))
app.conf.result_backend = os.environ.get("CELERY_RESULTS", "redis://")


# Where the arbiter is busy, away or lost the task comes back later. It may be done twice: else it
# would ask the error's `begun` first.
@app.task(autoretry_for=(DirtyOverloadedError, DirtyConnectionError), retry_backoff=True)  # type: ignore[untyped-decorator]
def story(length: int, seed: int = 0) -> Any:
    """The story, as the task's result."""
    return get_dirty_client(timeout=60.0).execute(STORYTELLER, "story", length, seed)
