"""Walk the construct objects of the declaration into the IR.

Only the forms that GD uses are understood. Anything else is a CompileError that names the
declaration it stands in: a form that a backend would have to guess at must not compile.
"""

from __future__ import annotations

from typing import Any

from construct import Bytes, Construct, FormatField, LazyBound, Pass, Renamed, Struct

from .. import errors, exchanges, forms, header, judging, limits, messages, paths, tlv
from . import answers, ir, soundness
from .errors import CompileError

# The characters by which construct tells numbers apart.
NUMBERS = {
    **dict.fromkeys("BHILQ", ir.UNSIGNED),
    **dict.fromkeys("bhilq", ir.SIGNED),
    **dict.fromkeys("fd", ir.FLOAT),
}
KINDS = {
    type(None): "none",
    bool: "bool",
    int: "integer",
    float: "float",
    bytes: "bytes",
    str: "string",
    list: "list",
    dict: "dict",
}


BODIES = "Pass, a number, OneOf, Sized, Utf8 of Sized, Items or Pairs"


def walk() -> ir.Spec:
    """Read the whole declaration.

    Raises:
        CompileError: a form is not supported, or the declaration contradicts itself.
    """
    values = _values(tlv.Value)
    known = tuple(_message(m) for m in messages.MESSAGES)
    spec = ir.Spec(
        limits=tuple(_limit(bound) for bound in limits.LIMITS),
        header=_header(header.Header),
        value_error=tlv.Value.error,
        values=values,
        messages=known,
        enumerations=tuple((n, tuple(v.items())) for n, v in messages.ENUMERATIONS.items()),
        extension_codes=messages.EXTENSION_CODES,
        error_codes=tuple(_error_code(code) for code in errors.ERROR_CODES),
        error_types=tuple(
            ir.ErrorType(t.name, t.parent, t.details, t.meaning) for t in errors.ERROR_TYPES
        ),
        states=tuple(exchanges.STATES.items()),
        transitions=_transitions(),
        roles=tuple(
            ir.Role(r.name, r.side, r.peer, r.opens, r.max_open, r.meaning, r.more_by)
            for r in exchanges.ROLES
        ),
        connection_request_id=exchanges.CONNECTION_REQUEST_ID,
        forms=answers.forms({value.kind for value in values}),
        questions=answers.questions(known, {value.kind for value in values}),
        notice=_transition(exchanges.NOTICE),
        not_opened=_transition(exchanges.NOT_OPENED),
        after_fault=tuple(
            ir.AfterFault(row.sender, row.ends, row.next) for row in exchanges.AFTER_FAULT
        ),
        stages=tuple(_stage(stage) for stage in judging.STAGES),
        offsets=tuple(judging.OFFSETS.items()),
        places=tuple(judging.PATHS.items()),
        paths=ir.Paths(
            paths.MAX_PATH_CHARS,
            paths.MAX_KEY_CHARS,
            paths.ELLIPSIS,
            paths.IDENTIFIER,
            tuple(paths.ESCAPES.items()),
        ),
        fitting=judging.FITTING,
        text=tuple(tlv.TEXT.items()),
        raw_data_bytes=errors.RAW_DATA_BYTES,
        error_text_bytes=errors.ERROR_TEXT_BYTES,
    )
    soundness.check(spec)
    return spec


def _unnamed(subcon: Construct) -> Construct:
    # "name" / X * "doc" nests Renamed twice.
    while isinstance(subcon, Renamed):
        subcon = subcon.subcon
    return subcon


def _unsupported(where: str, subcon: Any) -> CompileError:
    return CompileError(f"{where}: the compiler does not support {type(subcon).__name__}")


def _limit(bound: limits.Bound) -> ir.Limit:
    return ir.Limit(bound.name, bound.value, bound.error, bound.meaning)


def _number(subcon: Construct, where: str) -> tuple[str, int]:
    """Whether a big-endian number has a sign or is a float, and its size in bytes."""
    subcon = _unnamed(subcon)
    if not isinstance(subcon, FormatField) or not subcon.fmtstr.startswith(">"):
        raise _unsupported(where, subcon)
    character = subcon.fmtstr[1:]
    if character not in NUMBERS:
        raise CompileError(f"{where}: the compiler does not support a number of this form")
    return NUMBERS[character], subcon.length


def _size_field(subcon: Construct, where: str) -> ir.SizeField:
    if not isinstance(subcon, forms.Limit):
        raise _unsupported(f"{where} (a size needs a Limit)", subcon)
    return ir.SizeField(*_number(subcon.subcon, where), _limit(subcon.bound))


def _header(subcon: Construct) -> tuple[ir.HeaderField, ...]:
    if not isinstance(subcon, Struct):
        raise _unsupported("spec.header", subcon)
    fields: list[ir.HeaderField] = []
    offset = 0
    for named in subcon.subcons:
        field = _header_field(named, offset)
        fields.append(field)
        offset += field.size
    return tuple(fields)


def _header_field(named: Construct, offset: int) -> ir.HeaderField:
    where = f"spec.header: field '{named.name}'"
    form = _unnamed(named)
    constant, limit, error = None, None, ""
    if isinstance(form, forms.Exactly):
        constant, error, form = form.value, form.error, form.subcon
    elif isinstance(form, forms.OneOf):
        error, form = form.error, form.subcon
    elif isinstance(form, forms.Limit):
        limit, error, form = _limit(form.bound), form.bound.error, form.subcon
    elif isinstance(form, forms.Fits):
        form = form.subcon
    if isinstance(form, Bytes):
        number, size = ir.RAW, form.length
    else:
        number, size = _number(form, where)
    return ir.HeaderField(named.name, offset, size, number, constant, limit, error, named.docs)


def _values(tagged: Construct) -> tuple[ir.ValueType, ...]:
    where = "spec.tlv: the type byte"
    if _number(tagged.tag, where) != (ir.UNSIGNED, 1):
        raise _unsupported(where, tagged.tag)
    return tuple(_value(code, named) for code, named in tagged.types.items())


def _value(code: int, named: Construct) -> ir.ValueType:
    where = f"spec.tlv: value type '{named.name}'"
    held = _unnamed(named)
    if not isinstance(held, forms.Holds):
        raise _unsupported(f"{where} (a value type needs Holds)", held)
    return ir.ValueType(
        name=named.name,
        code=code,
        kind=_kind(held.python, where),
        minimum=held.minimum,
        maximum=held.maximum,
        body=_body(held.subcon, where),
        meaning=named.docs,
    )


def _kind(python: type, where: str) -> str:
    if python not in KINDS:
        raise CompileError(f"{where}: the compiler does not support values of {python.__name__}")
    return KINDS[python]


def _body(form: Construct, where: str) -> ir.Body:
    match form:
        case forms.OneOf():
            choices = tuple(form.choices.items())
            return ir.Mapped(*_number(form.subcon, where), choices, form.error)
        case forms.Utf8(subcon=forms.Sized() as sized):
            return ir.Blob(_size_field(sized.subcon, where), text=True)
        case forms.Sized():
            return ir.Blob(_size_field(form.subcon, where), text=False)
        case forms.Counted():
            return _container(form, where)
        case FormatField():
            return ir.Fixed(*_number(form, where))
    if form is Pass:
        return ir.Empty()
    raise _unsupported(f"{where} (a body is {BODIES})", form)


def _container(form: forms.Counted, where: str) -> ir.Container:
    if _bound(form.element) is not tlv.Value:
        raise _unsupported(f"{where} (elements are any value)", form.element)
    if isinstance(form, forms.Pairs) and _bound(form.key) is not tlv.Key:
        raise _unsupported(f"{where} (keys are spec.tlv.Key)", form.key)
    return ir.Container(
        count=_size_field(form.count, where),
        depth=_limit(form.depth),
        smallest_element_bytes=form.smallest_element_bytes,
        key_error=tlv.Key.error if isinstance(form, forms.Pairs) else "",
    )


def _bound(form: Construct) -> Construct:
    """What a form that is bound late stands for."""
    return form.subconfunc() if isinstance(form, LazyBound) else form


def _message(message: messages.Message) -> ir.Message:
    fields = None
    if message.payload is not None:
        if message.payload.subcon is not tlv.Value:
            where = f"spec.messages: {message.name} (a payload is spec.tlv.Value)"
            raise _unsupported(where, message.payload.subcon)
        fields = tuple(_field(field, message.name) for field in message.payload.fields)
    names = _leaf_names(fields or ())
    arguments = message.arguments or names
    if sorted(arguments) != sorted(names):
        raise CompileError(
            f"spec.messages: {message.name}: arguments {arguments} do not name the fields {names}"
        )
    return ir.Message(
        message.name, message.code, fields, arguments, message.extension, message.meaning
    )


def _leaf_names(fields: tuple[ir.Field, ...]) -> tuple[str, ...]:
    names: list[str] = []
    for field in fields:
        names.extend(_leaf_names(field.fields) if field.fields else (field.name,))
    return tuple(names)


def _field(field: forms.Field, message: str) -> ir.Field:
    where = f"spec.messages: {message}: field '{field.name}'"
    if not field.default_written and (field.types != (int,) or type(field.default) is not int):
        raise CompileError(f"{where}: only an int can have a default that is left out")
    return ir.Field(
        name=field.name,
        types=tuple(_kind(python, where) for python in field.types),
        meaning=field.meaning,
        required=field.required,
        default=field.default,
        default_written=field.default_written,
        minimum=field.minimum,
        maximum=field.maximum,
        finite=field.finite,
        choices=tuple((field.choices or {}).items()),
        scalar=field.scalar,
        fields=tuple(_field(inner, message) for inner in field.fields),
    )


def _stage(stage: judging.Stage) -> ir.Stage:
    return ir.Stage(
        stage.name,
        stage.phase,
        errors.SCOPE_OF_PHASE.get(stage.phase, ""),
        stage.meaning,
        tuple(ir.Check(one.code, one.fault, one.offset, one.path) for one in stage.checks),
    )


def _error_code(code: errors.ErrorCode) -> ir.ErrorCode:
    stages = [stage for stage in judging.STAGES if code.name in {c.code for c in stage.checks}]
    scopes = {stage.phase: errors.SCOPE_OF_PHASE.get(stage.phase, "") for stage in stages}
    rows = {row.scope for row in exchanges.TRANSITIONS if row.outcome == code.name}
    in_state = [("state", scope) for scope in sorted(rows)]
    return ir.ErrorCode(code.name, (*scopes.items(), *in_state), code.meaning)


def _transition(row: exchanges.Transition) -> ir.Transition:
    return ir.Transition(row.state, row.sender, row.message, row.next, row.outcome, row.scope)


def _transitions() -> tuple[ir.Transition, ...]:
    rows = tuple(_transition(row) for row in exchanges.TRANSITIONS)
    # A new message needs no row of its own: what the table does not name is unexpected.
    known = {(row.state, row.sender, row.message) for row in rows}
    if len(known) != len(rows):
        raise CompileError("spec.exchanges: two transitions for one state, sender and message")
    unnamed = tuple(
        ir.Transition(
            state,
            sender,
            message.name,
            state,
            "unexpected_message",
            errors.CONNECTION if sender == exchanges.ANSWERER else errors.EXCHANGE,
        )
        for state in exchanges.STATES
        for sender in (exchanges.OPENER, exchanges.ANSWERER)
        for message in messages.MESSAGES
        if (state, sender, message.name) not in known
    )
    return rows + unnamed
