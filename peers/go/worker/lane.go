package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime/debug"
	"sync"

	"gdproto/gd"
)

const readBytes = 64 * 1024

// A stream to the arbiter: one exchange at a time. Its goroutine reads, so that it hears of a
// CANCEL, and of the arbiter's end, while another one runs the action.
type lane struct {
	file   *os.File
	served *served

	// Guards what follows; a frame is written whole under it.
	mutex      sync.Mutex
	connection *gd.Connection

	// Ends the call that runs; nil where none does.
	cancel context.CancelFunc
}

func newLane(file *os.File, s *served) *lane {
	return &lane{file: file, served: s, connection: gd.NewConnection(gd.RoleWorker)}
}

// Serves until the lane ends. Returns the exit status that this asks for.
func (l *lane) serve() int {
	defer l.file.Close()
	buffer := make([]byte, readBytes)
	for {
		count, err := l.file.Read(buffer)
		if isOver, status := l.received(buffer[:count], err); isOver {
			return status
		}
	}
}

// Takes what was read: whether the lane is over then, and with which status.
func (l *lane) received(data []byte, err error) (bool, int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.connection.Receive(data)
	if err != nil {
		l.connection.ReceiveEOF()
	}
	for {
		switch event := l.connection.Next().(type) {
		case nil:
			if err != nil && !errors.Is(err, io.EOF) {
				return true, arbiterGone
			}
			return false, ended
		case gd.Received:
			if isOver := l.take(event.Message); isOver {
				return true, ended
			}
		case *gd.ProtocolError:
			if event.Scope == gd.ScopeConnection {
				return true, atFault
			}
			l.write(gd.Serialize(refused(event)))
		case gd.Closed:
			if l.cancel != nil {
				return true, arbiterGone
			}
			return true, ended
		}
	}
}

// Does what a message asks for; whether the lane is over then.
func (l *lane) take(message gd.Message) bool {
	switch m := message.(type) {
	case *gd.Status:
		if l.served.failure != nil {
			told := *l.served.failure
			told.RequestID = m.RequestID
			l.write(l.connection.Send(&told))
			return true
		}
		l.write(l.connection.Send(&gd.Response{RequestID: m.RequestID, Result: l.served.status()}))
	case *gd.Request:
		ctx, cancel := context.WithCancel(context.Background())
		l.cancel = cancel
		go l.answer(ctx, m)
	case *gd.Cancel:
		if l.cancel != nil {
			l.cancel()
		}
	}
	return false
}

// Writes a frame that was made. Where nobody reads any more, the reading goroutine hears of it.
func (l *lane) write(frame []byte, err error) error {
	if err == nil {
		l.file.Write(frame)
	}
	return err
}

// Writes a message of the exchange that runs. Its error says that it cannot be encoded.
func (l *lane) send(message gd.Message) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.write(l.connection.Send(message))
}

// Writes the last message of the exchange, with which the lane is free again.
func (l *lane) finish(message gd.Message) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	frame, err := l.connection.Send(message)
	if err == nil {
		l.cancel()
		l.cancel = nil
	}
	return l.write(frame, err)
}

func (l *lane) answer(ctx context.Context, request *gd.Request) {
	last, err := l.outcome(ctx, request)
	if err == nil {
		err = l.finish(last)
	}
	if err != nil {
		told := failed(ctx, request, err)
		told.RequestID = request.RequestID
		l.finish(told)
	}
}

// Runs the action, and streams what it gives piece by piece. Returns the last message.
func (l *lane) outcome(ctx context.Context, request *gd.Request) (last gd.Message, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = &panicked{problem, string(debug.Stack())}
		}
	}()
	action := l.served.action(request)
	if action == nil {
		return nil, fmt.Errorf("%s has no action %s", request.AppPath, request.Action)
	}
	call := &Call{request.AppPath, request.Action, request.Args, request.Kwargs}
	result, err := action(ctx, call)
	if err != nil {
		return nil, err
	}
	items := itemsOf(result)
	if items == nil {
		return &gd.Response{RequestID: request.RequestID, Result: result}, nil
	}
	for item, err := range items {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = l.send(&gd.Chunk{RequestID: request.RequestID, Data: item})
		}
		if err != nil {
			return nil, err
		}
	}
	return &gd.End{RequestID: request.RequestID}, nil
}

// The items of what is streamed; nil for what is no stream.
func itemsOf(result any) iter.Seq2[any, error] {
	switch items := result.(type) {
	case iter.Seq2[any, error]:
		return items
	case func(func(any, error) bool):
		return items
	case iter.Seq[any]:
		return withoutErrors(items)
	case func(func(any) bool):
		return withoutErrors(items)
	}
	return nil
}

func withoutErrors(items iter.Seq[any]) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		items(func(item any) bool { return yield(item, nil) })
	}
}
