"""Who may open the socket, call, and manage.

Rules: the socket's permissions say who can open it. The user of a connection is what the kernel
says that it is. Root and the arbiter's own user may do everything.
"""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import dataclass

from ...settings import Config, ConfigError, label_of


@dataclass(frozen=True)
class Access:
    """The permissions of one arbiter, with users and groups as numbers.

    Attributes:
        mode: permissions of the socket.
        owner: user that the socket is given to; -1 for the arbiter's own.
        group: group that the socket is given to; -1 for the arbiter's own.
        callers: users who may connect; None for everybody who can open the socket.
        managers: users who may scale and reload.
    """

    mode: int
    owner: int
    group: int
    callers: frozenset[int] | None
    managers: frozenset[int]

    @classmethod
    def of(cls, config: Config) -> Access:
        """What `config` says. Raises ConfigError when it names nobody."""
        own = frozenset((0, os.geteuid()))
        callers = _users("allowed_users", config.allowed_users)
        return cls(
            mode=_mode(config.socket_mode),
            owner=_user("socket_owner", config.socket_owner) if config.socket_owner else -1,
            group=_group("socket_group", config.socket_group) if config.socket_group else -1,
            callers=callers | own if callers else None,
            managers=_users("manage_users", config.manage_users) | own,
        )

    def may_call(self, uid: int) -> bool:
        """Whether the user may connect."""
        return self.callers is None or uid in self.callers or uid in self.managers

    def may_manage(self, uid: int) -> bool:
        """Whether the user may change the workers."""
        return uid in self.managers


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise ConfigError(f"socket-mode is octal, such as 660, not {text!r}", "socket_mode")
    return mode


def _users(setting: str, text: str) -> frozenset[int]:
    return frozenset(_user(setting, name.strip()) for name in text.split(",") if name.strip())


def _user(setting: str, name: str) -> int:
    if name.isascii() and name.isdigit():
        return int(name)
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise _nobody(setting, "user", name) from None


def _group(setting: str, name: str) -> int:
    if name.isascii() and name.isdigit():
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise _nobody(setting, "group", name) from None


def _nobody(setting: str, kind: str, name: str) -> ConfigError:
    label = label_of(setting)
    return ConfigError(f"{label}: there is no {kind} {name!r}", setting)
