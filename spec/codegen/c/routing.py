"""Routing: what an arbiter reads of a REQUEST, wherever it stands."""

from __future__ import annotations

from .. import ir
from ..layout import text_type, value_type
from ..python.routing import ARGUMENTS, EARLY, ROUTING
from .messages import check, when_absent
from .printing import Lines, block, function, get, text
from .reading import read_count, skipping


def _spans(spec: ir.Spec) -> Lines:
    _, length = text_type(spec)
    the_dict = value_type("dict", spec)
    assert isinstance(the_dict.body, ir.Container)
    count, head = the_dict.body.count, 1 + length.size
    keep = [
        "const uint8_t *start = r->pos;",
        *block("if (skip_long_value(r) < 0)", ["return DOUBT;"]),
        *block(
            "if (which < count)",
            [
                'PyObject *span = Py_BuildValue("nn", start - r->base, r->pos - r->base);',
                "PyObject *key = PyTuple_GET_ITEM(names, which);",
                "int failed = span == NULL || PyDict_SetItem(found, key, span);",
                "Py_XDECREF(span);",
                *block("if (failed)", ["return -1;"]),
            ],
        ),
    ]
    return [
        "#define MOST_NAMES 64",
        "",
        "/* Find the values of the keys `names` in the dict at hand, which is right. */",
        *function(
            "static int read_spans(Reader *r, PyObject *names, PyObject *found)",
            [
                "Py_ssize_t count = PyTuple_GET_SIZE(names), sizes[MOST_NAMES];",
                "const char *texts[MOST_NAMES];",
                *block(
                    "if (count > MOST_NAMES)",
                    ['PyErr_SetString(PyExc_ValueError, "too many names");', "return -1;"],
                ),
                *block(
                    "for (Py_ssize_t i = 0; i < count; i++)",
                    [
                        "PyObject *key = PyTuple_GET_ITEM(names, i);",
                        "texts[i] = PyUnicode_AsUTF8AndSize(key, &sizes[i]);",
                        *block("if (texts[i] == NULL)", ["return -1;"]),
                    ],
                ),
                f"size_t pairs = {get(count, 'r->pos + 1')};",
                f"r->pos += {1 + count.size};",
                *block(
                    "for (; pairs > 0 && PyDict_GET_SIZE(found) < count; pairs--)",
                    [
                        f"size_t size = {get(length, 'r->pos + 1')};",
                        f"const uint8_t *name = r->pos + {head};",
                        f"r->pos += {head} + size;",
                        "Py_ssize_t which = 0;",
                        *block(
                            "while (which < count && ((size_t)sizes[which] != size || "
                            "memcmp(texts[which], name, size) != 0))",
                            ["which += 1;"],
                        ),
                        *keep,
                    ],
                ),
                "return 0;",
            ],
        ),
    ]


def routing(spec: ir.Spec) -> Lines:
    request = next(m for m in spec.messages if m.name == "REQUEST")
    wanted = [next(f for f in request.fields or () if f.name == name) for name in ROUTING]
    early = ROUTING.index(EARLY)
    behind = [f for f in request.fields or () if f.name in ARGUMENTS]
    code, length = text_type(spec)
    the_dict = value_type("dict", spec)
    assert isinstance(the_dict.body, ir.Container)
    head = 1 + length.size
    find = [
        line
        for i, f in enumerate([*wanted, *behind])
        for line in block(
            f"if (size == {len(f.name)} && memcmp(name, {text(f.name.encode())}, size) == 0)",
            [f"return {i};"],
        )
    ]
    step = [
        *block(f"if (left(r) < {head} || *r->pos != {code:#04x})", ["return DOUBT;"]),
        f"size_t size = {get(length, 'r->pos + 1')};",
        *block(f"if (size > left(r) - {head})", ["return DOUBT;"]),
        f"const uint8_t *name = r->pos + {head};",
        f"r->pos += {head} + size;",
        "int which = routing_field(name, size);",
        *block(
            f"if (which > {early})",
            [
                *block(f"if (missing == 1 && found[{early}] == NULL)", ["missing = 0;", "break;"]),
                *block("if (skip_long_value(r) < 0)", ["return DOUBT;"]),
            ],
        ),
        *block(
            "else if (which < 0)",
            block("if (!is_text(name, size) || skip_long_value(r) < 0)", ["return DOUBT;"]),
        ),
        *block(
            "else",
            [
                *block("if (found[which] != NULL)", ["return DOUBT;"]),
                "found[which] = read_short(r);",
                *block("if (found[which] == NULL)", ["return DOUBT;"]),
                "missing -= 1;",
            ],
        ),
    ]
    checks: Lines = []
    for i, field in enumerate(wanted):
        lines = check(field, f"found[{i}]")
        if field.required:
            checks += [*block(f"if (found[{i}] == NULL)", ["return DOUBT;"]), *lines]
            continue
        checks += block(f"if (found[{i}] != NULL && found[{i}] != Py_None)", lines)
        if field.default is not None:
            absent = [f"Py_XDECREF(found[{i}]);", *when_absent(field, f"found[{i}]")]
            checks += block("else", absent)
    return [
        *skipping(spec),
        *_spans(spec),
        *function(
            "INLINE int routing_field(const uint8_t *name, size_t size)", [*find, "return -1;"]
        ),
        "/* Find the fields by which a REQUEST is routed, wherever they stand. */",
        *function(
            "static int peek_routing(Reader *r, PyObject **found)",
            [
                "const size_t owed = 0;",
                *block(
                    "if (left(r) < 1 || *r->pos != " + f"{the_dict.code:#04x})", ["return DOUBT;"]
                ),
                *(line.replace("return NULL", "return DOUBT") for line in read_count(the_dict)),
                "int missing = ROUTING_FIELDS;",
                *block("for (; count > 0 && missing > 0; count--)", step),
                *block("if (missing > 0 && r->pos != r->end)", ["return DOUBT;"]),
                *checks,
                "return 0;",
            ],
        ),
    ]
