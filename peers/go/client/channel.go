package client

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"gdproto/gd"
)

const readBytes = 64 * 1024

// A connection, on which one exchange is open at a time.
type channel struct {
	path       string
	conn       *net.UnixConn
	raw        syscall.RawConn
	connection *gd.Connection
	buffer     []byte
	frame      []byte
	haste      haste
}

func dialed(ctx context.Context, path string) (*channel, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ended(ctx)
		}
		return nil, lost(path, err)
	}
	unix := conn.(*net.UnixConn)
	raw, err := unix.SyscallConn()
	if err != nil {
		return nil, lost(path, err)
	}
	return &channel{
		path:       path,
		conn:       unix,
		raw:        raw,
		connection: gd.NewConnection(gd.RoleClient),
		buffer:     make([]byte, readBytes),
		haste:      newHaste(),
	}, nil
}

func (c *channel) close() { c.conn.Close() }

// Whether nothing has come with the last answer or since, neither a message nor the end.
func (c *channel) isQuiet() bool {
	if c.connection.Next() != nil {
		return false
	}
	isQuiet := false
	err := c.raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		isQuiet = errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && isQuiet
}

// Reads what comes, as the connection's own Read does, but in haste before it is parked.
func (c *channel) read() (count int, err error) {
	ended := c.raw.Read(func(fd uintptr) bool {
		for {
			count, err = syscall.Read(int(fd), c.buffer)
			if err != syscall.EINTR && (err != syscall.EAGAIN || !c.haste.looksAgain(int(fd), time.Now())) {
				return err != syscall.EAGAIN
			}
		}
	})
	switch {
	case ended != nil:
		return 0, ended
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case count == 0:
		return 0, io.EOF
	}
	return count, nil
}

// A call that is under way on a channel.
type exchange struct {
	*channel
	ctx  context.Context
	stop func() bool
}

// The end of the context interrupts what waits for the connection.
func begin(ctx context.Context, over *channel) *exchange {
	open := &exchange{channel: over, ctx: ctx, stop: func() bool { return true }}
	if ctx.Done() != nil {
		open.stop = context.AfterFunc(ctx, func() { over.conn.SetDeadline(time.Unix(1, 0)) })
	}
	return open
}

// Sends the message that opens the exchange. What cannot be encoded costs no connection.
func (e *exchange) send(first gd.Message) error {
	frame, err := e.connection.AppendSend(e.frame[:0], first)
	if err != nil {
		e.giveUp()
		return refused(err)
	}
	if len(frame) <= readBytes {
		e.frame = frame
	}
	written, err := e.conn.Write(frame)
	if err != nil && written == 0 {
		e.giveUp()
		return e.unsent(err)
	}
	// Of a request that an arbiter does not take whole, it may have told why.
	return nil
}

// Nothing was sent: so nothing has begun.
func (e *exchange) unsent(err error) error {
	if e.ctx.Err() != nil {
		return ended(e.ctx)
	}
	failed := lost(e.path, err)
	failed.Details = append(failed.Details, gd.Pair{Key: begunKey, Value: false})
	return failed
}

// The next message of the exchange. With an error it is over, and so is the connection if it must.
func (e *exchange) receive() (gd.Message, error) {
	for {
		switch event := e.connection.Next().(type) {
		case gd.Received:
			if told, is := event.Message.(*gd.Error); is {
				e.giveUp()
				return nil, answered(told)
			}
			return event.Message, nil
		case *gd.ProtocolError:
			e.giveUp()
			return nil, refused(event)
		case gd.Closed:
			e.giveUp()
			return nil, lost(e.path, errors.New("the arbiter closed the connection"))
		}
		count, err := e.read()
		e.connection.Receive(e.buffer[:count])
		if errors.Is(err, os.ErrDeadlineExceeded) && e.ctx.Err() != nil {
			e.giveUp()
			return nil, ended(e.ctx)
		}
		if err != nil {
			e.connection.ReceiveEOF()
		}
	}
}

// Ends what has been answered; whether the connection can serve another call.
func (e *exchange) end() bool {
	if e.stop() && e.connection.Open() == 0 {
		return true
	}
	e.close()
	return false
}

// Ends what has not been answered: an arbiter takes the end of its connection as a CANCEL.
func (e *exchange) giveUp() {
	e.stop()
	e.close()
}
