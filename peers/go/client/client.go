// Package client calls the apps that an arbiter of GD/1 serves.
//
//	c := client.New("")
//	defer c.Close()
//	price, err := c.Call(ctx, "shop:Prices", "of", "red shoes")
//
// A context's deadline is that of the call, and is told to the arbiter; a context that ends gives
// the call up. Errors are of type *Error, which errors.Is compares with the error types of gd.
package client

import (
	"context"
	"iter"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"gdproto/gd"
)

// How many connections wait for the next call.
const maxIdle = 32

// How often a request is sent again of which the arbiter says that nothing has begun.
const maxAgain = 2

// Client may be shared by goroutines. It connects when it is used, and again after the arbiter was
// restarted. Each call that is under way has a connection of its own, so that none waits for what
// another receives. A request that may have begun is not sent again.
type Client struct {
	path   string
	lastID atomic.Uint64

	mutex sync.Mutex
	idle  []*channel
}

// New gives a client of the arbiter at a socket; an empty path is told by DIRTY_SOCKET, or where that
// is not set by GUNICORN_DIRTY_SOCKET.
func New(path string) *Client {
	for _, name := range []string{"DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET"} {
		if path == "" {
			path = os.Getenv(name)
		}
	}
	return &Client{path: path}
}

// Close closes the connections on which no call is under way; a later call opens one again.
func (c *Client) Close() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, one := range c.idle {
		one.close()
	}
	c.idle = nil
	return nil
}

// Call calls an action and gives its result.
func (c *Client) Call(ctx context.Context, appPath, action string, args ...any) (any, error) {
	return c.Do(ctx, &gd.Request{AppPath: appPath, Action: action, Args: args})
}

// Do makes a call with all that a request may have, such as keyword arguments and a priority. The
// request gets its id, and where it has none the context's deadline as its timeout.
func (c *Client) Do(ctx context.Context, request *gd.Request) (any, error) {
	request.RequestID = c.nextID()
	setTimeout(ctx, request)
	return c.ask(ctx, request)
}

// Stream calls an action and gives its items as they come; a plain result is the only one. The last
// one may be an error. Leaving the loop gives the call up.
func (c *Client) Stream(
	ctx context.Context, appPath, action string, args ...any,
) iter.Seq2[any, error] {
	return c.DoStream(ctx, &gd.Request{AppPath: appPath, Action: action, Args: args})
}

// DoStream streams a call with all that a request may have. The call begins with the loop.
func (c *Client) DoStream(ctx context.Context, request *gd.Request) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		request.RequestID = c.nextID()
		setTimeout(ctx, request)
		open, message, err := c.begun(ctx, request)
		for err == nil {
			switch m := message.(type) {
			case *gd.Chunk:
				if !yield(m.Data, nil) {
					open.giveUp()
					return
				}
			case *gd.Response:
				c.release(open)
				yield(m.Result, nil)
				return
			default:
				c.release(open)
				return
			}
			message, err = open.receive()
		}
		yield(nil, err)
	}
}

// Status asks for the state of the arbiter.
func (c *Client) Status(ctx context.Context) (gd.Dict, error) {
	return dictOf(c.ask(ctx, &gd.Status{RequestID: c.nextID()}))
}

// Manage changes the number of workers, or reloads them.
func (c *Client) Manage(ctx context.Context, op gd.ManageOp, count int64) (gd.Dict, error) {
	return dictOf(c.ask(ctx, &gd.Manage{RequestID: c.nextID(), Op: op, Count: &count}))
}

func (c *Client) nextID() uint64 { return c.lastID.Add(1) }

// Tells the arbiter how long the caller waits.
func setTimeout(ctx context.Context, request *gd.Request) {
	if deadline, is := ctx.Deadline(); is && request.Timeout == nil {
		request.Timeout = max(0, time.Until(deadline).Seconds())
	}
}

// Asks what is answered by one message.
func (c *Client) ask(ctx context.Context, question gd.Message) (any, error) {
	open, message, err := c.begun(ctx, question)
	if err != nil {
		return nil, err
	}
	response, is := message.(*gd.Response)
	if !is {
		open.giveUp()
		return nil, &Error{Type: gd.DirtyError, Message: "the answer is a stream: read it by Stream"}
	}
	c.release(open)
	return response.Result, nil
}

// Sends what opens an exchange, and waits for the first message that answers it. It is sent again,
// on another connection, where nothing has begun of it.
func (c *Client) begun(ctx context.Context, first gd.Message) (*exchange, gd.Message, error) {
	for again := 0; ; again++ {
		open, message, err := c.tried(ctx, first)
		if err == nil || again == maxAgain || !hasNotBegun(err) {
			return open, message, err
		}
	}
}

func (c *Client) tried(ctx context.Context, first gd.Message) (*exchange, gd.Message, error) {
	over, err := c.taken(ctx)
	if err != nil {
		return nil, nil, err
	}
	open := begin(ctx, over)
	over.haste.begin(time.Now())
	if err := open.send(first); err != nil {
		return nil, nil, err
	}
	message, err := open.receive()
	over.haste.end(time.Now())
	return open, message, err
}

// A connection for one call: one that waits for it, or a new one.
func (c *Client) taken(ctx context.Context) (*channel, error) {
	for {
		c.mutex.Lock()
		last := len(c.idle) - 1
		if last < 0 {
			c.mutex.Unlock()
			return dialed(ctx, c.path)
		}
		one := c.idle[last]
		c.idle = c.idle[:last]
		c.mutex.Unlock()
		if one.isQuiet() {
			return one, nil
		}
		one.close()
	}
}

// Takes back the connection of a call that has ended.
func (c *Client) release(open *exchange) {
	if !open.end() {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.idle) < maxIdle {
		c.idle = append(c.idle, open.channel)
		return
	}
	open.channel.close()
}

func dictOf(value any, err error) (gd.Dict, error) {
	if err != nil {
		return nil, err
	}
	if dict, is := value.(gd.Dict); is {
		return dict, nil
	}
	return nil, &Error{Type: gd.DirtyProtocolError, Message: "the answer is no dict"}
}
