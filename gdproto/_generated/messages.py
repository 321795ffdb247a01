# @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
"""The messages of GD/1 as classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from struct import Struct
from typing import Any, ClassVar

from ..encoded import Encoded
from ..fast import Doubt, Write
from ..frames import Message
from .tables import MessageCode
from .values import (
    read_dict,
    read_list,
    read_value,
    write_dict,
    write_list,
    write_value,
)

_SIZE = Struct(">L").unpack_from
# Stands for a new dict.
_NEW: dict[str, Any] = {}


@dataclass(slots=True, init=False, repr=False, eq=False)
class Request(Message):
    """Call an action of an app.

    Attributes:
        request_id: id of the exchange, an unsigned 64-bit integer.
        app_path: the app, as module:Class.
        action: what to call on it.
        args: positional arguments.
        kwargs: keyword arguments.
        timeout: seconds from arrival at the arbiter, queueing included.
        priority: 0 is usual; of requests that wait, the higher goes first.
        trace: the trace that the caller takes part in, as headers of HTTP would tell it.
        extensions: the extensions that the caller takes in the answer.
    """

    CODE: ClassVar[MessageCode] = MessageCode.REQUEST
    request_id: int
    app_path: str
    action: str
    args: Sequence[Any] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    timeout: float | int | None = None
    priority: int = 0
    trace: dict[str, Any] | None = None
    extensions: Sequence[Any] | None = None

    def __init__(
        self,
        request_id: int,
        app_path: str,
        action: str,
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] = _NEW,
        timeout: float | int | None = None,
        priority: int = 0,
        trace: dict[str, Any] | None = None,
        extensions: Sequence[Any] | None = None,
    ) -> None:
        self.request_id = request_id
        self.app_path = app_path
        self.action = action
        self.args = args
        self.kwargs = {} if kwargs is _NEW else kwargs
        self.timeout = timeout
        self.priority = priority
        self.trace = trace
        self.extensions = extensions

    def _write_payload(self, out: Write) -> None:
        if type(self.priority) is not int:
            raise Doubt
        if self.priority < -10:
            raise Doubt
        if self.priority > 10:
            raise Doubt
        out((b'!\x00\x00\x00\x04', b'!\x00\x00\x00\x05', b'!\x00\x00\x00\x06', b'!\x00\x00\x00\x07', b'!\x00\x00\x00\x08')[(self.timeout is not None) + (self.priority != 0) + (self.trace is not None) + (self.extensions is not None)])
        if type(self.app_path) is not str:
            raise Doubt
        out(b'\x11\x00\x00\x00\x08app_path')
        write_value(self.app_path, out, 1)
        if type(self.action) is not str:
            raise Doubt
        out(b'\x11\x00\x00\x00\x06action')
        write_value(self.action, out, 1)
        if self.timeout is not None:
            if type(self.timeout) is not float and type(self.timeout) is not int:
                raise Doubt
            if not isfinite(self.timeout):
                raise Doubt
            if self.timeout < 0:
                raise Doubt
            out(b'\x11\x00\x00\x00\x07timeout')
            write_value(self.timeout, out, 1)
        if self.priority != 0:
            out(b'\x11\x00\x00\x00\x08priority')
            write_value(self.priority, out, 1)
        if self.trace is not None:
            if type(self.trace) is not dict:
                raise Doubt
            out(b'\x11\x00\x00\x00\x05trace')
            write_dict(self.trace, out, 2)
        if self.extensions is not None:
            if type(self.extensions) is not list and type(self.extensions) is not tuple:
                raise Doubt
            out(b'\x11\x00\x00\x00\nextensions')
            write_list(self.extensions, out, 2)
        if type(self.args) is not list and type(self.args) is not tuple:
            raise Doubt
        out(b'\x11\x00\x00\x00\x04args')
        write_list(self.args, out, 2)
        if type(self.kwargs) is not dict:
            raise Doubt
        out(b'\x11\x00\x00\x00\x06kwargs')
        write_dict(self.kwargs, out, 2)

    @classmethod
    def _from_bytes(
        cls, request_id: int, source: bytes, pos: int) -> Request | None:
        root = pos
        pos += 5
        if not source.startswith(b'\x11\x00\x00\x00\x08app_path\x11', pos):
            return None
        start = pos + 18
        pos = start + _SIZE(source, pos + 14)[0]
        app_path = source[start:pos].decode()
        if not source.startswith(b'\x11\x00\x00\x00\x06action\x11', pos):
            return None
        start = pos + 16
        pos = start + _SIZE(source, pos + 12)[0]
        action = source[start:pos].decode()
        timeout: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x07timeout', pos):
            timeout, pos = read_value(source, pos + 12, 1)
            if type(timeout) is not float and type(timeout) is not int:
                return None
            if not isfinite(timeout):
                return None
            if timeout < 0:
                return None
        priority: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x08priority', pos):
            priority, pos = read_value(source, pos + 13, 1)
            if type(priority) is not int:
                return None
            if priority < -10:
                return None
            if priority > 10:
                return None
        trace: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x05trace!', pos):
            trace, pos = read_dict(source, pos + 11, 2)
        extensions: Any = None
        if source.startswith(b'\x11\x00\x00\x00\nextensions ', pos):
            extensions, pos = read_list(source, pos + 16, 2)
        if not source.startswith(b'\x11\x00\x00\x00\x04args ', pos):
            return None
        args, pos = read_list(source, pos + 10, 2)
        if not source.startswith(b'\x11\x00\x00\x00\x06kwargs!', pos):
            return None
        kwargs, pos = read_dict(source, pos + 12, 2)
        if pos != len(source) or not source.startswith((b'!\x00\x00\x00\x04', b'!\x00\x00\x00\x05', b'!\x00\x00\x00\x06', b'!\x00\x00\x00\x07', b'!\x00\x00\x00\x08')[(timeout is not None) + (priority is not None) + (trace is not None) + (extensions is not None)], root):
            return None
        if priority is None:
            priority = 0
        return cls(request_id, app_path, action, tuple(args), kwargs, timeout, priority, trace, extensions if extensions is None else tuple(extensions))

    @classmethod
    def _from_payload(
        cls, request_id: int, payload: dict[str, Any]) -> Request:
        app_path = payload["app_path"]
        if type(app_path) is not str:
            raise Doubt
        action = payload["action"]
        if type(action) is not str:
            raise Doubt
        timeout = payload.get("timeout")
        if timeout is not None:
            if type(timeout) is not float and type(timeout) is not int:
                raise Doubt
            if not isfinite(timeout):
                raise Doubt
            if timeout < 0:
                raise Doubt
        priority = payload.get("priority")
        if priority is None:
            priority = 0
        else:
            if type(priority) is not int:
                raise Doubt
            if priority < -10:
                raise Doubt
            if priority > 10:
                raise Doubt
        trace = payload.get("trace")
        if trace is not None:
            if type(trace) is not dict:
                raise Doubt
        extensions = payload.get("extensions")
        if extensions is not None:
            if type(extensions) is not list:
                raise Doubt
        args = payload.get("args")
        if args is None:
            args = ()
        else:
            if type(args) is not list:
                raise Doubt
        kwargs = payload.get("kwargs")
        if kwargs is None:
            kwargs = {}
        else:
            if type(kwargs) is not dict:
                raise Doubt
        return cls(request_id, app_path, action, tuple(args), kwargs, timeout, priority, trace, extensions if extensions is None else tuple(extensions))


@dataclass(slots=True, init=False, repr=False, eq=False)
class Response(Message):
    """The result of an exchange.

    Attributes:
        request_id: id of the exchange, an unsigned 64-bit integer.
        result: the result.
    """

    CODE: ClassVar[MessageCode] = MessageCode.RESPONSE
    request_id: int
    result: Any

    def __init__(
        self,
        request_id: int,
        result: Any,
    ) -> None:
        self.request_id = request_id
        self.result = result

    def _write_payload(self, out: Write) -> None:
        out(b'!\x00\x00\x00\x01\x11\x00\x00\x00\x06result')
        write_value(self.result, out, 1)

    @classmethod
    def _from_bytes(
        cls, request_id: int, source: bytes, pos: int) -> Response | None:
        if not source.startswith(b'!\x00\x00\x00\x01\x11\x00\x00\x00\x06result', pos):
            return None
        result, pos = read_value(source, pos + 16, 1)
        if pos != len(source):
            return None
        return cls(request_id, result)

    @classmethod
    def _from_payload(
        cls, request_id: int, payload: dict[str, Any]) -> Response:
        result = payload["result"]
        return cls(request_id, result)


@dataclass(slots=True, init=False, repr=False, eq=False)
class Error(Message):
    """The failure of an exchange, or with id 0 of the connection.

    Attributes:
        request_id: id of the exchange, an unsigned 64-bit integer.
        error_type: a name from the table of error types.
        message: one line for a person.
        details: facts by name.
    """

    CODE: ClassVar[MessageCode] = MessageCode.ERROR
    request_id: int
    error_type: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)

    def __init__(
        self,
        request_id: int,
        error_type: str,
        message: str,
        details: dict[str, Any] = _NEW,
    ) -> None:
        self.request_id = request_id
        self.error_type = error_type
        self.message = message
        self.details = {} if details is _NEW else details

    def _write_payload(self, out: Write) -> None:
        if type(self.error_type) is not str:
            raise Doubt
        out(b'!\x00\x00\x00\x01\x11\x00\x00\x00\x05error!\x00\x00\x00\x03\x11\x00\x00\x00\nerror_type')
        write_value(self.error_type, out, 2)
        if type(self.message) is not str:
            raise Doubt
        out(b'\x11\x00\x00\x00\x07message')
        write_value(self.message, out, 2)
        if type(self.details) is not dict:
            raise Doubt
        out(b'\x11\x00\x00\x00\x07details')
        write_dict(self.details, out, 3)

    @classmethod
    def _from_bytes(
        cls, request_id: int, source: bytes, pos: int) -> Error | None:
        if not source.startswith(b'!\x00\x00\x00\x01\x11\x00\x00\x00\x05error!\x00\x00\x00\x03\x11\x00\x00\x00\nerror_type\x11', pos):
            return None
        start = pos + 40
        pos = start + _SIZE(source, pos + 36)[0]
        error_type = source[start:pos].decode()
        if not source.startswith(b'\x11\x00\x00\x00\x07message\x11', pos):
            return None
        start = pos + 17
        pos = start + _SIZE(source, pos + 13)[0]
        message = source[start:pos].decode()
        if not source.startswith(b'\x11\x00\x00\x00\x07details!', pos):
            return None
        details, pos = read_dict(source, pos + 13, 3)
        if pos != len(source):
            return None
        return cls(request_id, error_type, message, details)

    @classmethod
    def _from_payload(
        cls, request_id: int, payload: dict[str, Any]) -> Error:
        error = payload["error"]
        if type(error) is not dict:
            raise Doubt
        error_type = error["error_type"]
        if type(error_type) is not str:
            raise Doubt
        message = error["message"]
        if type(message) is not str:
            raise Doubt
        details = error.get("details")
        if details is None:
            details = {}
        else:
            if type(details) is not dict:
                raise Doubt
        return cls(request_id, error_type, message, details)


@dataclass(slots=True, init=False, repr=False, eq=False)
class Chunk(Message):
    """A piece of a stream.

    Attributes:
        request_id: id of the exchange, an unsigned 64-bit integer.
        data: one piece.
    """

    CODE: ClassVar[MessageCode] = MessageCode.CHUNK
    request_id: int
    data: Any

    def __init__(
        self,
        request_id: int,
        data: Any,
    ) -> None:
        self.request_id = request_id
        self.data = data

    def _write_payload(self, out: Write) -> None:
        out(b'!\x00\x00\x00\x01\x11\x00\x00\x00\x04data')
        write_value(self.data, out, 1)

    @classmethod
    def _from_bytes(
        cls, request_id: int, source: bytes, pos: int) -> Chunk | None:
        if not source.startswith(b'!\x00\x00\x00\x01\x11\x00\x00\x00\x04data', pos):
            return None
        data, pos = read_value(source, pos + 14, 1)
        if pos != len(source):
            return None
        return cls(request_id, data)

    @classmethod
    def _from_payload(
        cls, request_id: int, payload: dict[str, Any]) -> Chunk:
        data = payload["data"]
        return cls(request_id, data)


@dataclass(slots=True, init=False, repr=False, eq=False)
class End(Message):
    """The end of a stream.

    Attributes:
        request_id: id of the exchange, an unsigned 64-bit integer.
    """

    CODE: ClassVar[MessageCode] = MessageCode.END
    request_id: int

    def __init__(
        self,
        request_id: int,
    ) -> None:
        self.request_id = request_id

    @classmethod
    def _from_payload(
        cls, request_id: int, payload: dict[str, Any]) -> End:
        return cls(request_id)


@dataclass(slots=True, init=False, repr=False, eq=False)
class Stash(Message):
    """An operation on the arbiter's shared tables.

    Attributes:
        request_id: id of the exchange, an unsigned 64-bit integer.
        op: the operation.
        table: the table's name.
        key: the key.
        value: the value.
        pattern: a glob over string keys.
        ttl: seconds that the key lives.
        initial: the number to begin with.
        version: the version that is expected.
        count: how many keys at most.
        after: where a page ended.
        wait: seconds to wait for what is asked for.
    """

    CODE: ClassVar[MessageCode] = MessageCode.STASH
    request_id: int
    op: int
    table: str
    key: Any = None
    value: Any = None
    pattern: str | None = None
    ttl: float | int | None = None
    initial: float | int | None = None
    version: int | None = None
    count: int | None = None
    after: Any = None
    wait: float | int | None = None

    def __init__(
        self,
        request_id: int,
        op: int,
        table: str,
        key: Any = None,
        value: Any = None,
        pattern: str | None = None,
        ttl: float | int | None = None,
        initial: float | int | None = None,
        version: int | None = None,
        count: int | None = None,
        after: Any = None,
        wait: float | int | None = None,
    ) -> None:
        self.request_id = request_id
        self.op = op
        self.table = table
        self.key = key
        self.value = value
        self.pattern = pattern
        self.ttl = ttl
        self.initial = initial
        self.version = version
        self.count = count
        self.after = after
        self.wait = wait

    def _write_payload(self, out: Write) -> None:
        out((b'!\x00\x00\x00\x02', b'!\x00\x00\x00\x03', b'!\x00\x00\x00\x04', b'!\x00\x00\x00\x05', b'!\x00\x00\x00\x06', b'!\x00\x00\x00\x07', b'!\x00\x00\x00\x08', b'!\x00\x00\x00\t', b'!\x00\x00\x00\n', b'!\x00\x00\x00\x0b')[(self.key is not None) + (self.value is not None) + (self.pattern is not None) + (self.ttl is not None) + (self.initial is not None) + (self.version is not None) + (self.count is not None) + (self.after is not None) + (self.wait is not None)])
        if type(self.op) is not int:
            raise Doubt
        if self.op not in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26):
            raise Doubt
        out(b'\x11\x00\x00\x00\x02op')
        write_value(self.op, out, 1)
        if type(self.table) is not str:
            raise Doubt
        out(b'\x11\x00\x00\x00\x05table')
        write_value(self.table, out, 1)
        if self.key is not None:
            if isinstance(self.key, list | dict | tuple | Encoded):
                raise Doubt
            out(b'\x11\x00\x00\x00\x03key')
            write_value(self.key, out, 1)
        if self.value is not None:
            out(b'\x11\x00\x00\x00\x05value')
            write_value(self.value, out, 1)
        if self.pattern is not None:
            if type(self.pattern) is not str:
                raise Doubt
            out(b'\x11\x00\x00\x00\x07pattern')
            write_value(self.pattern, out, 1)
        if self.ttl is not None:
            if type(self.ttl) is not float and type(self.ttl) is not int:
                raise Doubt
            if not isfinite(self.ttl):
                raise Doubt
            if self.ttl < 0:
                raise Doubt
            out(b'\x11\x00\x00\x00\x03ttl')
            write_value(self.ttl, out, 1)
        if self.initial is not None:
            if type(self.initial) is not float and type(self.initial) is not int:
                raise Doubt
            if not isfinite(self.initial):
                raise Doubt
            out(b'\x11\x00\x00\x00\x07initial')
            write_value(self.initial, out, 1)
        if self.version is not None:
            if type(self.version) is not int:
                raise Doubt
            if self.version < 0:
                raise Doubt
            out(b'\x11\x00\x00\x00\x07version')
            write_value(self.version, out, 1)
        if self.count is not None:
            if type(self.count) is not int:
                raise Doubt
            if self.count < 1:
                raise Doubt
            out(b'\x11\x00\x00\x00\x05count')
            write_value(self.count, out, 1)
        if self.after is not None:
            if isinstance(self.after, list | dict | tuple | Encoded):
                raise Doubt
            out(b'\x11\x00\x00\x00\x05after')
            write_value(self.after, out, 1)
        if self.wait is not None:
            if type(self.wait) is not float and type(self.wait) is not int:
                raise Doubt
            if not isfinite(self.wait):
                raise Doubt
            if self.wait < 0:
                raise Doubt
            out(b'\x11\x00\x00\x00\x04wait')
            write_value(self.wait, out, 1)

    @classmethod
    def _from_bytes(
        cls, request_id: int, source: bytes, pos: int) -> Stash | None:
        root = pos
        pos += 5
        if not source.startswith(b'\x11\x00\x00\x00\x02op', pos):
            return None
        op, pos = read_value(source, pos + 7, 1)
        if type(op) is not int:
            return None
        if op not in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26):
            return None
        if not source.startswith(b'\x11\x00\x00\x00\x05table\x11', pos):
            return None
        start = pos + 15
        pos = start + _SIZE(source, pos + 11)[0]
        table = source[start:pos].decode()
        key: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x03key', pos):
            key, pos = read_value(source, pos + 8, 1)
            if isinstance(key, list | dict | tuple | Encoded):
                return None
        value: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x05value', pos):
            value, pos = read_value(source, pos + 10, 1)
        pattern: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x07pattern\x11', pos):
            start = pos + 17
            pos = start + _SIZE(source, pos + 13)[0]
            pattern = source[start:pos].decode()
        ttl: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x03ttl', pos):
            ttl, pos = read_value(source, pos + 8, 1)
            if type(ttl) is not float and type(ttl) is not int:
                return None
            if not isfinite(ttl):
                return None
            if ttl < 0:
                return None
        initial: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x07initial', pos):
            initial, pos = read_value(source, pos + 12, 1)
            if type(initial) is not float and type(initial) is not int:
                return None
            if not isfinite(initial):
                return None
        version: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x07version', pos):
            version, pos = read_value(source, pos + 12, 1)
            if type(version) is not int:
                return None
            if version < 0:
                return None
        count: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x05count', pos):
            count, pos = read_value(source, pos + 10, 1)
            if type(count) is not int:
                return None
            if count < 1:
                return None
        after: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x05after', pos):
            after, pos = read_value(source, pos + 10, 1)
            if isinstance(after, list | dict | tuple | Encoded):
                return None
        wait: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x04wait', pos):
            wait, pos = read_value(source, pos + 9, 1)
            if type(wait) is not float and type(wait) is not int:
                return None
            if not isfinite(wait):
                return None
            if wait < 0:
                return None
        if pos != len(source) or not source.startswith((b'!\x00\x00\x00\x02', b'!\x00\x00\x00\x03', b'!\x00\x00\x00\x04', b'!\x00\x00\x00\x05', b'!\x00\x00\x00\x06', b'!\x00\x00\x00\x07', b'!\x00\x00\x00\x08', b'!\x00\x00\x00\t', b'!\x00\x00\x00\n', b'!\x00\x00\x00\x0b')[(key is not None) + (value is not None) + (pattern is not None) + (ttl is not None) + (initial is not None) + (version is not None) + (count is not None) + (after is not None) + (wait is not None)], root):
            return None
        return cls(request_id, op, table, key, value, pattern, ttl, initial, version, count, after, wait)

    @classmethod
    def _from_payload(
        cls, request_id: int, payload: dict[str, Any]) -> Stash:
        op = payload["op"]
        if type(op) is not int:
            raise Doubt
        if op not in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26):
            raise Doubt
        table = payload["table"]
        if type(table) is not str:
            raise Doubt
        key = payload.get("key")
        if key is not None:
            if isinstance(key, list | dict | tuple | Encoded):
                raise Doubt
        value = payload.get("value")
        pattern = payload.get("pattern")
        if pattern is not None:
            if type(pattern) is not str:
                raise Doubt
        ttl = payload.get("ttl")
        if ttl is not None:
            if type(ttl) is not float and type(ttl) is not int:
                raise Doubt
            if not isfinite(ttl):
                raise Doubt
            if ttl < 0:
                raise Doubt
        initial = payload.get("initial")
        if initial is not None:
            if type(initial) is not float and type(initial) is not int:
                raise Doubt
            if not isfinite(initial):
                raise Doubt
        version = payload.get("version")
        if version is not None:
            if type(version) is not int:
                raise Doubt
            if version < 0:
                raise Doubt
        count = payload.get("count")
        if count is not None:
            if type(count) is not int:
                raise Doubt
            if count < 1:
                raise Doubt
        after = payload.get("after")
        if after is not None:
            if isinstance(after, list | dict | tuple | Encoded):
                raise Doubt
        wait = payload.get("wait")
        if wait is not None:
            if type(wait) is not float and type(wait) is not int:
                raise Doubt
            if not isfinite(wait):
                raise Doubt
            if wait < 0:
                raise Doubt
        return cls(request_id, op, table, key, value, pattern, ttl, initial, version, count, after, wait)


@dataclass(slots=True, init=False, repr=False, eq=False)
class Status(Message):
    """Ask for the state of the arbiter or worker.

    Attributes:
        request_id: id of the exchange, an unsigned 64-bit integer.
    """

    CODE: ClassVar[MessageCode] = MessageCode.STATUS
    request_id: int

    def __init__(
        self,
        request_id: int,
    ) -> None:
        self.request_id = request_id

    @classmethod
    def _from_payload(
        cls, request_id: int, payload: dict[str, Any]) -> Status:
        return cls(request_id)


@dataclass(slots=True, init=False, repr=False, eq=False)
class Manage(Message):
    """Change the workers, or look at what they do.

    Attributes:
        request_id: id of the exchange, an unsigned 64-bit integer.
        op: the operation.
        count: how many workers.
        slot: the place of one worker.
        call: the arbiter's number of one request.
    """

    CODE: ClassVar[MessageCode] = MessageCode.MANAGE
    request_id: int
    op: int
    count: int = 1
    slot: int | None = None
    call: int | None = None

    def __init__(
        self,
        request_id: int,
        op: int,
        count: int = 1,
        slot: int | None = None,
        call: int | None = None,
    ) -> None:
        self.request_id = request_id
        self.op = op
        self.count = count
        self.slot = slot
        self.call = call

    def _write_payload(self, out: Write) -> None:
        out((b'!\x00\x00\x00\x02', b'!\x00\x00\x00\x03', b'!\x00\x00\x00\x04')[(self.slot is not None) + (self.call is not None)])
        if type(self.op) is not int:
            raise Doubt
        if self.op not in (1, 2, 3, 4, 5, 6, 7, 8):
            raise Doubt
        out(b'\x11\x00\x00\x00\x02op')
        write_value(self.op, out, 1)
        if type(self.count) is not int:
            raise Doubt
        out(b'\x11\x00\x00\x00\x05count')
        write_value(self.count, out, 1)
        if self.slot is not None:
            if type(self.slot) is not int:
                raise Doubt
            if self.slot < 0:
                raise Doubt
            out(b'\x11\x00\x00\x00\x04slot')
            write_value(self.slot, out, 1)
        if self.call is not None:
            if type(self.call) is not int:
                raise Doubt
            if self.call < 1:
                raise Doubt
            out(b'\x11\x00\x00\x00\x04call')
            write_value(self.call, out, 1)

    @classmethod
    def _from_bytes(
        cls, request_id: int, source: bytes, pos: int) -> Manage | None:
        root = pos
        pos += 5
        if not source.startswith(b'\x11\x00\x00\x00\x02op', pos):
            return None
        op, pos = read_value(source, pos + 7, 1)
        if type(op) is not int:
            return None
        if op not in (1, 2, 3, 4, 5, 6, 7, 8):
            return None
        if not source.startswith(b'\x11\x00\x00\x00\x05count', pos):
            return None
        count, pos = read_value(source, pos + 10, 1)
        if type(count) is not int:
            return None
        slot: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x04slot', pos):
            slot, pos = read_value(source, pos + 9, 1)
            if type(slot) is not int:
                return None
            if slot < 0:
                return None
        call: Any = None
        if source.startswith(b'\x11\x00\x00\x00\x04call', pos):
            call, pos = read_value(source, pos + 9, 1)
            if type(call) is not int:
                return None
            if call < 1:
                return None
        if pos != len(source) or not source.startswith((b'!\x00\x00\x00\x02', b'!\x00\x00\x00\x03', b'!\x00\x00\x00\x04')[(slot is not None) + (call is not None)], root):
            return None
        return cls(request_id, op, count, slot, call)

    @classmethod
    def _from_payload(
        cls, request_id: int, payload: dict[str, Any]) -> Manage:
        op = payload["op"]
        if type(op) is not int:
            raise Doubt
        if op not in (1, 2, 3, 4, 5, 6, 7, 8):
            raise Doubt
        count = payload.get("count")
        if count is None:
            count = 1
        else:
            if type(count) is not int:
                raise Doubt
        slot = payload.get("slot")
        if slot is not None:
            if type(slot) is not int:
                raise Doubt
            if slot < 0:
                raise Doubt
        call = payload.get("call")
        if call is not None:
            if type(call) is not int:
                raise Doubt
            if call < 1:
                raise Doubt
        return cls(request_id, op, count, slot, call)


@dataclass(slots=True, init=False, repr=False, eq=False)
class Cancel(Message):
    """Give up an open exchange.

    Attributes:
        request_id: id of the exchange, an unsigned 64-bit integer.
    """

    CODE: ClassVar[MessageCode] = MessageCode.CANCEL
    request_id: int

    def __init__(
        self,
        request_id: int,
    ) -> None:
        self.request_id = request_id

    @classmethod
    def _from_payload(
        cls, request_id: int, payload: dict[str, Any]) -> Cancel:
        return cls(request_id)


@dataclass(slots=True, init=False, repr=False, eq=False)
class Pause(Message):
    """Ask for no CHUNKs of an exchange for now.

    Attributes:
        request_id: id of the exchange, an unsigned 64-bit integer.
    """

    CODE: ClassVar[MessageCode] = MessageCode.PAUSE
    request_id: int

    def __init__(
        self,
        request_id: int,
    ) -> None:
        self.request_id = request_id

    @classmethod
    def _from_payload(
        cls, request_id: int, payload: dict[str, Any]) -> Pause:
        return cls(request_id)


@dataclass(slots=True, init=False, repr=False, eq=False)
class Resume(Message):
    """Ask for the CHUNKs of an exchange again.

    Attributes:
        request_id: id of the exchange, an unsigned 64-bit integer.
    """

    CODE: ClassVar[MessageCode] = MessageCode.RESUME
    request_id: int

    def __init__(
        self,
        request_id: int,
    ) -> None:
        self.request_id = request_id

    @classmethod
    def _from_payload(
        cls, request_id: int, payload: dict[str, Any]) -> Resume:
        return cls(request_id)


# How fields begin that stand behind priority, which does not count behind them.
BEHIND_ROUTING = (b'\x11\x00\x00\x00\x04args', b'\x11\x00\x00\x00\x06kwargs')
ARGUMENTS = frozenset(('args', 'kwargs'))


def read_routing(source: bytes, pos: int) -> tuple[str, str, float | int | None, int] | None:
    """app_path, action, timeout as a REQUEST begins with them, and where they end."""
    if not source.startswith(b'\x11\x00\x00\x00\x08app_path\x11', pos):
        return None
    start = pos + 18
    pos = start + _SIZE(source, pos + 14)[0]
    app_path = source[start:pos].decode()
    if not source.startswith(b'\x11\x00\x00\x00\x06action\x11', pos):
        return None
    start = pos + 16
    pos = start + _SIZE(source, pos + 12)[0]
    action = source[start:pos].decode()
    timeout: Any = None
    if source.startswith(b'\x11\x00\x00\x00\x07timeout', pos):
        timeout, pos = read_value(source, pos + 12, 1)
        if type(timeout) is not float and type(timeout) is not int:
            return None
        if not isfinite(timeout):
            return None
        if timeout < 0:
            return None
    return app_path, action, timeout, pos


MESSAGE_CLASSES: dict[int, type[Message]] = {
    0x01: Request,
    0x02: Response,
    0x03: Error,
    0x04: Chunk,
    0x05: End,
    0x10: Stash,
    0x11: Status,
    0x12: Manage,
    0x80: Cancel,
    0x81: Pause,
    0x82: Resume,
}

__all__ = ['Request',
 'Response',
 'Error',
 'Chunk',
 'End',
 'Stash',
 'Status',
 'Manage',
 'Cancel',
 'Pause',
 'Resume',
 'MESSAGE_CLASSES']
