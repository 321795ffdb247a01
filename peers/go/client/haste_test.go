package client

import (
	"os"
	"runtime"
	"testing"
	"time"
)

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
	h, now := newHaste(), time.Now()
	h.begin(now)
	if h.looksAgain(-1, now) {
		t.Error("it keeps its thread")
	}
}

func TestABriefCallLetsTheNextOneKeepItsThreadForAWhile(t *testing.T) {
	reads, writes := opened(t)
	writes.Write([]byte{0})
	for _, one := range []struct {
		took, after time.Duration
		isBrief     bool
	}{
		{quick - 1, 0, true},
		{brief - 1, 0, true},
		{brief, 0, false},
		{quick - 1, brief, false},
	} {
		h, now := newHaste(), time.Now()
		h.begin(now)
		h.end(now.Add(one.took))
		h.begin(now)
		isOne := one.isBrief && hasProcessors && (one.took < quick || runtime.GOOS == "linux")
		if h.looksAgain(int(reads.Fd()), now.Add(one.after)) != isOne {
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
