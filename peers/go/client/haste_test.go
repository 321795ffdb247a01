package client

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// A connection whose last call took so long, and whose question was sent so long ago.
func hasty(took, ago time.Duration) *haste {
	return &haste{took: took, began: time.Now().Add(-ago)}
}

func opened(t *testing.T) (reads, writes *os.File) {
	t.Helper()
	reads, writes, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reads.Close(); writes.Close() })
	return reads, writes
}

func TestNothingIsExpectedSoonBeforeTheFirstAnswer(t *testing.T) {
	h := newHaste()
	h.begin()
	if h.looksAgain(-1) {
		t.Error("it keeps its thread")
	}
}

func TestABriefCallLetsTheNextOneKeepItsThreadForAWhile(t *testing.T) {
	reads, writes := opened(t)
	writes.Write([]byte{0})
	for _, one := range []struct {
		took, ago time.Duration
		isBrief   bool
	}{
		{quick - 1, 0, true},
		{brief - 1, 0, true},
		{brief, 0, false},
		{quick - 1, brief, false},
	} {
		isOne := one.isBrief && hasProcessors && (one.took < quick || runtime.GOOS == "linux")
		if hasty(one.took, one.ago).looksAgain(int(reads.Fd())) != isOne {
			t.Errorf("%+v", one)
		}
	}
}

func TestADozeEndsWhenSomethingComes(t *testing.T) {
	reads, writes := opened(t)
	go writes.Write([]byte{0})
	began := time.Now()
	if doze(int(reads.Fd()), time.Minute) != (runtime.GOOS == "linux") {
		t.Error("no other system has it")
	}
	if took := time.Since(began); took > time.Minute/2 {
		t.Error(took)
	}
}
