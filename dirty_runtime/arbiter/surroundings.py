"""In what an arbiter and its workers run, as a config file says it by gunicorn's names.

Rules: it is entered before anything is opened. Who is not root stays who he is, and is told. A
master of gunicorn has started its arbiter in it already.
"""

from __future__ import annotations

import grp
import os
import pwd
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import keeper

# The names in the file, by ours.
NAMES = {
    "variables": "raw_env",
    "paths": "pythonpath",
    "directory": "chdir",
    "name": "proc_name",
    "user": "user",
    "group": "group",
    "groups": "initgroups",
    "umask": "umask",
}


class SurroundingsError(ValueError):
    """A setting that cannot be used; the message is one line that names it."""


@dataclass(frozen=True)
class Surroundings:
    """In what an arbiter and its workers run.

    Attributes:
        variables: of the environment, that are set.
        paths: where modules are looked for first.
        directory: where apps are; empty for where we are.
        name: by which others know the process; empty for the usual one.
        user, group: whose rights it has, by number; None for those that it has.
        groups: the other groups of the process; None for none.
        umask: of files that are made; None for that which it has.
    """

    variables: Mapping[str, str]
    paths: Sequence[str] = ()
    directory: str = ""
    name: str = ""
    user: int | None = None
    group: int | None = None
    groups: Sequence[int] = ()
    umask: int | None = None

    @classmethod
    def of(cls, found: Mapping[str, Any], base: str = "") -> Surroundings:
        """Those of a config file that defines these. Raises SurroundingsError.

        Args:
            base: the directory that paths are of; by default where we are.
        """
        user = _number("user", found.get("user"), lambda name: pwd.getpwnam(name).pw_uid)
        group = _number("group", found.get("group"), lambda name: grp.getgrnam(name).gr_gid)
        return cls(
            _variables(found.get("raw_env") or ()),
            [os.path.join(base, one) for one in _text(found, "pythonpath").split(",") if one],
            _text(found, "chdir"),
            _text(found, "proc_name") or _text(found, "default_proc_name"),
            user,
            group,
            _groups(user, group) if found.get("initgroups") else (),
            _umask(found.get("umask")),
        )

    def others(self, before: Surroundings) -> list[str]:
        """What is another here than in those before, by its name in the file."""
        return [
            name for field, name in NAMES.items() if getattr(self, field) != getattr(before, field)
        ]

    def enter(self) -> str:
        """Be in them, but for the directory. Returns what could not be, as a line, or nothing."""
        os.environ.update(self.variables)
        if paths := [os.path.abspath(one) for one in self.paths]:
            sys.path[:0] = paths
            before = os.environ.get("PYTHONPATH", "")
            os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (*paths, before)))
        if self.umask is not None:
            os.umask(self.umask)
        self.take_name()
        return self._change_rights()

    def take_name(self) -> None:
        """Have the name, if there is one."""
        if self.name:
            keeper.name(self.name)

    def _change_rights(self) -> str:
        user = os.geteuid() if self.user is None else self.user
        group = os.getegid() if self.group is None else self.group
        if (user, group) == (os.geteuid(), os.getegid()):
            return ""
        if os.geteuid() != 0:
            return (
                f"this stays user {os.geteuid()} and group {os.getegid()}: only root changes them"
            )
        os.setgroups(self.groups or [group])
        os.setgid(group)
        os.setuid(user)
        return ""


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name) or ""
    if not isinstance(value, str) or "\0" in value:
        raise SurroundingsError(f"{name} is text, not {value!r}")
    return value


def _variables(given: Any) -> dict[str, str]:
    if not isinstance(given, list | tuple):
        raise SurroundingsError(f"raw_env is a list of NAME=VALUE, not {given!r}")
    variables = {}
    for one in given:
        name, equals, value = one.partition("=") if isinstance(one, str) else ("", "", "")
        if not name or not equals or "\0" in one:
            raise SurroundingsError(f"raw_env is a list of NAME=VALUE, and has {one!r}")
        variables[name] = value
    return variables


def _number(name: str, value: Any, found_by: Callable[[str], int]) -> int | None:
    """That of a user or group. Raises SurroundingsError."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    try:
        return found_by(value)
    except (KeyError, TypeError, ValueError):
        raise SurroundingsError(f"there is no {name} {value!r}") from None


def _groups(user: int | None, group: int | None) -> list[int]:
    """All groups of the user."""
    try:
        found = pwd.getpwuid(os.geteuid() if user is None else user)
    except KeyError:
        return []
    return os.getgrouplist(found.pw_name, found.pw_gid if group is None else group)


def _umask(value: Any) -> int | None:
    if isinstance(value, str):
        try:
            value = int(value, 0)
        except ValueError:
            raise SurroundingsError(f"umask is a number such as 0o027, not {value!r}") from None
    if value is None or (isinstance(value, int) and 0 <= value <= 0o777):
        return value
    raise SurroundingsError(f"umask is a number such as 0o027, not {value!r}")
