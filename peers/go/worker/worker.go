// Package worker serves apps to an arbiter of GD/1, on the lanes that it has inherited.
//
// A program is a worker by its main function:
//
//	func main() { worker.Main(worker.Apps{"shop:Prices": newPrices}) }
//
// An arbiter starts it, and tells it by its environment what to serve and where. Calls of several
// lanes run side by side, so an app guards what it keeps.
package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"gdproto/gd"
)

// Exit statuses of a worker.
const (
	ended       = 0
	atFault     = 1
	bootFailed  = 3
	arbiterGone = 4
)

// Call is what a caller asks for.
type Call struct {
	AppPath string
	Action  string
	Args    []any
	Kwargs  gd.Dict

	// Trace is what the caller takes part in, as headers of HTTP would tell it; nil for none.
	Trace gd.Dict
}

// Action is what a caller can call. Its context ends when the caller gives up. An iter.Seq[any], or
// an iter.Seq2[any, error], that it gives is streamed, and not read on when the caller gives up. An
// error is told to the caller as a DirtyAppError, and so is a panic.
type Action func(ctx context.Context, call *Call) (any, error)

// App has actions by their names. One that is an io.Closer is closed before the worker ends.
type App interface {
	Actions() map[string]Action
}

// Apps makes each app by its path. A worker makes those that its arbiter names, and is ready then.
type Apps map[string]func() (App, error)

// Main serves until the arbiter lets go of the worker, and ends the process.
func Main(apps Apps) {
	// An arbiter says by its lanes when a worker is to end; a terminal's Ctrl-C reaches every process.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM)
	lanes, err := lanesOf(os.Getenv("GD_WORKER_FDS"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "GD_WORKER_FDS:", err)
		os.Exit(atFault)
	}
	os.Exit(serve(lanes, booted(apps, os.Getenv("GD_WORKER_APPS"))))
}

// The lanes by the numbers of their descriptors, which no program inherits that the worker starts.
func lanesOf(numbers string) ([]*os.File, error) {
	var lanes []*os.File
	for _, number := range strings.Split(numbers, ",") {
		fd, err := strconv.Atoi(number)
		if err != nil {
			return nil, err
		}
		syscall.CloseOnExec(fd)
		if err := syscall.SetNonblock(fd, true); err != nil {
			return nil, fmt.Errorf("%d: %w", fd, err)
		}
		lanes = append(lanes, os.NewFile(uintptr(fd), "lane "+number))
	}
	return lanes, nil
}

// What a worker serves, or why it serves nothing.
type served struct {
	paths   []string
	apps    map[string]App
	actions map[string]map[string]Action
	failure *gd.Error
}

// Makes the apps that the arbiter names.
func booted(apps Apps, named string) *served {
	s := &served{apps: map[string]App{}, actions: map[string]map[string]Action{}}
	if err := json.Unmarshal([]byte(named), &s.paths); err != nil {
		s.failure = failure(gd.DirtyError, "GD_WORKER_APPS: "+err.Error(), nil)
		return s
	}
	for _, path := range s.paths {
		details := gd.Dict{{Key: "app_path", Value: path}}
		if apps[path] == nil {
			s.failure = failure(gd.DirtyAppNotFoundError, "there is no app "+path, details)
			return s
		}
		app, err := made(apps[path])
		if err != nil {
			s.failure = failure(gd.DirtyAppError, err.Error(), details)
			return s
		}
		s.apps[path], s.actions[path] = app, app.Actions()
	}
	return s
}

func made(make func() (App, error)) (app App, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%v", problem)
		}
	}()
	return make()
}

// Serves on all lanes until they have ended. Returns the exit status.
func serve(lanes []*os.File, s *served) int {
	statuses := make(chan int, len(lanes))
	for _, file := range lanes {
		go func() { statuses <- newLane(file, s).serve() }()
	}
	for range lanes {
		if status := <-statuses; status != ended {
			return status
		}
	}
	if s.failure != nil {
		return bootFailed
	}
	return s.close()
}

func (s *served) close() int {
	for path, app := range s.apps {
		closer, is := app.(io.Closer)
		if !is {
			continue
		}
		if err := closer.Close(); err != nil {
			fmt.Fprintln(os.Stderr, path+":", err)
		}
	}
	return ended
}

// What a worker says of itself.
func (s *served) status() gd.Dict {
	paths := make([]any, len(s.paths))
	for i, path := range s.paths {
		paths[i] = path
	}
	return gd.Dict{
		{Key: "pid", Value: os.Getpid()},
		{Key: "apps", Value: paths},
		{Key: "version", Value: strconv.Itoa(gd.Version)},
		{Key: "extensions", Value: []any{gd.TypeCancel.Extension()}},
	}
}

// The action that a caller may call; a nil one where there is none.
func (s *served) action(request *gd.Request) (Action, error) {
	actions, isServed := s.actions[request.AppPath]
	if !isServed {
		reason := "this worker does not serve " + request.AppPath
		return nil, &refusal{gd.DirtyAppNotFoundError, reason}
	}
	action := actions[request.Action]
	if action == nil || strings.HasPrefix(request.Action, "_") {
		reason := request.AppPath + " has no action " + request.Action
		return nil, &refusal{gd.DirtyAppError, reason}
	}
	return action, nil
}
