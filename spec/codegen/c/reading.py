"""Reading values, and stepping over them."""

from __future__ import annotations

from .. import ir
from ..layout import text_type, value_type
from .printing import Lines, block, function, get, of


def readers(spec: ir.Spec) -> Lines:
    return [
        "static PyObject *read_list(Reader *r, int depth, size_t owed);",
        "static PyObject *read_dict(Reader *r, int depth, size_t owed);",
        "",
        "/* `depth` containers are open, which still owe `owed` bytes after this value. */",
        *function(
            "INLINE PyObject *read_value(Reader *r, int depth, size_t owed)",
            [
                *block("if (UNLIKELY(r->pos >= r->end))", ["return NULL;"]),
                *block("switch (*r->pos)", [line for v in spec.values for line in _read_case(v)]),
                "return NULL;",
            ],
        ),
        *function(
            "NOINLINE PyObject *read_any(Reader *r, int depth, size_t owed)",
            ["return read_value(r, depth, owed);"],
        ),
        *_read_short(spec),
        *function(
            "static PyObject *read_list(Reader *r, int depth, size_t owed)",
            _read_list(value_type("list", spec), spec),
        ),
        *function(
            "static PyObject *read_dict(Reader *r, int depth, size_t owed)",
            _read_dict(value_type("dict", spec), spec),
        ),
    ]


def _read_short(spec: ir.Spec) -> Lines:
    code, length = text_type(spec)
    head = 1 + length.size
    return [
        "/* A value that is a text most often, and the same one again and again. */",
        *function(
            "INLINE PyObject *read_short(Reader *r)",
            [
                *block(
                    f"if (LIKELY(left(r) >= {head} && *r->pos == {code:#04x}))",
                    [
                        f"size_t size = {get(length, 'r->pos + 1')};",
                        *block(
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
    return block(f"case CODE_{v.name.upper()}:", _read_body(v))


def _need(size: int) -> Lines:
    return block(f"if (UNLIKELY(left(r) < {size}))", ["return NULL;"])


def _read_body(v: ir.ValueType) -> Lines:
    match v.body:
        case ir.Fixed(number, size):
            value = get(v.body, f"r->pos - {size}")
            if number == ir.FLOAT:
                made = f"PyFloat_FromDouble({value})"
            elif number == ir.SIGNED:
                made = f"PyLong_FromLongLong({value})"
            else:
                made = f"PyLong_FromUnsignedLongLong({value})"
            return [*_need(1 + size), f"r->pos += {1 + size};", f"return {made};"]
        case ir.Mapped(_, size, choices):
            cases = [f"case {raw}: return Py_NewRef(Py_{choice});" for raw, choice in choices]
            return [
                *_need(1 + size),
                f"r->pos += {1 + size};",
                *block(
                    f"switch ({get(v.body, f'r->pos - {size}')})",
                    [*cases, "default: return NULL;"],
                ),
            ]
        case ir.Empty():
            return ["r->pos += 1;", "return Py_NewRef(Py_None);"]
        case ir.Blob(length, text):
            made = "read_text(data, size)" if text else "read_blob(r, data, size)"
            return [
                *_read_size(length, [] if text else _read_apart(length)),
                f"const uint8_t *data = r->pos + {1 + length.size};",
                f"PyObject *value = {made};",
                f"r->pos += {1 + length.size} + size;",
                "return value;",
            ]
        case ir.Container():
            return [f"return read_{v.name}(r, depth + 1, owed);"]


def _read_size(length: ir.SizeField, before: Lines) -> Lines:
    """Read `size` of a blob, which must be there; `before` that is asked for."""
    head = 1 + length.size
    return [
        *_need(head),
        f"size_t size = {get(length, 'r->pos + 1')};",
        *before,
        *block(
            f"if (UNLIKELY(size > left(r) - {head} || size > {length.limit.value}))",
            ["return NULL;"],
        ),
    ]


def _read_apart(length: ir.SizeField) -> Lines:
    """A value that is not among the bytes."""
    head = 1 + length.size
    return block(
        f"if (UNLIKELY(r->pos + {head} == r->apart_at))",
        [f"r->pos += {head};", "return read_apart(r, size);"],
    )


def read_count(v: ir.ValueType) -> Lines:
    """Read `count`, for which the bytes must be there beside those that are owed."""
    assert isinstance(v.body, ir.Container)
    head, each = 1 + v.body.count.size, v.body.smallest_element_bytes
    return [
        *_need(head),
        f"size_t count = {get(v.body.count, 'r->pos + 1')};",
        f"r->pos += {head};",
        *block(
            f"if (UNLIKELY(count > {v.body.count.limit.value} || count * {each} + owed > left(r)))",
            ["return NULL;"],
        ),
    ]


def _leave_deep() -> Lines:
    return block("if (UNLIKELY(depth > DEPTH))", ["return read_deep(r, depth - 1, owed);"])


def _read_run(spec: ir.Spec) -> Lines:
    """Floats come in long lists: read on as long as the next one is there."""
    (v, *others) = of(spec, "float")
    if others or not isinstance(v.body, ir.Fixed):
        return []
    size = 1 + v.body.size
    return block(
        f"while (i < count && left(r) >= {size} && *r->pos == CODE_{v.name.upper()})",
        [
            f"PyObject *number = PyFloat_FromDouble({get(v.body, 'r->pos + 1')});",
            *block("if (UNLIKELY(number == NULL))", ["Py_DECREF(items);", "return NULL;"]),
            "PyList_SET_ITEM(items, i, number);",
            f"r->pos += {size};",
            "i += 1;",
        ],
    ) + block("if (i == count)", ["break;"])


def _read_list(v: ir.ValueType, spec: ir.Spec) -> Lines:
    assert isinstance(v.body, ir.Container)
    owed = f"owed + (count - 1 - i) * {v.body.smallest_element_bytes}"
    return [
        *_leave_deep(),
        *read_count(v),
        "PyObject *items = PyList_New((Py_ssize_t)count);",
        *block("if (UNLIKELY(items == NULL))", ["return NULL;"]),
        *block(
            "for (size_t i = 0; i < count; i++)",
            [
                *_read_run(spec),
                f"PyObject *item = read_value(r, depth, {owed});",
                *block("if (UNLIKELY(item == NULL))", ["Py_DECREF(items);", "return NULL;"]),
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
        *block(f"if (UNLIKELY(left(r) < {head} || *r->pos != {code:#04x}))", ["break;"]),
        f"size_t size = {get(length, 'r->pos + 1')};",
        *block(f"if (UNLIKELY(size > left(r) - {head}))", ["break;"]),
        f"PyObject *key = read_key(r->pos + {head}, size, count <= MANY_KEYS);",
        f"r->pos += {head} + size;",
        *block("if (UNLIKELY(key == NULL))", ["break;"]),
        f"PyObject *value = read_value(r, depth, {owed});",
        *block(
            "if (UNLIKELY(value == NULL || dict_set(pairs, key, value) < 0))",
            ["Py_DECREF(key);", "Py_XDECREF(value);", "break;"],
        ),
        "Py_DECREF(key);",
        "Py_DECREF(value);",
        "i += 1;",
    ]
    return [
        *_leave_deep(),
        *read_count(v),
        "PyObject *pairs = PyDict_New();",
        *block("if (UNLIKELY(pairs == NULL))", ["return NULL;"]),
        "size_t i = 0;",
        *block("while (i < count)", loop),
        "/* Two equal keys make the dict smaller than it says. */",
        *block(
            "if (UNLIKELY(i < count || (size_t)PyDict_GET_SIZE(pairs) != count))",
            ["Py_DECREF(pairs);", "return NULL;"],
        ),
        "return pairs;",
    ]


def skipping(spec: ir.Spec) -> Lines:
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
                cases += block(
                    f"case CODE_{v.name.upper()}:",
                    [
                        f"step = {1 + field.size};",
                        *block("if (left(r) < step)", ["return DOUBT;"]),
                        f"size_t size = {get(field, 'r->pos + 1')};",
                        more,
                        "break;",
                    ],
                )
    loop = block(
        "for (uint64_t pending = 1; pending > 0; pending--)",
        [
            *block("if (pending > left(r))", ["return DOUBT;"]),
            "size_t step;",
            *block("switch (*r->pos)", [*cases, "default: return DOUBT;"]),
            *block("if (step > left(r))", ["return DOUBT;"]),
            "r->pos += step;",
        ],
    )
    return [
        "/* Step over a value without judging what is in it. */",
        *function("NOINLINE int skip_value(Reader *r)", [*loop, "return 0;"]),
        *_bytes_head(spec),
    ]


def _bytes_head(spec: ir.Spec) -> Lines:
    v = value_type("bytes", spec)
    assert isinstance(v.body, ir.Blob)
    length = v.body.length
    head = 1 + length.size
    return [
        "/* The size of the bytes value at hand, 0 if it is none, and where its bytes begin. */",
        *function(
            "INLINE size_t bytes_head(const Reader *r, size_t *at)",
            [
                *block(f"if (left(r) < {head} || *r->pos != CODE_{v.name.upper()})", ["return 0;"]),
                f"size_t size = {get(length, 'r->pos + 1')};",
                f"*at = (size_t)(r->pos - r->base) + {head};",
                f"return size <= {length.limit.value} ? size : 0;",
            ],
        ),
    ]
