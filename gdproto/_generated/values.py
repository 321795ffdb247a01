# @generated from spec/ (2de93dd1d2f78b00) by python -m spec.codegen --write; do not edit
"""TLV values, fast: straight-line code for what is common and right.

Whatever this code cannot vouch for raises Doubt or the interpreter's own error (DOUBTS); the
strict codec then decides. It never returns a wrong answer.
"""

from __future__ import annotations

from itertools import repeat
from struct import Struct
from typing import Any

from ..fast import KEY_CACHE_BYTES, KEY_CACHE_SIZE, RUN, Doubt, Write
from .tables import MAX_DEPTH

_keys: dict[str, bytes] = {}

_CHOICES_BOOL = {0: False, 1: True}
_PACK_INT64 = Struct(">Bq").pack
_UNPACK_INT64 = Struct(">q").unpack_from
_RUN_INT64 = Struct(">" + "xq" * RUN)
_CODES_INT64 = b'\x05' * RUN
_STRIDE_INT64 = 9
_PACK_FLOAT64 = Struct(">Bd").pack
_UNPACK_FLOAT64 = Struct(">d").unpack_from
_RUN_FLOAT64 = Struct(">" + "xd" * RUN)
_CODES_FLOAT64 = b'\x06' * RUN
_STRIDE_FLOAT64 = 9
_HEAD_BYTES = Struct(">BL").pack
_SIZE_BYTES = Struct(">L").unpack_from
_READ_HEAD_BYTES = Struct(">BL").unpack_from
_SHORT_BYTES = tuple(_HEAD_BYTES(0x10, n) for n in range(256))
_HEAD_STRING = Struct(">BL").pack
_SIZE_STRING = Struct(">L").unpack_from
_READ_HEAD_STRING = Struct(">BL").unpack_from
_SHORT_STRING = tuple(_HEAD_STRING(0x11, n) for n in range(256))
_HEAD_LIST = Struct(">BL").pack
_SIZE_LIST = Struct(">L").unpack_from
_HEAD_DICT = Struct(">BL").pack
_SIZE_DICT = Struct(">L").unpack_from


def write_value(value: Any, out: Write, depth: int = 0) -> None:
    """Pass the encoding of `value` to `out` in pieces; `depth` containers are open."""
    kind = type(value)
    if kind is str:
        raw = value.encode()
        size = len(raw)
        if size > 67108864:
            raise Doubt
        out(_SHORT_STRING[size] if size < 256 else _HEAD_STRING(0x11, size))
        out(raw)
    elif kind is int:
        out(_PACK_INT64(0x05, value))
    elif kind is float:
        out(_PACK_FLOAT64(0x06, value))
    elif kind is dict:
        write_dict(value, out, depth + 1)
    elif kind is list or kind is tuple:
        write_list(value, out, depth + 1)
    elif value is None:
        out(b'\x00')
    elif value is False:
        out(b'\x01\x00')
    elif value is True:
        out(b'\x01\x01')
    elif kind is bytes:
        raw = value
        size = len(raw)
        if size > 67108864:
            raise Doubt
        out(_SHORT_BYTES[size] if size < 256 else _HEAD_BYTES(0x10, size))
        out(raw)
    else:
        raise Doubt


def write_list(values: Any, out: Write, depth: int) -> None:
    """Write a list or tuple that makes `depth` open containers."""
    count = len(values)
    if depth > MAX_DEPTH or count > 1048576:
        raise Doubt
    out(_HEAD_LIST(0x20, count))
    done = 0
    while count - done >= RUN:
        run = values[done : done + RUN]
        kinds = set(map(type, run))
        if kinds == {int}:
            packed = bytearray(_RUN_INT64.pack(*run))
            packed[::_STRIDE_INT64] = _CODES_INT64
        elif kinds == {float}:
            packed = bytearray(_RUN_FLOAT64.pack(*run))
            packed[::_STRIDE_FLOAT64] = _CODES_FLOAT64
        else:
            break
        out(packed)
        done += RUN
    if done:
        values = values[done:]
    for value in values:
        kind = type(value)
        if kind is str:
            raw = value.encode()
            size = len(raw)
            if size > 67108864:
                raise Doubt
            out(_SHORT_STRING[size] if size < 256 else _HEAD_STRING(0x11, size))
            out(raw)
        elif kind is int:
            out(_PACK_INT64(0x05, value))
        elif kind is float:
            out(_PACK_FLOAT64(0x06, value))
        elif kind is dict:
            write_dict(value, out, depth + 1)
        elif kind is list or kind is tuple:
            write_list(value, out, depth + 1)
        elif value is None:
            out(b'\x00')
        elif value is False:
            out(b'\x01\x00')
        elif value is True:
            out(b'\x01\x01')
        elif kind is bytes:
            raw = value
            size = len(raw)
            if size > 67108864:
                raise Doubt
            out(_SHORT_BYTES[size] if size < 256 else _HEAD_BYTES(0x10, size))
            out(raw)
        else:
            raise Doubt


def write_dict(pairs: Any, out: Write, depth: int) -> None:
    """Write a dict that makes `depth` open containers."""
    count = len(pairs)
    if depth > MAX_DEPTH or count > 1048576:
        raise Doubt
    out(_HEAD_DICT(0x21, count))
    for key, value in pairs.items():
        if type(key) is not str:
            raise Doubt
        head = _keys.get(key)
        out(_key(key) if head is None else head)
        kind = type(value)
        if kind is str:
            raw = value.encode()
            size = len(raw)
            if size > 67108864:
                raise Doubt
            out(_SHORT_STRING[size] if size < 256 else _HEAD_STRING(0x11, size))
            out(raw)
        elif kind is int:
            out(_PACK_INT64(0x05, value))
        elif kind is float:
            out(_PACK_FLOAT64(0x06, value))
        elif kind is dict:
            write_dict(value, out, depth + 1)
        elif kind is list or kind is tuple:
            write_list(value, out, depth + 1)
        elif value is None:
            out(b'\x00')
        elif value is False:
            out(b'\x01\x00')
        elif value is True:
            out(b'\x01\x01')
        elif kind is bytes:
            raw = value
            size = len(raw)
            if size > 67108864:
                raise Doubt
            out(_SHORT_BYTES[size] if size < 256 else _HEAD_BYTES(0x10, size))
            out(raw)
        else:
            raise Doubt


def _key(key: str) -> bytes:
    raw = key.encode()
    size = len(raw)
    if size > 67108864:
        raise Doubt
    head = _HEAD_STRING(0x11, size) + raw
    if size <= KEY_CACHE_BYTES and len(_keys) < KEY_CACHE_SIZE:
        _keys[key] = head
    return head


def read_value(data: bytes, pos: int, depth: int = 0) -> tuple[Any, int]:
    """The value at `pos` and where it ends, which may lie past the data: check that."""
    code = data[pos]
    value: Any
    result: Any
    if code == 0x11:
        start = pos + 5
        pos = start + _SIZE_STRING(data, pos + 1)[0]
        result = data[start:pos].decode()
    elif code == 0x05:
        result = _UNPACK_INT64(data, pos + 1)[0]
        pos += 9
    elif code == 0x06:
        result = _UNPACK_FLOAT64(data, pos + 1)[0]
        pos += 9
    elif code == 0x21:
        value, pos = read_dict(data, pos + 1, depth + 1)
        result = value
    elif code == 0x20:
        value, pos = read_list(data, pos + 1, depth + 1)
        result = value
    elif code == 0x00:
        result = None
        pos += 1
    elif code == 0x01:
        value = _CHOICES_BOOL.get(data[pos + 1])
        if value is None:
            raise Doubt
        result = value
        pos += 2
    elif code == 0x10:
        start = pos + 5
        pos = start + _SIZE_BYTES(data, pos + 1)[0]
        result = data[start:pos]
    else:
        raise Doubt
    return result, pos


def read_list(data: bytes, pos: int, depth: int) -> tuple[list[Any], int]:
    """The list whose count is at `pos`, and where it ends."""
    count = _SIZE_LIST(data, pos)[0]
    if depth > MAX_DEPTH or count > 1048576:
        raise Doubt
    pos += 4
    items: list[Any] = []
    value: Any
    append = items.append
    while count >= RUN:
        code = data[pos]
        if code == 0x05:
            end = pos + _STRIDE_INT64 * RUN
            if data[pos:end:_STRIDE_INT64] != _CODES_INT64 or end > len(data):
                break
            items.extend(_RUN_INT64.unpack_from(data, pos))
        elif code == 0x06:
            end = pos + _STRIDE_FLOAT64 * RUN
            if data[pos:end:_STRIDE_FLOAT64] != _CODES_FLOAT64 or end > len(data):
                break
            items.extend(_RUN_FLOAT64.unpack_from(data, pos))
        else:
            break
        pos = end
        count -= RUN
    for _ in repeat(None, count):
        code = data[pos]
        if code == 0x11:
            start = pos + 5
            pos = start + _SIZE_STRING(data, pos + 1)[0]
            append(data[start:pos].decode())
        elif code == 0x05:
            append(_UNPACK_INT64(data, pos + 1)[0])
            pos += 9
        elif code == 0x06:
            append(_UNPACK_FLOAT64(data, pos + 1)[0])
            pos += 9
        elif code == 0x21:
            value, pos = read_dict(data, pos + 1, depth + 1)
            append(value)
        elif code == 0x20:
            value, pos = read_list(data, pos + 1, depth + 1)
            append(value)
        elif code == 0x00:
            append(None)
            pos += 1
        elif code == 0x01:
            value = _CHOICES_BOOL.get(data[pos + 1])
            if value is None:
                raise Doubt
            append(value)
            pos += 2
        elif code == 0x10:
            start = pos + 5
            pos = start + _SIZE_BYTES(data, pos + 1)[0]
            append(data[start:pos])
        else:
            raise Doubt
    return items, pos


def read_dict(data: bytes, pos: int, depth: int) -> tuple[dict[str, Any], int]:
    """The dict whose count is at `pos`, and where it ends."""
    count = _SIZE_DICT(data, pos)[0]
    if depth > MAX_DEPTH or count > 1048576:
        raise Doubt
    pos += 4
    pairs: dict[str, Any] = {}
    value: Any
    for _ in repeat(None, count):
        code, size = _READ_HEAD_STRING(data, pos)
        if code != 0x11:
            raise Doubt
        start = pos + 5
        pos = start + size
        key = data[start:pos].decode()
        code = data[pos]
        if code == 0x11:
            start = pos + 5
            pos = start + _SIZE_STRING(data, pos + 1)[0]
            pairs[key] = data[start:pos].decode()
        elif code == 0x05:
            pairs[key] = _UNPACK_INT64(data, pos + 1)[0]
            pos += 9
        elif code == 0x06:
            pairs[key] = _UNPACK_FLOAT64(data, pos + 1)[0]
            pos += 9
        elif code == 0x21:
            value, pos = read_dict(data, pos + 1, depth + 1)
            pairs[key] = value
        elif code == 0x20:
            value, pos = read_list(data, pos + 1, depth + 1)
            pairs[key] = value
        elif code == 0x00:
            pairs[key] = None
            pos += 1
        elif code == 0x01:
            value = _CHOICES_BOOL.get(data[pos + 1])
            if value is None:
                raise Doubt
            pairs[key] = value
            pos += 2
        elif code == 0x10:
            start = pos + 5
            pos = start + _SIZE_BYTES(data, pos + 1)[0]
            pairs[key] = data[start:pos]
        else:
            raise Doubt
    if len(pairs) != count:
        raise Doubt
    return pairs, pos


def read_value_view(data: memoryview, pos: int, depth: int = 0) -> tuple[Any, int]:
    """The value at `pos` and where it ends, which may lie past the data: check that."""
    code = data[pos]
    value: Any
    result: Any
    if code == 0x11:
        start = pos + 5
        pos = start + _SIZE_STRING(data, pos + 1)[0]
        result = str(data[start:pos], "utf-8")
    elif code == 0x05:
        result = _UNPACK_INT64(data, pos + 1)[0]
        pos += 9
    elif code == 0x06:
        result = _UNPACK_FLOAT64(data, pos + 1)[0]
        pos += 9
    elif code == 0x21:
        value, pos = read_dict_view(data, pos + 1, depth + 1)
        result = value
    elif code == 0x20:
        value, pos = read_list_view(data, pos + 1, depth + 1)
        result = value
    elif code == 0x00:
        result = None
        pos += 1
    elif code == 0x01:
        value = _CHOICES_BOOL.get(data[pos + 1])
        if value is None:
            raise Doubt
        result = value
        pos += 2
    elif code == 0x10:
        start = pos + 5
        pos = start + _SIZE_BYTES(data, pos + 1)[0]
        result = data[start:pos]
    else:
        raise Doubt
    return result, pos


def read_list_view(data: memoryview, pos: int, depth: int) -> tuple[list[Any], int]:
    """The list whose count is at `pos`, and where it ends."""
    count = _SIZE_LIST(data, pos)[0]
    if depth > MAX_DEPTH or count > 1048576:
        raise Doubt
    pos += 4
    items: list[Any] = []
    value: Any
    append = items.append
    while count >= RUN:
        code = data[pos]
        if code == 0x05:
            end = pos + _STRIDE_INT64 * RUN
            if bytes(data[pos:end:_STRIDE_INT64]) != _CODES_INT64 or end > len(data):
                break
            items.extend(_RUN_INT64.unpack_from(data, pos))
        elif code == 0x06:
            end = pos + _STRIDE_FLOAT64 * RUN
            if bytes(data[pos:end:_STRIDE_FLOAT64]) != _CODES_FLOAT64 or end > len(data):
                break
            items.extend(_RUN_FLOAT64.unpack_from(data, pos))
        else:
            break
        pos = end
        count -= RUN
    for _ in repeat(None, count):
        code = data[pos]
        if code == 0x11:
            start = pos + 5
            pos = start + _SIZE_STRING(data, pos + 1)[0]
            append(str(data[start:pos], "utf-8"))
        elif code == 0x05:
            append(_UNPACK_INT64(data, pos + 1)[0])
            pos += 9
        elif code == 0x06:
            append(_UNPACK_FLOAT64(data, pos + 1)[0])
            pos += 9
        elif code == 0x21:
            value, pos = read_dict_view(data, pos + 1, depth + 1)
            append(value)
        elif code == 0x20:
            value, pos = read_list_view(data, pos + 1, depth + 1)
            append(value)
        elif code == 0x00:
            append(None)
            pos += 1
        elif code == 0x01:
            value = _CHOICES_BOOL.get(data[pos + 1])
            if value is None:
                raise Doubt
            append(value)
            pos += 2
        elif code == 0x10:
            start = pos + 5
            pos = start + _SIZE_BYTES(data, pos + 1)[0]
            append(data[start:pos])
        else:
            raise Doubt
    return items, pos


def read_dict_view(data: memoryview, pos: int, depth: int) -> tuple[dict[str, Any], int]:
    """The dict whose count is at `pos`, and where it ends."""
    count = _SIZE_DICT(data, pos)[0]
    if depth > MAX_DEPTH or count > 1048576:
        raise Doubt
    pos += 4
    pairs: dict[str, Any] = {}
    value: Any
    for _ in repeat(None, count):
        code, size = _READ_HEAD_STRING(data, pos)
        if code != 0x11:
            raise Doubt
        start = pos + 5
        pos = start + size
        key = str(data[start:pos], "utf-8")
        code = data[pos]
        if code == 0x11:
            start = pos + 5
            pos = start + _SIZE_STRING(data, pos + 1)[0]
            pairs[key] = str(data[start:pos], "utf-8")
        elif code == 0x05:
            pairs[key] = _UNPACK_INT64(data, pos + 1)[0]
            pos += 9
        elif code == 0x06:
            pairs[key] = _UNPACK_FLOAT64(data, pos + 1)[0]
            pos += 9
        elif code == 0x21:
            value, pos = read_dict_view(data, pos + 1, depth + 1)
            pairs[key] = value
        elif code == 0x20:
            value, pos = read_list_view(data, pos + 1, depth + 1)
            pairs[key] = value
        elif code == 0x00:
            pairs[key] = None
            pos += 1
        elif code == 0x01:
            value = _CHOICES_BOOL.get(data[pos + 1])
            if value is None:
                raise Doubt
            pairs[key] = value
            pos += 2
        elif code == 0x10:
            start = pos + 5
            pos = start + _SIZE_BYTES(data, pos + 1)[0]
            pairs[key] = data[start:pos]
        else:
            raise Doubt
    if len(pairs) != count:
        raise Doubt
    return pairs, pos

