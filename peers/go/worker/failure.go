package worker

import (
	"context"
	"encoding/hex"
	"fmt"
	"unicode/utf8"

	"gdproto/gd"
)

// Longer texts are cut.
const maxTextBytes = 64 * 1024

// A panic of an action.
type panicked struct {
	problem   any
	traceback string
}

func (p *panicked) Error() string { return fmt.Sprint(p.problem) }

// What the worker refuses by itself: no error of the app.
type refusal struct {
	kind   gd.ErrorType
	reason string
}

func (r *refusal) Error() string { return r.reason }

// An ERROR that can always be written.
func failure(kind gd.ErrorType, message string, details gd.Dict) *gd.Error {
	return &gd.Error{ErrorType: string(kind), Message: text(message), Details: details}
}

// What is told of a call that failed.
func failed(ctx context.Context, request *gd.Request, err error) *gd.Error {
	if ctx.Err() != nil {
		return failure(gd.DirtyCancelledError, "the caller gave up", nil)
	}
	details := gd.Dict{
		{Key: "app_path", Value: text(request.AppPath)},
		{Key: "action", Value: text(request.Action)},
	}
	if r, is := err.(*refusal); is {
		return failure(r.kind, r.reason, details)
	}
	details = append(details,
		gd.Pair{Key: "exception_type", Value: text(fmt.Sprintf("%T", err))},
		gd.Pair{Key: "exception_bases", Value: []any{}})
	if p, is := err.(*panicked); is {
		details[2].Value = text(fmt.Sprintf("%T", p.problem))
		details = append(details, gd.Pair{Key: "traceback", Value: text(p.traceback)})
	}
	return failure(gd.DirtyAppError, err.Error(), details)
}

// What is told of a frame that cannot be read, or is not legal.
func refused(fault *gd.ProtocolError) *gd.Error {
	details := gd.Dict{{Key: "code", Value: string(fault.Code)}}
	if fault.Offset != gd.NoOffset {
		details = append(details, gd.Pair{Key: "offset", Value: fault.Offset})
	}
	if fault.Path != "" {
		details = append(details, gd.Pair{Key: "path", Value: fault.Path})
	}
	told := failure(gd.DirtyProtocolError, fault.Error(), details)
	told.RequestID = fault.RequestID
	return told
}

// A text that can be encoded: bytes that are no UTF-8 are escaped, and what is long is cut.
func text(of string) string {
	escaped := make([]byte, 0, min(len(of), maxTextBytes))
	for len(of) > 0 && len(escaped) < maxTextBytes-utf8.UTFMax {
		letter, size := utf8.DecodeRuneInString(of)
		if letter == utf8.RuneError && size == 1 {
			escaped = append(escaped, `\x`+hex.EncodeToString([]byte{of[0]})...)
		} else {
			escaped = append(escaped, of[:size]...)
		}
		of = of[size:]
	}
	return string(escaped)
}
