"""Writing values."""

from __future__ import annotations

from .. import ir
from ..layout import BY_USE, value_type
from .printing import OBJECTS, Lines, block, function, number, of, put, text


def writers(spec: ir.Spec) -> Lines:
    the_list, the_dict = value_type("list", spec), value_type("dict", spec)
    return [
        "static int write_list(Writer *w, PyObject *const *items, Py_ssize_t count, int depth);",
        "static int write_deep(Writer *w, PyObject *value, int depth);",
        "static int write_dict(Writer *w, PyObject *pairs, int depth);",
        "static int write_other(Writer *w, PyObject *value, int depth);",
        "",
        *_write_int(of(spec, "integer")),
        *_write_float(of(spec, "float")),
        *_write_text(value_type("string", spec)),
        *_write_blob(value_type("bytes", spec)),
        "/* `depth` containers are open. */",
        *function(
            "INLINE int write_value(Writer *w, PyObject *value, int depth)", _write_arms(spec)
        ),
        *function(
            "NOINLINE int write_any(Writer *w, PyObject *value, int depth)",
            ["return write_value(w, value, depth);"],
        ),
        *function(
            "INLINE int open_list(Writer *w, Py_ssize_t count)",
            [*_write_head(the_list), "return 0;"],
        ),
        *function(
            "INLINE int open_dict(Writer *w, Py_ssize_t count)",
            [*_write_head(the_dict), "return 0;"],
        ),
        "/* The items of a list or tuple. */",
        *function(
            "static int write_list(Writer *w, PyObject *const *items, Py_ssize_t count, int depth)",
            [
                *block("if (open_list(w, count) < 0)", ["return -1;"]),
                *block(
                    "for (Py_ssize_t i = 0; i < count; i++)",
                    [
                        *_write_run(spec),
                        *block(
                            "if (UNLIKELY(write_value(w, items[i], depth) < 0))",
                            ["return write_lost_at(w, i, items[i]);"],
                        ),
                    ],
                ),
                "return 0;",
            ],
        ),
        "/* Write the key at hand, which becomes its text: `odd` owns that of one that is not",
        "   plain, and `texts` are all those so far then. */",
        *function(
            "INLINE int write_key("
            "Writer *w, PyObject *pairs, PyObject **key, PyObject **odd, PyObject **texts)",
            [
                *block(
                    "if (UNLIKELY(!PyUnicode_CheckExact(*key) || *texts != NULL))",
                    [
                        "*odd = odd_key(w, pairs, *key, texts);",
                        *block("if (*odd == NULL)", ["return -1;"]),
                        "*key = *odd;",
                    ],
                ),
                *block(
                    "if (UNLIKELY(write_text(w, *key) < 0))",
                    ["return PyErr_Occurred() ? -1 : write_blame(w, *key, 1, 0);"],
                ),
                "return 0;",
            ],
        ),
        "/* The pairs of a dict from `at` on, where a key is not plain. */",
        *function(
            "NOINLINE int write_odd(Writer *w, PyObject *pairs, Py_ssize_t at, int depth)",
            [
                "PyObject *key, *value, *odd = NULL, *texts = NULL;",
                "int failed = 0;",
                *block(
                    "while (!failed && PyDict_Next(pairs, &at, &key, &value))",
                    [
                        "failed = write_key(w, pairs, &key, &odd, &texts);",
                        *block(
                            "if (!failed && write_any(w, value, depth) < 0)",
                            ["failed = write_lost(w, Py_NewRef(key), value);"],
                        ),
                        "Py_CLEAR(odd);",
                    ],
                ),
                "Py_XDECREF(texts);",
                "return failed;",
            ],
        ),
        *function(
            "INLINE int write_pairs(Writer *w, PyObject *pairs, int depth)",
            [
                "PyObject *key, *value;",
                "Py_ssize_t at = 0, before = 0;",
                *block("if (open_dict(w, PyDict_GET_SIZE(pairs)) < 0)", ["return -1;"]),
                *block(
                    "for (; PyDict_Next(pairs, &at, &key, &value); before = at)",
                    [
                        *block(
                            "if (UNLIKELY(!PyUnicode_CheckExact(key)))",
                            ["return write_odd(w, pairs, before, depth);"],
                        ),
                        *block(
                            "if (UNLIKELY(write_text(w, key) < 0))",
                            ["return PyErr_Occurred() ? -1 : write_blame(w, key, 1, 0);"],
                        ),
                        *block(
                            "if (UNLIKELY(write_value(w, value, depth) < 0))",
                            ["return write_lost(w, Py_NewRef(key), value);"],
                        ),
                    ],
                ),
                "return 0;",
            ],
        ),
        *function(
            "static int write_dict(Writer *w, PyObject *pairs, int depth)",
            [
                *block("if (UNLIKELY(depth > DEPTH))", ["return write_deep(w, pairs, depth - 1);"]),
                "int failed = write_few(w, pairs, depth);",
                *block("if (failed != MANY)", ["return failed;"]),
                "PyObject *alone = alone_container(pairs);",
                *block("if (alone == NULL)", ["return -1;"]),
                "failed = write_pairs(w, alone, depth);",
                "alone_end(alone);",
                "return failed;",
            ],
        ),
        *function(
            "NOINLINE int open_container(Writer *w, PyObject *value)",
            [
                "return PyDict_Check(value) ? open_dict(w, PyDict_GET_SIZE(value))",
                "                           : open_list(w, PySequence_Fast_GET_SIZE(value));",
            ],
        ),
        "/* A container that is written. */",
        "typedef struct {",
        "    PyObject *value, *key, *texts; /* `value` is `alone`, the key at hand is owned */",
        "    Py_ssize_t at;",
        "} Written;",
        "",
        *_write_deep(spec),
        "/* Subclasses as their base, and what is like bytes. */",
        *function(
            "static int write_other(Writer *w, PyObject *value, int depth)", _other_arms(spec)
        ),
    ]


def _write_deep(spec: ir.Spec) -> Lines:
    """Write without recursion."""
    step = [
        "Written *o = &open[deep - 1];",
        "PyObject *value;",
        "Py_CLEAR(o->key);",
        *block(
            "if (PyDict_Check(o->value))",
            [
                "PyObject *key;",
                *block(
                    "if (!PyDict_Next(o->value, &o->at, &key, &value))",
                    ["Py_CLEAR(o->texts);", "alone_end(o->value);", "deep -= 1;", "continue;"],
                ),
                "PyObject *odd = NULL;",
                "failed = write_key(w, o->value, &key, &odd, &o->texts) < 0;",
                *block("if (failed)", ["Py_XDECREF(odd);", "break;"]),
                "o->key = odd != NULL ? odd : Py_NewRef(key);",
            ],
        ),
        *block(
            "else",
            [
                *block(
                    "if (o->at == PySequence_Fast_GET_SIZE(o->value))",
                    ["alone_end(o->value);", "deep -= 1;", "continue;"],
                ),
                "value = PySequence_Fast_ITEMS(o->value)[o->at++];",
            ],
        ),
        *block(
            "if (!PyList_Check(value) && !PyTuple_Check(value) && !PyDict_Check(value))",
            ["failed = write_any(w, value, depth) < 0;"],
        ),
        *block("else if (depth + deep >= MAX_DEPTH)", ["failed = 1;"]),
        *block(
            "else",
            [
                "PyObject *alone = alone_container(value);",
                "failed = alone == NULL || open_container(w, alone) < 0;",
                *block("if (failed)", ["alone_end(alone);"]),
                *block("else", ["open[deep++] = (Written){alone, NULL, NULL, 0};"]),
            ],
        ),
        *block(
            "if (UNLIKELY(failed) && !PyErr_Occurred())",
            ["write_blame(w, value, 0, 0);"],
        ),
    ]
    return [
        "/* A container that `depth` others are around, however deep it is. */",
        *function(
            "static int write_deep(Writer *w, PyObject *value, int depth)",
            [
                *block("if (depth >= MAX_DEPTH)", ["return DOUBT;"]),
                "Written *open = PyMem_Malloc((size_t)(MAX_DEPTH - depth) * sizeof(Written));",
                *block("if (open == NULL)", ["PyErr_NoMemory();", "return -1;"]),
                "PyObject *alone = alone_container(value);",
                "int deep = alone != NULL;",
                "int failed = !deep || open_container(w, alone) < 0;",
                "open[0] = (Written){alone, NULL, NULL, 0};",
                *block("while (!failed && deep > 0)", step),
                *block(
                    "while (deep > 0)",
                    [
                        "Written *o = &open[--deep];",
                        "int is_dict = PyDict_Check(o->value);",
                        "Py_XDECREF(o->texts);",
                        *block("if (o->key != NULL)", ["write_lost(w, o->key, o->key);"]),
                        *block(
                            "else if (!is_dict && o->at > 0)",
                            ["write_lost_at(w, o->at - 1, o->value);"],
                        ),
                        "alone_end(o->value);",
                    ],
                ),
                "PyMem_Free(open);",
                "return failed ? -1 : 0;",
            ],
        ),
    ]


def _write_head(v: ir.ValueType, also: str = "", size: str = "count") -> Lines:
    """Write a type byte and a size, after judging the size."""
    body = v.body
    assert isinstance(body, ir.Container | ir.Blob)
    field = body.count if isinstance(body, ir.Container) else body.length
    room = f" + {size}" if isinstance(body, ir.Blob) else ""
    return [
        *block(f"if ({also}(size_t){size} > {field.limit.value})", ["return DOUBT;"]),
        *block(
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
        put(field, "to + 1", size),
        f"to += {1 + field.size};",
        "w->pos = to;",
    ]


def _write_fixed(v: ir.ValueType, value: str) -> Lines:
    assert isinstance(v.body, ir.Fixed)
    size = 1 + v.body.size
    return [
        *block(f"if (writer_reserve(w, {size}) < 0)", ["return -1;"]),
        "uint8_t *to = w->pos;",
        f"*to = CODE_{v.name.upper()};",
        put(v.body, "to + 1", value),
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
            bounds = [f"number >= {number(low)}"] if low > -(2**63) else []
            bounds += [f"number <= {number(high)}"] if high < 2**63 - 1 else []
            signed += block(f"if ({' && '.join(bounds) or '1'})", _write_fixed(v, "number"))
        low, high = max(v.minimum, 2**63), min(v.maximum, 2**64 - 1)
        if low <= high:
            bound = f"big >= {number(low)} && big <= {number(high)}"
            unsigned += block(f"if ({bound})", _write_fixed(v, "big"))
    lines = [
        "int overflow;",
        "long long number = int_value(value, &overflow);",
        *block("if (overflow == 0)", [*signed, "return DOUBT;"]),
    ]
    if unsigned:
        inner = [
            "unsigned long long big = PyLong_AsUnsignedLongLong(value);",
            *block(
                "if (big == (unsigned long long)-1 && PyErr_Occurred())",
                ["PyErr_Clear();", "return DOUBT;"],
            ),
            *unsigned,
        ]
        lines += block("if (overflow > 0)", inner)
    return function("INLINE int write_int(Writer *w, PyObject *value)", [*lines, "return DOUBT;"])


def _write_float(types: list[ir.ValueType]) -> Lines:
    return function(
        "INLINE int write_float(Writer *w, PyObject *value)",
        _write_fixed(types[0], "PyFloat_AS_DOUBLE(value)"),
    )


def _write_text(v: ir.ValueType) -> Lines:
    assert isinstance(v.body, ir.Blob)
    field = v.body.length
    head = 1 + field.size
    fresh = [
        *block("if (make_ready(value) < 0)", ["return -1;"]),
        "size_t length = (size_t)PyUnicode_GET_LENGTH(value);",
        "size_t widest = PyUnicode_KIND(value) == 1 ? 2 : PyUnicode_KIND(value) == 2 ? 3 : 4;",
        *block(
            f"if (length > {field.limit.value} || writer_reserve(w, {head} + length * widest) < 0)",
            ["return -1;"],
        ),
        f"uint8_t *stop = put_utf8(w->pos + {head}, value);",
        *block(
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
        *function("NOINLINE int write_wide_text(Writer *w, PyObject *value)", fresh),
        *function(
            "INLINE int write_text(Writer *w, PyObject *value)",
            [
                *block("if (LIKELY(is_compact_ascii(value)))", ascii_text),
                "return write_wide_text(w, value);",
            ],
        ),
    ]


def _write_blob(v: ir.ValueType) -> Lines:
    body = v.body
    assert isinstance(body, ir.Blob)
    return [
        *function(
            "INLINE int write_blob(Writer *w, const void *data, size_t size)",
            [
                *_write_head(v, size="size"),
                "memcpy(to, data, size);",
                "w->pos = to + size;",
                "return 0;",
            ],
        ),
        "/* A large one may stand aside. */",
        *function(
            "INLINE int write_bytes(Writer *w, PyObject *value)",
            [
                "size_t size = (size_t)PyBytes_GET_SIZE(value);",
                *block(
                    f"if (LIKELY(w->parts == NULL || size < PART_BYTES || "
                    f"size > {body.length.limit.value}))",
                    ["return write_blob(w, PyBytes_AS_STRING(value), size);"],
                ),
                *block(
                    f"if (writer_reserve(w, {1 + body.length.size}) < 0)",
                    ["return -1;"],
                ),
                *_put_head(v.name, body.length, "size"),
                "return writer_set_aside(w, value);",
            ],
        ),
    ]


CALLS = {
    "string": "write_text(w, value)",
    "integer": "write_int(w, value)",
    "float": "write_float(w, value)",
    "dict": "write_dict(w, value, depth + 1)",
    "list": "UNLIKELY(depth >= DEPTH) ? write_deep(w, value, depth) : write_items("
    "w, value, depth + 1)",
    "tuple": "UNLIKELY(depth >= DEPTH) ? write_deep(w, value, depth) : write_list("
    "w, ((PyTupleObject *)value)->ob_item, PyTuple_GET_SIZE(value), depth + 1)",
    "bytes": "write_bytes(w, value)",
}


def _write_arms(spec: ir.Spec) -> Lines:
    out: Lines = ["PyTypeObject *type = Py_TYPE(value);"]
    for kind in BY_USE:
        for v in of(spec, kind)[:1]:
            match v.body:
                case ir.Mapped(_, _, choices):
                    for raw, choice in choices:
                        head = text(bytes([v.code, raw]))
                        out += block(
                            f"if (value == Py_{choice})", [f"return write_raw(w, {head}, 2);"]
                        )
                case ir.Empty():
                    head = text(bytes([v.code]))
                    out += block("if (value == Py_None)", [f"return write_raw(w, {head}, 1);"])
                case _:
                    out += block(f"if (type == &{OBJECTS[kind]}_Type)", [f"return {CALLS[kind]};"])
                    if kind == "list":
                        out += block("if (type == &PyTuple_Type)", [f"return {CALLS['tuple']};"])
    return [*out, "return write_other(w, value, depth);"]


def _other_arms(spec: ir.Spec) -> Lines:
    out = block(
        "if (Py_IS_TYPE(value, TYPE(ENCODED_TYPE)) && depth <= 1)",
        ["return write_raw(w, PyBytes_AS_STRING(value), (size_t)PyBytes_GET_SIZE(value));"],
    )
    for kind in ("integer", "float", "string", "bytes", "list", "tuple", "dict"):
        out += block(f"if ({OBJECTS[kind]}_Check(value))", [f"return {CALLS[kind]};"])
    view = [
        "Py_buffer buffer;",
        *block(
            "if (PyObject_GetBuffer(value, &buffer, PyBUF_SIMPLE) < 0)",
            ["PyErr_Clear();", "return DOUBT;"],
        ),
        "int done = write_blob(w, buffer.buf, (size_t)buffer.len);",
        "PyBuffer_Release(&buffer);",
        "return done;",
    ]
    return [
        *out,
        *block("if (PyByteArray_Check(value) || PyMemoryView_Check(value))", view),
        "return DOUBT;",
    ]


def _write_run(spec: ir.Spec) -> Lines:
    """Floats come in long lists: room for all that are left is made once."""
    (v, *others) = of(spec, "float")
    if others or not isinstance(v.body, ir.Fixed):
        return []
    size = 1 + v.body.size
    loop = [
        f"*to = CODE_{v.name.upper()};",
        put(v.body, "to + 1", "PyFloat_AS_DOUBLE(items[i])"),
        f"to += {size};",
        "i += 1;",
    ]
    return block(
        "if (PyFloat_CheckExact(items[i]))",
        [
            *block(f"if (writer_reserve(w, (size_t)(count - i) * {size}) < 0)", ["return -1;"]),
            "uint8_t *to = w->pos;",
            *block("while (i < count && PyFloat_CheckExact(items[i]))", loop),
            "w->pos = to;",
            *block("if (i == count)", ["break;"]),
        ],
    )
