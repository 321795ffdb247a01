"""Judging values: one loop that never recurses, and builds what it walks over or does not."""

from __future__ import annotations

from .. import ir
from ..layout import text_type, value_type
from .printing import Lines, block, function, get

FAULT = ["goto fault;"]


def judges(spec: ir.Spec) -> Lines:
    return [
        "INLINE int routing_field(const uint8_t *name, size_t size);",
        "NOINLINE int skip_value(Reader *r);",
        "",
        "/* Walk over the value at hand, after which `owed` bytes are owed to what is around it.",
        "   Returns -1 at a fault, or with an exception. */",
        *function(
            "INLINE int walk(Judge *j, Reader *r, size_t owed, const int build)", _walk(spec)
        ),
        *function(
            "static int check_value(Judge *j, Reader *r)", ["return walk(j, r, 0, 0);"]
        ),
        "/* The value of a container that `depth` others are around, however deep it is. */",
        *function(
            "NOINLINE PyObject *read_deep(Reader *r, int depth, size_t owed)",
            [
                "Judge j;",
                "judge_init(&j);",
                "j.outside = depth;",
                *block("if (walk(&j, r, owed, 1) < 0)", ["Py_CLEAR(j.root);"]),
                "judge_close(&j);",
                "return j.root;",
            ],
        ),
    ]  # fmt: skip


def _walk(spec: ir.Spec) -> Lines:
    return [
        "const uint8_t *const base = r->base;",
        "int64_t pos = r->pos - base, at = pos;",
        "const int64_t end = r->end - base;",
        "Open o = {1, 1, end - (int64_t)owed, NULL, NULL, NULL, 0, 0};",
        "PyObject *key = NULL;",
        "int missing = ROUTING_FIELDS;",
        *block(
            "for (;;)",
            [
                *block("while (o.left == 0)", _close()),
                "o.left -= 1;",
                "at = pos;",
                *block("if (o.is_dict)", [*_routed(), *_key(spec), *_routing()]),
                f"const int64_t most = o.room - o.left * {_each(spec)};",
                *block("if (pos >= end)", FAULT),
                *block(
                    "switch (base[pos])",
                    [
                        *(line for v in spec.values for line in _case(v)),
                        "default: goto fault;",
                    ],
                ),
                *block("if (build)", ["Py_CLEAR(key);"]),
            ],
        ),
        "fault:",
        "Py_XDECREF(key);",
        "j->here = o;",
        "j->at = at;",
        "return -1;",
    ]  # fmt: skip


def _close() -> Lines:
    return [
        *block(
            "if (build && o.is_dict && PyDict_GET_SIZE(o.made) != o.count)",
            FAULT,
        ),
        *block("if (!build && o.keys != NULL)", ["judge_forget(j, o.keys);", "o.keys = NULL;"]),
        *block("if (j->depth == 0)", ["r->pos = base + pos;", "return 0;"]),
        "o = j->open[--j->depth];",
    ]


def _each(spec: ir.Spec) -> str:
    return (
        f"(o.is_dict ? {_element_bytes(value_type('dict', spec))}"
        f" : {_element_bytes(value_type('list', spec))})"
    )


def _element_bytes(v: ir.ValueType) -> int:
    assert isinstance(v.body, ir.Container)
    return v.body.smallest_element_bytes


def _key(spec: ir.Spec) -> Lines:
    code, length = text_type(spec)
    head, each = 1 + length.size, _element_bytes(value_type("dict", spec))
    return [
        "o.key = NULL;",
        *block(f"if (end - pos < {head} || base[pos] != {code:#04x})", FAULT),
        f"int64_t size = {get(length, 'base + pos + 1')};",
        f"pos += {head} + size;",
        *block(f"if (size > {length.limit.value} || pos > o.room - o.left * {each})", FAULT),
        "const uint8_t *name = base + pos - size;",
        *block(
            "if (build)",
            [
                "key = read_key(name, (size_t)size, o.count <= MANY_KEYS);",
                *block("if (UNLIKELY(key == NULL))", FAULT),
            ],
        ),
        *block("else if (UNLIKELY(!judge_key(j, &o, name, (size_t)size)))", FAULT),
    ]


def _routed() -> Lines:
    """End where all that a REQUEST is routed by has been found."""
    return block(
        "if (!build && UNLIKELY(j->is_routing) && j->depth == 1 && missing == 0)",
        ["j->is_cut = 1;", "return 0;"],
    )


def _routing() -> Lines:
    """Step over what a REQUEST is not routed by, and end where the rest is known."""
    return [
        *block(
            "if (!build && UNLIKELY(j->is_routing) && j->depth == 1)",
            [
                "int which = routing_field(name, (size_t)size);",
                *block(
                    "if (which > EARLY_FIELD && missing == 1 && j->found[EARLY_FIELD] == 0)",
                    ["j->is_cut = 1;", "return 0;"],
                ),
                *block(
                    "if (which < 0 || which > EARLY_FIELD)",
                    [
                        "r->pos = base + pos;",
                        *block("if (skip_value(r) == 0)", ["pos = r->pos - base;", "continue;"]),
                    ],
                ),
                *block(
                    "else",
                    [
                        *block(
                            "if (j->found[which] != 0)",
                            ["j->is_again = 1;", "goto fault;"],
                        ),
                        "j->found[which] = pos;",
                        "missing -= 1;",
                    ],
                ),
            ],
        ),
        "o.key = name;",
        "o.key_size = (size_t)size;",
        "at = pos;",
    ]


def _case(v: ir.ValueType) -> Lines:
    return block(f"case CODE_{v.name.upper()}:", [*_take(v), "break;"])


def _put(made: str) -> Lines:
    return block(f"if (build && judge_put(j, &o, key, {made}) < 0)", FAULT)


def _take(v: ir.ValueType) -> Lines:
    match v.body:
        case ir.Fixed(number, size):
            value = get(v.body, f"base + pos - {size}")
            maker = {
                ir.FLOAT: f"PyFloat_FromDouble({value})",
                ir.SIGNED: f"PyLong_FromLongLong({value})",
            }.get(number, f"PyLong_FromUnsignedLongLong({value})")
            return [f"pos += {1 + size};", *block("if (pos > end)", FAULT), *_put(maker)]
        case ir.Mapped(_, size, choices):
            cases = [
                f"case {raw}: {'chosen = Py_' + str(choice)}; break;" for raw, choice in choices
            ]
            return [
                f"pos += {1 + size};",
                *block("if (pos > end)", FAULT),
                "PyObject *chosen;",
                *block(
                    f"switch ({get(v.body, f'base + pos - {size}')})",
                    [*cases, "default: goto fault;"],
                ),
                *_put("Py_NewRef(chosen)"),
            ]
        case ir.Empty():
            return ["pos += 1;", *_put("Py_NewRef(Py_None)")]
        case ir.Blob(length, text):
            return _blob(length, text)
        case ir.Container():
            return _open(v)


def _blob(length: ir.SizeField, text: bool) -> Lines:
    head = 1 + length.size
    data = "base + pos - size, (size_t)size"
    apart = block(
        f"if (build && base + pos + {head} == r->apart_at)",
        [f"pos += {head};", *_put("read_apart(r, (size_t)size)"), "break;"],
    )
    judged = block(
        f"if (!build && !is_text({data}))", ["j->is_no_text = 1;", "goto fault;"]
    )  # fmt: skip
    return [
        *block(f"if (end - pos < {head})", FAULT),
        f"int64_t size = {get(length, 'base + pos + 1')};",
        *([] if text else apart),
        f"pos += {head} + size;",
        *block(f"if (size > {length.limit.value} || pos > most)", FAULT),
        *(judged if text else []),
        *_put(f"read_text({data})" if text else f"read_blob(r, {data})"),
    ]


def _open(v: ir.ValueType) -> Lines:
    assert isinstance(v.body, ir.Container)
    is_dict = v.kind == "dict"
    head, each = 1 + v.body.count.size, v.body.smallest_element_bytes
    keys = block(
        "if (!build && size > 1 && !(j->is_routing && j->depth == 1))",
        [
            "o.keys = judge_keys(j);",
            *block("if (o.keys == NULL)", FAULT),
        ],
    )
    return [
        *block(f"if (j->outside + j->depth >= MAX_DEPTH || end - pos < {head})", FAULT),
        f"int64_t size = {get(v.body.count, 'base + pos + 1')};",
        f"pos += {head};",
        *block(f"if (size > {v.body.count.limit.value} || pos + size * {each} > most)", FAULT),
        "PyObject *made = NULL;",
        *block(
            "if (build)",
            [
                f"made = {'PyDict_New()' if is_dict else 'PyList_New((Py_ssize_t)size)'};",
                *block("if (judge_put(j, &o, key, made) < 0)", FAULT),
            ],
        ),
        *block(
            "if (size > 0)",
            [
                *block("if (judge_open(j, &o) < 0)", FAULT),
                f"o = (Open){{size, size, most, made, NULL, NULL, 0, {int(is_dict)}}};",
                *(keys if is_dict else []),
            ],
        ),
    ]
