// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
// Code generated from the declaration of GD/1. DO NOT EDIT.

package gd

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
	// The frame does not begin with the magic bytes.
	CodeBadMagic Code = "bad_magic"

	// The version byte is not one we speak.
	CodeUnsupportedVersion Code = "unsupported_version"

	// The type byte names no message.
	CodeUnknownMessageType Code = "unknown_message_type"

	// The payload exceeds its limit.
	CodePayloadTooLarge Code = "payload_too_large"

	// All bytes were promised and some are missing, or a declared size cannot fit.
	CodeTruncated Code = "truncated"

	// Bytes remain after the value or frame.
	CodeTrailingData Code = "trailing_data"

	// The type byte names no value type.
	CodeUnknownTLVType Code = "unknown_tlv_type"

	// A bool's byte is neither 00 nor 01.
	CodeInvalidBool Code = "invalid_bool"

	// A string's bytes are not valid UTF-8.
	CodeInvalidUTF8 Code = "invalid_utf8"

	// A bytes or string exceeds its limit.
	CodeLengthTooLarge Code = "length_too_large"

	// A list or dict exceeds its limit.
	CodeTooManyItems Code = "too_many_items"

	// Too many containers are open at once.
	CodeNestingTooDeep Code = "nesting_too_deep"

	// A dict key is not a string.
	CodeKeyNotString Code = "key_not_string"

	// A dict holds the same key twice.
	CodeDuplicateKey Code = "duplicate_key"

	// A message without payload carries one.
	CodeUnexpectedPayload Code = "unexpected_payload"

	// The payload's value is not a dict.
	CodePayloadNotDict Code = "payload_not_dict"

	// A required field is absent.
	CodeMissingField Code = "missing_field"

	// A field's value has another type.
	CodeWrongFieldType Code = "wrong_field_type"

	// A field has its type but an impossible value.
	CodeInvalidFieldValue Code = "invalid_field_value"

	// No integer type can hold the value.
	CodeIntOutOfRange Code = "int_out_of_range"

	// A text has no UTF-8 form (a lone surrogate).
	CodeInvalidText Code = "invalid_text"

	// The value's type has no TLV form.
	CodeUnsupportedType Code = "unsupported_type"

	// The message is not legal in this state or role.
	CodeUnexpectedMessage Code = "unexpected_message"

	// An exchange with this id is still open.
	CodeDuplicateRequestID Code = "duplicate_request_id"
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
const RawDataBytes = 100

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
	maxPathChars = 200
	maxKeyChars  = 32
	ellipsis     = "…"
)

var escapes = strings.NewReplacer(
	"\u0000", "\\u0000",
	"\u0001", "\\u0001",
	"\u0002", "\\u0002",
	"\u0003", "\\u0003",
	"\u0004", "\\u0004",
	"\u0005", "\\u0005",
	"\u0006", "\\u0006",
	"\u0007", "\\u0007",
	"\b", "\\b",
	"\t", "\\t",
	"\n", "\\n",
	"\u000b", "\\u000b",
	"\f", "\\f",
	"\r", "\\r",
	"\u000e", "\\u000e",
	"\u000f", "\\u000f",
	"\u0010", "\\u0010",
	"\u0011", "\\u0011",
	"\u0012", "\\u0012",
	"\u0013", "\\u0013",
	"\u0014", "\\u0014",
	"\u0015", "\\u0015",
	"\u0016", "\\u0016",
	"\u0017", "\\u0017",
	"\u0018", "\\u0018",
	"\u0019", "\\u0019",
	"\u001a", "\\u001a",
	"\u001b", "\\u001b",
	"\u001c", "\\u001c",
	"\u001d", "\\u001d",
	"\u001e", "\\u001e",
	"\u001f", "\\u001f",
	"\"", "\\\"",
	"\\", "\\\\",
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

// Whether a key can stand in a path as it is: [A-Za-z_][A-Za-z0-9_]*, and not too long.
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
	// Any failure; unknown names are read as this one.
	DirtyError ErrorType = "DirtyError"

	// A deadline passed. Its details: timeout, app_path, action, where, waited.
	DirtyTimeoutError ErrorType = "DirtyTimeoutError"

	// The connection failed, was lost, or is let go of. Its details: socket_path, begun.
	DirtyConnectionError ErrorType = "DirtyConnectionError"

	// The worker died, was condemned or refused. Its details: worker_id, traceback.
	DirtyWorkerError ErrorType = "DirtyWorkerError"

	// The app raised, or its result cannot be encoded. Its details: app_path, action, traceback,
	// exception_type, exception_bases.
	DirtyAppError ErrorType = "DirtyAppError"

	// The app cannot be found. Its details: app_path, action, traceback.
	DirtyAppNotFoundError ErrorType = "DirtyAppNotFoundError"

	// No worker serves the app, or ever will. Its details: app_path, reason, begun.
	DirtyNoWorkersAvailableError ErrorType = "DirtyNoWorkersAvailableError"

	// Bytes or state were at fault. Its details: code, offset, path, raw_data.
	DirtyProtocolError ErrorType = "DirtyProtocolError"

	// A queue is full. Its details: app_path, retry_after.
	DirtyOverloadedError ErrorType = "DirtyOverloadedError"

	// The exchange was cancelled.
	DirtyCancelledError ErrorType = "DirtyCancelledError"

	// The peer may not do this.
	DirtyPermissionError ErrorType = "DirtyPermissionError"

	// A stash operation failed.
	StashError ErrorType = "StashError"

	// The stash table does not exist. Its details: table_name.
	StashTableNotFoundError ErrorType = "StashTableNotFoundError"

	// The stash table has no such key. Its details: table_name, key.
	StashKeyNotFoundError ErrorType = "StashKeyNotFoundError"
)

// ErrorTypeOf gives the type of a name; that of a name which nobody knows is DirtyError.
func ErrorTypeOf(name string) ErrorType {
	switch t := ErrorType(name); t {
	case DirtyError, DirtyTimeoutError, DirtyConnectionError, DirtyWorkerError, DirtyAppError, DirtyAppNotFoundError, DirtyNoWorkersAvailableError, DirtyProtocolError, DirtyOverloadedError, DirtyCancelledError, DirtyPermissionError, StashError, StashTableNotFoundError, StashKeyNotFoundError:
		return t
	}
	return DirtyError
}

// Error gives the name.
func (t ErrorType) Error() string { return string(t) }

// Parent is the type that this one specialises; empty for the first of all.
func (t ErrorType) Parent() ErrorType {
	switch t {
	case DirtyError:
		return ""
	case DirtyAppNotFoundError:
		return DirtyAppError
	case StashTableNotFoundError, StashKeyNotFoundError:
		return StashError
	}
	return DirtyError
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
	case DirtyTimeoutError:
		return []string{"timeout", "app_path", "action", "where", "waited"}
	case DirtyConnectionError:
		return []string{"socket_path", "begun"}
	case DirtyWorkerError:
		return []string{"worker_id", "traceback"}
	case DirtyAppError:
		return []string{"app_path", "action", "traceback", "exception_type", "exception_bases"}
	case DirtyAppNotFoundError:
		return []string{"app_path", "action", "traceback"}
	case DirtyNoWorkersAvailableError:
		return []string{"app_path", "reason", "begun"}
	case DirtyProtocolError:
		return []string{"code", "offset", "path", "raw_data"}
	case DirtyOverloadedError:
		return []string{"app_path", "retry_after"}
	case StashTableNotFoundError:
		return []string{"table_name"}
	case StashKeyNotFoundError:
		return []string{"table_name", "key"}
	}
	return nil
}
