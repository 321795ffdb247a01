package client

import (
	"runtime"
	"time"
)

// To wake a thread takes longer than a small call does, and to wake a goroutine wakes several. So an
// answer that is expected soon is waited for on the caller's thread, and at first awake. An arbiter
// that has many calls at once answers none of them soon: few keep their threads at a time.
const (
	// A call as quick as this lets the next one be looked for awake, for at most so long.
	quick = 200 * time.Microsecond
	awake = 100 * time.Microsecond
	// A call as brief as this lets the next one keep its thread, for at most so long.
	brief = 400 * time.Microsecond
)

// Where there is one processor, who keeps it keeps it from all others.
var hasProcessors = min(runtime.NumCPU(), runtime.GOMAXPROCS(0)) > 1

// How the answer is waited for on a connection. At first, nothing is expected soon.
type haste struct {
	began time.Time
	took  time.Duration
}

func newHaste() haste { return haste{took: brief} }

// A question is about to be sent.
func (h *haste) begin(now time.Time) { h.began = now }

// The answer has begun to come.
func (h *haste) end(now time.Time) { h.took = now.Sub(h.began) }

// Whether to look once more for what comes on a descriptor, rather than to be parked.
func (h *haste) looksAgain(fd int, now time.Time) bool {
	if h.took >= brief || !hasProcessors {
		return false
	}
	spent := now.Sub(h.began)
	if h.took < quick && spent < awake {
		return true
	}
	return spent < brief && doze(fd, brief-spent)
}
