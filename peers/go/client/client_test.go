package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gdproto/client"
	"gdproto/gd"
)

// How long anything may take that does not fail.
const patience = 20 * time.Second

// An arbiter of a test: what it does with each request, and how many it was sent.
type arbiter struct {
	path     string
	listener net.Listener
	answer   func(*peer, *gd.Request)
	requests atomic.Int64
	clients  atomic.Int64
}

// A client as the arbiter has it.
type peer struct {
	conn       net.Conn
	connection *gd.Connection
	mutex      sync.Mutex
	gone       chan struct{}
}

func (p *peer) send(message gd.Message) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	frame, err := p.connection.Send(message)
	if err == nil {
		p.conn.Write(frame)
	}
}

func started(t *testing.T, answer func(*peer, *gd.Request)) *arbiter {
	t.Helper()
	a := &arbiter{path: filepath.Join(t.TempDir(), "s"), answer: answer}
	a.listen(t)
	t.Cleanup(func() { a.listener.Close() })
	return a
}

func (a *arbiter) listen(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("unix", a.path)
	if err != nil {
		t.Fatal(err)
	}
	a.listener = listener
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			a.clients.Add(1)
			go a.serve(&peer{conn: conn, connection: gd.NewConnection(gd.RoleArbiter), gone: make(chan struct{})})
		}
	}()
}

func (a *arbiter) serve(p *peer) {
	defer close(p.gone)
	defer p.conn.Close()
	buffer := make([]byte, 4096)
	for {
		count, err := p.conn.Read(buffer)
		if err != nil {
			return
		}
		p.mutex.Lock()
		p.connection.Receive(buffer[:count])
		var requests []*gd.Request
		for event := p.connection.Next(); event != nil; event = p.connection.Next() {
			if received, is := event.(gd.Received); is {
				if request, is := received.Message.(*gd.Request); is {
					requests = append(requests, request)
				}
			}
		}
		p.mutex.Unlock()
		for _, request := range requests {
			a.requests.Add(1)
			go a.answer(p, request)
		}
	}
}

// Answers by the first argument.
func echo(p *peer, request *gd.Request) {
	p.send(&gd.Response{RequestID: request.RequestID, Result: request.Args[0]})
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func TestOneConnectionServesCallAfterCall(t *testing.T) {
	a := started(t, echo)
	c := client.New(a.path)
	defer c.Close()
	for number := range int64(20) {
		if result, err := c.Call(within(t), "m:A", "echo", number); err != nil || result != number {
			t.Fatalf("%v, %v", result, err)
		}
	}
	if clients := a.clients.Load(); clients != 1 {
		t.Errorf("%d connections", clients)
	}
}

func TestManyCallsAtOnceHaveTheirOwnAnswers(t *testing.T) {
	a := started(t, echo)
	c := client.New(a.path)
	defer c.Close()
	ctx := within(t)
	var all sync.WaitGroup
	for number := range int64(100) {
		all.Add(1)
		go func() {
			defer all.Done()
			if result, err := c.Call(ctx, "m:A", "echo", number); err != nil || result != number {
				t.Errorf("%d: %v, %v", number, result, err)
			}
		}()
	}
	all.Wait()
}

func TestACancelledContextEndsTheCallAndItsConnection(t *testing.T) {
	left := make(chan struct{})
	ctx, cancel := context.WithCancel(within(t))
	a := started(t, func(p *peer, request *gd.Request) {
		if request.Action != "hang" {
			echo(p, request)
			return
		}
		cancel()
		<-p.gone
		close(left)
	})
	c := client.New(a.path)
	defer c.Close()
	_, err := c.Call(ctx, "m:A", "hang")
	if !errors.Is(err, context.Canceled) || !errors.Is(err, gd.DirtyCancelledError) {
		t.Error(err)
	}
	<-left
	if result, err := c.Call(within(t), "m:A", "echo", "well"); err != nil || result != "well" {
		t.Errorf("%v, %v", result, err)
	}
}

func TestADeadlineHoldsAfterCallsThatWereQuick(t *testing.T) {
	a := started(t, func(p *peer, request *gd.Request) {
		if request.Action != "hang" {
			echo(p, request)
		}
	})
	c := client.New(a.path)
	defer c.Close()
	for number := range int64(20) {
		if result, err := c.Call(within(t), "m:A", "echo", number); err != nil || result != number {
			t.Fatalf("%v, %v", result, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := c.Call(ctx, "m:A", "hang")
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, gd.DirtyTimeoutError) {
		t.Error(err)
	}
	if clients := a.clients.Load(); clients != 1 {
		t.Errorf("%d connections", clients)
	}
}

func TestADeadlineIsToldAndHolds(t *testing.T) {
	timeouts := make(chan any, 1)
	a := started(t, func(p *peer, request *gd.Request) { timeouts <- request.Timeout })
	c := client.New(a.path)
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := c.Call(ctx, "m:A", "hang")
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, gd.DirtyTimeoutError) {
		t.Error(err)
	}
	if told, is := (<-timeouts).(float64); !is || told <= 0 || told > 0.05 {
		t.Errorf("told %v", told)
	}
}

func TestAStreamThatIsLeftIsGivenUp(t *testing.T) {
	gone := make(chan struct{})
	a := started(t, func(p *peer, request *gd.Request) {
		for number := range int64(3) {
			p.send(&gd.Chunk{RequestID: request.RequestID, Data: number})
		}
		<-p.gone
		close(gone)
	})
	c := client.New(a.path)
	defer c.Close()
	for item, err := range c.Stream(within(t), "m:A", "count") {
		if err != nil {
			t.Fatal(err)
		}
		if item == int64(2) {
			break
		}
	}
	<-gone
}

func TestItConnectsAgainAfterARestart(t *testing.T) {
	a := started(t, echo)
	c := client.New(a.path)
	defer c.Close()
	if _, err := c.Call(within(t), "m:A", "echo", 1); err != nil {
		t.Fatal(err)
	}
	a.listener.Close()
	if _, err := c.Call(within(t), "m:A", "echo", 1); err != nil {
		// Its connection is still served.
		t.Fatal(err)
	}
	a.listen(t)
	if result, err := c.Call(within(t), "m:A", "echo", "again"); err != nil || result != "again" {
		t.Errorf("%v, %v", result, err)
	}
}

func TestWhatMayHaveBegunIsNotSentAgain(t *testing.T) {
	a := started(t, func(p *peer, request *gd.Request) { p.conn.Close() })
	c := client.New(a.path)
	defer c.Close()
	_, err := c.Call(within(t), "m:A", "echo", 1)
	if !errors.Is(err, gd.DirtyConnectionError) {
		t.Error(err)
	}
	if sent := a.requests.Load(); sent != 1 {
		t.Errorf("sent %d times", sent)
	}
}

func TestWhatHasNotBegunIsSentAgain(t *testing.T) {
	var count atomic.Int64
	a := started(t, func(p *peer, request *gd.Request) {
		if count.Add(1) == 1 {
			details := gd.Dict{{Key: "begun", Value: false}}
			p.send(&gd.Error{RequestID: request.RequestID, ErrorType: "DirtyNoWorkersAvailableError", Details: details})
			return
		}
		echo(p, request)
	})
	c := client.New(a.path)
	defer c.Close()
	if result, err := c.Call(within(t), "m:A", "echo", "well"); err != nil || result != "well" {
		t.Errorf("%v, %v", result, err)
	}
	if clients := a.clients.Load(); clients != 2 {
		t.Errorf("%d connections", clients)
	}
}

func TestAnErrorHasItsTypeAndDetails(t *testing.T) {
	a := started(t, func(p *peer, request *gd.Request) {
		details := gd.Dict{{Key: "app_path", Value: request.AppPath}}
		p.send(&gd.Error{RequestID: request.RequestID, ErrorType: "DirtyAppNotFoundError", Message: "no", Details: details})
	})
	c := client.New(a.path)
	defer c.Close()
	_, err := c.Call(within(t), "m:A", "echo")
	var failed *client.Error
	if !errors.As(err, &failed) || !errors.Is(err, gd.DirtyAppError) || errors.Is(err, gd.StashError) {
		t.Fatal(err)
	}
	if path, _ := failed.Details.Get("app_path"); path != "m:A" || fmt.Sprint(err) != "DirtyAppNotFoundError: no" {
		t.Errorf("%v: %v", err, path)
	}
}

func TestNobodyThereIsAConnectionError(t *testing.T) {
	_, err := client.New(filepath.Join(t.TempDir(), "nobody")).Status(within(t))
	if !errors.Is(err, gd.DirtyConnectionError) {
		t.Error(err)
	}
}
