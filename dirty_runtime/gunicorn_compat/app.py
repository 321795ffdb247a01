"""gunicorn.dirty.app: loading apps in this process."""

from __future__ import annotations

from collections.abc import Iterable

from ..app import App, DirtyApp, load_app, load_class, parse_app_spec
from .errors import DirtyAppError, DirtyAppNotFoundError

__all__ = [
    "DirtyApp",
    "get_app_workers_attribute",
    "load_dirty_app",
    "load_dirty_apps",
    "parse_dirty_app_spec",
]


def parse_dirty_app_spec(spec: str) -> tuple[str, int | None]:
    """``module:Class`` and the number of workers, None for all. Raises DirtyAppError."""
    try:
        path, workers, _ = parse_app_spec(spec)
    except DirtyAppError as error:
        raise DirtyAppError(f"{_misspelt(spec)}: {error.message}") from error
    return path, workers


def load_dirty_app(import_path: str) -> App:
    """An instance of the app's class, before `init`. Raises DirtyAppError."""
    path, _ = parse_dirty_app_spec(import_path)
    try:
        return load_app(path)
    except DirtyAppNotFoundError as error:
        raise DirtyAppNotFoundError(path, f"Not found: {error.message}") from error
    except DirtyAppError as error:
        raise DirtyAppError(f"Failed to instantiate: {error.message}", path) from error


def load_dirty_apps(import_paths: Iterable[str]) -> dict[str, App]:
    """Instances by import path. Raises DirtyAppError."""
    return {path: load_dirty_app(path) for path in import_paths}


def get_app_workers_attribute(import_path: str) -> int | None:
    """The class attribute `workers`. Raises DirtyAppError."""
    path, _ = parse_dirty_app_spec(import_path)
    workers: int | None = getattr(load_class(path), "workers", None)
    return workers


def _misspelt(spec: str) -> str:
    """What gunicorn calls it, for programs that look for these words."""
    match spec.split(":"):
        case [_, _, count] if count.lstrip("-").isdigit():
            return "The number of workers must be >= 1"
        case [_, _, _]:
            return "Expected integer"
        case _:
            return "Invalid import path format"
