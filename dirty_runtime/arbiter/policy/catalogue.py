"""What is known of the apps: pure.

Rules: what the command line or the config file says beats what an app's class says of itself.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ...app import AppSpec
from ...settings import Config
from .division import ALONE, Share


class AppFacts(NamedTuple):
    """The attributes of an app's class: see `DirtyApp`."""

    workers: int | None = None
    stashes: tuple[str, ...] = ()
    kill_on_cancel: bool = False
    concurrency: int = 1
    fill: int = 0
    preload: bool = False
    resources: Mapping[str, float] = MappingProxyType({})


class Catalogue:
    """The apps of one arbiter; `specs` are as they were ordered, and as far as they are known.

    Args:
        placed: the apps for whose workers a cluster finds what they take.
        share: what this arbiter has of the workers that an app asks for by itself.
    """

    def __init__(
        self,
        specs: Iterable[AppSpec],
        preload: bool | Sequence[str] | None = None,
        resources: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
        placed: Container[str] = (),
        share: Share = ALONE,
    ) -> None:
        self._share = share
        self._placed = placed
        self._preload = preload
        self._resources = resources
        self._ordered = {spec.path: spec for spec in specs}
        self._facts = dict.fromkeys(self._ordered, AppFacts())

    @classmethod
    def of(cls, config: Config, share: Share = ALONE) -> Catalogue:
        """That of an arbiter with these settings."""
        apps = [app._replace(launcher=config.launcher_of(app)) for app in config.apps]
        placed = [app.path for app in config.apps if config.is_placed(app)]
        return cls(apps, config.preload, config.app_resources, placed, share)

    @property
    def specs(self) -> tuple[AppSpec, ...]:
        return tuple(
            spec._replace(workers=spec.workers or self._limit_of(path))
            for path, spec in self._ordered.items()
        )

    def _limit_of(self, path: str) -> int | None:
        """How many workers the app asks for by itself, here."""
        workers = self._facts[path].workers
        return workers and self._share.of(workers)

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self._ordered)

    @property
    def launchers(self) -> dict[str, list[str]]:
        """The paths of the apps of each launcher."""
        found: dict[str, list[str]] = {}
        for path, spec in self._ordered.items():
            found.setdefault(spec.launcher, []).append(path)
        return found

    def preloads(self, path: str) -> bool:
        """Whether the app is loaded once, for all workers of Python."""
        if isinstance(self._preload, bool):
            return self._preload
        return self._facts[path].preload if self._preload is None else path in self._preload

    def is_placed(self, launcher: str) -> bool:
        """Whether a cluster finds what the launcher's workers take."""
        return any(path in self._placed for path in self.launchers.get(launcher, ()))

    def needs(self, path: str) -> Mapping[str, float]:
        """What a worker takes of each resource of this machine for the app."""
        return {} if path in self._placed else self.asks(path)

    def asks(self, path: str) -> Mapping[str, float]:
        """What a worker takes of each resource for the app, wherever that is."""
        return self._resources.get(path, self._facts[path].resources)

    def launcher_of(self, paths: Sequence[str]) -> str:
        """Who starts a worker of these apps, which share one."""
        return self._ordered[paths[0]].launcher

    @property
    def stashes(self) -> list[str]:
        """The tables that the apps want to be there."""
        return sorted({table for facts in self._facts.values() for table in facts.stashes})

    @property
    def facts(self) -> dict[str, AppFacts]:
        """What each app says of itself."""
        return dict(self._facts)

    def learn(self, path: str, facts: AppFacts) -> bool:
        """Note what the app says of itself. Returns whether that was not known."""
        is_new = self._facts[path] != facts
        self._facts[path] = facts
        return is_new

    def own_lanes(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Those of the apps that ask for a lane of their own, for several exchanges at once."""
        return tuple(path for path in paths if self._facts[path].concurrency > 1)

    def fill(self, path: str) -> int:
        """How many calls of the app a worker is given before another one is; 0 to spread them."""
        return self._facts[path].fill

    def kills_on_cancel(self, path: str) -> bool:
        """Whether a worker is to end that runs a call of the app which was given up."""
        return self._facts[path].kill_on_cancel
