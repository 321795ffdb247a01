// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
// Code generated from the declaration of GD/1. DO NOT EDIT.

package gd

import (
	"encoding/binary"
	"math"
	"sort"
	"unicode/utf8"
)

// A value is nil, or of one of the types by which it is decoded:
//
//	none    nil     no body
//	bool    bool    1 byte, 00 or 01
//	int64   int64   8 bytes, two's complement
//	float64 float64 8 bytes, IEEE 754, any bit pattern
//	bytes   []byte  u32 length, raw bytes
//	string  string  u32 length, UTF-8
//	list    []any   u32 count, that many values
//	dict    Dict    u32 count, that many pairs of a string value and a value
//
// Encode takes besides the other integers of Go and *big.Int, float32, and as dicts
// map[string]any, whose pairs are written in the order of their keys, and map[any]any, whose
// keys must all be texts.

// Pair is a key of a dict and its value.
type Pair struct {
	Key   string
	Value any
}

// Dict is a dict in its order. No two of its keys are equal.
type Dict []Pair

// Get gives the value of a key, and whether it is there.
func (d Dict) Get(key string) (any, bool) {
	for i := range d {
		if d[i].Key == key {
			return d[i].Value, true
		}
	}
	return nil, false
}

// Decode gives the value that takes all of the bytes. What it gives shares no memory with them.
// Its error is a *ProtocolError.
func Decode(data []byte) (any, error) {
	r := reader{data: data}
	value, err := r.value()
	if err == nil {
		err = r.finish()
	}
	if err != nil {
		return nil, err.told()
	}
	return value, nil
}

// Encode gives the bytes of a value. Its error is a *ProtocolError.
func Encode(value any) ([]byte, error) {
	return Append(nil, value)
}

// Append writes a value behind what there is. Where it refuses, nothing is written.
// Its error is a *ProtocolError.
func Append(data []byte, value any) ([]byte, error) {
	w := writer{buf: data, most: len(data) + maxValueBytes}
	err := w.value(value)
	if err == nil {
		err = w.finish()
	}
	if err != nil {
		return data, err.told()
	}
	return w.buf, nil
}

// --- reading ---

// Reads values, from left to right. It recurses at each list and dict, and so at most MaxDepth
// times.
type reader struct {
	data  []byte
	pos   int
	depth int

	// What the open containers need at least for what has not begun in them.
	owed uint64

	// Keys that were read of late: most dicts have the keys of another.
	recent [recentKeys]string
}

const (
	itemBytes = 1
	pairBytes = 6

	// Dicts of more pairs have their keys in a set.
	fewPairs = 16

	// A power of two.
	recentKeys = 32
)

func (r *reader) finish() *ProtocolError {
	if r.pos < len(r.data) {
		return fault(CodeTrailingData, r.pos, "bytes follow the value")
	}
	return nil
}

func (r *reader) truncated() *ProtocolError {
	return fault(CodeTruncated, len(r.data), "the bytes end inside of a value")
}

// The next bytes, which were promised.
func (r *reader) take(count int) ([]byte, *ProtocolError) {
	if len(r.data)-r.pos < count {
		return nil, r.truncated()
	}
	r.pos += count
	return r.data[r.pos-count : r.pos], nil
}

func number(body []byte) uint64 {
	switch len(body) {
	case 1:
		return uint64(body[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(body))
	case 4:
		return uint64(binary.BigEndian.Uint32(body))
	}
	return binary.BigEndian.Uint64(body)
}

// A length or a count of so many bytes: within its limit, and such that it can fit.
func (r *reader) size(width int, most uint64, code Code, unit uint64) (int, *ProtocolError) {
	at := r.pos
	body, err := r.take(width)
	if err != nil {
		return 0, err
	}
	size := number(body)
	if size > most {
		return 0, fault(code, at, "the size is above its limit")
	}
	if size*unit+r.owed > uint64(len(r.data)-r.pos) {
		return 0, fault(CodeTruncated, at, "the size cannot fit into what remains")
	}
	return int(size), nil
}

// The bytes behind a length.
func (r *reader) blob(width int, most uint64, code Code) ([]byte, *ProtocolError) {
	size, err := r.size(width, most, code, 1)
	if err != nil {
		return nil, err
	}
	return r.take(size)
}

// The UTF-8 behind a length.
func (r *reader) text(width int, most uint64, code Code) ([]byte, *ProtocolError) {
	body, err := r.blob(width, most, code)
	if err == nil && !utf8.Valid(body) {
		err = fault(CodeInvalidUTF8, r.pos-len(body), "the bytes are no UTF-8")
	}
	return body, err
}

// The count of a container whose type byte is at start; the container is open then.
func (r *reader) open(
	start, width int, most uint64, code Code, unit uint64,
) (int, *ProtocolError) {
	if r.depth == MaxDepth {
		return 0, fault(CodeNestingTooDeep, start, "too many lists and dicts are open")
	}
	count, err := r.size(width, most, code, unit)
	if err != nil {
		return 0, err
	}
	r.depth++
	r.owed += uint64(count) * unit
	return count, nil
}

func (r *reader) value() (any, *ProtocolError) {
	start := r.pos
	if start >= len(r.data) {
		return nil, r.truncated()
	}
	r.pos++
	switch r.data[start] {
	case 0x00:
		return nil, nil
	case 0x01:
		body, err := r.take(1)
		if err != nil {
			return nil, err
		}
		switch number(body) {
		case 0:
			return false, nil
		case 1:
			return true, nil
		}
		return nil, fault(CodeInvalidBool, r.pos-1, "it stands for nothing")
	case 0x05:
		body, err := r.take(8)
		if err != nil {
			return nil, err
		}
		return int64(binary.BigEndian.Uint64(body)), nil
	case 0x06:
		body, err := r.take(8)
		if err != nil {
			return nil, err
		}
		return math.Float64frombits(binary.BigEndian.Uint64(body)), nil
	case 0x10:
		body, err := r.blob(4, MaxBlobBytes, CodeLengthTooLarge)
		if err != nil {
			return nil, err
		}
		return append([]byte{}, body...), nil
	case 0x11:
		body, err := r.text(4, MaxBlobBytes, CodeLengthTooLarge)
		if err != nil {
			return nil, err
		}
		return string(body), nil
	case 0x20:
		count, err := r.open(start, 4, MaxItems, CodeTooManyItems, itemBytes)
		if err != nil {
			return nil, err
		}
		list, err := r.list(count)
		if err != nil {
			return nil, err
		}
		return list, nil
	case 0x21:
		count, err := r.open(start, 4, MaxItems, CodeTooManyItems, pairBytes)
		if err != nil {
			return nil, err
		}
		dict, err := r.dict(count)
		if err != nil {
			return nil, err
		}
		return dict, nil
	}
	return nil, fault(CodeUnknownTLVType, start, "no type has this code")
}

func (r *reader) list(count int) ([]any, *ProtocolError) {
	items := make([]any, count)
	for i := range items {
		r.owed -= itemBytes
		item, err := r.value()
		if err != nil {
			return nil, err.inItem(i)
		}
		items[i] = item
	}
	r.depth--
	return items, nil
}

func (r *reader) dict(count int) (Dict, *ProtocolError) {
	pairs := make(Dict, count)
	var seen map[string]struct{}
	for i := range pairs {
		key, err := r.key(pairs[:i], &seen)
		if err != nil {
			return nil, err
		}
		value, err := r.value()
		if err != nil {
			return nil, err.inKey(key)
		}
		pairs[i] = Pair{key, value}
	}
	r.depth--
	return pairs, nil
}

// The key of the next pair, which none of the pairs before has.
func (r *reader) key(before Dict, seen *map[string]struct{}) (string, *ProtocolError) {
	r.owed -= pairBytes
	start := r.pos
	if start >= len(r.data) {
		return "", r.truncated()
	}
	if r.data[start] != 0x11 {
		return "", r.notText(start)
	}
	r.pos++
	body, err := r.text(4, MaxBlobBytes, CodeLengthTooLarge)
	if err != nil {
		return "", err
	}
	key := r.kept(body)
	if isAmong(before, seen, key) {
		return "", fault(CodeDuplicateKey, start, "the dict has the key already").inKey(key)
	}
	return key, nil
}

func (r *reader) notText(start int) *ProtocolError {
	switch r.data[start] {
	case 0x00, 0x01, 0x05, 0x06, 0x10, 0x11, 0x20, 0x21:
		return fault(CodeKeyNotString, start, "a key is no text")
	}
	return fault(CodeUnknownTLVType, start, "no type has this code")
}

// The text of a key, which is made once where it comes again soon.
func (r *reader) kept(body []byte) string {
	if len(body) == 0 || len(body) > 32 {
		return string(body)
	}
	place := &r.recent[(len(body)*7^int(body[0])^int(body[len(body)-1])<<2)%recentKeys]
	if *place != string(body) {
		*place = string(body)
	}
	return *place
}

func isAmong(before Dict, seen *map[string]struct{}, key string) bool {
	if len(before) < fewPairs {
		for i := range before {
			if before[i].Key == key {
				return true
			}
		}
		return false
	}
	if *seen == nil {
		*seen = make(map[string]struct{}, cap(before))
		for i := range before {
			(*seen)[before[i].Key] = struct{}{}
		}
	}
	if _, is := (*seen)[key]; is {
		return true
	}
	(*seen)[key] = struct{}{}
	return false
}

// --- writing ---

// Writes values. What contains itself is too deep at last, so it recurses at most MaxDepth
// times.
type writer struct {
	buf   []byte
	depth int

	// How long the buffer may become, and the fault of one that is longer.
	most int
}

func (w *writer) finish() *ProtocolError {
	if len(w.buf) > w.most {
		return fault(CodePayloadTooLarge, NoOffset, "it takes too many bytes")
	}
	return nil
}

func (w *writer) value(value any) *ProtocolError {
	switch v := value.(type) {
	case nil:
		w.buf = append(w.buf, 0x00)
		return nil
	case bool:
		if v {
			w.buf = append(w.buf, 0x01, 1)
		} else {
			w.buf = append(w.buf, 0x01, 0)
		}
		return nil
	case string:
		return w.text(v)
	case int64:
		return w.integer(v)
	case float64:
		w.buf = binary.BigEndian.AppendUint64(append(w.buf, 0x06), math.Float64bits(v))
		return nil
	case []byte:
		return w.blob(v)
	case []any:
		return w.list(v)
	case Dict:
		return w.dict(v)
	case uint64:
		return w.unsigned(v)
	}
	common := plain(value)
	if kindOf(common) == 0 {
		return fault(CodeUnsupportedType, NoOffset, "a value of this type has no encoding")
	}
	if _, is := common.(bigInteger); is {
		return outOfRange()
	}
	if pairs, is := common.(map[any]any); is {
		return w.mapping(pairs)
	}
	return w.value(common)
}

func outOfRange() *ProtocolError {
	return fault(CodeIntOutOfRange, NoOffset, "no type holds this integer")
}

func (w *writer) integer(v int64) *ProtocolError {
	w.buf = binary.BigEndian.AppendUint64(append(w.buf, 0x05), uint64(v))
	return nil
}

func (w *writer) unsigned(v uint64) *ProtocolError {
	if v <= math.MaxInt64 {
		return w.integer(int64(v))
	}
	return outOfRange()
}

func (w *writer) text(v string) *ProtocolError {
	if !utf8.ValidString(v) {
		return fault(CodeInvalidText, NoOffset, "a text is no UTF-8")
	}
	if len(v) > MaxBlobBytes {
		return fault(CodeLengthTooLarge, NoOffset, "a text is too long")
	}
	if err := w.fit(len(v)); err != nil {
		return err
	}
	w.buf = binary.BigEndian.AppendUint32(append(w.buf, 0x11), uint32(len(v)))
	w.buf = append(w.buf, v...)
	return nil
}

func (w *writer) blob(v []byte) *ProtocolError {
	if len(v) > MaxBlobBytes {
		return fault(CodeLengthTooLarge, NoOffset, "a bytes value is too long")
	}
	if err := w.fit(len(v)); err != nil {
		return err
	}
	w.buf = binary.BigEndian.AppendUint32(append(w.buf, 0x10), uint32(len(v)))
	w.buf = append(w.buf, v...)
	return nil
}

// Whether so many bytes more are too many.
func (w *writer) fit(size int) *ProtocolError {
	if len(w.buf)+size > w.most {
		return fault(CodePayloadTooLarge, NoOffset, "it takes too many bytes")
	}
	return nil
}

func (w *writer) open(size, most int, code Code) *ProtocolError {
	if w.depth == MaxDepth {
		return fault(CodeNestingTooDeep, NoOffset, "too many lists and dicts are open")
	}
	if size > most {
		return fault(code, NoOffset, "a list or dict has too many items")
	}
	w.depth++
	return w.fit(size)
}

func (w *writer) list(items []any) *ProtocolError {
	if err := w.open(len(items), MaxItems, CodeTooManyItems); err != nil {
		return err
	}
	w.buf = binary.BigEndian.AppendUint32(append(w.buf, 0x20), uint32(len(items)))
	for i := range items {
		if err := w.value(items[i]); err != nil {
			return err.inItem(i)
		}
	}
	w.depth--
	return nil
}

func (w *writer) dict(pairs Dict) *ProtocolError {
	if err := w.open(len(pairs), MaxItems, CodeTooManyItems); err != nil {
		return err
	}
	w.buf = binary.BigEndian.AppendUint32(append(w.buf, 0x21), uint32(len(pairs)))
	var seen map[string]struct{}
	for i := range pairs {
		key := pairs[i].Key
		if isAmong(pairs[:i], &seen, key) {
			return fault(CodeDuplicateKey, NoOffset, "two keys are equal").inKey(key)
		}
		if err := w.text(key); err != nil {
			return err
		}
		if err := w.value(pairs[i].Value); err != nil {
			return err.inKey(key)
		}
	}
	w.depth--
	return nil
}

// A map with keys of any type: the pairs before the first key that is no text are judged.
func (w *writer) mapping(held map[any]any) *ProtocolError {
	pairs := make(map[string]any, len(held))
	for key, value := range held {
		if text, is := key.(string); is {
			pairs[text] = value
		}
	}
	if err := w.open(len(held), MaxItems, CodeTooManyItems); err != nil {
		return err
	}
	w.depth--
	if len(pairs) < len(held) {
		return fault(CodeKeyNotString, NoOffset, "a key is no text")
	}
	return w.dict(inOrder(pairs))
}

func inOrder(held map[string]any) Dict {
	pairs := make(Dict, 0, len(held))
	for key, value := range held {
		pairs = append(pairs, Pair{key, value})
	}
	sort.Slice(pairs, func(i, j int) bool { return pairs[i].Key < pairs[j].Key })
	return pairs
}

// --- kinds ---

// A set of kinds of values.
type kinds uint8

const (
	ofNone kinds = 1 << iota
	ofBool
	ofInteger
	ofFloat
	ofBytes
	ofString
	ofList
	ofDict
)

// The kind of a value; none of them where it has no encoding.
func kindOf(value any) kinds {
	switch value.(type) {
	case nil:
		return ofNone
	case bool:
		return ofBool
	case int64, uint64, bigInteger:
		return ofInteger
	case float64:
		return ofFloat
	case []byte:
		return ofBytes
	case string:
		return ofString
	case []any:
		return ofList
	case Dict, map[any]any:
		return ofDict
	}
	return 0
}

// What *big.Int is.
type bigInteger interface {
	IsInt64() bool
	Int64() int64
	Sign() int
}

type largeInteger interface {
	IsUint64() bool
	Uint64() uint64
}

// The value as decoding would give it; of another type it is given back.
func plain(value any) any {
	switch v := value.(type) {
	case int:
		return int64(v)
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case uint8:
		return int64(v)
	case uint16:
		return int64(v)
	case uint32:
		return int64(v)
	case uint:
		return uint64(v)
	case float32:
		return float64(v)
	case map[string]any:
		return inOrder(v)
	case bigInteger:
		if v.IsInt64() {
			return v.Int64()
		}
		if large, is := value.(largeInteger); is && large.IsUint64() {
			return large.Uint64()
		}
	}
	return value
}
