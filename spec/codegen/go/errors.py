"""errors.go: the portable codes, the fault that carries one, paths, and the error types."""

from __future__ import annotations

from .. import ir
from .printing import code, documented, filled, quoted

TEMPLATE = """
    package «package»

    import (
        "fmt"
        "strconv"
        "strings"
        "unicode/utf8"
    )

    // Code is a portable code: the name of a fault, the same in every implementation.
    type Code string

    // The portable codes.
    const (
        «codes»
    )

    // Scope says what a fault ends.
    type Scope string

    const (
        // ScopeExchange is a fault of one exchange: the connection goes on.
        ScopeExchange Scope = "exchange"

        // ScopeConnection is a fault after which nothing more can be read.
        ScopeConnection Scope = "connection"
    )

    // NoOffset is the offset of a fault that has none, such as one of writing.
    const NoOffset = -1

    // RawDataBytes is how many of the first bytes at fault an ERROR tells, in hexadecimal digits.
    const RawDataBytes = «raw_data_bytes»

    // ProtocolError is a fault of bytes, of a value, or of what a peer did.
    type ProtocolError struct {
        Code  Code
        Scope Scope

        // Offset counts from the first byte that was handed in; NoOffset where there is none.
        Offset int

        // Path leads to the place in the payload, such as kwargs.model[3]; empty for all of it.
        Path string

        // Reason is for people.
        Reason string

        // RequestID is that of the frame at fault; 0 where it is not known.
        RequestID uint64

        // What leads to the place, the innermost step first.
        steps []step
    }

    // Error tells the code, the place and the reason.
    func (e *ProtocolError) Error() string {
        text := string(e.Code)
        if e.Path != "" {
            text += " at " + e.Path
        }
        if e.Offset != NoOffset {
            text += fmt.Sprintf(", byte %d", e.Offset)
        }
        return text + ": " + e.Reason
    }

    // A fault of scope exchange.
    func fault(code Code, offset int, reason string) *ProtocolError {
        return &ProtocolError{Code: code, Scope: ScopeExchange, Offset: offset, Reason: reason}
    }

    // A fault of scope connection.
    func fatal(code Code, offset int, requestID uint64, reason string) *ProtocolError {
        err := fault(code, offset, reason)
        err.Scope, err.RequestID = ScopeConnection, requestID
        return err
    }

    // A key, or where that is none the index of an item.
    type step struct {
        key   string
        index int
    }

    // Says that the place is inside of the value of a key.
    func (e *ProtocolError) inKey(key string) *ProtocolError {
        e.steps = append(e.steps, step{key, -1})
        return e
    }

    // Says that the place is inside of an item.
    func (e *ProtocolError) inItem(index int) *ProtocolError {
        e.steps = append(e.steps, step{"", index})
        return e
    }

    // The fault as others see it: with its path.
    func (e *ProtocolError) told() *ProtocolError {
        if len(e.steps) > 0 {
            e.Path = pathOf(e.steps)
            e.steps = nil
        }
        return e
    }

    const (
        maxPathChars = «max_path_chars»
        maxKeyChars  = «max_key_chars»
        ellipsis     = «ellipsis»
    )

    var escapes = strings.NewReplacer(
        «escapes»
    )

    func pathOf(steps []step) string {
        var path strings.Builder
        for i := len(steps) - 1; i >= 0 && path.Len() <= maxPathChars*utf8.UTFMax; i-- {
            switch one := steps[i]; {
            case one.index >= 0:
                path.WriteString("[" + strconv.Itoa(one.index) + "]")
            case !isPlain(one.key):
                key := cut(one.key, maxKeyChars, maxKeyChars)
                path.WriteString(`["` + escapes.Replace(key) + `"]`)
            case path.Len() > 0:
                path.WriteString("." + one.key)
            default:
                path.WriteString(one.key)
            }
        }
        return cut(path.String(), maxPathChars, maxPathChars-1)
    }

    // Whether a key can stand in a path as it is: «identifier», and not too long.
    func isPlain(key string) bool {
        for i := 0; i < len(key); i++ {
            letter := key[i]|0x20 >= 'a' && key[i]|0x20 <= 'z' || key[i] == '_'
            if !letter && (i == 0 || key[i] < '0' || key[i] > '9') {
                return false
            }
        }
        return key != "" && len(key) <= maxKeyChars
    }

    // The text, or where it has more than limit characters the first of them and an ellipsis.
    func cut(text string, limit, kept int) string {
        if len(text) <= limit || utf8.RuneCountInString(text) <= limit {
            return text
        }
        for at := range text {
            if kept == 0 {
                return text[:at] + ellipsis
            }
            kept--
        }
        return text
    }

    // ErrorType names what became of a call, as an ERROR tells it. It is an error that errors.Is
    // finds in what it stands for, and in what specialises that.
    type ErrorType string

    // The error types.
    const (
        «error_types»
    )

    // ErrorTypeOf gives the type of a name; that of a name which nobody knows is «root».
    func ErrorTypeOf(name string) ErrorType {
        switch t := ErrorType(name); t {
        case «all»:
            return t
        }
        return «root»
    }

    // Error gives the name.
    func (t ErrorType) Error() string { return string(t) }

    // Parent is the type that this one specialises; empty for the first of all.
    func (t ErrorType) Parent() ErrorType {
        switch t {
        «parents»
        }
        return «root»
    }

    // Is says whether this type is the other one, or specialises it.
    func (t ErrorType) Is(other error) bool {
        for one := t; one != ""; one = one.Parent() {
            if other == error(one) {
                return true
            }
        }
        return false
    }

    // Details are the names of facts that an ERROR of this type may tell.
    func (t ErrorType) Details() []string {
        switch t {
        «details»
        }
        return nil
    }
"""


def text(spec: ir.Spec, package: str) -> str:
    """The file."""
    paths = spec.paths
    root = next(one.name for one in spec.error_types if not one.parent)
    return filled(
        TEMPLATE,
        package=package,
        codes=documented(
            (one.meaning, f"{code(one.name)} Code = {quoted(one.name)}") for one in spec.error_codes
        ),
        raw_data_bytes=str(spec.raw_data_bytes),
        max_path_chars=str(paths.max_path_chars),
        max_key_chars=str(paths.max_key_chars),
        ellipsis=quoted(paths.ellipsis),
        identifier=paths.identifier,
        escapes=_escapes(paths),
        error_types=documented(
            (_meaning(one), f"{one.name} ErrorType = {quoted(one.name)}")
            for one in spec.error_types
        ),
        root=root,
        all=", ".join(one.name for one in spec.error_types),
        parents=_parents(spec, root),
        details=_details(spec),
    )


def _escapes(paths: ir.Paths) -> list[str]:
    """What stands for a character of a quoted key; controls without a letter have their number."""
    short = dict(paths.escapes)
    controls = {chr(number): f"\\u{number:04x}" for number in range(0x20)}
    return [f"{quoted(one)}, {quoted(two)}," for one, two in {**controls, **short}.items()]


def _meaning(one: ir.ErrorType) -> str:
    told = f" Its details: {', '.join(one.details)}." if one.details else ""
    return one.meaning + told


def _parents(spec: ir.Spec, root: str) -> list[str]:
    lines = [f"case {root}:", '\treturn ""']
    for parent in dict.fromkeys(one.parent for one in spec.error_types):
        if parent not in ("", root):
            children = [one.name for one in spec.error_types if one.parent == parent]
            lines += [f"case {', '.join(children)}:", f"\treturn {parent}"]
    return lines


def _details(spec: ir.Spec) -> list[str]:
    lines: list[str] = []
    for one in spec.error_types:
        if one.details:
            names = ", ".join(map(quoted, one.details))
            lines += [f"case {one.name}:", f"\treturn []string{{{names}}}"]
    return lines
