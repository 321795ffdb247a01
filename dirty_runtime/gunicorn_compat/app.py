"""gunicorn.dirty.app: loading apps in this process."""

from __future__ import annotations

from collections.abc import Iterable

from ..app import App, DirtyApp, load_app, load_class, parse_app_spec

__all__ = [
    "DirtyApp",
    "get_app_workers_attribute",
    "load_dirty_app",
    "load_dirty_apps",
    "parse_dirty_app_spec",
]


def parse_dirty_app_spec(spec: str) -> tuple[str, int | None]:
    """``module:Class`` and the number of workers, None for all. Raises DirtyAppError."""
    path, workers, _ = parse_app_spec(spec)
    return path, workers


def load_dirty_app(import_path: str) -> App:
    """An instance of the app's class, before `init`. Raises DirtyAppError."""
    return load_app(_plain(import_path))


def load_dirty_apps(import_paths: Iterable[str]) -> dict[str, App]:
    """Instances by import path. Raises DirtyAppError."""
    return {path: load_dirty_app(path) for path in import_paths}


def get_app_workers_attribute(import_path: str) -> int | None:
    """The class attribute `workers`. Raises DirtyAppError."""
    workers: int | None = getattr(load_class(_plain(import_path)), "workers", None)
    return workers


def _plain(import_path: str) -> str:
    """The path itself, if it has the form of one. Raises DirtyAppError."""
    return parse_app_spec(import_path).path
