"""Messages: their fields in the order in which they are written."""

from __future__ import annotations

from .. import ir
from ..layout import (
    dict_head,
    key_bytes,
    leaves,
    leaves_default_out,
    may_be_absent,
    value_type,
)
from .printing import OBJECTS, Lines, block, function, get, is_exactly, put, quote, text


def _names(message: ir.Message) -> Lines:
    """Slots of the message's class: the request id stands before the fields."""
    return ["request_id", *message.arguments]


def messages(spec: ir.Spec) -> Lines:
    rows = (", ".join(map(quote, _names(m))) for m in spec.messages)
    out = [
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
        "#define SLOT(self, index, field) \\",
        "    (*(PyObject **)((char *)(self) + home->field_offsets[index][field]))",
        "",
        *function(
            "INLINE int class_index(PyTypeObject *type)",
            [
                *block(
                    "for (int i = 0; i < MESSAGES; i++)",
                    block("if (TYPE(MESSAGE_TYPES + i) == type)", ["return i;"]),
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
        *function(
            "INLINE int write_message(Writer *w, PyObject *self, int index)",
            [
                "PyObject *id = SLOT(self, index, 0);",
                *block("if (id == NULL || !PyLong_CheckExact(id))", ["return DOUBT;"]),
                "unsigned long long request_id = PyLong_AsUnsignedLongLong(id);",
                *block(
                    "if (request_id == (unsigned long long)-1 && PyErr_Occurred())",
                    ["PyErr_Clear();", "return DOUBT;"],
                ),
                "int done = 0;",
                *block("switch (index)", [*calls, "default: break;"]),
                "size_t length = w->before + (size_t)(w->pos - w->start) - HEADER_BYTES;",
                *block("if (done < 0 || length > MAX_PAYLOAD_BYTES)", ["return -1;"]),
                "put_header(writer_first(w), message_codes[index], length, request_id);",
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
        "/* The message whose fields stand in the order in which they are written, or NULL;",
        "   `is_faulty` where it is none in any order. */",
        *function(
            "INLINE PyObject *read_in_order("
            "Reader *r, int index, PyObject *request_id, int *is_faulty)",
            [
                "PyObject *fields[MAX_FIELDS] = {NULL}, *message = NULL;",
                "int done = 0;",
                *block("switch (index)", [*calls, "default: break;"]),
                "*is_faulty = done == FAULT;",
                *block(
                    "if (LIKELY(done == 0))",
                    [
                        "PyTypeObject *type = TYPE(MESSAGE_TYPES + index);",
                        "message = type->tp_alloc(type, 0);",
                    ],
                ),
                *block(
                    "if (UNLIKELY(message == NULL))",
                    [
                        *block("for (int i = 1; i < MAX_FIELDS; i++)", ["Py_XDECREF(fields[i]);"]),
                        "return NULL;",
                    ],
                ),
                "fields[0] = Py_NewRef(request_id);",
                *block(
                    "for (int i = 0; i < MAX_FIELDS && field_names[index][i] != NULL; i++)",
                    ["SLOT(message, index, i) = fields[i];"],
                ),
                "return message;",
            ],
        ),
    ]


def check(field: ir.Field, source: str, writing: bool = False) -> Lines:
    """Doubt unless the value is plainly a permitted one; when writing, one that becomes it."""
    out: Lines = []
    kinds = [*field.types, "tuple"] if writing and "list" in field.types else list(field.types)
    if kinds:
        wrong = " && ".join(f"!{is_exactly(kind, source)}" for kind in kinds)
        if writing and "integer" in kinds:
            # Members of an IntEnum are what programs give.
            wrong += f" && (!PyLong_Check({source}) || PyBool_Check({source}))"
        out += block(f"if ({wrong})", ["return DOUBT;"])
    if field.finite or field.minimum is not None or field.maximum is not None:
        out += _check_number(field, source)
    if field.choices:
        values = " && ".join(f"number != {value}" for _, value in field.choices)
        out += block(
            "",
            [
                "int overflow;",
                f"long long number = int_value({source}, &overflow);",
                *block(f"if (overflow || ({values}))", ["return DOUBT;"]),
            ],
        )
    if field.scalar:
        held = " || ".join(f"{OBJECTS[t]}_Check({source})" for t in ("list", "dict", "tuple"))
        held += f" || Py_IS_TYPE({source}, TYPE(ENCODED_TYPE))"
        out += block(f"if ({held})", ["return DOUBT;"])
    return out


def _check_number(field: ir.Field, source: str) -> Lines:
    """Judge a value of the field's types, which are numbers."""
    beyond = f" || number < {field.minimum}" if field.minimum is not None else ""
    beyond += f" || number > {field.maximum}" if field.maximum is not None else ""
    read = f"int_value({source}, &overflow);"
    integer = [
        "int overflow;",
        f"long long number = {read}" if beyond else read,
        *block(f"if (overflow{beyond})", ["return DOUBT;"]),
    ]
    if "float" not in field.types:
        return block("", integer)
    return [
        *block(
            f"if (PyFloat_CheckExact({source}))",
            [
                f"double number = PyFloat_AS_DOUBLE({source});",
                *block(f"if (!isfinite(number){beyond})", ["return DOUBT;"]),
            ],
        ),
        *block("else", integer),
    ]


def _write_message(index: int, message: ir.Message, spec: ir.Spec) -> Lines:
    place = {name: i for i, name in enumerate(_names(message))}
    own = leaves(message.fields or ())
    absent = [f"{f.name} == NULL" for f in own]
    return function(
        f"static int write_{message.name}(Writer *w, PyObject *self)",
        [
            *(f"PyObject *{f.name} = SLOT(self, {index}, {place[f.name]});" for f in own),
            *block(f"if ({' || '.join(absent)})", ["return DOUBT;"]),
            *_write_fields(message.fields or (), spec, 1),
            "return 0;",
        ],
    )


def or_fail(call: str) -> Lines:
    return block(f"if ({call} < 0)", ["return -1;"])


def _raw(data: bytes) -> str:
    return f"write_raw(w, {text(data)}, {len(data)})"


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
        count = " + ".join([str(sure), *(f"({_is_present(f)})" for f in optional)])
        counted = put(the_dict.body.count, f"w->pos - {size}", f"({count})")
        judged = [line for f in fields if leaves_default_out(f) for line in _judge_first(f)]
        out, lead = [*judged, *or_fail(_raw(lead)), counted], b""
    for field in fields:
        key, lead = lead + key_bytes(field.name, spec), b""
        if field.fields:
            out += _write_fields(field.fields, spec, depth + 1, key)
            continue
        lines = [
            *([] if leaves_default_out(field) else check(field, field.name, writing=True)),
            *or_fail(f"{_raw(key)} < 0 || {_write_call(field, depth)}"),
        ]
        present = f"if ({_is_present(field)})"
        out += block(present, lines) if may_be_absent(field) else lines
    return out


def _is_present(field: ir.Field) -> str:
    """Whether an optional field is written."""
    return f"{field.name} != Py_None" if field.default is None else f"has_{field.name}"


def _judge_first(field: ir.Field) -> Lines:
    """Whether the int differs from its default; what equals it may still be of another type."""
    return [
        *check(field, field.name, writing=True),
        f"int {field.name}_overflow;",
        f"int has_{field.name} = int_value({field.name}, &{field.name}_overflow)"
        f" != {field.default};",
    ]


def _write_call(field: ir.Field, depth: int) -> str:
    if field.types == ("string",):
        return f"write_text(w, {field.name})"
    return f"write_any(w, {field.name}, {depth})"


def _read_message(index: int, message: ir.Message, spec: ir.Spec) -> Lines:
    place = {name: i for i, name in enumerate(_names(message))}
    fields = message.fields or ()
    optional = [f for f in fields if may_be_absent(f)]
    if any(may_be_absent(inner) for f in fields for inner in f.fields):
        return function(
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
            *block(f"if (left(r) < {len(head)})", ["return DOUBT;"]),
            f"r->pos += {len(head)};",
            f"size_t count = {len(fields) - len(optional)};",
        ]
        found = get(the_dict.body.count, "root + 1")
        after = [
            *block(f"if (*root != {the_dict.code:#04x} || {found} != count)", ["return DOUBT;"]),
        ]
        head = b""
    return [
        *function(
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
        takes = f"reader_takes(r, {text(key)}, {len(key)})"
        lines = _read_field(field, target, spec, depth)
        if may_be_absent(field):
            out += block(f"if ({takes})", ["count += 1;", *lines])
            out += block("else", when_absent(field, target))
        else:
            out += [*block(f"if (!{takes})", ["return DOUBT;"]), *lines]
    return out


def when_absent(field: ir.Field, target: str) -> Lines:
    """Let an optional field mean what its absence means."""
    if field.default is None:
        return [f"{target} = Py_NewRef(Py_None);"]
    return [
        f"{target} = PyLong_FromLong({field.default});",
        *block(f"if ({target} == NULL)", ["return DOUBT;"]),
    ]


def _read_field(field: ir.Field, target: str, spec: ir.Spec, depth: int) -> Lines:
    read = "read_short(r)" if field.types == ("string",) else f"read_any(r, {depth}, 0)"
    may_be_none = f"return {target} == Py_None ? DOUBT : FAULT"
    out = [
        f"{target} = {read};",
        *block(f"if ({target} == NULL)", ["return FAULT;"]),
        # None may stand for a field that is not there.
        *(line.replace("return DOUBT", may_be_none) for line in check(field, target)),
    ]
    if field.types == ("list",):
        # A message holds its lists as it is given them: those of the wire become tuples.
        out += [
            f"Py_SETREF({target}, PyList_AsTuple({target}));",
            *block(f"if ({target} == NULL)", ["return -1;"]),
        ]
    return out
