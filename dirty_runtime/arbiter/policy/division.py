"""What each of several arbiters has of what all together are told to have: pure.

Rules: workers, ids of resources and the most of everything are divided as evenly as they go, those
that come first have one more. Numbers of slots, workers and calls are each one's own: of two
arbiters one has the even ones, so that a number names its arbiter. What nobody may have twice, such
as the socket, the stash and the metrics, stays with who started them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...settings import IN_MEMORY, Config, ConfigError

# Bounds of all together, of which 0 is none.
MOST = (
    "max_queue",
    "max_queue_bytes",
    "max_clients",
    "max_client_bytes",
    "max_spool_bytes",
    "max_memfd_bytes",
)


@dataclass(frozen=True)
class Share:
    """Which of how many arbiters one is; by default it is alone."""

    index: int = 0
    count: int = 1

    def of(self, whole: int) -> int:
        """Its part of so many."""
        return (whole + self.count - 1 - self.index) // self.count

    def number(self, place: int) -> int:
        """Its own number, from 0, in the place that counts from 0."""
        return place * self.count + self.index

    def place(self, number: int) -> int:
        """The place that has its own number."""
        return number // self.count


ALONE = Share()


def of_slot(number: int, count: int) -> int:
    """Which of so many arbiters has the slot."""
    return number % count


def of_call(number: int, count: int) -> int:
    """Which of so many arbiters has the call."""
    return (number - 1) % count


def divided(config: Config, share: Share) -> Config:
    """The settings of one of several arbiters.

    Raises:
        ConfigError: there is not enough for each of them.
    """
    if config.workers < share.count:
        reason = f"arbiters is at most workers, {config.workers}: each has one of its own"
        raise ConfigError(reason, "arbiters")
    most = {name: -(-getattr(config, name) // share.count) for name in MOST}
    return replace(
        config,
        arbiters=1,
        apps=tuple(
            app._replace(workers=_part(app.workers, app.path, share)) for app in config.apps
        ),
        workers=share.of(config.workers),
        max_workers=max(share.of(config.max_workers), share.of(config.workers)),
        resources={name: ids[share.index :: share.count] for name, ids in config.resources.items()},
        pidfile="",
        metrics="",
        statsd="",
        stash=IN_MEMORY,
        stash_tables={},
        **most,
    )


def check_divided(config: Config) -> None:
    """Raises ConfigError where several arbiters cannot have these settings."""
    for index in range(config.arbiters):
        divided(config, Share(index, config.arbiters))


def check_asked(asked: Mapping[str, int | None], share: Share) -> None:
    """Raises ConfigError where an app asks for fewer workers than there are arbiters."""
    for path, workers in asked.items():
        _part(workers, path, share)


def _part(workers: int | None, path: str, share: Share) -> int | None:
    """Of the workers that an app is limited to."""
    if workers is None:
        return None
    if workers < share.count:
        reason = f"app {path} is limited to {workers} workers, each of {share.count} arbiters needs"
        raise ConfigError(f"{reason} one", "arbiters")
    return share.of(workers)
