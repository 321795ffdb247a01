"""A cgroup v2 for each worker: the memory that its whole tree may have, and whether it met that.

Rules: they are made below the cgroup that the arbiter was started in, its base, if that is ours to
divide. A cgroup may divide its memory where no process is in itself: so the arbiter goes to one
below, and its keepers with it, which must outlive what they keep. Nothing is left behind: a
worker's goes with its tree, the arbiter's with the last arbiter there, and what one has left that
was killed is removed by the next, for which its template opens the base again. Where none can be
made, workers are limited by their addresses, and the log says why.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from ...divided import ARBITER, EMPTY_S, LOOK_S, PREFIX

log = logging.getLogger("dirty")

NONE_LEFT = "the machine, or what limits all together, had no memory left"


class NotToBeHad(Exception):
    """No cgroups can be made; the message says why."""


class Leaf:
    """The cgroup of one worker.

    Args:
        limit: bytes that it may have; 0 for any number.

    Raises:
        OSError: it cannot be made; nothing is left of it.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self._limit = limit
        path.mkdir()
        try:
            # Else what is left of a tree would go on in the middle of its work.
            (path / "memory.oom.group").write_text("1")
            if limit:
                (path / "memory.max").write_text(str(limit))
                # Where nothing is swapped there is no such file.
                with suppress(FileNotFoundError):
                    (path / "memory.swap.max").write_text("0")
        except BaseException:
            path.rmdir()
            raise

    def death(self, was_killed: bool) -> str:
        """For which want of memory the kernel has killed it, which is gone; empty where it has not.

        Args:
            was_killed: whether somebody else has.
        """
        with suppress(OSError):
            return death_of((self.path / "memory.events").read_text(), self._limit)
        return ""

    def remove(self) -> None:
        """Remove it, when its tree is gone; what is still in it is killed."""
        remove([self.path], 0)


class Shared:
    """The cgroup of all, of workers that have none of their own: it tells that one was killed.

    Raises:
        OSError, ValueError: it tells nothing.
    """

    def __init__(self, path: Path) -> None:
        self._events = path / "memory.events"
        self._seen = self._kills()

    def death(self, was_killed: bool) -> str:
        """As `Leaf.death`; of two that are killed at once for different reasons, it may err."""
        with suppress(OSError, ValueError):
            before, self._seen = self._seen, self._kills()
            return NONE_LEFT if was_killed and self._seen > before else ""
        return ""

    def remove(self) -> None:
        """It stays."""

    def _kills(self) -> int:
        return counts_of(self._events.read_text())["oom_kill"]


class Cgroups:
    """The cgroups of one arbiter.

    Args:
        root: where the files of the kernel are.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._base: Path | None = None
        self.shared: Shared | None = None

    def begin(self, is_wanted: bool, is_told: bool = True) -> None:
        """Make ready what is needed before anything is started, or say why it cannot be.

        Args:
            is_wanted: whether each worker is to have one.
            is_told: whether nobody else says why it has none.
        """
        with suppress(NotToBeHad, OSError, ValueError):
            self.shared = Shared(self._own())
        if not is_wanted:
            return
        try:
            self._base = self._divided()
        except NotToBeHad as reason:
            log.log(
                logging.WARNING if is_told else logging.DEBUG,
                "no cgroups, max-memory-bytes counts addresses: %s",
                reason,
            )
        else:
            remove(below(self._base, lambda pid: pid == os.getpid() or not _lives(pid)), 0)

    @property
    def divided(self) -> str:
        """The path of the base; empty where nothing is divided."""
        return "" if self._base is None else str(self._base)

    def leaf(self, age: int, limit: int) -> Leaf | None:
        """A cgroup for the worker of that age; None where it is to be limited by its addresses."""
        if self._base is None:
            return None
        try:
            return Leaf(self._base / f"{PREFIX}{os.getpid()}-{age}", limit)
        except OSError as error:
            log.error("no cgroup, max-memory-bytes counts addresses: %s", _told(error))
            return None

    def end(self) -> None:
        """Remove what is still there, and what no other arbiter uses."""
        if self._base is None:
            return
        base, self._base = self._base, None
        remove(below(base, lambda pid: pid == os.getpid()), EMPTY_S)
        with suppress(OSError):
            own = base / ARBITER
            if (own / "cgroup.procs").read_text().split() == [str(os.getpid())]:
                leave(base)

    def _divided(self) -> Path:
        """The base, of which each part may have a limit. Raises NotToBeHad."""
        try:
            own = self._own()
            # One that follows another, or is one of several, is there already.
            base = own.parent if own.name == ARBITER else own
            if "memory" not in (base / "cgroup.controllers").read_text().split():
                raise NotToBeHad(f"{base} has no memory controller")
            join(base)
        except OSError as error:
            raise NotToBeHad(_told(error)) from None
        return base

    def _own(self) -> Path:
        """The cgroup of this process. Raises NotToBeHad, OSError."""
        proc = self._root / "proc" / "self"
        return own_cgroup((proc / "cgroup").read_text(), (proc / "mountinfo").read_text())


def below(base: Path, is_wanted: Callable[[int], bool]) -> list[Path]:
    """The cgroups of workers of those arbiters. Raises OSError."""
    return [base / name for name in of_arbiters(os.listdir(base), is_wanted)]


def join(base: Path) -> None:
    """Go below the base, and have memory divided there. Raises NotToBeHad, OSError."""
    own, control = base / ARBITER, base / "cgroup.subtree_control"
    own.mkdir(exist_ok=True)
    try:
        (own / "cgroup.procs").write_text(str(os.getpid()))
        if "memory" not in control.read_text().split():
            control.write_text("+memory")
    except OSError as error:
        with suppress(OSError):
            leave(base)
        if error.errno == errno.EBUSY:
            raise NotToBeHad(f"others are in {base}: it is to be the arbiter's alone") from None
        raise


def leave(base: Path) -> None:
    """Go back to the base, and undo what `join` has done. Raises OSError."""
    procs = base / "cgroup.procs"
    try:
        procs.write_text(str(os.getpid()))
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        (base / "cgroup.subtree_control").write_text("-memory")
        procs.write_text(str(os.getpid()))
    (base / ARBITER).rmdir()


def remove(paths: Iterable[Path], limit_s: float) -> None:
    """Remove these cgroups, and kill what is in them, for so long at the most."""
    until_s = time.monotonic() + limit_s
    for path in paths:
        while not _removed(path) and time.monotonic() < until_s:
            time.sleep(LOOK_S)


def _removed(path: Path) -> bool:
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        # A kernel before 5.14 has no such file.
        with suppress(OSError):
            (path / "cgroup.kill").write_text("1")
        return False
    return True


def own_cgroup(membership: str, mounts: str) -> Path:
    """Where the files of this process' cgroup are.

    Args:
        membership: ``/proc/self/cgroup``.
        mounts: ``/proc/self/mountinfo``.

    Raises:
        NotToBeHad: they are nowhere.
    """
    of_ours = [line[3:] for line in membership.splitlines() if line.startswith("0::")]
    for line in mounts.splitlines():
        fields, _, kind = line.partition(" - ")
        if kind.split(" ")[0] != "cgroup2" or not of_ours:
            continue
        top, place = (_unescaped(field) for field in fields.split(" ")[3:5])
        below = os.path.relpath(of_ours[0], top)
        if ".." not in (*of_ours[0].split("/"), *below.split("/")):
            return Path(place, below)
    raise NotToBeHad("no cgroup v2 is mounted that this process is in")


def of_arbiters(names: Iterable[str], is_wanted: Callable[[int], bool]) -> list[str]:
    """Of the names, those of workers of the arbiters whose processes are wanted."""
    found = ((name, re.fullmatch(rf"{PREFIX}([0-9]+)-[0-9]+", name)) for name in names)
    return [name for name, parts in found if parts and is_wanted(int(parts[1]))]


def death_of(events: str, limit: int) -> str:
    """For which want of memory a cgroup was killed, by its ``memory.events``; empty for none."""
    counts = counts_of(events)
    if not counts["oom_kill"]:
        return ""
    if limit and counts["oom"]:
        return f"it met its limit of memory, {limit} bytes"
    return NONE_LEFT


def counts_of(events: str) -> Counter[str]:
    """What is counted in ``memory.events``. Raises ValueError."""
    pairs = (line.split() for line in events.splitlines())
    return Counter({name: int(count) for name, count in pairs})


def _unescaped(field: str) -> str:
    """A path as it is, of how the kernel writes it."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _told(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}"
