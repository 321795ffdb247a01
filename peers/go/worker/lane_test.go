package worker

import (
	"context"
	"errors"
	"iter"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"gdproto/gd"
)

const path = "m:A"

// An arbiter's end of a lane, on which the worker serves these actions.
type arbiterEnd struct {
	t          *testing.T
	file       *os.File
	connection *gd.Connection
	status     chan int
}

type actions map[string]Action

func (a actions) Actions() map[string]Action { return a }

func serving(t *testing.T, held actions) *arbiterEnd {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		syscall.SetNonblock(fd, true)
	}
	file := os.NewFile(uintptr(fds[0]), "arbiter")
	file.SetDeadline(time.Now().Add(20 * time.Second))
	end := &arbiterEnd{t, file, gd.NewConnection(gd.RoleLane), make(chan int, 1)}
	s := booted(Apps{path: func() (App, error) { return held, nil }}, `["`+path+`"]`)
	go func() { end.status <- newLane(os.NewFile(uintptr(fds[1]), "worker"), s).serve() }()
	t.Cleanup(func() { file.Close() })
	return end
}

func (a *arbiterEnd) send(message gd.Message) {
	a.t.Helper()
	frame, err := a.connection.Send(message)
	if err != nil {
		a.t.Fatal(err)
	}
	a.file.Write(frame)
}

func (a *arbiterEnd) call(requestID uint64, action string) {
	a.t.Helper()
	a.send(&gd.Request{RequestID: requestID, AppPath: path, Action: action})
}

// The next message.
func (a *arbiterEnd) next() gd.Message {
	a.t.Helper()
	buffer := make([]byte, 4096)
	for {
		switch event := a.connection.Next().(type) {
		case gd.Received:
			return event.Message
		case nil:
			count, err := a.file.Read(buffer)
			if err != nil {
				a.t.Fatal(err)
			}
			a.connection.Receive(buffer[:count])
		default:
			a.t.Fatalf("%v", event)
		}
	}
}

func (a *arbiterEnd) wantError(kind gd.ErrorType) *gd.Error {
	a.t.Helper()
	message := a.next()
	told, is := message.(*gd.Error)
	if !is || told.ErrorType != string(kind) {
		a.t.Fatalf("%#v is no %s", message, kind)
	}
	return told
}

func TestACallKnowsItsCallersTrace(t *testing.T) {
	a := serving(t, actions{
		"trace": func(_ context.Context, call *Call) (any, error) {
			parent, _ := call.Trace.Get("traceparent")
			return []any{parent, call.Trace == nil}, nil
		},
	})
	trace := gd.Dict{{Key: "traceparent", Value: "00-1-2-01"}}
	a.send(&gd.Request{RequestID: 1, AppPath: path, Action: "trace", Trace: trace})
	if message, is := a.next().(*gd.Response); !is || !reflect.DeepEqual(message.Result, []any{"00-1-2-01", false}) {
		t.Errorf("%#v", message)
	}
	a.call(2, "trace")
	if message, is := a.next().(*gd.Response); !is || !reflect.DeepEqual(message.Result, []any{nil, true}) {
		t.Errorf("%#v", message)
	}
}

func TestAPanicIsToldAndTheLaneServesOn(t *testing.T) {
	a := serving(t, actions{
		"panic": func(context.Context, *Call) (any, error) { panic("it burns") },
		"well":  func(context.Context, *Call) (any, error) { return "well", nil },
	})
	a.call(1, "panic")
	told := a.wantError(gd.DirtyAppError)
	if traceback, _ := told.Details.Get("traceback"); told.Message != "it burns" || traceback == nil {
		t.Errorf("%#v", told)
	}
	a.call(2, "well")
	if message, is := a.next().(*gd.Response); !is || message.Result != "well" {
		t.Errorf("%#v", message)
	}
	a.file.Close()
	if status := <-a.status; status != ended {
		t.Errorf("status %d", status)
	}
}

func TestTheContextEndsWithTheCall(t *testing.T) {
	a := serving(t, actions{"wait": func(ctx context.Context, _ *Call) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	a.call(1, "wait")
	frame, _ := gd.Serialize(&gd.Cancel{RequestID: 1})
	a.file.Write(frame)
	a.wantError(gd.DirtyCancelledError)
}

func TestAStreamTellsItsErrorBehindItsItems(t *testing.T) {
	a := serving(t, actions{"items": func(context.Context, *Call) (any, error) {
		return iter.Seq2[any, error](func(yield func(any, error) bool) {
			_ = yield(int64(1), nil) && yield(nil, errors.New("no more"))
		}), nil
	}})
	a.call(1, "items")
	if chunk, is := a.next().(*gd.Chunk); !is || chunk.Data != int64(1) {
		t.Errorf("%#v", chunk)
	}
	if told := a.wantError(gd.DirtyAppError); told.Message != "no more" {
		t.Errorf("%#v", told)
	}
}

func TestNothingFollowsTheAnswerToAFault(t *testing.T) {
	began, over := make(chan struct{}), make(chan struct{})
	a := serving(t, actions{
		"wait": func(ctx context.Context, _ *Call) (any, error) {
			close(began)
			<-ctx.Done()
			close(over)
			return "late", nil
		},
		"well": func(context.Context, *Call) (any, error) { return "well", nil },
	})
	a.call(1, "wait")
	<-began
	// A CANCEL with a payload: at fault, so it ends the exchange.
	frame, _ := gd.Serialize(&gd.Cancel{RequestID: 1})
	frame[7] = 1
	a.file.Write(append(frame, 0))
	a.wantError(gd.DirtyProtocolError)
	<-over
	a.call(1, "well")
	if message, is := a.next().(*gd.Response); !is || message.Result != "well" {
		t.Errorf("%#v", message)
	}
	a.file.Close()
	if status := <-a.status; status != ended {
		t.Errorf("status %d", status)
	}
}

func TestTextsAreEscapedAndCut(t *testing.T) {
	for of, wanted := range map[string]string{
		"well": "well", "a\xffb": `a\xffb`, "\xed\xa0\x80": `\xed\xa0\x80`, "zażółć �": "zażółć �",
	} {
		if got := text(of); got != wanted {
			t.Errorf("%q became %q", of, got)
		}
	}
	for _, long := range []string{strings.Repeat("\xff", 1<<20), strings.Repeat("色", 1<<20)} {
		if got := text(long); len(got) > maxTextBytes || len(got) < maxTextBytes-8 {
			t.Errorf("%d bytes", len(got))
		}
	}
}
