"""values.go: values to bytes and back, a case for each value type."""

from __future__ import annotations

from .. import ir
from ..layout import element_bytes, value_type
from .printing import WORDS, code, columns, filled, hexadecimal, limit
from .soundness import INT64_MAX, INT64_MIN

TEMPLATE = """
    package «package»

    import (
        "encoding/binary"
        "math"
        "sort"
        "unicode/utf8"
    )

    // A value is nil, or of one of the types by which it is decoded:
    //
    «table»
    //
    // Encode takes besides the other integers of Go and *big.Int, float32, and as dicts
    // map[string]any, whose pairs are written in the order of their keys, and map[any]any, whose
    // keys must all be texts.

    // Pair is a key of a dict and its value.
    type Pair struct {
        Key   string
        Value any
    }

    // Dict is a dict in its order. No two of its keys are equal.
    type Dict []Pair

    // Get gives the value of a key, and whether it is there.
    func (d Dict) Get(key string) (any, bool) {
        for i := range d {
            if d[i].Key == key {
                return d[i].Value, true
            }
        }
        return nil, false
    }

    // Decode gives the value that takes all of the bytes. What it gives shares no memory with them.
    // Its error is a *ProtocolError.
    func Decode(data []byte) (any, error) {
        r := reader{data: data}
        value, err := r.value()
        if err == nil {
            err = r.finish()
        }
        if err != nil {
            return nil, err.told()
        }
        return value, nil
    }

    // Encode gives the bytes of a value. Its error is a *ProtocolError.
    func Encode(value any) ([]byte, error) {
        return Append(nil, value)
    }

    // Append writes a value behind what there is. Where it refuses, nothing is written.
    // Its error is a *ProtocolError.
    func Append(data []byte, value any) ([]byte, error) {
        w := writer{buf: data, most: len(data) + maxValueBytes}
        err := w.value(value)
        if err == nil {
            err = w.finish()
        }
        if err != nil {
            return data, err.told()
        }
        return w.buf, nil
    }

    // --- reading ---

    // Reads values, from left to right. It recurses at each list and dict, and so at most MaxDepth
    // times.
    type reader struct {
        data  []byte
        pos   int
        depth int

        // What the open containers need at least for what has not begun in them.
        owed uint64

        // Keys that were read of late: most dicts have the keys of another.
        recent [recentKeys]string
    }

    const (
        itemBytes = «item_bytes»
        pairBytes = «pair_bytes»

        // Dicts of more pairs have their keys in a set.
        fewPairs = 16

        // A power of two.
        recentKeys = 32
    )

    func (r *reader) finish() *ProtocolError {
        if r.pos < len(r.data) {
            return fault(CodeTrailingData, r.pos, "bytes follow the value")
        }
        return nil
    }

    func (r *reader) truncated() *ProtocolError {
        return fault(CodeTruncated, len(r.data), "the bytes end inside of a value")
    }

    // The next bytes, which were promised.
    func (r *reader) take(count int) ([]byte, *ProtocolError) {
        if len(r.data)-r.pos < count {
            return nil, r.truncated()
        }
        r.pos += count
        return r.data[r.pos-count : r.pos], nil
    }

    func number(body []byte) uint64 {
        switch len(body) {
        case 1:
            return uint64(body[0])
        case 2:
            return uint64(binary.BigEndian.Uint16(body))
        case 4:
            return uint64(binary.BigEndian.Uint32(body))
        }
        return binary.BigEndian.Uint64(body)
    }

    // A length or a count of so many bytes: within its limit, and such that it can fit.
    func (r *reader) size(width int, most uint64, code Code, unit uint64) (int, *ProtocolError) {
        at := r.pos
        body, err := r.take(width)
        if err != nil {
            return 0, err
        }
        size := number(body)
        if size > most {
            return 0, fault(code, at, "the size is above its limit")
        }
        if size*unit+r.owed > uint64(len(r.data)-r.pos) {
            return 0, fault(CodeTruncated, at, "the size cannot fit into what remains")
        }
        return int(size), nil
    }

    // The bytes behind a length.
    func (r *reader) blob(width int, most uint64, code Code) ([]byte, *ProtocolError) {
        size, err := r.size(width, most, code, 1)
        if err != nil {
            return nil, err
        }
        return r.take(size)
    }

    // The UTF-8 behind a length.
    func (r *reader) text(width int, most uint64, code Code) ([]byte, *ProtocolError) {
        body, err := r.blob(width, most, code)
        if err == nil && !utf8.Valid(body) {
            err = fault(CodeInvalidUTF8, r.pos-len(body), "the bytes are no UTF-8")
        }
        return body, err
    }

    // The count of a container whose type byte is at start; the container is open then.
    func (r *reader) open(
        start, width int, most uint64, code Code, unit uint64,
    ) (int, *ProtocolError) {
        if r.depth == «max_depth» {
            return 0, fault(«depth_code», start, "too many lists and dicts are open")
        }
        count, err := r.size(width, most, code, unit)
        if err != nil {
            return 0, err
        }
        r.depth++
        r.owed += uint64(count) * unit
        return count, nil
    }

    func (r *reader) value() (any, *ProtocolError) {
        start := r.pos
        if start >= len(r.data) {
            return nil, r.truncated()
        }
        r.pos++
        switch r.data[start] {
        «reading»
        }
        return nil, fault(«value_error», start, "no type has this code")
    }

    func (r *reader) list(count int) ([]any, *ProtocolError) {
        items := make([]any, count)
        for i := range items {
            r.owed -= itemBytes
            item, err := r.value()
            if err != nil {
                return nil, err.inItem(i)
            }
            items[i] = item
        }
        r.depth--
        return items, nil
    }

    func (r *reader) dict(count int) (Dict, *ProtocolError) {
        pairs := make(Dict, count)
        var seen map[string]struct{}
        for i := range pairs {
            key, err := r.key(pairs[:i], &seen)
            if err != nil {
                return nil, err
            }
            value, err := r.value()
            if err != nil {
                return nil, err.inKey(key)
            }
            pairs[i] = Pair{key, value}
        }
        r.depth--
        return pairs, nil
    }

    // The key of the next pair, which none of the pairs before has.
    func (r *reader) key(before Dict, seen *map[string]struct{}) (string, *ProtocolError) {
        r.owed -= pairBytes
        start := r.pos
        if start >= len(r.data) {
            return "", r.truncated()
        }
        if r.data[start] != «key_type» {
            return "", r.notText(start)
        }
        r.pos++
        body, err := r.text(«key_length»)
        if err != nil {
            return "", err
        }
        key := r.kept(body)
        if isAmong(before, seen, key) {
            return "", fault(CodeDuplicateKey, start, "the dict has the key already").inKey(key)
        }
        return key, nil
    }

    func (r *reader) notText(start int) *ProtocolError {
        switch r.data[start] {
        case «type_codes»:
            return fault(«key_error», start, "a key is no text")
        }
        return fault(«value_error», start, "no type has this code")
    }

    // The text of a key, which is made once where it comes again soon.
    func (r *reader) kept(body []byte) string {
        if len(body) == 0 || len(body) > 32 {
            return string(body)
        }
        place := &r.recent[(len(body)*7^int(body[0])^int(body[len(body)-1])<<2)%recentKeys]
        if *place != string(body) {
            *place = string(body)
        }
        return *place
    }

    func isAmong(before Dict, seen *map[string]struct{}, key string) bool {
        if len(before) < fewPairs {
            for i := range before {
                if before[i].Key == key {
                    return true
                }
            }
            return false
        }
        if *seen == nil {
            *seen = make(map[string]struct{}, cap(before))
            for i := range before {
                (*seen)[before[i].Key] = struct{}{}
            }
        }
        if _, is := (*seen)[key]; is {
            return true
        }
        (*seen)[key] = struct{}{}
        return false
    }

    // --- writing ---

    // Writes values. What contains itself is too deep at last, so it recurses at most MaxDepth
    // times.
    type writer struct {
        buf   []byte
        depth int

        // How long the buffer may become, and the fault of one that is longer.
        most int
    }

    func (w *writer) finish() *ProtocolError {
        if len(w.buf) > w.most {
            return fault(«payload_code», NoOffset, "it takes too many bytes")
        }
        return nil
    }

    func (w *writer) value(value any) *ProtocolError {
        switch v := value.(type) {
        case nil:
            «none»
        case bool:
            «bool»
        case string:
            return w.text(v)
        case int64:
            return w.integer(v)
        case float64:
            «float»
        case []byte:
            return w.blob(v)
        case []any:
            return w.list(v)
        case Dict:
            return w.dict(v)
        case uint64:
            return w.unsigned(v)
        }
        common := plain(value)
        if kindOf(common) == 0 {
            return fault(CodeUnsupportedType, NoOffset, "a value of this type has no encoding")
        }
        if _, is := common.(bigInteger); is {
            return outOfRange()
        }
        if pairs, is := common.(map[any]any); is {
            return w.mapping(pairs)
        }
        return w.value(common)
    }

    func outOfRange() *ProtocolError {
        return fault(CodeIntOutOfRange, NoOffset, "no type holds this integer")
    }

    func (w *writer) integer(v int64) *ProtocolError {
        «integers»
    }

    func (w *writer) unsigned(v uint64) *ProtocolError {
        if v <= math.MaxInt64 {
            return w.integer(int64(v))
        }
        «large_integers»
    }

    func (w *writer) text(v string) *ProtocolError {
        if !utf8.ValidString(v) {
            return fault(CodeInvalidText, NoOffset, "a text is no UTF-8")
        }
        «text_size»
        w.buf = append(w.buf, v...)
        return nil
    }

    func (w *writer) blob(v []byte) *ProtocolError {
        «blob_size»
        w.buf = append(w.buf, v...)
        return nil
    }

    // Whether so many bytes more are too many.
    func (w *writer) fit(size int) *ProtocolError {
        if len(w.buf)+size > w.most {
            return fault(«payload_code», NoOffset, "it takes too many bytes")
        }
        return nil
    }

    func (w *writer) open(size, most int, code Code) *ProtocolError {
        if w.depth == «max_depth» {
            return fault(«depth_code», NoOffset, "too many lists and dicts are open")
        }
        if size > most {
            return fault(code, NoOffset, "a list or dict has too many items")
        }
        w.depth++
        return w.fit(size)
    }

    func (w *writer) list(items []any) *ProtocolError {
        if err := w.open(len(items), «list_limit»); err != nil {
            return err
        }
        «list_head»
        for i := range items {
            if err := w.value(items[i]); err != nil {
                return err.inItem(i)
            }
        }
        w.depth--
        return nil
    }

    func (w *writer) dict(pairs Dict) *ProtocolError {
        if err := w.open(len(pairs), «dict_limit»); err != nil {
            return err
        }
        «dict_head»
        var seen map[string]struct{}
        for i := range pairs {
            key := pairs[i].Key
            if isAmong(pairs[:i], &seen, key) {
                return fault(CodeDuplicateKey, NoOffset, "two keys are equal").inKey(key)
            }
            if err := w.text(key); err != nil {
                return err
            }
            if err := w.value(pairs[i].Value); err != nil {
                return err.inKey(key)
            }
        }
        w.depth--
        return nil
    }

    // A map with keys of any type: the pairs before the first key that is no text are judged.
    func (w *writer) mapping(held map[any]any) *ProtocolError {
        pairs := make(map[string]any, len(held))
        for key, value := range held {
            if text, is := key.(string); is {
                pairs[text] = value
            }
        }
        if err := w.open(len(held), «dict_limit»); err != nil {
            return err
        }
        w.depth--
        if len(pairs) < len(held) {
            return fault(«key_error», NoOffset, "a key is no text")
        }
        return w.dict(inOrder(pairs))
    }

    func inOrder(held map[string]any) Dict {
        pairs := make(Dict, 0, len(held))
        for key, value := range held {
            pairs = append(pairs, Pair{key, value})
        }
        sort.Slice(pairs, func(i, j int) bool { return pairs[i].Key < pairs[j].Key })
        return pairs
    }

    // --- kinds ---

    // A set of kinds of values.
    type kinds uint8

    const (
        ofNone kinds = 1 << iota
        ofBool
        ofInteger
        ofFloat
        ofBytes
        ofString
        ofList
        ofDict
    )

    // The kind of a value; none of them where it has no encoding.
    func kindOf(value any) kinds {
        switch value.(type) {
        case nil:
            return ofNone
        case bool:
            return ofBool
        case int64, uint64, bigInteger:
            return ofInteger
        case float64:
            return ofFloat
        case []byte:
            return ofBytes
        case string:
            return ofString
        case []any:
            return ofList
        case Dict, map[any]any:
            return ofDict
        }
        return 0
    }

    // What *big.Int is.
    type bigInteger interface {
        IsInt64() bool
        Int64() int64
        Sign() int
    }

    type largeInteger interface {
        IsUint64() bool
        Uint64() uint64
    }

    // The value as decoding would give it; of another type it is given back.
    func plain(value any) any {
        switch v := value.(type) {
        case int:
            return int64(v)
        case int8:
            return int64(v)
        case int16:
            return int64(v)
        case int32:
            return int64(v)
        case uint8:
            return int64(v)
        case uint16:
            return int64(v)
        case uint32:
            return int64(v)
        case uint:
            return uint64(v)
        case float32:
            return float64(v)
        case map[string]any:
            return inOrder(v)
        case bigInteger:
            if v.IsInt64() {
                return v.Int64()
            }
            if large, is := value.(largeInteger); is && large.IsUint64() {
                return large.Uint64()
            }
        }
        return value
    }
"""


def text(spec: ir.Spec, package: str) -> str:
    """The file."""
    key = value_type("string", spec)
    depth = next(one for one in spec.limits if one.name == "max_depth")
    payload = next(one for one in spec.limits if one.name == "max_payload_bytes")
    key_error = value_type("dict", spec).body
    assert isinstance(key_error, ir.Container)
    return filled(
        TEMPLATE,
        package=package,
        table=_table(spec),
        item_bytes=str(element_bytes("list", spec)),
        pair_bytes=str(element_bytes("dict", spec)),
        max_depth=limit(depth),
        depth_code=code(depth.error),
        payload_code=code(payload.error),
        value_error=code(spec.value_error),
        reading=[line for value in spec.values for line in _reading(value)],
        key_type=hexadecimal(key.code),
        key_length=_bounds(key),
        key_error=code(key_error.key_error),
        type_codes=", ".join(hexadecimal(value.code) for value in spec.values),
        none=_none(spec),
        bool=_bool(spec),
        float=_float(spec),
        integers=_integers(spec),
        large_integers=_large_integers(spec),
        text_size=_blob_head(key, "text"),
        blob_size=_blob_head(value_type("bytes", spec), "bytes value"),
        list_limit=_limit(value_type("list", spec)),
        list_head=_append(value_type("list", spec), "len(items)"),
        dict_limit=_limit(value_type("dict", spec)),
        dict_head=_append(value_type("dict", spec), "len(pairs)"),
    )


GO_TYPES = {
    "none": "nil", "bool": "bool", "float": "float64", "bytes": "[]byte", "string": "string",
    "list": "[]any", "dict": "Dict",
}  # fmt: skip


def go_type(value: ir.ValueType) -> str:
    """By what a value of this type is decoded."""
    if value.kind != "integer":
        return GO_TYPES[value.kind]
    assert value.maximum is not None
    return "int64" if value.maximum <= INT64_MAX else "uint64"


def _table(spec: ir.Spec) -> list[str]:
    rows = [(value.name, go_type(value), value.meaning) for value in spec.values]
    return ["//\t" + line for line in columns(rows)]


# --- reading ---


def _reading(value: ir.ValueType) -> list[str]:
    """The case of a type."""
    return [f"case {hexadecimal(value.code)}:", *(f"\t{line}" for line in _body(value))]


def _body(value: ir.ValueType) -> list[str]:
    match value.body:
        case ir.Empty():
            return ["return nil, nil"]
        case ir.Fixed(size=size):
            return [*_taken(f"r.take({size})"), f"return {_number(value)}, nil"]
        case ir.Mapped():
            return _mapped(value.body)
        case ir.Blob(text=is_text):
            of = "text" if is_text else "blob"
            made = "string(body)" if is_text else "append([]byte{}, body...)"
            return [*_taken(f"r.{of}({_bounds(value)})"), f"return {made}, nil"]
        case ir.Container():
            return _container(value, value.body)


def _taken(source: str) -> list[str]:
    return [f"body, err := {source}", "if err != nil {", "\treturn nil, err", "}"]


def _number(value: ir.ValueType) -> str:
    body = value.body
    assert isinstance(body, ir.Fixed)
    read = {1: "body[0]"}.get(body.size, f"binary.BigEndian.Uint{8 * body.size}(body)")
    if body.number == ir.FLOAT:
        return f"math.Float64frombits({read})"
    if body.number == ir.SIGNED and body.size < 8:
        read = f"int{8 * body.size}({read})"
    return f"{go_type(value)}({read})" if go_type(value) != WORDS[body.size] else read


def _mapped(body: ir.Mapped) -> list[str]:
    cases = [
        line
        for number, stands_for in body.choices
        for line in (f"case {number}:", f"\treturn {str(stands_for).lower()}, nil")
    ]
    refused = f'return nil, fault({code(body.error)}, r.pos-{body.size}, "it stands for nothing")'
    return [*_taken(f"r.take({body.size})"), "switch number(body) {", *cases, "}", refused]


def _container(value: ir.ValueType, body: ir.Container) -> list[str]:
    unit = "pairBytes" if body.key_error else "itemBytes"
    of = "dict" if body.key_error else "list"
    return [
        f"count, err := r.open(start, {_bounds(value)}, {unit})",
        "if err != nil {",
        "\treturn nil, err",
        "}",
        f"{of}, err := r.{of}(count)",
        "if err != nil {",
        "\treturn nil, err",
        "}",
        f"return {of}, nil",
    ]


def _size_field(value: ir.ValueType) -> ir.SizeField:
    match value.body:
        case ir.Blob(length=size) | ir.Container(count=size):
            return size
    raise AssertionError(value.name)


def _bounds(value: ir.ValueType) -> str:
    """The arguments of a size: its bytes, its limit and its code."""
    size = _size_field(value)
    return f"{size.size}, {limit(size.limit)}, {code(size.limit.error)}"


# --- writing ---


def _none(spec: ir.Spec) -> list[str]:
    held = hexadecimal(value_type("none", spec).code)
    return [f"w.buf = append(w.buf, {held})", "return nil"]


def _bool(spec: ir.Spec) -> list[str]:
    value = value_type("bool", spec)
    assert isinstance(value.body, ir.Mapped)
    numbers = {stands_for: number for number, stands_for in value.body.choices}
    head = hexadecimal(value.code)
    return [
        "if v {",
        f"\tw.buf = append(w.buf, {head}, {numbers[True]})",
        "} else {",
        f"\tw.buf = append(w.buf, {head}, {numbers[False]})",
        "}",
        "return nil",
    ]


def _float(spec: ir.Spec) -> list[str]:
    value = value_type("float", spec)
    return [_appended(value.code, 8, "math.Float64bits(v)"), "return nil"]


def _integers(spec: ir.Spec) -> list[str]:
    """Tries of each type that holds some int64."""
    return _tries(spec, INT64_MIN, INT64_MAX)


def _large_integers(spec: ir.Spec) -> list[str]:
    """Tries of each type that holds some integer beyond int64."""
    return _tries(spec, INT64_MAX + 1, 2**64 - 1)


def _tries(spec: ir.Spec, least: int, most: int) -> list[str]:
    lines: list[str] = []
    for value in spec.values:
        if value.kind != "integer" or _high(value) < least or _low(value) > most:
            continue
        bounds = [f"v >= {_low(value)}"] if _low(value) > least else []
        bounds += [f"v <= {_high(value)}"] if _high(value) < most else []
        if not bounds:
            return _integer(value)
        lines += [f"if {' && '.join(bounds)} {{", *(f"\t{line}" for line in _integer(value)), "}"]
    return [*lines, "return outOfRange()"]


def _integer(value: ir.ValueType) -> list[str]:
    body = value.body
    assert isinstance(body, ir.Fixed)
    return [_appended(value.code, body.size, f"uint{8 * body.size}(v)"), "return nil"]


def _appended(code: int, size: int, number: str) -> str:
    """A type byte and a number of so many bytes."""
    if size == 1:
        return f"w.buf = append(w.buf, {hexadecimal(code)}, {number})"
    bits, head = 8 * size, f"append(w.buf, {hexadecimal(code)})"
    return f"w.buf = binary.BigEndian.AppendUint{bits}({head}, {number})"


def _low(value: ir.ValueType) -> int:
    assert value.minimum is not None
    return value.minimum


def _high(value: ir.ValueType) -> int:
    assert value.maximum is not None
    return value.maximum


def _limit(value: ir.ValueType) -> str:
    size = _size_field(value)
    return f"{limit(size.limit)}, {code(size.limit.error)}"


def _blob_head(value: ir.ValueType, what: str) -> list[str]:
    size = _size_field(value)
    return [
        f"if len(v) > {limit(size.limit)} {{",
        f'\treturn fault({code(size.limit.error)}, NoOffset, "a {what} is too long")',
        "}",
        "if err := w.fit(len(v)); err != nil {",
        "\treturn err",
        "}",
        *_append(value, "len(v)"),
    ]


def _append(value: ir.ValueType, size: str) -> list[str]:
    """The type byte and the size."""
    width = _size_field(value).size
    return [_appended(value.code, width, f"uint{8 * width}({size})")]
