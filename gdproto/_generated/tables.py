# @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
"""The wire facts of GD/1 as data."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import Final

from ..rows import ErrorType, FieldRule, HeaderField, MessageRule, Role, Transition, ValueType

SPEC_HASH: Final = 'bf4d3690e7fddfc1'
MAX_PAYLOAD_BYTES: Final = 67_108_864
MAX_BLOB_BYTES: Final = 67_108_864
MAX_ITEMS: Final = 1_048_576
MAX_DEPTH: Final = 512

MAGIC: Final = b'GD'
VERSION: Final = 1
HEADER: Final = Struct(">2sBBLQ")
MAX_VALUE_BYTES: Final = 67_108_869
HEADER_BYTES: Final = 16
CONNECTION_REQUEST_ID: Final = 0
EXTENSION_CODES: Final = (128, 239)
NOTICE_CODE: Final = 0x03
MAX_PATH_CHARS: Final = 200
MAX_KEY_CHARS: Final = 32
ELLIPSIS: Final = '…'
IDENTIFIER: Final = '[A-Za-z_][A-Za-z0-9_]*'
ESCAPES: Final[dict[str, str]] = {'"': '\\"', '\\': '\\\\', '\x08': '\\b', '\x0c': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t'}
RAW_DATA_BYTES: Final = 100
ERROR_TEXT_BYTES: Final = 65536
UNKNOWN_VALUE_TYPE: Final = 'unknown_tlv_type'
KEY_ERROR: Final = 'key_not_string'


class MessageCode(IntEnum):
    """Message types."""

    REQUEST = 0x01
    RESPONSE = 0x02
    ERROR = 0x03
    CHUNK = 0x04
    END = 0x05
    STASH = 0x10
    STATUS = 0x11
    MANAGE = 0x12
    CANCEL = 0x80
    PAUSE = 0x81
    RESUME = 0x82


class StashOp(IntEnum):
    """Values of an `op` field: StashOp."""

    PUT = 0x01
    GET = 0x02
    DELETE = 0x03
    KEYS = 0x04
    CLEAR = 0x05
    INFO = 0x06
    ENSURE = 0x07
    DELETE_TABLE = 0x08
    TABLES = 0x09
    EXISTS = 0x0a
    PUT_IF_ABSENT = 0x0b
    POP = 0x0c
    INCR = 0x0d
    TOUCH = 0x0e
    TTL = 0x0f
    ENTRY = 0x10
    SWAP = 0x11
    GET_MANY = 0x12
    PUT_MANY = 0x13
    PAGE = 0x14
    PUSH_LEFT = 0x15
    PUSH_RIGHT = 0x16
    POP_LEFT = 0x17
    POP_RIGHT = 0x18
    LENGTH = 0x19
    CHANGES = 0x1a


class ManageOp(IntEnum):
    """Values of an `op` field: ManageOp."""

    ADD = 0x01
    REMOVE = 0x02
    RELOAD = 0x03
    SET = 0x04
    CALLS = 0x05
    STACKS = 0x06
    KILL = 0x07
    RECYCLE = 0x08



HEADER_FIELDS: Final[tuple[HeaderField, ...]] = (
    HeaderField('magic', 0, 2, 'the letters GD'),
    HeaderField('version', 2, 1, 'protocol version'),
    HeaderField('type', 3, 1, 'message type'),
    HeaderField('length', 4, 4, 'payload bytes that follow'),
    HeaderField('request_id', 8, 8, 'chosen by the side that opens the exchange'),
)

VALUE_TYPES: Final[tuple[ValueType, ...]] = (
    ValueType('none', 0x00, 'empty', type(None), 0, None,
              None, None, None, '', 0, 0),
    ValueType('bool', 0x01, 'mapped', bool, 1, Struct(">B"),
              None, None, {0: False, 1: True}, 'invalid_bool', 0, 0),
    ValueType('int64', 0x05, 'fixed', int, 8, Struct(">q"),
              -9223372036854775808, 9223372036854775807, None, '', 0, 0),
    ValueType('float64', 0x06, 'fixed', float, 8, Struct(">d"),
              None, None, None, '', 0, 0),
    ValueType('bytes', 0x10, 'blob', bytes, 4, Struct(">L"),
              None, None, None, 'length_too_large', 67108864, 0),
    ValueType('string', 0x11, 'text', str, 4, Struct(">L"),
              None, None, None, 'length_too_large', 67108864, 0),
    ValueType('list', 0x20, 'list', list, 4, Struct(">L"),
              None, None, None, 'too_many_items', 1048576, 1),
    ValueType('dict', 0x21, 'dict', dict, 4, Struct(">L"),
              None, None, None, 'too_many_items', 1048576, 6),
)

MESSAGES: Final[tuple[MessageRule, ...]] = (
    MessageRule('REQUEST', 0x01, (
        FieldRule('app_path', (str, ), True, None, True, None, None, False, None, False, ()),
        FieldRule('action', (str, ), True, None, True, None, None, False, None, False, ()),
        FieldRule('timeout', (float, int, ), False, None, True, 0, None, True, None, False, ()),
        FieldRule('priority', (int, ), False, 0, False, -10, 10, False, None, False, ()),
        FieldRule('trace', (dict, ), False, None, True, None, None, False, None, False, ()),
        FieldRule('extensions', (list, ), False, None, True, None, None, False, None, False, ()),
        FieldRule('args', (list, ), False, (), True, None, None, False, None, False, ()),
        FieldRule('kwargs', (dict, ), False, {}, True, None, None, False, None, False, ()),
    ), ''),
    MessageRule('RESPONSE', 0x02, (
        FieldRule('result', (), True, None, True, None, None, False, None, False, ()),
    ), ''),
    MessageRule('ERROR', 0x03, (
        FieldRule('error', (dict, ), True, None, True, None, None, False, None, False, (FieldRule('error_type', (str, ), True, None, True, None, None, False, None, False, ()), FieldRule('message', (str, ), True, None, True, None, None, False, None, False, ()), FieldRule('details', (dict, ), False, {}, True, None, None, False, None, False, ()), )),
    ), ''),
    MessageRule('CHUNK', 0x04, (
        FieldRule('data', (), True, None, True, None, None, False, None, False, ()),
    ), ''),
    MessageRule('END', 0x05, None, ''),
    MessageRule('STASH', 0x10, (
        FieldRule('op', (int, ), True, None, True, None, None, False, frozenset([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26]), False, ()),
        FieldRule('table', (str, ), True, None, True, None, None, False, None, False, ()),
        FieldRule('key', (), False, None, True, None, None, False, None, True, ()),
        FieldRule('value', (), False, None, True, None, None, False, None, False, ()),
        FieldRule('pattern', (str, ), False, None, True, None, None, False, None, False, ()),
        FieldRule('ttl', (float, int, ), False, None, True, 0, None, True, None, False, ()),
        FieldRule('initial', (float, int, ), False, None, True, None, None, True, None, False, ()),
        FieldRule('version', (int, ), False, None, True, 0, None, False, None, False, ()),
        FieldRule('count', (int, ), False, None, True, 1, None, False, None, False, ()),
        FieldRule('after', (), False, None, True, None, None, False, None, True, ()),
        FieldRule('wait', (float, int, ), False, None, True, 0, None, True, None, False, ()),
    ), ''),
    MessageRule('STATUS', 0x11, None, ''),
    MessageRule('MANAGE', 0x12, (
        FieldRule('op', (int, ), True, None, True, None, None, False, frozenset([1, 2, 3, 4, 5, 6, 7, 8]), False, ()),
        FieldRule('count', (int, ), False, 1, True, None, None, False, None, False, ()),
        FieldRule('slot', (int, ), False, None, True, 0, None, False, None, False, ()),
        FieldRule('call', (int, ), False, None, True, 1, None, False, None, False, ()),
    ), ''),
    MessageRule('CANCEL', 0x80, None, 'cancel'),
    MessageRule('PAUSE', 0x81, None, 'flow'),
    MessageRule('RESUME', 0x82, None, 'flow'),
)

# Portable code -> scope by the phase in which it is found.
ERROR_SCOPES: Final[dict[str, dict[str, str]]] = {'bad_magic': {'header': 'connection'},
 'unsupported_version': {'header': 'connection'},
 'unknown_message_type': {'header': 'connection'},
 'payload_too_large': {'header': 'connection', 'encode': 'exchange'},
 'truncated': {'stream': 'connection', 'payload': 'exchange'},
 'trailing_data': {'payload': 'exchange'},
 'unknown_tlv_type': {'payload': 'exchange'},
 'invalid_bool': {'payload': 'exchange'},
 'invalid_utf8': {'payload': 'exchange'},
 'length_too_large': {'payload': 'exchange', 'encode': 'exchange'},
 'too_many_items': {'payload': 'exchange', 'encode': 'exchange'},
 'nesting_too_deep': {'payload': 'exchange', 'encode': 'exchange'},
 'key_not_string': {'payload': 'exchange', 'encode': 'exchange'},
 'duplicate_key': {'payload': 'exchange', 'encode': 'exchange'},
 'unexpected_payload': {'payload': 'exchange'},
 'payload_not_dict': {'payload': 'exchange'},
 'missing_field': {'payload': 'exchange'},
 'wrong_field_type': {'payload': 'exchange', 'encode': 'exchange'},
 'invalid_field_value': {'payload': 'exchange', 'encode': 'exchange'},
 'int_out_of_range': {'encode': 'exchange'},
 'invalid_text': {'encode': 'exchange'},
 'unsupported_type': {'encode': 'exchange'},
 'unexpected_message': {'state': 'exchange'},
 'duplicate_request_id': {'state': 'connection'}}

ERROR_TYPES: Final[tuple[ErrorType, ...]] = (
    ErrorType('DirtyError', '', ()),
    ErrorType('DirtyTimeoutError', 'DirtyError', ('timeout', 'app_path', 'action', 'where', 'waited')),
    ErrorType('DirtyConnectionError', 'DirtyError', ('socket_path', 'begun')),
    ErrorType('DirtyWorkerError', 'DirtyError', ('worker_id', 'traceback')),
    ErrorType('DirtyAppError', 'DirtyError', ('app_path', 'action', 'traceback', 'exception_type', 'exception_bases')),
    ErrorType('DirtyAppNotFoundError', 'DirtyAppError', ('app_path', 'action', 'traceback')),
    ErrorType('DirtyNoWorkersAvailableError', 'DirtyError', ('app_path', 'reason', 'begun')),
    ErrorType('DirtyProtocolError', 'DirtyError', ('code', 'offset', 'path', 'raw_data')),
    ErrorType('DirtyOverloadedError', 'DirtyError', ('app_path', 'retry_after')),
    ErrorType('DirtyCancelledError', 'DirtyError', ()),
    ErrorType('DirtyPermissionError', 'DirtyError', ()),
    ErrorType('StashError', 'DirtyError', ()),
    ErrorType('StashTableNotFoundError', 'StashError', ('table_name',)),
    ErrorType('StashKeyNotFoundError', 'StashError', ('table_name', 'key')),
)

STATES: Final[dict[str, str]] = {'idle': 'no exchange with this id is open',
 'calling': 'REQUEST sent, no answer yet',
 'streaming': 'CHUNK received, more may follow',
 'asking': 'STASH, STATUS or MANAGE sent, no answer yet',
 'abandoned': 'given up by the opener, its terminal frame still to come'}

# (state, sender, message code) -> transition.
TRANSITIONS: Final[dict[tuple[str, str, int], Transition]] = {
    ('idle', 'opener', 0x01): Transition('calling', 'deliver', ''),
    ('idle', 'opener', 0x10): Transition('asking', 'deliver', ''),
    ('idle', 'opener', 0x11): Transition('asking', 'deliver', ''),
    ('idle', 'opener', 0x12): Transition('asking', 'deliver', ''),
    ('calling', 'opener', 0x01): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('calling', 'opener', 0x10): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('calling', 'opener', 0x11): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('calling', 'opener', 0x12): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('streaming', 'opener', 0x01): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('streaming', 'opener', 0x10): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('streaming', 'opener', 0x11): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('streaming', 'opener', 0x12): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('asking', 'opener', 0x01): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('asking', 'opener', 0x10): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('asking', 'opener', 0x11): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('asking', 'opener', 0x12): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('abandoned', 'opener', 0x01): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('abandoned', 'opener', 0x10): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('abandoned', 'opener', 0x11): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('abandoned', 'opener', 0x12): Transition('abandoned', 'duplicate_request_id', 'connection'),
    ('calling', 'opener', 0x80): Transition('abandoned', 'deliver', ''),
    ('streaming', 'opener', 0x80): Transition('abandoned', 'deliver', ''),
    ('asking', 'opener', 0x80): Transition('abandoned', 'deliver', ''),
    ('abandoned', 'opener', 0x80): Transition('abandoned', 'deliver', ''),
    ('idle', 'opener', 0x80): Transition('idle', 'discard', ''),
    ('calling', 'opener', 0x81): Transition('calling', 'deliver', ''),
    ('calling', 'opener', 0x82): Transition('calling', 'deliver', ''),
    ('streaming', 'opener', 0x81): Transition('streaming', 'deliver', ''),
    ('streaming', 'opener', 0x82): Transition('streaming', 'deliver', ''),
    ('asking', 'opener', 0x81): Transition('asking', 'discard', ''),
    ('asking', 'opener', 0x82): Transition('asking', 'discard', ''),
    ('abandoned', 'opener', 0x81): Transition('abandoned', 'discard', ''),
    ('abandoned', 'opener', 0x82): Transition('abandoned', 'discard', ''),
    ('idle', 'opener', 0x81): Transition('idle', 'discard', ''),
    ('idle', 'opener', 0x82): Transition('idle', 'discard', ''),
    ('idle', 'opener', 0x02): Transition('idle', 'unexpected_message', 'exchange'),
    ('idle', 'opener', 0x03): Transition('idle', 'unexpected_message', 'exchange'),
    ('idle', 'opener', 0x04): Transition('idle', 'unexpected_message', 'exchange'),
    ('idle', 'opener', 0x05): Transition('idle', 'unexpected_message', 'exchange'),
    ('calling', 'opener', 0x02): Transition('idle', 'unexpected_message', 'exchange'),
    ('calling', 'opener', 0x03): Transition('idle', 'unexpected_message', 'exchange'),
    ('calling', 'opener', 0x04): Transition('idle', 'unexpected_message', 'exchange'),
    ('calling', 'opener', 0x05): Transition('idle', 'unexpected_message', 'exchange'),
    ('streaming', 'opener', 0x02): Transition('idle', 'unexpected_message', 'exchange'),
    ('streaming', 'opener', 0x03): Transition('idle', 'unexpected_message', 'exchange'),
    ('streaming', 'opener', 0x04): Transition('idle', 'unexpected_message', 'exchange'),
    ('streaming', 'opener', 0x05): Transition('idle', 'unexpected_message', 'exchange'),
    ('asking', 'opener', 0x02): Transition('idle', 'unexpected_message', 'exchange'),
    ('asking', 'opener', 0x03): Transition('idle', 'unexpected_message', 'exchange'),
    ('asking', 'opener', 0x04): Transition('idle', 'unexpected_message', 'exchange'),
    ('asking', 'opener', 0x05): Transition('idle', 'unexpected_message', 'exchange'),
    ('abandoned', 'opener', 0x02): Transition('idle', 'unexpected_message', 'exchange'),
    ('abandoned', 'opener', 0x03): Transition('idle', 'unexpected_message', 'exchange'),
    ('abandoned', 'opener', 0x04): Transition('idle', 'unexpected_message', 'exchange'),
    ('abandoned', 'opener', 0x05): Transition('idle', 'unexpected_message', 'exchange'),
    ('calling', 'answerer', 0x02): Transition('idle', 'deliver', ''),
    ('calling', 'answerer', 0x03): Transition('idle', 'deliver', ''),
    ('calling', 'answerer', 0x05): Transition('idle', 'deliver', ''),
    ('calling', 'answerer', 0x04): Transition('streaming', 'deliver', ''),
    ('streaming', 'answerer', 0x04): Transition('streaming', 'deliver', ''),
    ('streaming', 'answerer', 0x05): Transition('idle', 'deliver', ''),
    ('streaming', 'answerer', 0x03): Transition('idle', 'deliver', ''),
    ('streaming', 'answerer', 0x02): Transition('idle', 'unexpected_message', 'exchange'),
    ('asking', 'answerer', 0x02): Transition('idle', 'deliver', ''),
    ('asking', 'answerer', 0x03): Transition('idle', 'deliver', ''),
    ('asking', 'answerer', 0x04): Transition('abandoned', 'unexpected_message', 'exchange'),
    ('asking', 'answerer', 0x05): Transition('idle', 'unexpected_message', 'exchange'),
    ('abandoned', 'answerer', 0x04): Transition('abandoned', 'discard', ''),
    ('abandoned', 'answerer', 0x02): Transition('idle', 'discard', ''),
    ('abandoned', 'answerer', 0x03): Transition('idle', 'discard', ''),
    ('abandoned', 'answerer', 0x05): Transition('idle', 'discard', ''),
    ('idle', 'answerer', 0x02): Transition('idle', 'unexpected_message', 'connection'),
    ('idle', 'answerer', 0x03): Transition('idle', 'unexpected_message', 'connection'),
    ('idle', 'answerer', 0x04): Transition('idle', 'unexpected_message', 'connection'),
    ('idle', 'answerer', 0x05): Transition('idle', 'unexpected_message', 'connection'),
    ('idle', 'answerer', 0x01): Transition('idle', 'unexpected_message', 'connection'),
    ('idle', 'answerer', 0x10): Transition('idle', 'unexpected_message', 'connection'),
    ('idle', 'answerer', 0x11): Transition('idle', 'unexpected_message', 'connection'),
    ('idle', 'answerer', 0x12): Transition('idle', 'unexpected_message', 'connection'),
    ('idle', 'answerer', 0x80): Transition('idle', 'unexpected_message', 'connection'),
    ('idle', 'answerer', 0x81): Transition('idle', 'unexpected_message', 'connection'),
    ('idle', 'answerer', 0x82): Transition('idle', 'unexpected_message', 'connection'),
    ('calling', 'answerer', 0x01): Transition('idle', 'unexpected_message', 'connection'),
    ('calling', 'answerer', 0x10): Transition('idle', 'unexpected_message', 'connection'),
    ('calling', 'answerer', 0x11): Transition('idle', 'unexpected_message', 'connection'),
    ('calling', 'answerer', 0x12): Transition('idle', 'unexpected_message', 'connection'),
    ('calling', 'answerer', 0x80): Transition('idle', 'unexpected_message', 'connection'),
    ('calling', 'answerer', 0x81): Transition('idle', 'unexpected_message', 'connection'),
    ('calling', 'answerer', 0x82): Transition('idle', 'unexpected_message', 'connection'),
    ('streaming', 'answerer', 0x01): Transition('idle', 'unexpected_message', 'connection'),
    ('streaming', 'answerer', 0x10): Transition('idle', 'unexpected_message', 'connection'),
    ('streaming', 'answerer', 0x11): Transition('idle', 'unexpected_message', 'connection'),
    ('streaming', 'answerer', 0x12): Transition('idle', 'unexpected_message', 'connection'),
    ('streaming', 'answerer', 0x80): Transition('idle', 'unexpected_message', 'connection'),
    ('streaming', 'answerer', 0x81): Transition('idle', 'unexpected_message', 'connection'),
    ('streaming', 'answerer', 0x82): Transition('idle', 'unexpected_message', 'connection'),
    ('asking', 'answerer', 0x01): Transition('idle', 'unexpected_message', 'connection'),
    ('asking', 'answerer', 0x10): Transition('idle', 'unexpected_message', 'connection'),
    ('asking', 'answerer', 0x11): Transition('idle', 'unexpected_message', 'connection'),
    ('asking', 'answerer', 0x12): Transition('idle', 'unexpected_message', 'connection'),
    ('asking', 'answerer', 0x80): Transition('idle', 'unexpected_message', 'connection'),
    ('asking', 'answerer', 0x81): Transition('idle', 'unexpected_message', 'connection'),
    ('asking', 'answerer', 0x82): Transition('idle', 'unexpected_message', 'connection'),
    ('abandoned', 'answerer', 0x01): Transition('idle', 'unexpected_message', 'connection'),
    ('abandoned', 'answerer', 0x10): Transition('idle', 'unexpected_message', 'connection'),
    ('abandoned', 'answerer', 0x11): Transition('idle', 'unexpected_message', 'connection'),
    ('abandoned', 'answerer', 0x12): Transition('idle', 'unexpected_message', 'connection'),
    ('abandoned', 'answerer', 0x80): Transition('idle', 'unexpected_message', 'connection'),
    ('abandoned', 'answerer', 0x81): Transition('idle', 'unexpected_message', 'connection'),
    ('abandoned', 'answerer', 0x82): Transition('idle', 'unexpected_message', 'connection'),
}

# What opens an exchange that it may not open.
NOT_OPENED: Final = Transition('idle', 'unexpected_message', 'exchange')

# (sender, whether the frame would end the exchange) -> the state after a fault in it.
AFTER_FAULT: Final[dict[tuple[str, bool], str]] = {
    ('opener', False): 'idle',
    ('opener', True): 'idle',
    ('answerer', False): 'abandoned',
    ('answerer', True): 'idle',
}

ROLES: Final[dict[str, Role]] = {
    'client': Role('client', 'opener', 'arbiter', frozenset({0x01, 0x10, 0x11, 0x12}), 0),
    'arbiter': Role('arbiter', 'answerer', 'client', frozenset({0x01, 0x10, 0x11, 0x12}), 0),
    'lane': Role('lane', 'opener', 'worker', frozenset({0x01, 0x11}), 1),
    'worker': Role('worker', 'answerer', 'lane', frozenset({0x01, 0x11}), 1),
}
