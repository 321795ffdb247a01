"""The errors of the runtime, and how they travel inside an ERROR.

    DirtyError
    ├── DirtyTimeoutError                a deadline passed
    ├── DirtyConnectionError             the arbiter cannot be reached, or was lost
    ├── DirtyWorkerError                 the worker died, was condemned or refused
    ├── DirtyAppError                    the app raised, or its result cannot be encoded
    │   └── DirtyAppNotFoundError        the app cannot be imported
    ├── DirtyNoWorkersAvailableError     no worker serves the app, or ever will
    ├── DirtyProtocolError               bytes or a peer's state were at fault
    ├── DirtyOverloadedError             a queue is full
    ├── DirtyCancelledError              the exchange was cancelled
    ├── DirtyPermissionError             the peer may not do this
    └── StashError                       a stash operation failed
        ├── StashTableNotFoundError
        └── StashKeyNotFoundError

Rules: an error's class name is its name on the wire; its constructor's keywords are the keys of
its details; an unknown name is read as DirtyError; an ERROR can always be sent.
"""

from __future__ import annotations

import copyreg
from typing import Any

import gdproto

from .hints import hint

MAX_TEXT_BYTES = gdproto.ERROR_TEXT_BYTES
MAX_RAW_BYTES = gdproto.RAW_DATA_BYTES


class DirtyError(Exception):
    """Any failure of a call.

    Attributes:
        message: one line for a person.
        details: facts by name, as they travel.
    """

    def __init__(self, message: str = "failed", details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})

    def __reduce__(self) -> tuple[Any, ...]:
        # Constructors take other things than `args` holds: copies are made without them.
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]

    def to_dict(self) -> dict[str, Any]:
        """The error as an ERROR carries it: `error_type`, `message` and `details`."""
        error = to_message(self, 0)
        return {
            "error_type": error.error_type,
            "message": error.message,
            "details": dict(error.details),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> DirtyError:
        """The error that `to_dict` made `data` of, of whichever class; what is missing is empty."""
        name, reason = data.get("error_type", "DirtyError"), data.get("message", "Unknown error")
        return from_message(gdproto.Error(0, name, reason, data.get("details") or {}))

    def is_a(self, *kinds: type[BaseException] | str) -> bool:
        """Whether the app's exception was of one of these classes, or of one below it.

        Names alone are compared; nothing is imported.

        Args:
            kinds: classes, or their qualified names; those of builtins need no module.
        """
        bases = self.details.get("exception_bases")
        names = [self.details.get("exception_type"), *(bases if isinstance(bases, list) else ())]
        return any(class_name(kind) in names for kind in kinds)

    def _detail(self, **facts: Any) -> None:
        """Each fact is an attribute, and where it is known a detail."""
        for name, value in facts.items():
            setattr(self, name, value)
            if value is not None:
                self.details[name] = value


class DirtyTimeoutError(DirtyError):
    """A deadline passed.

    Attributes:
        timeout: in seconds.
        app_path: the app that was called, or None.
        action: what was called on it, or None.
        where: what the call was at when its time was over: "queue" or "run"; None where the
            arbiter did not say.
        waited: how many seconds of it the call waited in the queue, or None.
    """

    timeout: float | None
    app_path: str | None
    action: str | None
    where: str | None
    waited: float | None

    def __init__(
        self,
        message: str = "Operation timed out",
        timeout: float | None = None,
        app_path: str | None = None,
        action: str | None = None,
        where: str | None = None,
        waited: float | None = None,
    ) -> None:
        super().__init__(message)
        self._detail(timeout=timeout, app_path=app_path, action=action, where=where, waited=waited)


class DirtyConnectionError(DirtyError):
    """The arbiter at `socket_path` cannot be reached, or the connection was lost.

    `begun` is False where nothing has begun of what was asked on the connection.
    """

    socket_path: str | None
    begun: bool | None

    def __init__(
        self,
        message: str = "Connection failed",
        socket_path: str | None = None,
        begun: bool | None = None,
    ) -> None:
        super().__init__(message)
        self._detail(socket_path=socket_path, begun=begun)


class DirtyWorkerError(DirtyError):
    """The worker died, was condemned or refused; `worker_id` is its pid."""

    worker_id: int | None
    traceback: str | None

    def __init__(
        self,
        message: str = "Worker failed",
        worker_id: int | None = None,
        traceback: str | None = None,
    ) -> None:
        super().__init__(message)
        self._detail(worker_id=worker_id, traceback=traceback)


class DirtyAppError(DirtyError):
    """The app raised, or its result cannot be encoded.

    Attributes:
        exception_type: the qualified name of the class of the app's exception, as in
            ``builtins.ValueError``; None where it was none, or nobody told.
        exception_bases: those of the classes that it specialises, the nearest first, or None.
    """

    app_path: str | None
    action: str | None
    traceback: str | None
    exception_type: str | None
    exception_bases: list[str] | None

    def __init__(
        self,
        message: str = "App failed",
        app_path: str | None = None,
        action: str | None = None,
        traceback: str | None = None,
        exception_type: str | None = None,
        exception_bases: list[str] | None = None,
    ) -> None:
        super().__init__(message)
        self._detail(
            app_path=app_path,
            action=action,
            traceback=traceback,
            exception_type=exception_type,
            exception_bases=exception_bases,
        )


class DirtyAppNotFoundError(DirtyAppError):
    """The app's module cannot be imported, or has no such class."""

    def __init__(
        self,
        app_path: str | None = None,
        message: str | None = None,
        action: str | None = None,
        traceback: str | None = None,
    ) -> None:
        super().__init__(message or f"app {app_path} not found", app_path, action, traceback)


class DirtyNoWorkersAvailableError(DirtyError):
    """No worker serves the app, or ever will; `reason` says why where it is known.

    `begun` is False where the call may be made elsewhere: nothing of it has begun.
    """

    app_path: str | None
    reason: str | None
    begun: bool | None

    def __init__(
        self,
        app_path: str | None = None,
        message: str | None = None,
        reason: str | None = None,
        begun: bool | None = None,
    ) -> None:
        text = f"No workers available for app {app_path}" + (f": {reason}" if reason else "")
        super().__init__(message or text)
        self._detail(app_path=app_path, reason=reason, begun=begun)


class DirtyProtocolError(DirtyError):
    """Bytes or a peer's state were at fault.

    Attributes:
        code: portable error code, or None.
        offset: of the fault, in bytes from the frame's first header byte, or None.
        path: of the fault inside the payload, or None.
        raw_data: the first bytes of what was at fault, in hex, or None.
    """

    code: str | None
    offset: int | None
    path: str | None
    raw_data: str | None

    def __init__(
        self,
        message: str = "Protocol error",
        raw_data: bytes | str | None = None,
        code: str | None = None,
        offset: int | None = None,
        path: str | None = None,
    ) -> None:
        super().__init__(message)
        if isinstance(raw_data, bytes):
            raw_data = raw_data[:MAX_RAW_BYTES].hex()
        self._detail(code=code, offset=offset, path=path, raw_data=raw_data)

    @classmethod
    def of(cls, error: gdproto.ProtocolError, raw_data: bytes = b"") -> DirtyProtocolError:
        """What a peer is told of `error`, with `raw_data` where the error does not know it."""
        raw_data = error.raw_data or raw_data
        said = f"{error}{hint(error.code, error.reason)}"
        return cls(said, raw_data or None, error.code, error.offset, error.path or None)


class DirtyOverloadedError(DirtyError):
    """The app's queue is full; try again after `retry_after` seconds."""

    app_path: str | None
    retry_after: float | None

    def __init__(
        self,
        message: str = "Overloaded",
        app_path: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self._detail(app_path=app_path, retry_after=retry_after)


class DirtyCancelledError(DirtyError):
    """The exchange was cancelled."""

    def __init__(self, message: str = "Cancelled") -> None:
        super().__init__(message)


class DirtyPermissionError(DirtyError):
    """The peer may not do this."""

    def __init__(self, message: str = "Not permitted") -> None:
        super().__init__(message)


class StashError(DirtyError):
    """A stash operation failed."""

    def __init__(self, message: str = "Stash operation failed") -> None:
        super().__init__(message)


class StashTableNotFoundError(StashError):
    """There is no table `table_name`."""

    table_name: str | None

    def __init__(self, table_name: str | None = None, message: str | None = None) -> None:
        super().__init__(message or f"stash table {table_name} not found")
        self._detail(table_name=table_name)


class StashKeyNotFoundError(StashError):
    """The table `table_name` has no `key`."""

    table_name: str | None
    key: Any

    def __init__(
        self, table_name: str | None = None, key: Any = None, message: str | None = None
    ) -> None:
        super().__init__(message or f"key {key!r} not found in stash table {table_name}")
        self._detail(table_name=table_name, key=key)


CLASSES: dict[str, type[DirtyError]] = {
    cls.__name__: cls
    for cls in (
        DirtyError,
        DirtyTimeoutError,
        DirtyConnectionError,
        DirtyWorkerError,
        DirtyAppError,
        DirtyAppNotFoundError,
        DirtyNoWorkersAvailableError,
        DirtyProtocolError,
        DirtyOverloadedError,
        DirtyCancelledError,
        DirtyPermissionError,
        StashError,
        StashTableNotFoundError,
        StashKeyNotFoundError,
    )
}
_KEYS = {rule.name: rule.details for rule in gdproto.ERROR_TYPES}


def class_name(kind: type | str) -> str:
    """The qualified name of the class, as in ``builtins.ValueError``."""
    if isinstance(kind, str):
        return kind if "." in kind else f"builtins.{kind}"
    return f"{kind.__module__}.{kind.__qualname__}"


def from_message(message: gdproto.Error) -> DirtyError:
    """The error that `message` carries, details that nobody declared included."""
    cls = CLASSES.get(message.error_type, DirtyError)
    facts = {name: message.details.get(name) for name in _KEYS[cls.__name__]}
    error = cls(message=message.message, **facts)
    error.details = dict(message.details)
    return error


def to_message(error: DirtyError, request_id: int) -> gdproto.Error:
    """The ERROR that carries `error`; it can always be encoded."""
    name = next(cls.__name__ for cls in type(error).__mro__ if cls.__name__ in CLASSES)
    details = {text(str(key)): _sendable(value) for key, value in error.details.items()}
    return gdproto.Error(request_id, name, text(error.message), details)


def text(value: str) -> str:
    """`value` with what has no UTF-8 form escaped by backslashes, cut at 64 KiB."""
    return value.encode(errors="backslashreplace")[:MAX_TEXT_BYTES].decode(errors="ignore")


def _sendable(value: Any) -> Any:
    if isinstance(value, str):
        return text(value)
    try:
        fits = len(gdproto.encode(value)) <= MAX_TEXT_BYTES
    except (gdproto.ProtocolError, TypeError):
        fits = False
    return value if fits else text(repr(value))
