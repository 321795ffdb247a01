"""gunicorn.dirty.protocol: frames as dicts, read from and written to sockets and streams.

Rules: a message is a dict with its `type` in small letters, its `id`, and the fields of its
payload. An id may be any string; on the wire it is a number made of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any, ClassVar

import gdproto
from gdproto import ManageOp, MessageCode, StashOp
from gdproto.declaration import HEADER

from ..errors import DirtyError, DirtyProtocolError
from .tlv import TLVEncoder, told

MAGIC = gdproto.MAGIC
VERSION = gdproto.VERSION
HEADER_FORMAT = HEADER.format
HEADER_SIZE = gdproto.HEADER_BYTES
MAX_MESSAGE_SIZE = gdproto.MAX_PAYLOAD_BYTES

MSG_TYPE_REQUEST = int(MessageCode.REQUEST)
MSG_TYPE_RESPONSE = int(MessageCode.RESPONSE)
MSG_TYPE_ERROR = int(MessageCode.ERROR)
MSG_TYPE_CHUNK = int(MessageCode.CHUNK)
MSG_TYPE_END = int(MessageCode.END)
MSG_TYPE_STASH = int(MessageCode.STASH)
MSG_TYPE_STATUS = int(MessageCode.STATUS)
MSG_TYPE_MANAGE = int(MessageCode.MANAGE)
MSG_TYPE_TO_STR = {int(code): code.name.lower() for code in MessageCode}
MSG_TYPE_FROM_STR = {name: code for code, name in MSG_TYPE_TO_STR.items()}

MSG_TYPE_REQUEST_STR = MSG_TYPE_TO_STR[MSG_TYPE_REQUEST]
MSG_TYPE_RESPONSE_STR = MSG_TYPE_TO_STR[MSG_TYPE_RESPONSE]
MSG_TYPE_ERROR_STR = MSG_TYPE_TO_STR[MSG_TYPE_ERROR]
MSG_TYPE_CHUNK_STR = MSG_TYPE_TO_STR[MSG_TYPE_CHUNK]
MSG_TYPE_END_STR = MSG_TYPE_TO_STR[MSG_TYPE_END]
MSG_TYPE_STASH_STR = MSG_TYPE_TO_STR[MSG_TYPE_STASH]
MSG_TYPE_STATUS_STR = MSG_TYPE_TO_STR[MSG_TYPE_STATUS]
MSG_TYPE_MANAGE_STR = MSG_TYPE_TO_STR[MSG_TYPE_MANAGE]

STASH_OP_PUT = int(StashOp.PUT)
STASH_OP_GET = int(StashOp.GET)
STASH_OP_DELETE = int(StashOp.DELETE)
STASH_OP_KEYS = int(StashOp.KEYS)
STASH_OP_CLEAR = int(StashOp.CLEAR)
STASH_OP_INFO = int(StashOp.INFO)
STASH_OP_ENSURE = int(StashOp.ENSURE)
STASH_OP_DELETE_TABLE = int(StashOp.DELETE_TABLE)
STASH_OP_TABLES = int(StashOp.TABLES)
STASH_OP_EXISTS = int(StashOp.EXISTS)

MANAGE_OP_ADD = int(ManageOp.ADD)
MANAGE_OP_REMOVE = int(ManageOp.REMOVE)

RequestId = int | str
Dict = dict[str, Any]


class BinaryProtocol:
    """Frames to bytes and back. Every method raises DirtyProtocolError for what is malformed."""

    HEADER_SIZE: ClassVar[int] = HEADER_SIZE
    MAX_MESSAGE_SIZE: ClassVar[int] = MAX_MESSAGE_SIZE
    MSG_TYPE_REQUEST: ClassVar[str] = MSG_TYPE_REQUEST_STR
    MSG_TYPE_RESPONSE: ClassVar[str] = MSG_TYPE_RESPONSE_STR
    MSG_TYPE_ERROR: ClassVar[str] = MSG_TYPE_ERROR_STR
    MSG_TYPE_CHUNK: ClassVar[str] = MSG_TYPE_CHUNK_STR
    MSG_TYPE_END: ClassVar[str] = MSG_TYPE_END_STR
    MSG_TYPE_STASH: ClassVar[str] = MSG_TYPE_STASH_STR
    MSG_TYPE_STATUS: ClassVar[str] = MSG_TYPE_STATUS_STR
    MSG_TYPE_MANAGE: ClassVar[str] = MSG_TYPE_MANAGE_STR

    # --- headers ---

    @staticmethod
    def encode_header(msg_type: int, request_id: int, payload_length: int) -> bytes:
        """The header as bytes."""
        try:
            return gdproto.Header(msg_type, payload_length, request_id).to_bytes()
        except struct.error as error:
            raise DirtyProtocolError(f"header: {error}") from error

    @staticmethod
    def decode_header(data: bytes) -> tuple[int, int, int]:
        """The message's code, its request id, and its payload's length in bytes."""
        try:
            header = gdproto.parse_header(data)
        except gdproto.ProtocolError as error:
            raise told(error, bytes(data)) from error
        return header.code, header.request_id, header.length

    # --- whole frames ---

    @staticmethod
    def encode_request(
        request_id: int,
        app_path: str,
        action: str,
        args: Sequence[Any] | None = None,
        kwargs: Dict | None = None,
    ) -> bytes:
        """A REQUEST."""
        return _encode(make_request(request_id, app_path, action, args, kwargs))

    @staticmethod
    def encode_response(request_id: int, result: Any) -> bytes:
        """A RESPONSE."""
        return _encode(make_response(request_id, result))

    @staticmethod
    def encode_error(request_id: int, error: object) -> bytes:
        """An ERROR that carries an exception, or a dict with `error_type` and `message`."""
        return _encode(make_error_response(request_id, error))

    @staticmethod
    def encode_chunk(request_id: int, data: Any) -> bytes:
        """A CHUNK."""
        return _encode(make_chunk_message(request_id, data))

    @staticmethod
    def encode_end(request_id: int) -> bytes:
        """An END."""
        return _encode(make_end_message(request_id))

    @staticmethod
    def encode_status(request_id: int) -> bytes:
        """A STATUS."""
        return _encode({"type": MSG_TYPE_STATUS_STR, "id": request_id})

    @staticmethod
    def encode_manage(request_id: int, op: int, count: int = 1) -> bytes:
        """A MANAGE."""
        return _encode(make_manage_message(request_id, op, count))

    @staticmethod
    def encode_stash(
        request_id: int,
        op: int,
        table: str,
        key: Any = None,
        value: Any = None,
        pattern: str | None = None,
    ) -> bytes:
        """A STASH."""
        return _encode(make_stash_message(request_id, op, table, key, value, pattern))

    @staticmethod
    def decode_message(data: bytes) -> tuple[str, int, Dict]:
        """The type, the request id and the payload of the frame that `data` begins with."""
        code, request_id, length = BinaryProtocol.decode_header(data)
        payload = data[HEADER_SIZE : HEADER_SIZE + length]
        if len(payload) < length:
            reason = f"{length} bytes of payload are declared, {len(payload)} are there"
            raise DirtyProtocolError(reason, bytes(data))
        return MSG_TYPE_TO_STR[code], request_id, _payload(payload)

    @staticmethod
    def _encode_from_dict(message: Dict) -> bytes:
        """Any message that was made as a dict."""
        return _encode(message)

    # --- sockets and streams ---

    @staticmethod
    def read_message(sock: socket.socket) -> Dict:
        """The next message of a blocking socket."""
        header = _receive(sock, HEADER_SIZE)
        code, request_id, length = BinaryProtocol.decode_header(header)
        return _message(code, request_id, _receive(sock, length))

    @staticmethod
    def write_message(sock: socket.socket, message: Dict) -> None:
        """Send the message."""
        sock.sendall(_encode(message))

    @staticmethod
    async def read_message_async(reader: asyncio.StreamReader) -> Dict:
        """The next message of the stream; IncompleteReadError if it ends before a message."""
        try:
            header = await reader.readexactly(HEADER_SIZE)
        except asyncio.IncompleteReadError as error:
            if not error.partial:
                raise
            raise _cut_short(error.partial, HEADER_SIZE) from error
        code, request_id, length = BinaryProtocol.decode_header(header)
        try:
            payload = await reader.readexactly(length)
        except asyncio.IncompleteReadError as error:
            raise _cut_short(error.partial, length) from error
        return _message(code, request_id, payload)

    @staticmethod
    async def write_message_async(writer: asyncio.StreamWriter, message: Dict) -> None:
        """Send the message, and wait until there is room for another."""
        writer.write(_encode(message))
        await writer.drain()


DirtyProtocol = BinaryProtocol


# --- messages ---


def make_request(
    request_id: RequestId,
    app_path: str,
    action: str,
    args: Sequence[Any] | None = None,
    kwargs: Dict | None = None,
) -> Dict:
    """A REQUEST as a dict."""
    return {
        "type": MSG_TYPE_REQUEST_STR,
        "id": request_id,
        "app_path": app_path,
        "action": action,
        "args": list(args or ()),
        "kwargs": kwargs or {},
    }


def make_response(request_id: RequestId, result: Any) -> Dict:
    """A RESPONSE as a dict."""
    return {"type": MSG_TYPE_RESPONSE_STR, "id": request_id, "result": result}


def make_error_response(request_id: RequestId, error: object) -> Dict:
    """An ERROR as a dict; of an exception that is no DirtyError its class name and text."""
    return {"type": MSG_TYPE_ERROR_STR, "id": request_id, "error": _error_dict(error)}


def make_chunk_message(request_id: RequestId, data: Any) -> Dict:
    """A CHUNK as a dict."""
    return {"type": MSG_TYPE_CHUNK_STR, "id": request_id, "data": data}


def make_end_message(request_id: RequestId) -> Dict:
    """An END as a dict."""
    return {"type": MSG_TYPE_END_STR, "id": request_id}


def make_stash_message(
    request_id: RequestId,
    op: int,
    table: str,
    key: Any = None,
    value: Any = None,
    pattern: str | None = None,
) -> Dict:
    """A STASH as a dict; what is None is left out."""
    optional = {"key": key, "value": value, "pattern": pattern}
    given = {name: one for name, one in optional.items() if one is not None}
    return {"type": MSG_TYPE_STASH_STR, "id": request_id, "op": op, "table": table, **given}


def make_manage_message(request_id: RequestId, op: int, count: int = 1) -> Dict:
    """A MANAGE as a dict."""
    return {"type": MSG_TYPE_MANAGE_STR, "id": request_id, "op": op, "count": count}


def _error_dict(error: object) -> Dict:
    if isinstance(error, DirtyError):
        return error.to_dict()
    if isinstance(error, dict):
        return error
    return {"error_type": type(error).__name__, "message": str(error), "details": {}}


# --- dicts to frames, and back ---


def _encode(message: Mapping[str, Any]) -> bytes:
    name = message.get("type")
    code = MSG_TYPE_FROM_STR.get(name) if isinstance(name, str) else None
    if code is None:
        raise DirtyProtocolError(f"Unknown message type: {name}")
    facts: Mapping[str, Any] = message
    if code == MSG_TYPE_ERROR:
        facts = {"error_type": "DirtyError", "message": "", **_error_dict(message.get("error"))}
    cls: Any = gdproto.MESSAGE_CLASSES[code]
    _, *payload = fields(cls)
    given = {
        field.name: facts.get(field.name)
        for field in payload
        if facts.get(field.name) is not None or _has_no_default(field)
    }
    try:
        frame: bytes = cls(_number(message.get("id", 0)), **given).to_bytes()
    except gdproto.ProtocolError as error:
        raise told(error) from error
    except TypeError as error:
        raise DirtyProtocolError(f"{name}: {error}") from error
    return frame


def _has_no_default(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _number(request_id: RequestId) -> int:
    if isinstance(request_id, int):
        return request_id
    digest = hashlib.blake2b(request_id.encode(), digest_size=8).digest()
    # 0 belongs to the connection.
    return int.from_bytes(digest) or 1


def _message(code: int, request_id: int, payload: bytes) -> Dict:
    return {"type": MSG_TYPE_TO_STR[code], "id": request_id, **_payload(payload)}


def _payload(data: bytes) -> Dict:
    if not data:
        return {}
    payload = TLVEncoder.decode_full(data)
    if not isinstance(payload, dict):
        raise DirtyProtocolError("a payload is a dict", bytes(data), "payload_not_dict")
    return payload


def _receive(sock: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = sock.recv(min(count - len(parts), 1 << 20))
        if not part:
            raise _cut_short(bytes(parts), count)
        parts += part
    return bytes(parts)


def _cut_short(data: bytes, count: int) -> DirtyProtocolError:
    if not data:
        return DirtyProtocolError("Connection closed")
    return DirtyProtocolError(f"the connection ended after {len(data)} of {count} bytes", data)
