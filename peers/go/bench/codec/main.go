// Measures the codec beside the MessagePack codec of vmihailenco, in turns, on payloads of a folder.
//
// Prints a line of JSON for each payload and direction, with nanoseconds for one value: the least of
// all rounds. Dicts are gd.Dict here and map[string]any there, which is what each decodes to.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"gdproto/gd"
)

const (
	rounds = 25
	sample = 4 * time.Millisecond
)

func main() {
	paths, err := filepath.Glob(filepath.Join(os.Args[1], "*.gd"))
	if err != nil || len(paths) == 0 {
		log.Fatal("no payloads in ", os.Args[1], err)
	}
	out := json.NewEncoder(os.Stdout)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		check(err)
		name := strings.TrimSuffix(filepath.Base(path), ".gd")
		check(compared(out, name, data))
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func compared(out *json.Encoder, name string, data []byte) error {
	value, err := gd.Decode(data)
	if err != nil {
		return err
	}
	theirs := converted(value)
	packed, err := msgpack.Marshal(theirs)
	if err != nil {
		return err
	}
	var again any
	if err := msgpack.Unmarshal(packed, &again); err != nil || !reflect.DeepEqual(widened(again), theirs) {
		return fmt.Errorf("%s: msgpack does not decode what it encoded: %v", name, err)
	}
	encode := measured(
		func() error { _, err := gd.Encode(value); return err },
		func() error { _, err := msgpack.Marshal(theirs); return err },
	)
	decode := measured(
		func() error { _, err := gd.Decode(data); return err },
		func() error { var v any; return msgpack.Unmarshal(packed, &v) },
	)
	for direction, ns := range map[string][2]float64{"encode": encode, "decode": decode} {
		line := map[string]any{"payload": name, "direction": direction, "ours_ns": ns[0], "theirs_ns": ns[1]}
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

// Nanoseconds of each, by the best of rounds in which they take turns.
func measured(ours, theirs func() error) [2]float64 {
	works := [2]func() error{ours, theirs}
	times := [2]int{timesOf(ours), timesOf(theirs)}
	var least [2]float64
	for range rounds {
		for i, work := range works {
			began := time.Now()
			for range times[i] {
				check(work())
			}
			each := float64(time.Since(began).Nanoseconds()) / float64(times[i])
			if least[i] == 0 || each < least[i] {
				least[i] = each
			}
		}
	}
	return least
}

// How many make a sample.
func timesOf(work func() error) int {
	began, times := time.Now(), 0
	for time.Since(began) < sample {
		check(work())
		times++
	}
	return times
}

// A value as programs give it to msgpack.
func converted(value any) any {
	switch v := value.(type) {
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = converted(v[i])
		}
		return items
	case gd.Dict:
		pairs := make(map[string]any, len(v))
		for _, pair := range v {
			pairs[pair.Key] = converted(pair.Value)
		}
		return pairs
	}
	return value
}

// What msgpack decodes, with all of its integers as int64.
func widened(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = widened(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = widened(v[key])
		}
	}
	if held := reflect.ValueOf(value); value != nil && held.CanInt() {
		return held.Int()
	} else if value != nil && held.CanUint() {
		return int64(held.Uint())
	}
	return value
}
