package gdproto_test

import (
	"bytes"
	"testing"

	"gdproto/gd"
)

// Nothing that is decoded panics, and what is decoded is encoded by the same bytes.
func FuzzDecode(f *testing.F) {
	r := source(f)
	for range 50 {
		f.Add(encoded(f, anyValue(r, 3)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := gd.Decode(data)
		if err != nil {
			codeOf(t, err)
			return
		}
		if again := encoded(t, value); !bytes.Equal(again, data) {
			t.Errorf("%x became %x", data, again)
		}
	})
}

// Nothing that is parsed panics, and what is parsed comes again from what it is written by.
func FuzzParse(f *testing.F) {
	r := source(f)
	for range 50 {
		frame, err := gd.Serialize(anyMessage(r))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		message, err := gd.Parse(frame)
		if err != nil {
			codeOf(t, err)
			return
		}
		written, err := gd.Serialize(message)
		if err != nil {
			t.Fatalf("%x cannot be written again: %v", frame, err)
		}
		again, err := gd.Parse(written)
		if err != nil {
			t.Fatalf("%x became %x: %v", frame, written, err)
		}
		if twice, err := gd.Serialize(again); err != nil || !bytes.Equal(twice, written) {
			t.Errorf("%x became %x, then %x, %v", frame, written, twice, err)
		}
	})
}

// Whatever comes in whatever portions, the events are the same.
func FuzzConnection(f *testing.F) {
	r := source(f)
	for range 50 {
		f.Add(aStream(r), uint8(r.IntN(256)))
	}
	f.Fuzz(func(t *testing.T, stream []byte, portion uint8) {
		whole, parts := events(stream, len(stream)), events(stream, 1+int(portion))
		if len(whole) != len(parts) {
			t.Errorf("%d events as a whole, %d in parts", len(whole), len(parts))
		}
		for i := range whole {
			if (gd.Closed{}) == whole[i] && i < len(whole)-1 {
				t.Error("something follows the end")
			}
		}
	})
}
