"""The C backend: the value codec and the messages as one CPython extension.

The parts that do not depend on the declaration stand in `c_parts/`: `support.c` before what is
printed here, `module.c` after it. As in Python, the code handles what is common and right, and
leaves everything else, as a doubt, to the Python codec.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from . import ir
from .layout import container, dict_head, key_bytes, leaves, may_be_absent, text_type, value_type
from .python import PYTHON_TYPES, ROUTING
from .walk import CompileError

Lines = list[str]

PARTS = Path(__file__).parent / "c_parts"
PATH = "gdproto/_generated/codec.c"

# The same functions as types see them.
STUB = '''"""The C codec's functions. They are those of gdproto.tlv, frames and messages."""

from typing import Any

from ..frames import Header, Message
from ..messages import RequestPeek

SPEC_HASH: str

def bind(
    messages: dict[int, type[Message]],
    header: type[Header],
    peek: type[RequestPeek],
    functions: dict[str, Any],
    /,
) -> None: ...
def encode(value: Any) -> bytes: ...
def decode(data: bytes | bytearray | memoryview, *, zero_copy: bool = False) -> Any: ...
def parse(data: bytes | bytearray | memoryview, *, zero_copy: bool = False) -> Message: ...
def parse_payload(header: Header, data: bytes | memoryview, start: int = 0) -> Message: ...
def parse_header(data: bytes | bytearray | memoryview, offset: int = 0) -> Header: ...
def peek_request(payload: bytes | bytearray | memoryview, start: int = 0) -> RequestPeek: ...
def to_bytes(self: Message) -> bytes: ...
'''

# What the exported functions fall back on, in gdproto.
FALLBACKS = (
    "encode",
    "decode",
    "serialize",
    "parse",
    "parse_payload",
    "parse_header",
    "peek_request",
    "readable",
)

# struct's characters: how many bits, and whether they have a sign.
INTEGERS = {
    "b": (8, True), "B": (8, False), "h": (16, True), "H": (16, False), "i": (32, True),
    "I": (32, False), "l": (32, True), "L": (32, False), "q": (64, True), "Q": (64, False),
}  # fmt: skip
FLOATS = {"f": 32, "d": 64}

CHECKS = {
    "str": "PyUnicode", "int": "PyLong", "float": "PyFloat", "dict": "PyDict", "list": "PyList",
    "bytes": "PyBytes", "tuple": "PyTuple",
}  # fmt: skip


def files(spec: ir.Spec, source_hash: str) -> dict[str, str]:
    """File contents by path below the repository's root, without their marker."""
    _known_types(spec)
    sections = [
        (PARTS / "support.c").read_text(),
        _section("Wire facts", _facts(spec, source_hash)),
        _section("Writing values", _writers(spec)),
        _section("Reading values", _readers(spec)),
        _section("Messages", _messages(spec)),
        _section("Routing", _routing(spec)),
        (PARTS / "module.c").read_text(),
    ]
    return {PATH: "\n".join(sections), f"{PATH.removesuffix('.c')}.pyi": STUB}


def _known_types(spec: ir.Spec) -> None:
    for value in spec.values:
        where = f"spec.tlv: value type '{value.name}'"
        if value.python not in PYTHON_TYPES:
            raise CompileError(f"{where}: no C codec for {value.python}")
        match value.body:
            case ir.Fixed(format) if value.python in ("int", "float"):
                if format not in (FLOATS if value.python == "float" else INTEGERS):
                    raise CompileError(f"{where}: no C codec for the format {format}")
            case ir.Mapped(_, 1, choices) if {type(c) for _, c in choices} == {bool}:
                pass
            case ir.Fixed() | ir.Mapped():
                raise CompileError(f"{where}: no C codec for this form")


def _section(title: str, lines: Lines) -> str:
    banner = f"/* === {title} ".ljust(96, "=") + " */"
    return "\n".join([banner, "", *lines, ""])


def _indent(lines: Iterable[str]) -> Lines:
    return [f"    {line}" if line else "" for line in lines]


def _block(opening: str, lines: Iterable[str]) -> Lines:
    return [f"{opening} {{", *_indent(lines), "}"]


def _function(signature: str, lines: Iterable[str]) -> Lines:
    return [*_block(signature, lines), ""]


def _text(data: bytes) -> str:
    """A C string literal; octal escapes end where they end."""
    plain = {ord(c) for c in "_:. "} | set(range(48, 58)) | set(range(65, 91)) | set(range(97, 123))
    escaped = "".join(chr(b) if b in plain else f"\\{b:03o}" for b in data)
    return f'"{escaped}"'


def _put(format: str, at: str, value: str) -> str:
    if format in FLOATS:
        return f"putf{FLOATS[format]}({at}, {value});"
    bits, _ = INTEGERS[format]
    return f"put{bits}({at}, (uint{bits}_t){value});"


def _get(format: str, at: str) -> str:
    if format in FLOATS:
        return f"getf{FLOATS[format]}({at})"
    bits, signed = INTEGERS[format]
    return f"(int{bits}_t)get{bits}({at})" if signed else f"get{bits}({at})"


def _number(value: int) -> str:
    if value == -(2**63):
        return "INT64_MIN"
    return f"{value}ULL" if value >= 2**63 else f"{value}LL"


# --- wire facts --------------------------------------------------------------------------------


def _facts(spec: ir.Spec, source_hash: str) -> Lines:
    at = {field.name: field for field in spec.header}
    constants = [_constant_check(f) for f in spec.header if f.constant is not None]
    length = at["length"]
    assert length.limit is not None
    return [
        f'#define SPEC_HASH "{source_hash}"',
        *(f"#define {limit.name.upper()} {limit.value}" for limit in spec.limits),
        "#define DEPTH (MAX_DEPTH < MAX_C_DEPTH ? MAX_DEPTH : MAX_C_DEPTH)",
        *(f"#define CODE_{v.name.upper()} {v.code:#04x}" for v in spec.values),
        "",
        f"#define HEADER_BYTES {spec.header_bytes}",
        *(_header_reader(at[name]) for name in ("type", "length", "request_id")),
        "",
        *_code_index(spec),
        *_function(
            "INLINE int header_is_sound(const uint8_t *at)",
            [
                f"return {' && '.join(constants)} &&",
                "       code_index[HEADER_TYPE(at)] >= 0 &&",
                f"       HEADER_LENGTH(at) <= {length.limit.value};",
            ],
        ),
        *_function(
            "INLINE void put_header(uint8_t *at, uint8_t code, size_t length, uint64_t request_id)",
            [_put_header_field(field) for field in spec.header],
        ),
        "enum {",
        *(f"    FALLBACK_{name.upper()}," for name in FALLBACKS),
        "    FALLBACKS",
        "};",
        "",
        f"static const char *const fallback_names[] = {{{', '.join(map(_quote, FALLBACKS))}}};",
    ]


def _header_reader(field: ir.HeaderField) -> str:
    return f"#define HEADER_{field.name.upper()}(at) {_get(field.format, f'(at) + {field.offset}')}"


def _quote(name: str) -> str:
    return f'"{name}"'


def _code_index(spec: ir.Spec) -> Lines:
    index = {message.code: i for i, message in enumerate(spec.messages)}
    rows = [
        ", ".join(str(index.get(code, -1)) for code in range(row, row + 16))
        for row in range(0, 256, 16)
    ]
    return [
        "/* Message codes to places in the tables below. */",
        "static const int8_t code_index[256] = {",
        *(f"    {row}," for row in rows),
        "};",
        "",
    ]


def _constant_check(field: ir.HeaderField) -> str:
    if isinstance(field.constant, bytes):
        return f"memcmp(at + {field.offset}, {_text(field.constant)}, {field.size}) == 0"
    return f"{_get(field.format, f'at + {field.offset}')} == {field.constant}"


def _put_header_field(field: ir.HeaderField) -> str:
    at = f"at + {field.offset}"
    if isinstance(field.constant, bytes):
        return f"memcpy({at}, {_text(field.constant)}, {field.size});"
    names = {"type": "code", "length": "length", "request_id": "request_id"}
    value = names[field.name] if field.constant is None else str(field.constant)
    return _put(field.format, at, value)


# --- writing values ----------------------------------------------------------------------------


def _of(spec: ir.Spec, python: str) -> list[ir.ValueType]:
    return [v for v in spec.values if v.python == python]


def _writers(spec: ir.Spec) -> Lines:
    the_list, the_dict = value_type("list", spec), value_type("dict", spec)
    return [
        "static int write_list(Writer *w, PyObject *const *items, Py_ssize_t count, int depth);",
        "static int write_dict(Writer *w, PyObject *pairs, int depth);",
        "static int write_other(Writer *w, PyObject *value, int depth);",
        "",
        *_write_int(_of(spec, "int")),
        *_write_float(_of(spec, "float")),
        *_write_text(value_type("str", spec)),
        *_write_blob(value_type("bytes", spec)),
        "/* `depth` containers are open. */",
        *_function(
            "INLINE int write_value(Writer *w, PyObject *value, int depth)", _write_arms(spec)
        ),
        *_function(
            "NOINLINE int write_any(Writer *w, PyObject *value, int depth)",
            ["return write_value(w, value, depth);"],
        ),
        *_function(
            "static int write_list(Writer *w, PyObject *const *items, Py_ssize_t count, int depth)",
            [
                *_write_head(the_list, "depth > DEPTH || "),
                *_block(
                    "for (Py_ssize_t i = 0; i < count; i++)",
                    [
                        *_write_run(spec),
                        *_block("if (write_value(w, items[i], depth) < 0)", ["return -1;"]),
                    ],
                ),
                "return 0;",
            ],
        ),
        *_function(
            "static int write_dict(Writer *w, PyObject *pairs, int depth)",
            [
                "PyObject *key, *value;",
                "Py_ssize_t at = 0, count = PyDict_GET_SIZE(pairs);",
                *_write_head(the_dict, "depth > DEPTH || "),
                *_block(
                    "while (PyDict_Next(pairs, &at, &key, &value))",
                    [
                        "/* Other keys may have the same text. */",
                        *_block(
                            "if (!PyUnicode_CheckExact(key) || write_text(w, key) < 0 ||\n"
                            "            write_value(w, value, depth) < 0)",
                            ["return -1;"],
                        ),
                    ],
                ),
                "return 0;",
            ],
        ),
        "/* Subclasses as their base, and what is like bytes. */",
        *_function(
            "static int write_other(Writer *w, PyObject *value, int depth)", _other_arms(spec)
        ),
    ]


def _write_head(v: ir.ValueType, also: str = "", size: str = "count") -> Lines:
    """Write a type byte and a size, after judging the size."""
    body = v.body
    assert isinstance(body, ir.Container | ir.Blob)
    field = body.count if isinstance(body, ir.Container) else body.length
    room = f" + {size}" if isinstance(body, ir.Blob) else ""
    return [
        *_block(f"if ({also}(size_t){size} > {field.limit.value})", ["return DOUBT;"]),
        *_block(
            f"if (writer_reserve(w, {1 + field.size}{' + (size_t)' + size if room else ''}) < 0)",
            ["return -1;"],
        ),
        *_put_head(v.name, field, size),
    ]


def _put_head(name: str, field: ir.SizeField, size: str) -> Lines:
    # Through a pointer of its own: what is written might, for all C knows, be the writer.
    return [
        "uint8_t *to = w->pos;",
        f"*to = CODE_{name.upper()};",
        _put(field.format, "to + 1", size),
        f"to += {1 + field.size};",
        "w->pos = to;",
    ]


def _write_fixed(v: ir.ValueType, value: str) -> Lines:
    assert isinstance(v.body, ir.Fixed)
    size = 1 + v.body.size
    return [
        *_block(f"if (writer_reserve(w, {size}) < 0)", ["return -1;"]),
        "uint8_t *to = w->pos;",
        f"*to = CODE_{v.name.upper()};",
        _put(v.body.format, "to + 1", value),
        f"w->pos = to + {size};",
        "return 0;",
    ]


def _write_int(types: list[ir.ValueType]) -> Lines:
    signed, unsigned = [], []
    for v in types:
        assert v.minimum is not None
        assert v.maximum is not None
        low, high = max(v.minimum, -(2**63)), min(v.maximum, 2**63 - 1)
        if low <= high:
            bounds = [f"number >= {_number(low)}"] if low > -(2**63) else []
            bounds += [f"number <= {_number(high)}"] if high < 2**63 - 1 else []
            signed += _block(f"if ({' && '.join(bounds) or '1'})", _write_fixed(v, "number"))
        low, high = max(v.minimum, 2**63), min(v.maximum, 2**64 - 1)
        if low <= high:
            bound = f"big >= {_number(low)} && big <= {_number(high)}"
            unsigned += _block(f"if ({bound})", _write_fixed(v, "big"))
    lines = [
        "int overflow;",
        "long long number = int_value(value, &overflow);",
        *_block("if (overflow == 0)", [*signed, "return DOUBT;"]),
    ]
    if unsigned:
        inner = [
            "unsigned long long big = PyLong_AsUnsignedLongLong(value);",
            *_block(
                "if (big == (unsigned long long)-1 && PyErr_Occurred())",
                ["PyErr_Clear();", "return DOUBT;"],
            ),
            *unsigned,
        ]
        lines += _block("if (overflow > 0)", inner)
    return _function("INLINE int write_int(Writer *w, PyObject *value)", [*lines, "return DOUBT;"])


def _write_float(types: list[ir.ValueType]) -> Lines:
    return _function(
        "INLINE int write_float(Writer *w, PyObject *value)",
        _write_fixed(types[0], "PyFloat_AS_DOUBLE(value)"),
    )


def _write_text(v: ir.ValueType) -> Lines:
    assert isinstance(v.body, ir.Blob)
    field = v.body.length
    head = 1 + field.size
    fresh = [
        *_block("if (make_ready(value) < 0)", ["return -1;"]),
        "size_t length = (size_t)PyUnicode_GET_LENGTH(value);",
        "size_t widest = PyUnicode_KIND(value) == 1 ? 2 : PyUnicode_KIND(value) == 2 ? 3 : 4;",
        *_block(
            f"if (length > {field.limit.value} || writer_reserve(w, {head} + length * widest) < 0)",
            ["return -1;"],
        ),
        f"uint8_t *stop = put_utf8(w->pos + {head}, value);",
        *_block(
            f"if (stop == NULL || (size_t)(stop - w->pos) - {head} > {field.limit.value})",
            ["return DOUBT;"],
        ),
        *_put_head(v.name, field, f"(stop - w->pos - {head})"),
        "w->pos = stop;",
        "return 0;",
    ]
    ascii_text = [
        "size_t size = (size_t)PyUnicode_GET_LENGTH(value);",
        *_write_head(v, size="size"),
        "copy_short(to, (const char *)value + sizeof(PyASCIIObject), size);",
        "w->pos = to + size;",
        "return 0;",
    ]
    return [
        *_function("NOINLINE int write_wide_text(Writer *w, PyObject *value)", fresh),
        *_function(
            "INLINE int write_text(Writer *w, PyObject *value)",
            [
                *_block("if (LIKELY(is_compact_ascii(value)))", ascii_text),
                "return write_wide_text(w, value);",
            ],
        ),
    ]


def _write_blob(v: ir.ValueType) -> Lines:
    return _function(
        "INLINE int write_blob(Writer *w, const void *data, size_t size)",
        [
            *_write_head(v, size="size"),
            "memcpy(to, data, size);",
            "w->pos = to + size;",
            "return 0;",
        ],
    )


CALLS = {
    "str": "write_text(w, value)",
    "int": "write_int(w, value)",
    "float": "write_float(w, value)",
    "dict": "write_dict(w, value, depth + 1)",
    "list": "write_list(w, ((PyListObject *)value)->ob_item, PyList_GET_SIZE(value), depth + 1)",
    "tuple": "write_list(w, ((PyTupleObject *)value)->ob_item, PyTuple_GET_SIZE(value), depth + 1)",
    "bytes": "write_blob(w, PyBytes_AS_STRING(value), (size_t)PyBytes_GET_SIZE(value))",
}


def _write_arms(spec: ir.Spec) -> Lines:
    out: Lines = ["PyTypeObject *type = Py_TYPE(value);"]
    for python in PYTHON_TYPES:
        for v in _of(spec, python)[:1]:
            match v.body:
                case ir.Mapped(_, _, choices):
                    for raw, choice in choices:
                        head = _text(bytes([v.code, raw]))
                        out += _block(
                            f"if (value == Py_{choice})", [f"return write_raw(w, {head}, 2);"]
                        )
                case ir.Empty():
                    head = _text(bytes([v.code]))
                    out += _block("if (value == Py_None)", [f"return write_raw(w, {head}, 1);"])
                case _:
                    out += _block(
                        f"if (type == &{CHECKS[python]}_Type)", [f"return {CALLS[python]};"]
                    )
                    if python == "list":
                        out += _block("if (type == &PyTuple_Type)", [f"return {CALLS['tuple']};"])
    return [*out, "return write_other(w, value, depth);"]


def _other_arms(spec: ir.Spec) -> Lines:
    out: Lines = []
    for python in ("int", "float", "str", "bytes", "list", "tuple", "dict"):
        if python == "tuple" or not isinstance(_of(spec, python)[0].body, ir.Mapped):
            out += _block(f"if ({CHECKS[python]}_Check(value))", [f"return {CALLS[python]};"])
    view = [
        "Py_buffer buffer;",
        *_block(
            "if (PyObject_GetBuffer(value, &buffer, PyBUF_SIMPLE) < 0)",
            ["PyErr_Clear();", "return DOUBT;"],
        ),
        "int done = write_blob(w, buffer.buf, (size_t)buffer.len);",
        "PyBuffer_Release(&buffer);",
        "return done;",
    ]
    return [
        *out,
        *_block("if (PyByteArray_Check(value) || PyMemoryView_Check(value))", view),
        "return DOUBT;",
    ]


def _write_run(spec: ir.Spec) -> Lines:
    """Floats come in long lists: room for all that are left is made once."""
    (v, *others) = _of(spec, "float")
    if others or not isinstance(v.body, ir.Fixed):
        return []
    size = 1 + v.body.size
    loop = [
        f"*to = CODE_{v.name.upper()};",
        _put(v.body.format, "to + 1", "PyFloat_AS_DOUBLE(items[i])"),
        f"to += {size};",
        "i += 1;",
    ]
    return _block(
        "if (PyFloat_CheckExact(items[i]))",
        [
            *_block(f"if (writer_reserve(w, (size_t)(count - i) * {size}) < 0)", ["return -1;"]),
            "uint8_t *to = w->pos;",
            *_block("while (i < count && PyFloat_CheckExact(items[i]))", loop),
            "w->pos = to;",
            *_block("if (i == count)", ["break;"]),
        ],
    )


# --- reading values ----------------------------------------------------------------------------


def _readers(spec: ir.Spec) -> Lines:
    return [
        "static PyObject *read_list(Reader *r, int depth, size_t owed);",
        "static PyObject *read_dict(Reader *r, int depth, size_t owed);",
        "",
        "/* `depth` containers are open, which still owe `owed` bytes after this value. */",
        *_function(
            "INLINE PyObject *read_value(Reader *r, int depth, size_t owed)",
            [
                *_block("if (UNLIKELY(r->pos >= r->end))", ["return NULL;"]),
                *_block("switch (*r->pos)", [line for v in spec.values for line in _read_case(v)]),
                "return NULL;",
            ],
        ),
        *_function(
            "NOINLINE PyObject *read_any(Reader *r, int depth, size_t owed)",
            ["return read_value(r, depth, owed);"],
        ),
        *_read_short(spec),
        *_function(
            "static PyObject *read_list(Reader *r, int depth, size_t owed)",
            _read_list(value_type("list", spec), spec),
        ),
        *_function(
            "static PyObject *read_dict(Reader *r, int depth, size_t owed)",
            _read_dict(value_type("dict", spec), spec),
        ),
    ]


def _read_short(spec: ir.Spec) -> Lines:
    code, length = text_type(spec)
    head = 1 + length.size
    return [
        "/* A value that is a text most often, and the same one again and again. */",
        *_function(
            "INLINE PyObject *read_short(Reader *r)",
            [
                *_block(
                    f"if (LIKELY(left(r) >= {head} && *r->pos == {code:#04x}))",
                    [
                        f"size_t size = {_get(length.format, 'r->pos + 1')};",
                        *_block(
                            f"if (LIKELY(size <= KEY_BYTES && size <= left(r) - {head}))",
                            [
                                f"r->pos += {head} + size;",
                                "return read_key(r->pos - size, size, 1);",
                            ],
                        ),
                    ],
                ),
                "return read_any(r, 1, 0);",
            ],
        ),
    ]


def _read_case(v: ir.ValueType) -> Lines:
    return _block(f"case CODE_{v.name.upper()}:", _read_body(v))


def _need(size: int) -> Lines:
    return _block(f"if (UNLIKELY(left(r) < {size}))", ["return NULL;"])


def _read_body(v: ir.ValueType) -> Lines:
    match v.body:
        case ir.Fixed(format, size):
            value = _get(format, f"r->pos - {size}")
            if v.python == "float":
                made = f"PyFloat_FromDouble({value})"
            elif INTEGERS[format][1]:
                made = f"PyLong_FromLongLong({value})"
            else:
                made = f"PyLong_FromUnsignedLongLong({value})"
            return [*_need(1 + size), f"r->pos += {1 + size};", f"return {made};"]
        case ir.Mapped(format, size, choices):
            cases = [f"case {raw}: return Py_NewRef(Py_{choice});" for raw, choice in choices]
            return [
                *_need(1 + size),
                f"r->pos += {1 + size};",
                *_block(
                    f"switch ({_get(format, f'r->pos - {size}')})",
                    [*cases, "default: return NULL;"],
                ),
            ]
        case ir.Empty():
            return ["r->pos += 1;", "return Py_NewRef(Py_None);"]
        case ir.Blob(length, text):
            made = "read_text(data, size)" if text else "read_blob(r, data, size)"
            return [
                *_read_size(length),
                f"const uint8_t *data = r->pos + {1 + length.size};",
                f"PyObject *value = {made};",
                f"r->pos += {1 + length.size} + size;",
                "return value;",
            ]
        case ir.Container():
            return [f"return read_{v.name}(r, depth + 1, owed);"]


def _read_size(length: ir.SizeField) -> Lines:
    """Read `size` of a blob, which must be there."""
    head = 1 + length.size
    return [
        *_need(head),
        f"size_t size = {_get(length.format, 'r->pos + 1')};",
        *_block(
            f"if (UNLIKELY(size > left(r) - {head} || size > {length.limit.value}))",
            ["return NULL;"],
        ),
    ]


def _read_count(v: ir.ValueType) -> Lines:
    """Read `count`, for which the bytes must be there beside those that are owed."""
    assert isinstance(v.body, ir.Container)
    head, each = 1 + v.body.count.size, v.body.smallest_element_bytes
    return [
        *_block(f"if (UNLIKELY(depth > DEPTH || left(r) < {head}))", ["return NULL;"]),
        f"size_t count = {_get(v.body.count.format, 'r->pos + 1')};",
        f"r->pos += {head};",
        *_block(
            f"if (UNLIKELY(count > {v.body.count.limit.value} || count * {each} + owed > left(r)))",
            ["return NULL;"],
        ),
    ]


def _read_run(spec: ir.Spec) -> Lines:
    """Floats come in long lists: read on as long as the next one is there."""
    (v, *others) = _of(spec, "float")
    if others or not isinstance(v.body, ir.Fixed):
        return []
    size = 1 + v.body.size
    return _block(
        f"while (i < count && left(r) >= {size} && *r->pos == CODE_{v.name.upper()})",
        [
            f"PyObject *number = PyFloat_FromDouble({_get(v.body.format, 'r->pos + 1')});",
            *_block("if (UNLIKELY(number == NULL))", ["Py_DECREF(items);", "return NULL;"]),
            "PyList_SET_ITEM(items, i, number);",
            f"r->pos += {size};",
            "i += 1;",
        ],
    ) + _block("if (i == count)", ["break;"])


def _read_list(v: ir.ValueType, spec: ir.Spec) -> Lines:
    assert isinstance(v.body, ir.Container)
    owed = f"owed + (count - 1 - i) * {v.body.smallest_element_bytes}"
    return [
        *_read_count(v),
        "PyObject *items = PyList_New((Py_ssize_t)count);",
        *_block("if (UNLIKELY(items == NULL))", ["return NULL;"]),
        *_block(
            "for (size_t i = 0; i < count; i++)",
            [
                *_read_run(spec),
                f"PyObject *item = read_value(r, depth, {owed});",
                *_block("if (UNLIKELY(item == NULL))", ["Py_DECREF(items);", "return NULL;"]),
                "PyList_SET_ITEM(items, i, item);",
            ],
        ),
        "return items;",
    ]


def _read_dict(v: ir.ValueType, spec: ir.Spec) -> Lines:
    assert isinstance(v.body, ir.Container)
    code, length = text_type(spec)
    head = 1 + length.size
    owed = f"owed + (count - 1 - i) * {v.body.smallest_element_bytes}"
    loop = [
        *_block(f"if (UNLIKELY(left(r) < {head} || *r->pos != {code:#04x}))", ["break;"]),
        f"size_t size = {_get(length.format, 'r->pos + 1')};",
        *_block(f"if (UNLIKELY(size > left(r) - {head}))", ["break;"]),
        f"PyObject *key = read_key(r->pos + {head}, size, count <= MANY_KEYS);",
        f"r->pos += {head} + size;",
        *_block("if (UNLIKELY(key == NULL))", ["break;"]),
        f"PyObject *value = read_value(r, depth, {owed});",
        *_block(
            "if (UNLIKELY(value == NULL || dict_set(pairs, key, value) < 0))",
            ["Py_DECREF(key);", "Py_XDECREF(value);", "break;"],
        ),
        "Py_DECREF(key);",
        "Py_DECREF(value);",
        "i += 1;",
    ]
    return [
        *_read_count(v),
        "PyObject *pairs = PyDict_New();",
        *_block("if (UNLIKELY(pairs == NULL))", ["return NULL;"]),
        "size_t i = 0;",
        *_block("while (i < count)", loop),
        "/* Two equal keys make the dict smaller than it says. */",
        *_block(
            "if (UNLIKELY(i < count || (size_t)PyDict_GET_SIZE(pairs) != count))",
            ["Py_DECREF(pairs);", "return NULL;"],
        ),
        "return pairs;",
    ]


# --- messages ----------------------------------------------------------------------------------


def _names(message: ir.Message) -> Lines:
    """Slots of the message's class: the request id stands before the fields."""
    return ["request_id", *message.arguments]


def _messages(spec: ir.Spec) -> Lines:
    most = max(len(_names(m)) for m in spec.messages)
    rows = (", ".join(map(_quote, _names(m))) for m in spec.messages)
    out = [
        f"#define MESSAGES {len(spec.messages)}",
        f"#define MAX_FIELDS {most}",
        "",
        "/* Names of the slots, the request id first. */",
        "static const char *const field_names[MESSAGES][MAX_FIELDS] = {",
        *(f"    {{{row}}}," for row in rows),
        "};",
        "",
        "static const uint8_t message_codes[MESSAGES] = "
        f"{{{', '.join(f'{m.code:#04x}' for m in spec.messages)}}};",
        "static const uint8_t has_fields[MESSAGES] = "
        f"{{{', '.join(str(int(m.fields is not None)) for m in spec.messages)}}};",
        "",
        "/* The classes, and where their slots lie: see `bind_class`. */",
        "static struct {",
        "    PyTypeObject *type;",
        "    Py_ssize_t offsets[MAX_FIELDS];",
        "} classes[MESSAGES];",
        "",
        "#define SLOT(self, index, field) \\",
        "    (*(PyObject **)((char *)(self) + classes[index].offsets[field]))",
        "",
        *_function(
            "INLINE int class_index(PyTypeObject *type)",
            [
                *_block(
                    "for (int i = 0; i < MESSAGES; i++)",
                    _block("if (classes[i].type == type)", ["return i;"]),
                ),
                "return -1;",
            ],
        ),
    ]
    for index, message in enumerate(spec.messages):
        if message.fields is not None:
            out += _write_message(index, message, spec)
            out += _read_message(index, message, spec)
    return [*out, *_write_any_message(spec), *_read_any_message(spec)]


def _write_any_message(spec: ir.Spec) -> Lines:
    calls = [
        f"case {i}: done = write_{m.name}(w, self); break;"
        for i, m in enumerate(spec.messages)
        if m.fields is not None
    ]
    return [
        "/* Write the payload behind room for the header, and then the header. */",
        *_function(
            "INLINE int write_message(Writer *w, PyObject *self, int index)",
            [
                "PyObject *id = SLOT(self, index, 0);",
                *_block("if (id == NULL || !PyLong_CheckExact(id))", ["return DOUBT;"]),
                "unsigned long long request_id = PyLong_AsUnsignedLongLong(id);",
                *_block(
                    "if (request_id == (unsigned long long)-1 && PyErr_Occurred())",
                    ["PyErr_Clear();", "return DOUBT;"],
                ),
                "int done = 0;",
                *_block("switch (index)", [*calls, "default: break;"]),
                "size_t length = (size_t)(w->pos - w->start) - HEADER_BYTES;",
                *_block("if (done < 0 || length > MAX_PAYLOAD_BYTES)", ["return -1;"]),
                "put_header(w->start, message_codes[index], length, request_id);",
                "return 0;",
            ],
        ),
    ]


def _read_any_message(spec: ir.Spec) -> Lines:
    calls = [
        f"case {i}: done = read_{m.name}(r, fields); break;"
        for i, m in enumerate(spec.messages)
        if m.fields is not None
    ]
    return [
        "/* The message whose fields stand in the order in which they are written, or NULL. */",
        *_function(
            "INLINE PyObject *read_in_order(Reader *r, int index, PyObject *request_id)",
            [
                "PyObject *fields[MAX_FIELDS] = {NULL}, *message = NULL;",
                "int done = 0;",
                *_block("switch (index)", [*calls, "default: break;"]),
                *_block(
                    "if (LIKELY(done == 0))",
                    ["message = classes[index].type->tp_alloc(classes[index].type, 0);"],
                ),
                *_block(
                    "if (UNLIKELY(message == NULL))",
                    [
                        *_block("for (int i = 1; i < MAX_FIELDS; i++)", ["Py_XDECREF(fields[i]);"]),
                        "return NULL;",
                    ],
                ),
                "fields[0] = Py_NewRef(request_id);",
                *_block(
                    "for (int i = 0; i < MAX_FIELDS && field_names[index][i] != NULL; i++)",
                    ["SLOT(message, index, i) = fields[i];"],
                ),
                "return message;",
            ],
        ),
    ]


def _check(field: ir.Field, source: str, writing: bool = False) -> Lines:
    """Doubt unless the value is plainly a permitted one; when writing, one that becomes it."""
    out: Lines = []
    types = [*field.types, "tuple"] if writing and "list" in field.types else list(field.types)
    if types:
        wrong = " && ".join(f"!{CHECKS[t]}_CheckExact({source})" for t in types)
        if writing and "int" in types:
            # Members of an IntEnum are what programs give.
            wrong += f" && (!PyLong_Check({source}) || PyBool_Check({source}))"
        out += _block(f"if ({wrong})", ["return DOUBT;"])
    if field.finite or field.minimum is not None:
        out += _check_number(field, source)
    if field.choices:
        values = " && ".join(f"number != {value}" for _, value in field.choices)
        out += _block(
            "",
            [
                "int overflow;",
                f"long long number = int_value({source}, &overflow);",
                *_block(f"if (overflow || ({values}))", ["return DOUBT;"]),
            ],
        )
    if field.scalar:
        kinds = " || ".join(f"{CHECKS[t]}_Check({source})" for t in ("list", "dict", "tuple"))
        out += _block(f"if ({kinds})", ["return DOUBT;"])
    return out


def _check_number(field: ir.Field, source: str) -> Lines:
    """Judge a value that is a float or an int."""
    below = f" || number < {field.minimum}" if field.minimum is not None else ""
    return [
        *_block(
            f"if (PyFloat_CheckExact({source}))",
            [
                f"double number = PyFloat_AS_DOUBLE({source});",
                *_block(f"if (!isfinite(number){below})", ["return DOUBT;"]),
            ],
        ),
        *_block(
            "else",
            [
                "int overflow;",
                f"long long number = int_value({source}, &overflow);",
                *_block(f"if (overflow{below})", ["return DOUBT;"]),
            ],
        ),
    ]


def _write_message(index: int, message: ir.Message, spec: ir.Spec) -> Lines:
    place = {name: i for i, name in enumerate(_names(message))}
    own = leaves(message.fields or ())
    absent = [f"{f.name} == NULL" for f in own]
    return _function(
        f"static int write_{message.name}(Writer *w, PyObject *self)",
        [
            *(f"PyObject *{f.name} = SLOT(self, {index}, {place[f.name]});" for f in own),
            *_block(f"if ({' || '.join(absent)})", ["return DOUBT;"]),
            *_write_fields(message.fields or (), spec, 1),
            "return 0;",
        ],
    )


def _or_fail(call: str) -> Lines:
    return _block(f"if ({call} < 0)", ["return -1;"])


def _raw(data: bytes) -> str:
    return f"write_raw(w, {_text(data)}, {len(data)})"


def _write_fields(
    fields: tuple[ir.Field, ...], spec: ir.Spec, depth: int, lead: bytes = b""
) -> Lines:
    """Write the dict of `fields` after the bytes `lead`."""
    optional = [f for f in fields if may_be_absent(f)]
    sure = len(fields) - len(optional)
    lead += dict_head(sure, spec)
    out: Lines = []
    if optional:
        the_dict = value_type("dict", spec)
        assert isinstance(the_dict.body, ir.Container)
        size = the_dict.body.count.size
        count = " + ".join([str(sure), *(f"({f.name} != Py_None)" for f in optional)])
        put = _put(the_dict.body.count.format, f"w->pos - {size}", f"({count})")
        out, lead = [*_or_fail(_raw(lead)), put], b""
    for field in fields:
        key, lead = lead + key_bytes(field.name, spec), b""
        if field.fields:
            out += _write_fields(field.fields, spec, depth + 1, key)
            continue
        lines = [
            *_check(field, field.name, writing=True),
            *_or_fail(f"{_raw(key)} < 0 || {_write_call(field, depth)}"),
        ]
        present = f"if ({field.name} != Py_None)"
        out += _block(present, lines) if may_be_absent(field) else lines
    return out


def _write_call(field: ir.Field, depth: int) -> str:
    if field.types == ("str",):
        return f"write_text(w, {field.name})"
    return f"write_any(w, {field.name}, {depth})"


def _read_message(index: int, message: ir.Message, spec: ir.Spec) -> Lines:
    place = {name: i for i, name in enumerate(_names(message))}
    fields = message.fields or ()
    optional = [f for f in fields if may_be_absent(f)]
    if any(may_be_absent(inner) for f in fields for inner in f.fields):
        return _function(
            f"static int read_{message.name}(Reader *r, PyObject **fields)",
            ["(void)r;", "(void)fields;", "return DOUBT;"],
        )
    head, after = dict_head(len(fields), spec), []
    before: Lines = []
    if optional:
        the_dict = value_type("dict", spec)
        assert isinstance(the_dict.body, ir.Container)
        before = [
            "const uint8_t *root = r->pos;",
            *_block(f"if (left(r) < {len(head)})", ["return DOUBT;"]),
            f"r->pos += {len(head)};",
            f"size_t count = {len(fields) - len(optional)};",
        ]
        found = _get(the_dict.body.count.format, "root + 1")
        after = [
            *_block(f"if (*root != {the_dict.code:#04x} || {found} != count)", ["return DOUBT;"]),
        ]
        head = b""
    return [
        *_function(
            f"static int read_{message.name}(Reader *r, PyObject **fields)",
            [
                *before,
                *_read_fields(fields, spec, 1, place, head),
                *after,
                "return r->pos == r->end ? 0 : DOUBT;",
            ],
        ),
    ]


def _read_fields(
    fields: tuple[ir.Field, ...],
    spec: ir.Spec,
    depth: int,
    place: dict[str, int],
    lead: bytes = b"",
) -> Lines:
    """Read `fields` as they are written after `lead`; doubt any other form."""
    out: Lines = []
    for field in fields:
        key, lead = lead + key_bytes(field.name, spec), b""
        if field.fields:
            inner = dict_head(len(field.fields), spec)
            out += _read_fields(field.fields, spec, depth + 1, place, key + inner)
            continue
        target = f"fields[{place[field.name]}]"
        takes = f"reader_takes(r, {_text(key)}, {len(key)})"
        lines = _read_field(field, target, spec, depth)
        if may_be_absent(field):
            out += _block(f"if ({takes})", ["count += 1;", *lines])
            out += _block("else", [f"{target} = Py_NewRef(Py_None);"])
        else:
            out += [*_block(f"if (!{takes})", ["return DOUBT;"]), *lines]
    return out


def _read_field(field: ir.Field, target: str, spec: ir.Spec, depth: int) -> Lines:
    read = "read_short(r)" if field.types == ("str",) else f"read_any(r, {depth}, 0)"
    out = [
        f"{target} = {read};",
        *_block(f"if ({target} == NULL)", ["return DOUBT;"]),
        *_check(field, target),
    ]
    if field.default == () and container(field, spec) is not None:
        # A message holds its lists as it is given them: those of the wire become tuples.
        out += [
            f"Py_SETREF({target}, PyList_AsTuple({target}));",
            *_block(f"if ({target} == NULL)", ["return -1;"]),
        ]
    return out


# --- routing -----------------------------------------------------------------------------------


def _routing(spec: ir.Spec) -> Lines:
    request = next(m for m in spec.messages if m.name == "REQUEST")
    wanted = [next(f for f in request.fields or () if f.name == name) for name in ROUTING]
    code, length = text_type(spec)
    the_dict = value_type("dict", spec)
    assert isinstance(the_dict.body, ir.Container)
    head = 1 + length.size
    find = [
        line
        for i, f in enumerate(wanted)
        for line in _block(
            f"if (size == {len(f.name)} && memcmp(name, {_text(f.name.encode())}, size) == 0)",
            [f"return {i};"],
        )
    ]
    step = [
        *_block(f"if (left(r) < {head} || *r->pos != {code:#04x})", ["return DOUBT;"]),
        f"size_t size = {_get(length.format, 'r->pos + 1')};",
        *_block(f"if (size > left(r) - {head})", ["return DOUBT;"]),
        f"const uint8_t *name = r->pos + {head};",
        f"r->pos += {head} + size;",
        "int which = routing_field(name, size);",
        *_block(
            "if (which < 0)",
            _block("if (!is_text(name, size) || skip_value(r) < 0)", ["return DOUBT;"]),
        ),
        *_block(
            "else",
            [
                *_block("if (found[which] != NULL)", ["return DOUBT;"]),
                "found[which] = read_short(r);",
                *_block("if (found[which] == NULL)", ["return DOUBT;"]),
                "missing -= 1;",
            ],
        ),
    ]
    checks: Lines = []
    for i, field in enumerate(wanted):
        lines = _check(field, f"found[{i}]")
        if field.required:
            checks += [*_block(f"if (found[{i}] == NULL)", ["return DOUBT;"]), *lines]
        else:
            checks += _block(f"if (found[{i}] != NULL && found[{i}] != Py_None)", lines)
    return [
        f"#define ROUTING_FIELDS {len(wanted)}",
        "",
        *_skip(spec),
        *_function(
            "INLINE int routing_field(const uint8_t *name, size_t size)", [*find, "return -1;"]
        ),
        "/* Find the fields by which a REQUEST is routed, wherever they stand. */",
        *_function(
            "static int peek_routing(Reader *r, PyObject **found)",
            [
                "const int depth = 1;",
                "const size_t owed = 0;",
                *_block(
                    "if (left(r) < 1 || *r->pos != " + f"{the_dict.code:#04x})", ["return DOUBT;"]
                ),
                *(line.replace("return NULL", "return DOUBT") for line in _read_count(the_dict)),
                "int missing = ROUTING_FIELDS;",
                *_block("for (; count > 0 && missing > 0; count--)", step),
                *_block("if (missing > 0 && r->pos != r->end)", ["return DOUBT;"]),
                *checks,
                "return 0;",
            ],
        ),
    ]


def _skip(spec: ir.Spec) -> Lines:
    cases: Lines = []
    for v in spec.values:
        match v.body:
            case ir.Fixed(_, size) | ir.Mapped(_, size, _):
                cases.append(f"case CODE_{v.name.upper()}: step = {1 + size}; break;")
            case ir.Empty():
                cases.append(f"case CODE_{v.name.upper()}: step = 1; break;")
            case ir.Blob(field, _) | ir.Container(count=field):
                more = (
                    "step += size;"
                    if isinstance(v.body, ir.Blob)
                    else f"pending += size * {2 if v.body.key_error else 1};"
                )
                cases += _block(
                    f"case CODE_{v.name.upper()}:",
                    [
                        f"step = {1 + field.size};",
                        *_block("if (left(r) < step)", ["return DOUBT;"]),
                        f"size_t size = {_get(field.format, 'r->pos + 1')};",
                        more,
                        "break;",
                    ],
                )
    loop = _block(
        "for (uint64_t pending = 1; pending > 0; pending--)",
        [
            *_block("if (pending > left(r))", ["return DOUBT;"]),
            "size_t step;",
            *_block("switch (*r->pos)", [*cases, "default: return DOUBT;"]),
            *_block("if (step > left(r))", ["return DOUBT;"]),
            "r->pos += step;",
        ],
    )
    return [
        "/* Step over a value without judging what is in it. */",
        *_function("NOINLINE int skip_value(Reader *r)", [*loop, "return 0;"]),
    ]
