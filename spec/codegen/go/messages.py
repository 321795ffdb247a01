"""messages.go: each message as a struct, its fields judged, and whole frames."""

from __future__ import annotations

from collections.abc import Iterator

from .. import ir
from ..layout import dict_head, key_bytes, leaves, value_type
from ..naming import camel
from .printing import (
    code,
    columns,
    comment,
    exported,
    filled,
    hexadecimal,
    message_type,
    quoted,
    raw,
)
from .soundness import INT64_MAX
from .values import GO_TYPES

TEMPLATE = """
    package «package»

    import (
        "math"
        "strconv"
    )

    // MessageType is the code of a message.
    type MessageType uint8

    // The messages' codes.
    const (
        «types»
    )

    // String gives the name of the message.
    func (t MessageType) String() string {
        switch t {
        «names»
        }
        return "MessageType(" + strconv.Itoa(int(t)) + ")"
    }

    func (t MessageType) isKnown() bool {
        return t.blank(0) != nil
    }

    func (t MessageType) hasPayload() bool {
        switch t {
        case «bare»:
            return false
        }
        return true
    }

    // Extension is the name under which a peer lists that it takes this message; empty for one that
    // every peer takes.
    func (t MessageType) Extension() string {
        switch t {
        «extensions»
        }
        return ""
    }

    «enumerations»

    // Message is one of the messages: a pointer to a struct of this package.
    type Message interface {
        // MessageType is the message's code.
        MessageType() MessageType

        // ExchangeID is the request id, which all frames of an exchange have.
        ExchangeID() uint64

        // Takes the fields from slots that were judged.
        take(slots []slot)

        // Judges the fields.
        judge() *ProtocolError

        // Writes the payload of fields that were judged.
        write(w *writer) *ProtocolError
    }

    // New gives a message of this type, without fields; nil where there is no such type.
    func New(t MessageType, requestID uint64) Message { return t.blank(requestID) }

    // Parse gives the message of one whole frame. Its error is a *ProtocolError.
    func Parse(frame []byte) (Message, error) {
        header, err := parseHeader(frame)
        if err == nil {
            err = header.checkPresence()
        }
        if err == nil && len(frame) < HeaderBytes+header.Length {
            err = fatal(CodeTruncated, len(frame), header.RequestID, "the payload is not whole")
        }
        if err == nil && len(frame) > HeaderBytes+header.Length {
            err = fault(CodeTrailingData, HeaderBytes+header.Length, "bytes follow the frame")
        }
        var message Message
        if err == nil {
            message, err = parsePayload(header, frame)
        }
        if err != nil {
            err.RequestID = header.RequestID
            return nil, err.told()
        }
        return message, nil
    }

    // The message of a judged header and the frame's bytes.
    func parsePayload(header Header, frame []byte) (Message, *ProtocolError) {
        message := header.Type.blank(header.RequestID)
        if !header.Type.hasPayload() {
            return message, nil
        }
        r := reader{data: frame, pos: HeaderBytes}
        payload, err := r.slot(header.Type.fields())
        if err == nil {
            err = r.finish()
        }
        if err == nil && kindOf(payload.value) != ofDict {
            err = fault(CodePayloadNotDict, payload.at, "a payload is a dict")
        }
        if err == nil {
            err = judgeAll(header.Type.fields(), payload)
        }
        if err != nil {
            return nil, err
        }
        message.take(payload.inner)
        return message, nil
    }

    // Serialize gives the frame of a message. Its error is a *ProtocolError.
    func Serialize(message Message) ([]byte, error) {
        return AppendMessage(nil, message)
    }

    // AppendMessage writes the frame of a message behind what there is. Where it refuses, nothing
    // is written. Its error is a *ProtocolError.
    func AppendMessage(data []byte, message Message) ([]byte, error) {
        frame, err := appendMessage(data, message)
        if err != nil {
            err.RequestID = message.ExchangeID()
            return data, err.told()
        }
        return frame, nil
    }

    func appendMessage(data []byte, message Message) ([]byte, *ProtocolError) {
        if err := message.judge(); err != nil {
            return nil, err
        }
        header := Header{Type: message.MessageType(), RequestID: message.ExchangeID()}
        start := len(data) + HeaderBytes
        w := writer{buf: header.Append(data), most: start + MaxPayloadBytes}
        if err := message.write(&w); err != nil {
            return nil, err
        }
        if err := w.finish(); err != nil {
            return nil, err
        }
        header.Length = len(w.buf) - start
        header.Append(w.buf[:len(data)])
        return w.buf, nil
    }

    «messages»

    // A message of this type with its request id alone; nil where there is no such type.
    func (t MessageType) blank(requestID uint64) Message {
        switch t {
        «blanks»
        }
        return nil
    }

    func (t MessageType) fields() []field {
        switch t {
        «fields_of»
        }
        return nil
    }

    // --- fields ---

    // What is permitted for a field. Those of a dict that has fields of its own are inner.
    type field struct {
        name     string
        kinds    kinds
        required bool
        minimum  int64
        maximum  int64
        finite   bool
        scalar   bool
        choices  []int64
        inner    []field
    }

    «rules»

    // What stands in a payload for a field: a value and where it begins, which is 0 where it is
    // absent; of a dict that has fields of its own, theirs.
    type slot struct {
        value any
        at    int
        inner []slot
    }

    // The value that comes next, with what fields it has where it is a dict.
    func (r *reader) slot(fields []field) (slot, *ProtocolError) {
        start := r.pos
        if len(fields) == 0 || start >= len(r.data) || r.data[start] != «dict_type» {
            value, err := r.value()
            return slot{value: value, at: start}, err
        }
        r.pos++
        count, err := r.open(start, «dict_bounds», pairBytes)
        if err != nil {
            return slot{}, err
        }
        inner, err := r.slots(count, fields)
        return slot{Dict(nil), start, inner}, err
    }

    // The fields of a dict that is open. Keys that are none are ignored, when they are judged.
    func (r *reader) slots(count int, fields []field) ([]slot, *ProtocolError) {
        slots := make([]slot, len(fields))
        keys := make(Dict, 0, count)
        var seen map[string]struct{}
        for range count {
            key, err := r.key(keys, &seen)
            if err != nil {
                return nil, err
            }
            keys = append(keys, Pair{Key: key})
            if i := indexOf(fields, key); i >= 0 {
                slots[i], err = r.slot(fields[i].inner)
            } else {
                _, err = r.value()
            }
            if err != nil {
                return nil, err.inKey(key)
            }
        }
        r.depth--
        return slots, nil
    }

    func indexOf(fields []field, key string) int {
        for i := range fields {
            if fields[i].name == key {
                return i
            }
        }
        return -1
    }

    // Judges the fields of a dict, each by presence, type and value.
    func judgeAll(fields []field, dict slot) *ProtocolError {
        for i := range fields {
            rule, held := &fields[i], &dict.inner[i]
            if held.at == 0 {
                if rule.required {
                    err := fault(CodeMissingField, dict.at, "the field is required")
                    return err.inKey(rule.name)
                }
                continue
            }
            if held.value == nil && !rule.required {
                continue
            }
            if err := rule.judge(held.value); err != nil {
                err.Offset = held.at
                return err
            }
            if len(rule.inner) > 0 {
                if err := judgeAll(rule.inner, *held); err != nil {
                    return err.inKey(rule.name)
                }
            }
        }
        return nil
    }

    // Judges a value that is there.
    func (f *field) judge(value any) *ProtocolError {
        value = plain(value)
        kind := kindOf(value)
        if f.kinds != 0 && f.kinds&kind == 0 {
            return fault(CodeWrongFieldType, NoOffset, "the value has another type").inKey(f.name)
        }
        if !f.permits(value, kind) {
            err := fault(CodeInvalidFieldValue, NoOffset, "the value is not possible here")
            return err.inKey(f.name)
        }
        return nil
    }

    func (f *field) permits(value any, kind kinds) bool {
        if f.scalar {
            return kind&(ofList|ofDict) == 0
        }
        switch v := value.(type) {
        case int64:
            return v >= f.minimum && v <= f.maximum && f.isChoice(v)
        case float64:
            return f.permitsFloat(v)
        case uint64:
            return f.maximum == math.MaxInt64 && f.choices == nil
        case bigInteger:
            isBounded := f.minimum != math.MinInt64
            if v.Sign() > 0 {
                isBounded = f.maximum != math.MaxInt64
            }
            return !isBounded && f.choices == nil
        }
        return true
    }

    func (f *field) permitsFloat(v float64) bool {
        if f.finite && (math.IsNaN(v) || math.IsInf(v, 0)) {
            return false
        }
        isBelow := f.minimum != math.MinInt64 && v < float64(f.minimum)
        return !isBelow && (f.maximum == math.MaxInt64 || v <= float64(f.maximum))
    }

    func (f *field) isChoice(v int64) bool {
        for _, one := range f.choices {
            if one == v {
                return true
            }
        }
        return f.choices == nil
    }

    // A value that may be absent: nil, or a pointer to it.
    func optional[T any](value any) *T {
        if held, is := value.(T); is {
            return &held
        }
        return nil
    }

    // A value that has a default.
    func given[T any](value any, otherwise T) T {
        if held, is := value.(T); is {
            return held
        }
        return otherwise
    }

    // A pointer to a value, or where it is absent to its default.
    func of[T any](value any, otherwise T) *T {
        held := given(value, otherwise)
        return &held
    }

    // What a pointer points to, or the default where it is nil.
    func defaulted[T any](held *T, otherwise T) T {
        if held == nil {
            return otherwise
        }
        return *held
    }
"""

MESSAGE = """
    «about»
    type «name» struct {
        // RequestID is that of the exchange.
        RequestID uint64
        «fields»
    }

    // MessageType is «type».
    func (m *«name») MessageType() MessageType { return «type» }

    // ExchangeID is the request id.
    func (m *«name») ExchangeID() uint64 { return m.RequestID }

    func (m *«name») take(«slots» []slot) «taking»

    func (m *«name») judge() *ProtocolError {
        «judging»
        return nil
    }

    func (m *«name») write(«writer» *writer) *ProtocolError {
        «writing»
        return nil
    }
"""

KINDS = {
    kind: f"of{kind.capitalize()}"
    for kind in ("none", "bool", "integer", "float", "bytes", "string", "list", "dict")
}
# What writes a value of a type; any is written by what it holds.
WRITERS = {
    "string": "text", "[]byte": "blob", "int64": "integer", "[]any": "list", "Dict": "dict",
}  # fmt: skip
# Types whose nil says that a value is absent.
WITH_NIL = ("any", "[]byte", "[]any", "Dict")


class Field:
    """A leaf field as a field of a Go struct.

    Attributes:
        name: of the struct's field.
        type: of it, without a pointer.
        is_pointer: whether it is a pointer, whose nil says that the value is absent.
        source: the slot that holds it when it is read.
        rule: the table's entry that judges it.
        path: keys of the dicts around it.
    """

    def __init__(
        self, field: ir.Field, spec: ir.Spec, source: str, rule: str, path: tuple[str, ...]
    ) -> None:
        self.field, self.spec, self.path = field, spec, path
        self.source, self.rule = source, rule
        self.name = exported(field.name)
        self.type = _go_type(field, spec)
        # Where nil, or what Go sets a field to, does not say it.
        is_unsaid = field.default is None and self.type not in WITH_NIL
        self.is_pointer = (
            not field.required and self.type != "any" and (is_unsaid or bool(field.default))
        )

    @property
    def can_be_absent(self) -> str:
        """The condition under which it is written; empty where it always is."""
        field = self.field
        if field.required:
            return ""
        if field.default is None:
            return f"m.{self.name} != nil"
        if field.default_written:
            return ""
        if self.is_pointer:
            return f"m.{self.name} != nil && *m.{self.name} != {self.default}"
        if self.type == "any":
            return f"m.{self.name} != nil && m.{self.name} != any({self.default})"
        return f"m.{self.name} != {self.default}"

    @property
    def default(self) -> str:
        """The default as an expression of Go."""
        held = self.field.default
        match held:
            case bool():
                return str(held).lower()
            case str():
                return quoted(held)
            case bytes():
                return f"[]byte({raw(held)})"
            case int() | float():
                return f"{self.type}({held})" if self.type != "any" else f"int64({held})"
            case tuple() | list():
                return "[]any{}"
        return "Dict{}"

    @property
    def value(self) -> str:
        """Its value, which is there."""
        return f"*m.{self.name}" if self.is_pointer else f"m.{self.name}"

    @property
    def is_free(self) -> bool:
        """Whether every value that Go permits is possible."""
        field = self.field
        bounds = field.minimum is not None or field.maximum is not None
        if self.type == "any" and (field.types or field.scalar):
            return False
        return not (bounds or field.finite or field.choices)


def text(spec: ir.Spec, package: str) -> str:
    """The file."""
    dict_type = value_type("dict", spec)
    assert isinstance(dict_type.body, ir.Container)
    count = dict_type.body.count
    return filled(
        TEMPLATE,
        package=package,
        types=columns(
            [(message_type(m.name), "MessageType", "=", hexadecimal(m.code)) for m in spec.messages]
        ),
        names=_cases((message_type(m.name), quoted(m.name)) for m in spec.messages),
        bare=", ".join(message_type(m.name) for m in spec.messages if m.fields is None),
        extensions=_cases(
            (message_type(m.name), quoted(m.extension)) for m in spec.messages if m.extension
        ),
        enumerations=_enumerations(spec),
        messages="\n".join(_message(m, spec) for m in spec.messages).strip().split("\n"),
        blanks=_cases(
            (message_type(m.name), f"&{exported(m.name)}{{RequestID: requestID}}")
            for m in spec.messages
        ),
        fields_of=_cases(
            (message_type(m.name), _table(m)) for m in spec.messages if m.fields is not None
        ),
        rules=_rules(spec),
        dict_type=hexadecimal(dict_type.code),
        dict_bounds=f"{count.size}, {exported(count.limit.name)}, {code(count.limit.error)}",
    )


def _cases(pairs: Iterator[tuple[str, str]]) -> list[str]:
    return [line for one, held in pairs for line in (f"case {one}:", f"\treturn {held}")]


def _enumerations(spec: ir.Spec) -> list[str]:
    lines: list[str] = []
    for name, members in spec.enumerations:
        rows = [(f"{name}{exported(one)}", name, "=", str(number)) for one, number in members]
        message = next(m for m in spec.messages if name in _enumerations_of(m, spec))
        lines += [
            *([""] if lines else []),
            f"// {name} is an operation of {message.name}.",
            f"type {name} int64",
            "",
            f"// The operations of {message.name}.",
            "const (",
            *(f"\t{line}" for line in columns(rows)),
            ")",
        ]
    return lines


def _enumerations_of(message: ir.Message, spec: ir.Spec) -> list[str]:
    return [_enumeration(field, spec) for field in leaves(message.fields or ())]


def _enumeration(field: ir.Field, spec: ir.Spec) -> str:
    """The enumeration of a field's choices; empty for a field without one."""
    named = (name for name, members in spec.enumerations if members == field.choices)
    return next(named, "") if field.choices else ""


def _go_type(field: ir.Field, spec: ir.Spec) -> str:
    if len(field.types) != 1:
        return "any"
    if field.types[0] != "integer":
        return GO_TYPES[field.types[0]]
    if field.choices or field.maximum is not None:
        return (field.required and _enumeration(field, spec)) or "int64"
    # Where a type holds more than int64 does, a field without bounds holds that too.
    integers = [value.maximum for value in spec.values if value.kind == "integer"]
    return "any" if any(most is not None and most > INT64_MAX for most in integers) else "int64"


# --- structs ---


def _message(message: ir.Message, spec: ir.Spec) -> str:
    fields = _leaves(message.fields or (), spec, "slots", _table(message), ())
    taking = [f"m.{one.name} = {_taken(one)}" for one in fields]
    return filled(
        MESSAGE,
        about=comment(f"{exported(message.name)} is {message.name}. {message.meaning}"),
        name=exported(message.name),
        type=message_type(message.name),
        fields=[line for one in fields for line in ("", *_declared(one))],
        slots="slots" if fields else "_",
        taking="\n".join(["{", *(f"\t{line}" for line in taking), "}"]) if fields else "{}",
        judging=[line for one in fields if not one.is_free for line in _judged(one)],
        writer="w" if fields else "_",
        writing=_written(message, spec, fields) if message.fields is not None else [],
    )


def _leaves(
    fields: tuple[ir.Field, ...], spec: ir.Spec, slots: str, table: str, path: tuple[str, ...]
) -> list[Field]:
    """The leaf fields, in the order of the table."""
    made: list[Field] = []
    for index, field in enumerate(fields):
        source, rule = f"{slots}[{index}]", f"{table}[{index}]"
        if field.fields:
            inside = (*path, field.name)
            made += _leaves(field.fields, spec, f"{source}.inner", f"{rule}.inner", inside)
        else:
            made.append(Field(field, spec, source, rule, path))
    return made


def _declared(one: Field) -> list[str]:
    field = one.field
    told = f"{one.name}: {field.meaning}"
    if one.type == "any" and field.types:
        told += f": {' or '.join(field.types)}"
    if not field.required:
        can_be_nil = one.is_pointer or one.type in WITH_NIL
        told += f"; nil for {_absence(field)}" if can_be_nil else ""
    kind = f"*{one.type}" if one.is_pointer else one.type
    option = "" if field.required else ",none" if field.default is None else ",optional"
    return [*comment(f"{told}."), f'{one.name} {kind} `gd:"{field.name}{option}"`']


def _absence(field: ir.Field) -> str:
    match field.default:
        case None:
            return "none"
        case tuple() | list():
            return "an empty one"
        case dict():
            return "an empty one"
    return str(field.default)


def _taken(one: Field) -> str:
    """The value of a slot, which was judged."""
    held, default = f"{one.source}.value", one.field.default
    if one.type == "any":
        if default is None:
            return held
        return f"given[any]({held}, {one.default})"
    if one.field.choices and one.type != "int64":
        return f"{one.type}(given({held}, int64({default or 0})))"
    if one.is_pointer:
        return f"optional[{one.type}]({held})" if default is None else f"of({held}, {one.default})"
    if one.field.required:
        return f"{held}.({one.type})"
    return (
        f"given[{one.type}]({held}, nil)"
        if one.type in WITH_NIL
        else f"given({held}, {one.default})"
    )


def _judged(one: Field) -> list[str]:
    value = f"int64({one.value})" if one.field.choices and one.type != "any" else one.value
    lines = [
        f"if err := {one.rule}.judge({value}); err != nil {{",
        f"\treturn err{''.join(f'.inKey({quoted(key)})' for key in reversed(one.path))}",
        "}",
    ]
    if one.field.required or not (one.is_pointer or one.type in WITH_NIL):
        return lines
    return [f"if m.{one.name} != nil {{", *(f"\t{line}" for line in lines), "}"]


# --- writing ---


def _written(message: ir.Message, spec: ir.Spec, fields: list[Field]) -> list[str]:
    assert message.fields is not None
    by_name = {one.field.name: one for one in fields}
    return ["w.depth++", *_dict(message.fields, spec, by_name, ()), "w.depth--"]


def _dict(
    fields: tuple[ir.Field, ...], spec: ir.Spec, by_name: dict[str, Field], path: tuple[str, ...]
) -> list[str]:
    """Writing of a dict: its head, and each field that is there."""
    always = [f for f in fields if f.fields or not by_name[f.name].can_be_absent]
    lines = _head(fields, len(always), spec, by_name, camel("_".join(("count", *path))))
    for field in fields:
        key = f"w.buf = append(w.buf, {raw(key_bytes(field.name, spec))}...)"
        if field.fields:
            inside = _dict(field.fields, spec, by_name, (*path, field.name))
            lines += [key, "w.depth++", *inside, "w.depth--"]
            continue
        one = by_name[field.name]
        wrote = [key, *_value(one, path)]
        condition = one.can_be_absent
        lines += (
            [f"if {condition} {{", *(f"\t{line}" for line in wrote), "}"] if condition else wrote
        )
    return lines


def _head(
    fields: tuple[ir.Field, ...],
    always: int,
    spec: ir.Spec,
    by_name: dict[str, Field],
    count: str,
) -> list[str]:
    if always == len(fields):
        return [f"w.buf = append(w.buf, {raw(dict_head(always, spec))}...)"]
    lines = [
        f"w.buf = append(w.buf, {raw(dict_head(always, spec))}...)",
        f"{count} := len(w.buf) - 1",
    ]
    for field in fields:
        if not field.fields and (condition := by_name[field.name].can_be_absent):
            lines += [f"if {condition} {{", f"\tw.buf[{count}]++", "}"]
    return lines


def _value(one: Field, path: tuple[str, ...]) -> list[str]:
    keys = "".join(f".inKey({quoted(key)})" for key in (one.field.name, *reversed(path)))
    value, way = one.value, WRITERS.get(one.type, "value")
    if one.field.choices and one.type not in ("int64", "any"):
        value, way = f"int64({value})", "integer"
    if not one.field.required and one.field.default_written and one.field.default is not None:
        if one.is_pointer:
            value = f"defaulted(m.{one.name}, {one.default})"
        elif one.type == "any":
            value = f"given[any](m.{one.name}, {one.default})"
    return [f"if err := w.{way}({value}); err != nil {{", f"\treturn err{keys}", "}"]


# --- rules ---


def _table(message: ir.Message) -> str:
    return f"fieldsOf{exported(message.name)}"


def _rules(spec: ir.Spec) -> list[str]:
    lines: list[str] = []
    for message in spec.messages:
        if message.fields is not None:
            lines += [
                *([""] if lines else []),
                f"var {_table(message)} = []field{{",
                *(f"\t{line}" for line in _entries(message.fields)),
                "}",
            ]
    return lines


def _entries(fields: tuple[ir.Field, ...]) -> Iterator[str]:
    for field in fields:
        least = "math.MinInt64" if field.minimum is None else str(field.minimum)
        most = "math.MaxInt64" if field.maximum is None else str(field.maximum)
        cells = [f"name: {quoted(field.name)}"]
        cells += [f"kinds: {' | '.join(KINDS[k] for k in field.types)}"] if field.types else []
        cells += ["required: true"] if field.required else []
        cells += [f"minimum: {least}", f"maximum: {most}"]
        cells += ["finite: true"] if field.finite else []
        cells += ["scalar: true"] if field.scalar else []
        if field.choices:
            cells.append(f"choices: []int64{{{', '.join(str(n) for _, n in field.choices)}}}")
        if field.fields:
            yield f"{{{', '.join(cells)}, inner: []field{{"
            yield from (f"\t{line}" for line in _entries(field.fields))
            yield "}},"
        else:
            yield f"{{{', '.join(cells)}}},"
