# @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
"""TLV values, fast: straight-line code for what is common and right.

Whatever this code cannot vouch for raises Doubt or the interpreter's own error (DOUBTS); the
strict codec then decides. It never returns a wrong answer.
"""

from __future__ import annotations

from itertools import repeat
from struct import Struct, error
from typing import Any

from ..encoded import Encoded
from ..fast import (
    COUNTED_BYTES,
    DOUBTS,
    KEY_CACHE_BYTES,
    KEY_CACHE_SIZE,
    LONG_TEXT_BYTES,
    MOST_PIECES,
    RUN,
    Again,
    Doubt,
    Faulty,
    judge_text,
)
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


def write_value(value: Any, out: Any, depth: int = 0) -> None:
    """Pass the encoding of `value` to `out` in pieces; `depth` containers are open."""
    kind = type(value)
    if kind is str:
        raw = value.encode()
        size = len(raw)
        if size > 67108864:
            raise Doubt
        if size < 256:
            out(_SHORT_STRING[size])
        else:
            if size > COUNTED_BYTES:
                out.__self__.counted(size)
            out(_HEAD_STRING(0x11, size))
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
        if size < 256:
            out(_SHORT_BYTES[size])
        else:
            if size > COUNTED_BYTES:
                out.__self__.counted(size)
            out(_HEAD_BYTES(0x10, size))
        out(raw)
    elif kind is Encoded and depth <= 1:
        out(value)
    else:
        raise Doubt


def write_list(values: Any, out: Any, depth: int) -> None:
    """Write a list or tuple that makes `depth` open containers."""
    count = len(values)
    if depth > MAX_DEPTH or count > 1048576:
        raise Doubt
    if len(out.__self__) > MOST_PIECES:
        out.__self__.settle()
    out(_HEAD_LIST(0x20, count))
    done = 0
    value = None
    try:
        while count - done >= RUN:
            run = values[done : done + RUN]
            kinds = set(map(type, run))
            if kinds == {int}:
                try:
                    packed = bytearray(_RUN_INT64.pack(*run))
                except (error, OverflowError):
                    break
                packed[::_STRIDE_INT64] = _CODES_INT64
            elif kinds == {float}:
                try:
                    packed = bytearray(_RUN_FLOAT64.pack(*run))
                except (error, OverflowError):
                    break
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
                if size < 256:
                    out(_SHORT_STRING[size])
                else:
                    if size > COUNTED_BYTES:
                        out.__self__.counted(size)
                    out(_HEAD_STRING(0x11, size))
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
                if size < 256:
                    out(_SHORT_BYTES[size])
                else:
                    if size > COUNTED_BYTES:
                        out.__self__.counted(size)
                    out(_HEAD_BYTES(0x10, size))
                out(raw)
            else:
                raise Doubt
    except DOUBTS:
        out.__self__.lost_item(values, value, done)
        raise


def write_dict(pairs: Any, out: Any, depth: int) -> None:
    """Write a dict that makes `depth` open containers."""
    count = len(pairs)
    if depth > MAX_DEPTH or count > 1048576:
        raise Doubt
    if len(out.__self__) > MOST_PIECES:
        out.__self__.settle()
    out(_HEAD_DICT(0x21, count))
    key = value = None
    try:
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
                if size < 256:
                    out(_SHORT_STRING[size])
                else:
                    if size > COUNTED_BYTES:
                        out.__self__.counted(size)
                    out(_HEAD_STRING(0x11, size))
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
                if size < 256:
                    out(_SHORT_BYTES[size])
                else:
                    if size > COUNTED_BYTES:
                        out.__self__.counted(size)
                    out(_HEAD_BYTES(0x10, size))
                out(raw)
            else:
                raise Doubt
    except DOUBTS:
        out.__self__.lost_pair(key, value)
        raise


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


# How fixed types run: their stride, and their codes in a run.
_STRIDES = {
    0x05: 9,
    0x06: 9,
    0x00: 1,
}
_CODES = {code: bytes([code]) * RUN for code in _STRIDES}


def check_value(data: bytes | memoryview, pos: int, route: Any = None) -> int:
    """Where the value at `pos` ends; never recurses.

    Args:
        route: where to go on behind a key of the root; see `routing.Routing`.
            Where it ends the walk, -1 is returned.

    Raises:
        Faulty: something is wrong at a place.
    """
    text: Any = bytes.decode if type(data) is bytes else str
    end = room = len(data)
    count = left = 1
    at = pos
    key: str | None = None
    around: list[Any] = []
    keys: set[str] | None = None
    try:
        while True:
            if keys is None:
                while left >= RUN and pos < end:
                    code = data[pos]
                    stop = pos + _STRIDES.get(code, 0) * RUN
                    if not pos < stop <= end:
                        break
                    if bytes(data[pos : stop : _STRIDES[code]]) != _CODES[code]:
                        break
                    pos = stop
                    left -= RUN
                while left:
                    at = pos
                    left -= 1
                    code = data[pos]
                    if code == 0x11:
                        size = _SIZE_STRING(data, pos + 1)[0]
                        pos += 5 + size
                        if size > 67108864 or pos > room - left:
                            raise Doubt
                        if size < LONG_TEXT_BYTES:
                            text(data[pos - size : pos], "utf-8")
                        else:
                            judge_text(data, pos - size, pos)
                    elif code == 0x05:
                        pos += 9
                        if pos > end:
                            raise Doubt
                    elif code == 0x06:
                        pos += 9
                        if pos > end:
                            raise Doubt
                    elif code == 0x21:
                        if len(around) >= MAX_DEPTH:
                            raise Doubt
                        size = _SIZE_DICT(data, pos + 1)[0]
                        pos += 5
                        if size > 1048576 or pos + size * 6 > room - left:
                            raise Doubt
                        if size:
                            around.append((count, left, room, keys, key))
                            room -= left
                            keys = set()
                            count = left = size
                            break
                    elif code == 0x20:
                        if len(around) >= MAX_DEPTH:
                            raise Doubt
                        size = _SIZE_LIST(data, pos + 1)[0]
                        pos += 5
                        if size > 1048576 or pos + size > room - left:
                            raise Doubt
                        if size:
                            around.append((count, left, room, keys, key))
                            room -= left
                            keys = None
                            count = left = size
                            break
                    elif code == 0x00:
                        pos += 1
                    elif code == 0x01:
                        if data[pos + 1] not in _CHOICES_BOOL:
                            raise Doubt
                        pos += 2
                    elif code == 0x10:
                        size = _SIZE_BYTES(data, pos + 1)[0]
                        pos += 5 + size
                        if size > 67108864 or pos > room - left:
                            raise Doubt
                    else:
                        raise Doubt
            else:
                while left:
                    if route is not None and len(around) == 1 and not route.missing:
                        return -1
                    at = pos
                    key = None
                    left -= 1
                    code, size = _READ_HEAD_STRING(data, pos)
                    pos += 5 + size
                    if code != 0x11 or size > 67108864 or pos > room - left * 6:
                        raise Doubt
                    name = text(data[pos - size : pos], "utf-8")
                    if route is not None and len(around) == 1:
                        stop = route(name, pos)
                        if stop < 0:
                            return -1
                        if stop != pos:
                            pos = stop
                            continue
                    elif name in keys:
                        raise Again
                    else:
                        keys.add(name)
                    key = name
                    at = pos
                    code = data[pos]
                    if code == 0x11:
                        size = _SIZE_STRING(data, pos + 1)[0]
                        pos += 5 + size
                        if size > 67108864 or pos > room - left * 6:
                            raise Doubt
                        if size < LONG_TEXT_BYTES:
                            text(data[pos - size : pos], "utf-8")
                        else:
                            judge_text(data, pos - size, pos)
                    elif code == 0x05:
                        pos += 9
                        if pos > end:
                            raise Doubt
                    elif code == 0x06:
                        pos += 9
                        if pos > end:
                            raise Doubt
                    elif code == 0x21:
                        if len(around) >= MAX_DEPTH:
                            raise Doubt
                        size = _SIZE_DICT(data, pos + 1)[0]
                        pos += 5
                        if size > 1048576 or pos + size * 6 > room - left * 6:
                            raise Doubt
                        if size:
                            around.append((count, left, room, keys, key))
                            room -= left * 6
                            keys = set()
                            count = left = size
                            break
                    elif code == 0x20:
                        if len(around) >= MAX_DEPTH:
                            raise Doubt
                        size = _SIZE_LIST(data, pos + 1)[0]
                        pos += 5
                        if size > 1048576 or pos + size > room - left * 6:
                            raise Doubt
                        if size:
                            around.append((count, left, room, keys, key))
                            room -= left * 6
                            keys = None
                            count = left = size
                            break
                    elif code == 0x00:
                        pos += 1
                    elif code == 0x01:
                        if data[pos + 1] not in _CHOICES_BOOL:
                            raise Doubt
                        pos += 2
                    elif code == 0x10:
                        size = _SIZE_BYTES(data, pos + 1)[0]
                        pos += 5 + size
                        if size > 67108864 or pos > room - left * 6:
                            raise Doubt
                    else:
                        raise Doubt
            if not left:
                if not around:
                    return pos
                count, left, room, keys, key = around.pop()
    except DOUBTS as doubt:
        around.append((count, left, room, keys, key))
        raise Faulty(at, around, doubt) from None


def build_value(data: bytes | memoryview, pos: int) -> tuple[Any, int]:
    """The value at `pos`, and where it ends; never recurses.

    Raises:
        Faulty: something is wrong at a place.
    """
    text: Any = bytes.decode if type(data) is bytes else str
    end = room = len(data)
    count = left = 1
    at = pos
    key: str | None = None
    around: list[Any] = []
    root: list[Any] = []
    holder: Any = root
    inner: Any
    try:
        while True:
            if type(holder) is list:
                while left >= RUN and pos < end:
                    code = data[pos]
                    if code == 0x05:
                        stop = pos + _STRIDE_INT64 * RUN
                        if stop > end or bytes(data[pos:stop:_STRIDE_INT64]) != _CODES_INT64:
                            break
                        holder.extend(_RUN_INT64.unpack_from(data, pos))
                    elif code == 0x06:
                        stop = pos + _STRIDE_FLOAT64 * RUN
                        if stop > end or bytes(data[pos:stop:_STRIDE_FLOAT64]) != _CODES_FLOAT64:
                            break
                        holder.extend(_RUN_FLOAT64.unpack_from(data, pos))
                    else:
                        break
                    pos = stop
                    left -= RUN
                while left:
                    at = pos
                    left -= 1
                    code = data[pos]
                    if code == 0x11:
                        size = _SIZE_STRING(data, pos + 1)[0]
                        pos += 5 + size
                        if size > 67108864 or pos > room - left:
                            raise Doubt
                        holder.append(text(data[pos - size : pos], "utf-8"))
                    elif code == 0x05:
                        pos += 9
                        if pos > end:
                            raise Doubt
                        holder.append(_UNPACK_INT64(data, at + 1)[0])
                    elif code == 0x06:
                        pos += 9
                        if pos > end:
                            raise Doubt
                        holder.append(_UNPACK_FLOAT64(data, at + 1)[0])
                    elif code == 0x21:
                        if len(around) >= MAX_DEPTH:
                            raise Doubt
                        size = _SIZE_DICT(data, pos + 1)[0]
                        pos += 5
                        if size > 1048576 or pos + size * 6 > room - left:
                            raise Doubt
                        inner = {}
                        holder.append(inner)
                        if size:
                            around.append((count, left, room, holder, key))
                            room -= left
                            holder = inner
                            count = left = size
                            break
                    elif code == 0x20:
                        if len(around) >= MAX_DEPTH:
                            raise Doubt
                        size = _SIZE_LIST(data, pos + 1)[0]
                        pos += 5
                        if size > 1048576 or pos + size > room - left:
                            raise Doubt
                        inner = []
                        holder.append(inner)
                        if size:
                            around.append((count, left, room, holder, key))
                            room -= left
                            holder = inner
                            count = left = size
                            break
                    elif code == 0x00:
                        holder.append(None)
                        pos += 1
                    elif code == 0x01:
                        if data[pos + 1] not in _CHOICES_BOOL:
                            raise Doubt
                        holder.append(_CHOICES_BOOL[data[at + 1]])
                        pos += 2
                    elif code == 0x10:
                        size = _SIZE_BYTES(data, pos + 1)[0]
                        pos += 5 + size
                        if size > 67108864 or pos > room - left:
                            raise Doubt
                        holder.append(data[pos - size : pos])
                    else:
                        raise Doubt
            else:
                while left:
                    at = pos
                    key = None
                    left -= 1
                    code, size = _READ_HEAD_STRING(data, pos)
                    pos += 5 + size
                    if code != 0x11 or size > 67108864 or pos > room - left * 6:
                        raise Doubt
                    name = text(data[pos - size : pos], "utf-8")
                    if name in holder:
                        raise Again
                    key = name
                    at = pos
                    code = data[pos]
                    if code == 0x11:
                        size = _SIZE_STRING(data, pos + 1)[0]
                        pos += 5 + size
                        if size > 67108864 or pos > room - left * 6:
                            raise Doubt
                        holder[key] = text(data[pos - size : pos], "utf-8")
                    elif code == 0x05:
                        pos += 9
                        if pos > end:
                            raise Doubt
                        holder[key] = _UNPACK_INT64(data, at + 1)[0]
                    elif code == 0x06:
                        pos += 9
                        if pos > end:
                            raise Doubt
                        holder[key] = _UNPACK_FLOAT64(data, at + 1)[0]
                    elif code == 0x21:
                        if len(around) >= MAX_DEPTH:
                            raise Doubt
                        size = _SIZE_DICT(data, pos + 1)[0]
                        pos += 5
                        if size > 1048576 or pos + size * 6 > room - left * 6:
                            raise Doubt
                        inner = {}
                        holder[key] = inner
                        if size:
                            around.append((count, left, room, holder, key))
                            room -= left * 6
                            holder = inner
                            count = left = size
                            break
                    elif code == 0x20:
                        if len(around) >= MAX_DEPTH:
                            raise Doubt
                        size = _SIZE_LIST(data, pos + 1)[0]
                        pos += 5
                        if size > 1048576 or pos + size > room - left * 6:
                            raise Doubt
                        inner = []
                        holder[key] = inner
                        if size:
                            around.append((count, left, room, holder, key))
                            room -= left * 6
                            holder = inner
                            count = left = size
                            break
                    elif code == 0x00:
                        holder[key] = None
                        pos += 1
                    elif code == 0x01:
                        if data[pos + 1] not in _CHOICES_BOOL:
                            raise Doubt
                        holder[key] = _CHOICES_BOOL[data[at + 1]]
                        pos += 2
                    elif code == 0x10:
                        size = _SIZE_BYTES(data, pos + 1)[0]
                        pos += 5 + size
                        if size > 67108864 or pos > room - left * 6:
                            raise Doubt
                        holder[key] = data[pos - size : pos]
                    else:
                        raise Doubt
            if not left:
                if not around:
                    return root[0], pos
                count, left, room, holder, key = around.pop()
    except DOUBTS as doubt:
        around.append((count, left, room, holder, key))
        raise Faulty(at, around, doubt) from None

