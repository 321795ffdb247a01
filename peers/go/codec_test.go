// Tests of the generated codec: what is written is read again, and nothing that is read can harm.
package gdproto_test

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"gdproto/gd"
)

const rounds = 3000

func TestAFaultSaysWhereItIs(t *testing.T) {
	for _, one := range []struct {
		fault *gd.ProtocolError
		text  string
	}{
		{&gd.ProtocolError{Code: "a", Offset: 7, Path: "b", Reason: "c"}, "a at b, byte 7: c"},
		{&gd.ProtocolError{Code: "a", Offset: 0, Reason: "c"}, "a, byte 0: c"},
		{&gd.ProtocolError{Code: "a", Offset: gd.NoOffset, Path: "b", Reason: "c"}, "a at b: c"},
	} {
		if text := one.fault.Error(); text != one.text {
			t.Errorf("%q, not %q", text, one.text)
		}
	}
}

// A value of at most so many levels.
func anyValue(r *rand.Rand, levels int) any {
	kinds := 8
	if levels == 0 {
		kinds = 6
	}
	switch r.IntN(kinds) {
	case 0:
		return nil
	case 1:
		return r.IntN(2) == 0
	case 2:
		return int64(r.Uint64() >> r.IntN(64))
	case 3:
		return math.Float64frombits(r.Uint64()&^(0x7ff<<52) | uint64(r.IntN(0x7ff))<<52)
	case 4:
		return []byte(anyText(r))
	case 5:
		return anyText(r)
	case 6:
		return anyList(r, levels-1)
	}
	return anyDict(r, levels-1)
}

func anyText(r *rand.Rand) string {
	letters := []rune("aż色\U0010ffff\x00\"")
	text := make([]rune, r.IntN(40))
	for i := range text {
		text[i] = letters[r.IntN(len(letters))]
	}
	return string(text)
}

func anyList(r *rand.Rand, levels int) []any {
	items := make([]any, r.IntN(20))
	for i := range items {
		items[i] = anyValue(r, levels)
	}
	return items
}

func anyDict(r *rand.Rand, levels int) gd.Dict {
	pairs, seen := gd.Dict{}, map[string]bool{}
	for range r.IntN(40) {
		if key := anyText(r); !seen[key] {
			seen[key] = true
			pairs = append(pairs, gd.Pair{Key: key, Value: anyValue(r, levels)})
		}
	}
	return pairs
}

func anyMessage(r *rand.Rand) gd.Message {
	requestID, count, pattern := r.Uint64(), r.Int64(), anyText(r)
	switch r.IntN(9) {
	case 0:
		return &gd.Request{
			RequestID: requestID, AppPath: anyText(r), Action: anyText(r), Timeout: r.Float64(),
			Priority: r.Int64N(21) - 10, Args: anyList(r, 2), Kwargs: anyDict(r, 2),
		}
	case 1:
		return &gd.Response{RequestID: requestID, Result: anyValue(r, 3)}
	case 2:
		return &gd.Error{RequestID: requestID, ErrorType: anyText(r), Message: anyText(r), Details: anyDict(r, 1)}
	case 3:
		return &gd.Chunk{RequestID: requestID, Data: anyValue(r, 3)}
	case 4:
		return &gd.End{RequestID: requestID}
	case 5:
		return &gd.Stash{
			RequestID: requestID, Op: gd.StashOpKeys, Table: anyText(r), Key: anyValue(r, 0),
			Value: anyValue(r, 2), Pattern: &pattern,
		}
	case 6:
		return &gd.Status{RequestID: requestID}
	case 7:
		return &gd.Manage{RequestID: requestID, Op: gd.ManageOpAdd, Count: &count}
	}
	return &gd.Cancel{RequestID: requestID}
}

func source(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

func TestValuesAreReadAsTheyWereWritten(t *testing.T) {
	r := source(t)
	for range rounds {
		value := anyValue(r, 3)
		data := encoded(t, value)
		got, err := gd.Decode(data)
		if err != nil || !reflect.DeepEqual(got, value) {
			t.Fatalf("%#v became %#v, %v", value, got, err)
		}
	}
}

func TestMessagesAreReadAsTheyWereWritten(t *testing.T) {
	r := source(t)
	for range rounds {
		message := anyMessage(r)
		frame, err := gd.Serialize(message)
		if err != nil {
			t.Fatalf("%#v: %v", message, err)
		}
		got, err := gd.Parse(frame)
		if err != nil || !reflect.DeepEqual(got, message) {
			t.Fatalf("%#v became %#v, %v", message, got, err)
		}
	}
}

func TestWhatIsCutIsTruncated(t *testing.T) {
	r := source(t)
	for range rounds / 100 {
		data := encoded(t, anyValue(r, 2))
		for end := range data {
			_, err := gd.Decode(data[:end])
			if code := codeOf(t, err); code != gd.CodeTruncated {
				t.Fatalf("%x, cut at %d: %v", data, end, err)
			}
		}
	}
}

func TestEveryIntegerOfGoIsWritten(t *testing.T) {
	for _, value := range []any{7, int8(7), int16(7), int32(7), uint(7), uint8(7), uint16(7), uint32(7),
		uint64(7), big.NewInt(7)} {
		if !bytes.Equal(encoded(t, value), encoded(t, int64(7))) {
			t.Errorf("%T is written otherwise", value)
		}
	}
	if !bytes.Equal(encoded(t, float32(0.5)), encoded(t, 0.5)) {
		t.Error("a float32 is written otherwise")
	}
	for _, value := range []any{uint64(math.MaxUint64), new(big.Int).Lsh(big.NewInt(1), 80)} {
		_, err := gd.Encode(value)
		if code := codeOf(t, err); code != gd.CodeIntOutOfRange {
			t.Errorf("%v: %v", value, err)
		}
	}
}

func TestMapsAreWrittenInTheOrderOfTheirKeys(t *testing.T) {
	dict := gd.Dict{{Key: "a", Value: int64(1)}, {Key: "b", Value: nil}}
	for _, held := range []any{map[string]any{"b": nil, "a": 1}, map[any]any{"b": nil, "a": 1}} {
		if !bytes.Equal(encoded(t, held), encoded(t, dict)) {
			t.Errorf("%v is written otherwise", held)
		}
	}
	_, err := gd.Encode(map[any]any{1: "a"})
	if code := codeOf(t, err); code != gd.CodeKeyNotString {
		t.Error(err)
	}
}

func TestWhatContainsItselfIsTooDeep(t *testing.T) {
	list := []any{nil}
	list[0] = list
	_, err := gd.Encode(list)
	if code := codeOf(t, err); code != gd.CodeNestingTooDeep {
		t.Error(err)
	}
}

func TestWhatIsRefusedLeavesWhatWasThere(t *testing.T) {
	before := []byte("before")
	data, err := gd.Append(before, []any{1, struct{}{}})
	if err == nil || string(data) != "before" {
		t.Errorf("%q, %v", data, err)
	}
	data, err = gd.AppendMessage(before, &gd.Chunk{Data: "\xff"})
	if err == nil || string(data) != "before" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestNoMemoryIsReservedForWhatCannotCome(t *testing.T) {
	// Lists in lists that each claim as many items as would fit alone.
	var data []byte
	for range 500 {
		data = append(data, 0x20, 0x00, 0x0f, 0xff, 0x00)
	}
	data = append(data, make([]byte, 1<<20)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := gd.Decode(data)
	runtime.ReadMemStats(&after)
	if code := codeOf(t, err); code != gd.CodeTruncated {
		t.Error(err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("%d bytes for %d", used, len(data))
	}
}

func TestAnEventIsTheSameInAnyPortions(t *testing.T) {
	r := source(t)
	for range rounds / 10 {
		stream := aStream(r)
		whole := events(stream, len(stream))
		if parts := events(stream, 1+r.IntN(40)); !reflect.DeepEqual(parts, whole) {
			t.Fatalf("%x: %v in parts, %v as a whole", stream, parts, whole)
		}
	}
}

func TestWhatComesAfterAFaultIsDropped(t *testing.T) {
	connection := gd.NewConnection(gd.RoleArbiter)
	stream, _ := gd.AppendMessage(nil, &gd.Status{RequestID: 1})
	connection.Receive(append(stream, "no frame, but long enough"...))
	for range 3 {
		connection.Next()
	}
	for range 3 {
		connection.Receive(stream)
		if event := connection.Next(); event != nil {
			t.Errorf("%v after the last event", event)
		}
	}
}

// Frames of a client, some of which are at fault.
func aStream(r *rand.Rand) []byte {
	var stream []byte
	for range 1 + r.IntN(5) {
		stream, _ = gd.AppendMessage(stream, anyMessage(r))
	}
	if r.IntN(2) == 0 {
		stream[r.IntN(len(stream))] ^= 1 << r.IntN(8)
	}
	return stream
}

// What an arbiter makes of a stream that comes by so many bytes.
func events(stream []byte, portion int) []gd.Event {
	connection := gd.NewConnection(gd.RoleArbiter)
	var all []gd.Event
	for len(stream) > 0 {
		size := min(portion, len(stream))
		connection.Receive(stream[:size])
		stream = stream[size:]
		for event := connection.Next(); event != nil; event = connection.Next() {
			all = append(all, event)
		}
	}
	connection.ReceiveEOF()
	for event := connection.Next(); event != nil; event = connection.Next() {
		all = append(all, event)
	}
	return all
}

func TestErrorTypesAreFoundInWhatSpecialisesThem(t *testing.T) {
	for _, one := range []struct {
		found, wanted gd.ErrorType
		is            bool
	}{
		{gd.StashKeyNotFoundError, gd.StashError, true},
		{gd.StashKeyNotFoundError, gd.DirtyError, true},
		{gd.StashError, gd.StashKeyNotFoundError, false},
		{gd.ErrorTypeOf("SomethingNew"), gd.DirtyError, true},
	} {
		if errors.Is(one.found, one.wanted) != one.is {
			t.Errorf("%s is %s: not %t", one.found, one.wanted, one.is)
		}
	}
}

func TestPathsAreCut(t *testing.T) {
	var value any = struct{}{}
	for range 100 {
		value = gd.Dict{{Key: "key", Value: value}}
	}
	_, err := gd.Encode(value)
	var fault *gd.ProtocolError
	if !errors.As(err, &fault) || len([]rune(fault.Path)) != 200 || !strings.HasSuffix(fault.Path, "…") {
		t.Error(err)
	}
}

func encoded(t testing.TB, value any) []byte {
	t.Helper()
	data, err := gd.Encode(value)
	if err != nil {
		t.Fatalf("%#v: %v", value, err)
	}
	return data
}

func codeOf(t testing.TB, err error) gd.Code {
	t.Helper()
	var fault *gd.ProtocolError
	if !errors.As(err, &fault) {
		t.Fatalf("no fault, but %v", err)
	}
	return fault.Code
}
