"""Messages: a record each, and how their payloads are read, judged and written."""

from __future__ import annotations

import textwrap

from .. import ir, layout
from ..naming import camel, pascal, screaming
from ..template import fill
from .values import is_wide
from .words import WIDTH, called, doc, quoted, scope, sentence, variable

MESSAGE = """
    import java.util.List;
    import java.util.Map;

    /** A message of GD/1; request ids are numbers of 64 bits without a sign. */
    public sealed interface Message {
      /** The exchange that the message is part of. */
      long requestId();

      /** Which message this is. */
      MessageType type();

      /** The message as one frame. */
      default byte[] toBytes() throws ProtocolException {
        return Payloads.frame(this);
      }

      /** The message of these bytes, which are one whole frame. */
      static Message parse(byte[] frame) throws ProtocolException {
        return Payloads.parse(frame);
      }

      «records»
    }
"""
RECORD = """
    «doc»
    «head»
      «constructors»
      @Override
      public MessageType type() {
        return MessageType.«type»;
      }
    }
"""
PAYLOADS = """
    import java.util.List;
    import java.util.Map;

    /** Payloads: read and judged, and written. */
    final class Payloads {
      «rules»

      private Payloads() {}

      /** The message of one whole frame. */
      static Message parse(byte[] frame) throws ProtocolException {
        if (frame.length < Header.BYTES) {
          throw ProtocolException.at(frame.length, ErrorCode.TRUNCATED, «delimiting», 0);
        }
        Header header = Header.read(frame, 0);
        header.checkPresence();
        int rest = frame.length - Header.BYTES;
        if (rest < header.length()) {
          long requestId = header.requestId();
          throw ProtocolException.at(frame.length, ErrorCode.TRUNCATED, «delimiting», requestId);
        }
        if (rest > header.length()) {
          int end = Header.BYTES + header.length();
          throw ProtocolException.at(end, ErrorCode.TRAILING_DATA, «surplus», header.requestId());
        }
        return read(header, frame, 0);
      }

      /** The message of a frame that begins at {@code base}, and is all there. */
      static Message read(Header header, byte[] data, int base) throws ProtocolException {
        if (!header.type().hasPayload()) {
          return bare(header);
        }
        try {
          return of(header, new Payload(data, base, header.length()));
        } catch (ProtocolException fault) {
          throw fault.of(header.requestId());
        }
      }

      private static Message bare(Header header) {
        return switch (header.type()) {
          «bare_cases»
          default -> throw new AssertionError(header);
        };
      }

      private static Message of(Header header, Payload payload) throws ProtocolException {
        long requestId = header.requestId();
        return switch (header.type()) {
          «read_cases»
          default -> throw new AssertionError(header);
        };
      }

      /** The frame of a message. */
      static byte[] frame(Message message) throws ProtocolException {
        ValueWriter out = new ValueWriter(Header.BYTES, Header.BYTES + Limits.MAX_PAYLOAD_BYTES);
        try {
          write(message, out);
        } catch (ProtocolException fault) {
          throw fault.of(message.requestId());
        }
        int length = out.length() - Header.BYTES;
        new Header(message.type(), length, message.requestId()).write(out);
        return out.bytes();
      }

      private static void write(Message message, ValueWriter out) throws ProtocolException {
        «write_cases»
      }

      «methods»
    }
"""
WRITE = """
    private static void write(Message.«name» message, ValueWriter out) throws ProtocolException {
      «judgements»
      «pairs»
    }
"""
FIELD = """
    import java.util.List;
    import java.util.Map;

    /** What the value of a field may be, and when it is written. */
    final class Field {
      /** Kinds of values. */
      enum Kind {
        NONE,
        BOOL,
        INTEGER,
        FLOAT,
        BYTES,
        STRING,
        LIST,
        DICT;

        /** The kind of a value; of what has no bytes any. */
        static Kind of(Object value) {
          if (value instanceof String) {
            return STRING;
          } else if (value == null) {
            return NONE;
          } else if (value instanceof Double || value instanceof Float) {
            return FLOAT;
          } else if (value instanceof Number) {
            return INTEGER;
          } else if (value instanceof Map) {
            return DICT;
          } else if (value instanceof List) {
            return LIST;
          }
          return value instanceof Boolean ? BOOL : BYTES;
        }
      }

      final String name;

      /** The key as it stands in the payload. */
      final byte[] key;

      final boolean required;
      private final List<Kind> kinds;
      private double minimum = Double.NEGATIVE_INFINITY;
      private double maximum = Double.POSITIVE_INFINITY;
      private boolean finite;
      private boolean scalar;
      private List<Long> choices = List.of();
      private Object unwritten;
      private String around;

      /** Of one of the kinds; of any if there are none. */
      Field(String name, boolean required, Kind... kinds) {
        this.name = name;
        this.key = keyOf(name);
        this.required = required;
        this.kinds = List.of(kinds);
      }

      Field from(double least) {
        this.minimum = least;
        return this;
      }

      Field to(double most) {
        this.maximum = most;
        return this;
      }

      Field finite() {
        this.finite = true;
        return this;
      }

      Field scalar() {
        this.scalar = true;
        return this;
      }

      Field oneOf(Long... codes) {
        this.choices = List.of(codes);
        return this;
      }

      /** It is not written where it has this value. */
      Field unless(Object value) {
        this.unwritten = value;
        return this;
      }

      /** It is a field of the dict that is this field. */
      Field in(String name) {
        this.around = name;
        return this;
      }

      /** Whether a value is left out. */
      boolean leavesOut(Object value) {
        return value == null ? !required : value.equals(unwritten);
      }

      /** What is wrong with a value that is there; null for nothing. */
      ErrorCode wrong(Object value) {
        if (value == null && !required || kinds.isEmpty() && !scalar) {
          return null;
        }
        Kind kind = Kind.of(value);
        if (!kinds.isEmpty() && !kinds.contains(kind)) {
          return ErrorCode.WRONG_FIELD_TYPE;
        }
        return isPossible(value, kind) ? null : ErrorCode.INVALID_FIELD_VALUE;
      }

      private boolean isPossible(Object value, Kind kind) {
        if (scalar) {
          return kind != Kind.LIST && kind != Kind.DICT;
        }
        if (!(value instanceof Number number)) {
          return true;
        }
        double size = number.doubleValue();
        boolean isBound = !(size < minimum || size > maximum);
        boolean isChoice = choices.isEmpty() || choices.stream().anyMatch(one -> one == size);
        // Every integer is finite, also one that no double is as large as.
        boolean isFinite = !finite || kind != Kind.FLOAT || Double.isFinite(size);
        return isBound && isChoice && isFinite;
      }

      /** Judges a value that is to be written. */
      void judge(Object value) throws ProtocolException {
        ErrorCode wrong = wrong(value);
        if (wrong != null) {
          throw within(ProtocolException.of(wrong, «scope», 0));
        }
      }

      /** The fault of what is in the field. */
      ProtocolException within(ProtocolException fault) {
        fault.within(name);
        return around == null ? fault : fault.within(around);
      }

      private static byte[] keyOf(String name) {
        try {
          return Values.encode(name);
        } catch (ProtocolException fault) {
          throw new AssertionError(fault);
        }
      }
    }
"""
PAYLOAD = """
    import java.util.List;
    import java.util.Map;

    /** A payload that was read, or a dict in it, of which the fields are judged one by one. */
    final class Payload {
      private final byte[] data;
      private final int base;
      private final int at;
      private final int end;
      private final Map<?, ?> pairs;

      /** Reads the payload of a frame at {@code base}. */
      Payload(byte[] data, int base, int length) throws ProtocolException {
        this.data = data;
        this.base = base;
        this.at = base + Header.BYTES;
        this.end = at + length;
        ValueReader reader = new ValueReader(data, base, at, end);
        Object value = reader.value();
        reader.end();
        if (!(value instanceof Map<?, ?> pairs)) {
          throw ProtocolException.at(at - base, ErrorCode.PAYLOAD_NOT_DICT, «payload», 0);
        }
        this.pairs = pairs;
      }

      private Payload(Payload around, String name) throws ProtocolException {
        this.data = around.data;
        this.base = around.base;
        this.end = around.end;
        this.at = around.find(name);
        this.pairs = (Map<?, ?>) around.pairs.get(name);
      }

      /** The value of a field, judged; null where it is absent. */
      Object take(Field field) throws ProtocolException {
        Object value = pairs.get(field.name);
        if (value == null && !pairs.containsKey(field.name)) {
          if (field.required) {
            throw fault(field, ErrorCode.MISSING_FIELD, at);
          }
          return null;
        }
        ErrorCode wrong = field.wrong(value);
        if (wrong != null) {
          throw fault(field, wrong, find(field.name));
        }
        return value;
      }

      @SuppressWarnings("unchecked")
      static List<Object> list(Object value) {
        return (List<Object>) value;
      }

      @SuppressWarnings("unchecked")
      static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
      }

      /** The fields of the dict that a field is. */
      Payload inside(Field field) throws ProtocolException {
        take(field);
        return new Payload(this, field.name);
      }

      private int find(String key) throws ProtocolException {
        return new ValueReader(data, base, at, end).find(key);
      }

      private ProtocolException fault(Field field, ErrorCode code, int where) {
        return field.within(ProtocolException.at(where - base, code, «fields», 0));
      }
    }
"""
KINDS = {
    "list": "List<Object>",
    "dict": "Map<String, Object>",
    "bytes": "byte[]",
    "string": "String",
}
NUMBERS = {
    "integer": ("long", "Long"),
    "float": ("double", "Double"),
    "bool": ("boolean", "Boolean"),
}


def files(spec: ir.Spec) -> dict[str, str]:
    """The messages; their rules, and how payloads are read and written by them."""
    return {
        "Message": _message(spec),
        "Payloads": _payloads(spec),
        "Payload": fill(PAYLOAD, payload=scope("payload", spec), fields=scope("fields", spec)),
        "Field": fill(FIELD, scope=scope("writing", spec)),
    }


# --- the records ---


def _message(spec: ir.Spec) -> str:
    lines = [line for one in spec.messages for line in ["", *_record(one, spec)]]
    return fill(MESSAGE, records=lines[1:])


def _record(message: ir.Message, spec: ir.Spec) -> list[str]:
    fields = _arguments(message)
    components = ["long requestId", *(f"{java_type(f, spec)} {variable(f.name)}" for f in fields)]
    told = [("requestId", "of the exchange"), *((variable(f.name), f.meaning) for f in fields)]
    text = fill(
        RECORD,
        doc=_documented(message.meaning, told),
        head=_head(f"record {pascal(message.name)}", components),
        constructors=[*_compact(message), *_short(message, spec)],
        type=screaming(message.name),
    )
    return text.rstrip("\n").split("\n")


def _arguments(message: ir.Message) -> list[ir.Field]:
    leaves = {leaf.name: leaf for leaf in layout.leaves(message.fields or ())}
    return [leaves[name] for name in message.arguments]


def java_type(field: ir.Field, spec: ir.Spec) -> str:
    """The type of a component: one that may be null where the field may have no value."""
    if set(field.types) == {"integer", "float"}:
        return "Number"
    if len(field.types) != 1:
        return "Object"
    (kind,) = field.types
    if kind == "integer" and any(map(is_wide, spec.values)):
        return "Number"
    if kind in NUMBERS:
        plain, boxed = NUMBERS[kind]
        return boxed if not field.required and field.default is None else plain
    return KINDS[kind]


def _documented(meaning: str, told: list[tuple[str, str]]) -> list[str]:
    room = WIDTH - len("   * ")
    lines = []
    for name, text in told:
        lines += textwrap.wrap(f"@param {name} {text}", room, subsequent_indent="    ")
    whole = textwrap.wrap(meaning, room)
    return ["/**", *(f" * {line}".rstrip() for line in [*whole, "", *lines]), " */"]


def _head(name: str, components: list[str]) -> list[str]:
    line = f"{name}({', '.join(components)}) implements Message {{"
    if len(line) + 2 <= WIDTH:
        return [line]
    if len(line) + 2 - len(" implements Message {") <= WIDTH:
        return [line.removesuffix(" implements Message {"), "    implements Message {"]
    inner = f"    {', '.join(components)})"
    if len(inner) + 2 <= WIDTH:
        return [f"{name}(", inner, "    implements Message {"]
    rows = [f"    {one}," for one in components[:-1]]
    return [f"{name}(", *rows, f"    {components[-1]})", "    implements Message {"]


def _default(field: ir.Field) -> str:
    """What an absent field has."""
    if field.default is None:
        return "null"
    if isinstance(field.default, bool):
        return str(field.default).lower()
    if isinstance(field.default, int):
        return str(field.default)
    if isinstance(field.default, float):
        return repr(field.default)
    if isinstance(field.default, str):
        return quoted(field.default)
    return "Map.of()" if "dict" in field.types else "List.of()"


def _compact(message: ir.Message) -> list[str]:
    """What takes null for the default."""
    held = [
        f"  {variable(f.name)} = {variable(f.name)} == null ? {_default(f)} : {variable(f.name)};"
        for f in _arguments(message)
        if not f.required
        and f.types in (("list",), ("dict",), ("string",))
        and f.default is not None
    ]
    return [f"public {pascal(message.name)} {{", *held, "}", ""] if held else []


def _short(message: ir.Message, spec: ir.Spec) -> list[str]:
    """A constructor with what must be given alone."""
    fields = _arguments(message)
    if all(f.required for f in fields):
        return []
    given = [f for f in fields if f.required]
    parameters = ["long requestId", *(f"{java_type(f, spec)} {variable(f.name)}" for f in given)]
    passed = [variable(f.name) if f.required else _default(f) for f in fields]
    return [
        *doc(f"{sentence(message.meaning)} All else is as where it is absent.", 2),
        f"public {pascal(message.name)}({', '.join(parameters)}) {{",
        *("  " + line for line in called("this", ["requestId", *passed], 3)[:-1]),
        "  " + called("this", ["requestId", *passed], 3)[-1] + ";",
        "}",
        "",
    ]


# --- payloads ---


def _payloads(spec: ir.Spec) -> str:
    held = [one for one in spec.messages if one.fields is not None]
    bare = [one for one in spec.messages if one.fields is None]
    return fill(
        PAYLOADS,
        rules=[line for one in held for field in one.fields or () for line in _rules(one, field)],
        delimiting=scope("delimiting", spec),
        surplus=scope("surplus", spec),
        bare_cases=[_bare_case(one) for one in bare],
        read_cases=[line for one in held for line in _read_case(one, spec)],
        write_cases=_write_cases(held),
        methods=[line for one in held for line in ["", *_write(one)]][1:],
    )


def _constant(message: ir.Message, field: ir.Field) -> str:
    return f"{screaming(message.name)}_{screaming(field.name)}"


def _rules(message: ir.Message, field: ir.Field, around: str = "") -> list[str]:
    kinds = [f"Field.Kind.{screaming(kind)}" for kind in field.types]
    words = [quoted(field.name), str(field.required).lower(), *kinds]
    calls = [
        f".from({field.minimum})" if field.minimum is not None else "",
        f".to({field.maximum})" if field.maximum is not None else "",
        ".finite()" if field.finite else "",
        f".oneOf({', '.join(f'{number}L' for _, number in field.choices)})"
        if field.choices
        else "",
        ".scalar()" if field.scalar else "",
        f".unless({_boxed(field)})" if layout.leaves_default_out(field) else "",
        f".in({quoted(around)})" if around else "",
    ]
    inner = [line for f in field.fields for line in _rules(message, f, field.name)]
    return [*_ruled(_constant(message, field), words, [one for one in calls if one]), *inner]


def _boxed(field: ir.Field) -> str:
    return f"{field.default}L" if isinstance(field.default, int) else _default(field)


def _ruled(name: str, words: list[str], calls: list[str]) -> list[str]:
    made = f"new Field({', '.join(words)})"
    head = f"private static final Field {name} ="
    room = WIDTH - 2
    if len(f"{head} {made}{''.join(calls)};") <= room:
        return [f"{head} {made}{''.join(calls)};"]
    if len(f"    {made}{''.join(calls)};") <= room:
        return [head, f"    {made}{''.join(calls)};"]
    rows = [f"        {row}" for one in calls for row in _filled(one, room - 8)]
    return [head, f"    {made}", *rows[:-1], f"{rows[-1]};"]


def _filled(call: str, room: int) -> list[str]:
    """A call of short words, as many in a line as it holds, without what ends its last line."""
    if len(call) < room:
        return [call]
    name, _, inner = call.partition("(")
    return [f"{name}(", *(f"    {row}" for row in textwrap.wrap(inner, room - 4))]


def _bare_case(message: ir.Message) -> str:
    return (
        f"case {screaming(message.name)} -> new Message.{pascal(message.name)}(header.requestId());"
    )


def _read_case(message: ir.Message, spec: ir.Spec) -> list[str]:
    """Fields are judged in the order of the table, and given in the constructor's."""
    takes = [line for f in message.fields or () for line in _take(message, f, spec, "payload")]
    names = ["requestId", *(variable(f.name) for f in _arguments(message))]
    made = called(f"yield new Message.{pascal(message.name)}", names, 4)
    return [
        f"case {screaming(message.name)} -> {{",
        *(f"  {line}" for line in takes),
        f"  {made[0]}" + (";" if len(made) == 1 else ""),
        *(f"  {line}" for line in made[1:-1]),
        *(f"  {line};" for line in made[1:][-1:]),
        "}",
    ]


def _take(message: ir.Message, field: ir.Field, spec: ir.Spec, source: str) -> list[str]:
    constant = _constant(message, field)
    if field.fields:
        inner = [
            line for f in field.fields for line in _take(message, f, spec, variable(field.name))
        ]
        return [f"Payload {variable(field.name)} = {source}.inside({constant});", *inner]
    kind, name = java_type(field, spec), variable(field.name)
    taken = f"{source}.take({constant})"
    if kind == "Object":
        return [f"Object {name} = {taken};"]
    if "<" in kind:
        return [f"{kind} {name} = Payload.{kind[: kind.index('<')].lower()}({taken});"]
    if kind in ("long", "double", "boolean") and not field.required:
        boxed = {"long": "Long", "double": "Double", "boolean": "Boolean"}[kind]
        return [f"{kind} {name} = {taken} instanceof {boxed} held ? held : {_default(field)};"]
    if kind == "Number" and field.default is not None:
        return [f"Number {name} = {taken} instanceof Number held ? held : {_boxed(field)};"]
    return [f"{kind} {name} = ({kind}) {taken};"]


def _write_cases(held: list[ir.Message]) -> list[str]:
    lines: list[str] = []
    for at, one in enumerate(held):
        test = f"if (message instanceof Message.{pascal(one.name)} held) {{"
        lines += [f"{'} else ' if at else ''}{test}", "  write(held, out);"]
    return [*lines, "}"]


def _write(message: ir.Message) -> list[str]:
    fields = message.fields or ()
    text = fill(
        WRITE,
        name=pascal(message.name),
        judgements=[
            f"{_constant(message, f)}.judge(message.{variable(f.name)}());"
            for f in layout.leaves(fields)
        ],
        pairs=_pairs(message, fields, "at", "count"),
    )
    return text.rstrip("\n").split("\n")


def _pairs(message: ir.Message, fields: tuple[ir.Field, ...], at: str, count: str) -> list[str]:
    lines = [f"int {at} = out.open();", f"int {count} = 0;"]
    for f in fields:
        constant = _constant(message, f)
        if f.fields:
            places = (camel(f"{f.name}_at"), camel(f"{f.name}_count"))
            inner = _pairs(message, f.fields, *places)
            lines += [f"out.raw({constant}.key);", *inner, f"{count}++;"]
        else:
            lines.append(f"{count} += out.pair({constant}, message.{variable(f.name)}());")
    return [*lines, f"out.close({at}, {count});"]
