"""Routing: what an arbiter reads of a REQUEST, wherever it stands."""

from __future__ import annotations

from .. import ir
from ..layout import text_type, value_type
from ..python.routing import EARLY, ROUTING
from .messages import check, when_absent
from .printing import Lines, block, function, get, text
from .reading import read_count, skipping


def routing(spec: ir.Spec) -> Lines:
    request = next(m for m in spec.messages if m.name == "REQUEST")
    wanted = [next(f for f in request.fields or () if f.name == name) for name in ROUTING]
    early = ROUTING.index(EARLY)
    behind = [f for f in request.fields or () if f.name not in ROUTING]
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
                *block("if (skip_value(r) < 0)", ["return DOUBT;"]),
            ],
        ),
        *block(
            "else if (which < 0)",
            block("if (!is_text(name, size) || skip_value(r) < 0)", ["return DOUBT;"]),
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
        f"#define ROUTING_FIELDS {len(wanted)}",
        "",
        *skipping(spec),
        *function(
            "INLINE int routing_field(const uint8_t *name, size_t size)", [*find, "return -1;"]
        ),
        "/* Find the fields by which a REQUEST is routed, wherever they stand. */",
        *function(
            "static int peek_routing(Reader *r, PyObject **found)",
            [
                "const int depth = 1;",
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
