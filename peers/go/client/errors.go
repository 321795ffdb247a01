package client

import (
	"context"
	"errors"

	"gdproto/gd"
)

// By this detail an arbiter says that nothing has begun of an exchange.
const begunKey = "begun"

// Error is what became of a call that has no result. errors.Is finds its type, and what that
// specialises: errors.Is(err, gd.DirtyAppError).
type Error struct {
	Type    gd.ErrorType
	Message string
	Details gd.Dict

	// Cause is what the client found by itself: a *gd.ProtocolError, the error of a context, or that
	// of a socket; nil for what the arbiter told.
	Cause error
}

// Error gives the type and the message.
func (e *Error) Error() string { return string(e.Type) + ": " + e.Message }

// Is says whether the error is of this type.
func (e *Error) Is(target error) bool { return e.Type.Is(target) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// An ERROR of the arbiter.
func answered(told *gd.Error) *Error {
	return &Error{Type: gd.ErrorTypeOf(told.ErrorType), Message: told.Message, Details: told.Details}
}

// The connection cannot be made, or is lost.
func lost(path string, err error) *Error {
	details := gd.Dict{{Key: "socket_path", Value: path}}
	return &Error{gd.DirtyConnectionError, path + ": " + err.Error(), details, err}
}

// What was to be sent, or has come, breaks the protocol.
func refused(err error) *Error {
	var fault *gd.ProtocolError
	failed := &Error{Type: gd.DirtyProtocolError, Message: err.Error(), Cause: err}
	if errors.As(err, &fault) {
		failed.Details = gd.Dict{{Key: "code", Value: string(fault.Code)}, {Key: "path", Value: fault.Path}}
	}
	return failed
}

// The context has ended.
func ended(ctx context.Context) *Error {
	err := ctx.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Type: gd.DirtyTimeoutError, Message: "no answer in time", Cause: err}
	}
	return &Error{Type: gd.DirtyCancelledError, Message: "the caller gave up", Cause: err}
}

// Whether it is told that nothing has begun.
func hasNotBegun(err error) bool {
	var failed *Error
	if !errors.As(err, &failed) {
		return false
	}
	begun, is := failed.Details.Get(begunKey)
	return is && begun == false
}
