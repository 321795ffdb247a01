package worker

import (
	"context"
	"errors"
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

	// The call that runs; nil where none does.
	running *run
}

// A call that runs: until its last message is written, or its exchange has ended otherwise.
type run struct {
	requestID uint64
	ctx       context.Context
	cancel    context.CancelFunc
}

// What is written for a run that is over.
var errOver = errors.New("the exchange has ended")

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
			l.endOf(event.RequestID)
			l.write(gd.Serialize(refused(event)))
		case gd.Closed:
			if l.running != nil {
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
		l.running = &run{m.RequestID, ctx, cancel}
		go l.answer(l.running, m)
	case *gd.Cancel:
		if l.running != nil && l.running.requestID == m.RequestID {
			l.running.cancel()
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

// A fault may have ended the exchange of the call that runs: what it still gives is dropped.
func (l *lane) endOf(requestID uint64) {
	if l.running != nil && l.running.requestID == requestID && !l.connection.IsOpen(requestID) {
		l.running.cancel()
		l.running = nil
	}
}

// Writes a message of a run. Its error says that it cannot be encoded, or that the run is over.
func (l *lane) send(of *run, message gd.Message) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.running != of {
		return errOver
	}
	frame, err := l.connection.Send(message)
	return l.write(frame, unsendable(err))
}

// What has no bytes is no error of the app.
func unsendable(err error) error {
	if err == nil {
		return nil
	}
	return &refusal{gd.DirtyAppError, "the result cannot be encoded: " + err.Error()}
}

// Writes the last message of a run, with which the lane is free again.
func (l *lane) finish(of *run, message gd.Message) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.running != of {
		return errOver
	}
	frame, err := l.connection.Send(message)
	if err == nil {
		of.cancel()
		l.running = nil
	}
	return l.write(frame, unsendable(err))
}

func (l *lane) answer(of *run, request *gd.Request) {
	last, err := l.outcome(of, request)
	if err == nil {
		err = l.finish(of, last)
	}
	if err != nil {
		told := failed(of.ctx, request, err)
		told.RequestID = request.RequestID
		l.finish(of, told)
	}
}

// Runs the action, and streams what it gives piece by piece. Returns the last message.
func (l *lane) outcome(of *run, request *gd.Request) (last gd.Message, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = &panicked{problem, string(debug.Stack())}
		}
	}()
	action, err := l.served.action(request)
	if err != nil {
		return nil, err
	}
	call := &Call{request.AppPath, request.Action, request.Args, request.Kwargs, request.Trace}
	result, err := action(of.ctx, call)
	if err != nil {
		return nil, err
	}
	items := itemsOf(result)
	if items == nil {
		return &gd.Response{RequestID: request.RequestID, Result: result}, nil
	}
	for item, err := range items {
		if err == nil {
			err = of.ctx.Err()
		}
		if err == nil {
			err = l.send(of, &gd.Chunk{RequestID: request.RequestID, Data: item})
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
