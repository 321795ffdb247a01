// The conformance app in Go, served by a worker: see conformance/live/app.md.
package main

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"gdproto/gd"
	"gdproto/worker"
)

const (
	boot       = 300 * time.Millisecond
	exitStatus = 7
	childS     = "5"
)

func main() {
	worker.Main(worker.Apps{
		"gdproto.conformance.live.app:App": newApp,
		"gdproto.conformance.live.app:Broken": func() (worker.App, error) {
			return nil, errors.New("this app cannot be initialised")
		},
	})
}

type app struct {
	mutex           sync.Mutex
	notes           map[string]int64
	produced, ended int64
	marker          string
}

func newApp() (worker.App, error) {
	time.Sleep(boot)
	return &app{notes: map[string]int64{}}, nil
}

func (a *app) Close() error {
	if a.marker == "" {
		return nil
	}
	return os.WriteFile(a.marker, []byte("closed"), 0o600)
}

func (a *app) Actions() map[string]worker.Action {
	return map[string]worker.Action{
		"echo":                  echo,
		"add":                   add,
		"blob":                  blob,
		"deep":                  deep,
		"sleep":                 sleep,
		"environment":           environment,
		"count":                 count,
		"count_and_fail":        countAndFail,
		"tick":                  a.tick,
		"blobs":                 a.blobs,
		"fail":                  fail,
		"fail_oddly":            failOddly,
		"unencodable":           unencodable,
		"die":                   die,
		"die_and_leave_a_child": dieAndLeaveAChild,
		"blob_and_die":          blobAndDie,
		"spawn":                 spawn,
		"note":                  a.note,
		"noted":                 a.noted,
		"counters":              a.counters,
		"mark_when_closed":      a.markWhenClosed,
	}
}

// --- answers ---

func echo(_ context.Context, call *worker.Call) (any, error) {
	return gd.Dict{{Key: "args", Value: call.Args}, {Key: "kwargs", Value: call.Kwargs}}, nil
}

func add(_ context.Context, call *worker.Call) (any, error) {
	if a, is := call.Args[0].(int64); is {
		if b, is := call.Args[1].(int64); is {
			return a + b, nil
		}
	}
	return number(call.Args[0]) + number(call.Args[1]), nil
}

func number(value any) float64 {
	if integer, is := value.(int64); is {
		return float64(integer)
	}
	return value.(float64)
}

func seconds(value any) time.Duration {
	return time.Duration(number(value) * float64(time.Second))
}

func blob(_ context.Context, call *worker.Call) (any, error) {
	return filled(call.Args[0]), nil
}

func filled(size any) []byte { return bytes.Repeat([]byte("x"), int(size.(int64))) }

func deep(_ context.Context, call *worker.Call) (any, error) {
	value := []any{}
	for range call.Args[0].(int64) - 1 {
		value = []any{value}
	}
	return value, nil
}

func sleep(_ context.Context, call *worker.Call) (any, error) {
	time.Sleep(seconds(call.Args[0]))
	return call.Args[0], nil
}

func environment(_ context.Context, call *worker.Call) (any, error) {
	if value, is := os.LookupEnv(call.Args[0].(string)); is {
		return value, nil
	}
	return nil, nil
}

// --- streams ---

func count(_ context.Context, call *worker.Call) (any, error) {
	return counted(call.Args[0].(int64)), nil
}

func counted(stop int64) iter.Seq[any] {
	return func(yield func(any) bool) {
		for number := range stop {
			if !yield(number) {
				return
			}
		}
	}
}

func countAndFail(_ context.Context, call *worker.Call) (any, error) {
	return iter.Seq2[any, error](func(yield func(any, error) bool) {
		for number := range counted(call.Args[0].(int64)) {
			if !yield(number, nil) {
				return
			}
		}
		yield(nil, errors.New("after the items"))
	}), nil
}

func (a *app) tick(_ context.Context, call *worker.Call) (any, error) {
	times, every := call.Args[0].(int64), seconds(call.Args[1])
	return iter.Seq[any](func(yield func(any) bool) {
		defer a.add(&a.ended)
		for number := range times {
			time.Sleep(every)
			if !yield(number) {
				return
			}
		}
	}), nil
}

func (a *app) blobs(_ context.Context, call *worker.Call) (any, error) {
	return iter.Seq[any](func(yield func(any) bool) {
		for range call.Args[0].(int64) {
			a.add(&a.produced)
			if !yield(filled(call.Args[1])) {
				return
			}
		}
	}), nil
}

// --- failures ---

func fail(_ context.Context, call *worker.Call) (any, error) {
	return nil, errors.New(call.Args[0].(string))
}

func failOddly(context.Context, *worker.Call) (any, error) {
	return nil, errors.New(strings.Repeat("\xff", 200_000))
}

func unencodable(context.Context, *worker.Call) (any, error) { return struct{}{}, nil }

func die(context.Context, *worker.Call) (any, error) {
	os.Exit(exitStatus)
	return nil, nil
}

func dieAndLeaveAChild(context.Context, *worker.Call) (any, error) {
	child := exec.Command("sleep", childS)
	for _, number := range strings.Split(os.Getenv("GD_WORKER_FDS"), ",") {
		fd, _ := strconv.Atoi(number)
		child.ExtraFiles = append(child.ExtraFiles, os.NewFile(uintptr(fd), "lane"))
	}
	if err := child.Start(); err != nil {
		return nil, err
	}
	return nil, killed()
}

func killed() error { return syscall.Kill(os.Getpid(), syscall.SIGKILL) }

func blobAndDie(_ context.Context, call *worker.Call) (any, error) {
	path := call.Args[1].(string)
	go func() {
		for {
			if _, err := os.Stat(path); err == nil {
				killed()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	return filled(call.Args[0]), nil
}

func spawn(context.Context, *worker.Call) (any, error) {
	child := exec.Command("sleep", childS)
	if err := child.Start(); err != nil {
		return nil, err
	}
	go child.Wait()
	return child.Process.Pid, nil
}

// --- what happened ---

func (a *app) add(counter *int64) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	*counter++
}

func (a *app) note(_ context.Context, call *worker.Call) (any, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.notes[call.Args[0].(string)]++
	return a.notes[call.Args[0].(string)], nil
}

func (a *app) noted(_ context.Context, call *worker.Call) (any, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.notes[call.Args[0].(string)], nil
}

func (a *app) counters(context.Context, *worker.Call) (any, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return gd.Dict{{Key: "produced", Value: a.produced}, {Key: "ended", Value: a.ended}}, nil
}

func (a *app) markWhenClosed(_ context.Context, call *worker.Call) (any, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.marker = call.Args[0].(string)
	return nil, nil
}
