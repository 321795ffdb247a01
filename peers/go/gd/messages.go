// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
// Code generated from the declaration of GD/1. DO NOT EDIT.

package gd

import (
	"math"
	"strconv"
)

// MessageType is the code of a message.
type MessageType uint8

// The messages' codes.
const (
	TypeRequest  MessageType = 0x01
	TypeResponse MessageType = 0x02
	TypeError    MessageType = 0x03
	TypeChunk    MessageType = 0x04
	TypeEnd      MessageType = 0x05
	TypeStash    MessageType = 0x10
	TypeStatus   MessageType = 0x11
	TypeManage   MessageType = 0x12
	TypeCancel   MessageType = 0x80
	TypePause    MessageType = 0x81
	TypeResume   MessageType = 0x82
)

// String gives the name of the message.
func (t MessageType) String() string {
	switch t {
	case TypeRequest:
		return "REQUEST"
	case TypeResponse:
		return "RESPONSE"
	case TypeError:
		return "ERROR"
	case TypeChunk:
		return "CHUNK"
	case TypeEnd:
		return "END"
	case TypeStash:
		return "STASH"
	case TypeStatus:
		return "STATUS"
	case TypeManage:
		return "MANAGE"
	case TypeCancel:
		return "CANCEL"
	case TypePause:
		return "PAUSE"
	case TypeResume:
		return "RESUME"
	}
	return "MessageType(" + strconv.Itoa(int(t)) + ")"
}

func (t MessageType) isKnown() bool {
	return t.blank(0) != nil
}

func (t MessageType) hasPayload() bool {
	switch t {
	case TypeEnd, TypeStatus, TypeCancel, TypePause, TypeResume:
		return false
	}
	return true
}

// Extension is the name under which a peer lists that it takes this message; empty for one that
// every peer takes.
func (t MessageType) Extension() string {
	switch t {
	case TypeCancel:
		return "cancel"
	case TypePause:
		return "flow"
	case TypeResume:
		return "flow"
	}
	return ""
}

// StashOp is an operation of STASH.
type StashOp int64

// The operations of STASH.
const (
	StashOpPut         StashOp = 1
	StashOpGet         StashOp = 2
	StashOpDelete      StashOp = 3
	StashOpKeys        StashOp = 4
	StashOpClear       StashOp = 5
	StashOpInfo        StashOp = 6
	StashOpEnsure      StashOp = 7
	StashOpDeleteTable StashOp = 8
	StashOpTables      StashOp = 9
	StashOpExists      StashOp = 10
	StashOpPutIfAbsent StashOp = 11
	StashOpPop         StashOp = 12
	StashOpIncr        StashOp = 13
	StashOpTouch       StashOp = 14
	StashOpTtl         StashOp = 15
	StashOpEntry       StashOp = 16
	StashOpSwap        StashOp = 17
	StashOpGetMany     StashOp = 18
	StashOpPutMany     StashOp = 19
	StashOpPage        StashOp = 20
	StashOpPushLeft    StashOp = 21
	StashOpPushRight   StashOp = 22
	StashOpPopLeft     StashOp = 23
	StashOpPopRight    StashOp = 24
	StashOpLength      StashOp = 25
	StashOpChanges     StashOp = 26
)

// ManageOp is an operation of MANAGE.
type ManageOp int64

// The operations of MANAGE.
const (
	ManageOpAdd     ManageOp = 1
	ManageOpRemove  ManageOp = 2
	ManageOpReload  ManageOp = 3
	ManageOpSet     ManageOp = 4
	ManageOpCalls   ManageOp = 5
	ManageOpStacks  ManageOp = 6
	ManageOpKill    ManageOp = 7
	ManageOpRecycle ManageOp = 8
)

// Message is one of the messages: a pointer to a struct of this package.
type Message interface {
	// MessageType is the message's code.
	MessageType() MessageType

	// ExchangeID is the request id, which all frames of an exchange have.
	ExchangeID() uint64

	// Takes the fields from slots that were judged.
	take(slots []slot)

	// Judges the fields.
	judge() *ProtocolError

	// Writes the payload of fields that were judged.
	write(w *writer) *ProtocolError
}

// New gives a message of this type, without fields; nil where there is no such type.
func New(t MessageType, requestID uint64) Message { return t.blank(requestID) }

// Parse gives the message of one whole frame. Its error is a *ProtocolError.
func Parse(frame []byte) (Message, error) {
	header, err := parseHeader(frame)
	if err == nil {
		err = header.checkPresence()
	}
	if err == nil && len(frame) < HeaderBytes+header.Length {
		err = fatal(CodeTruncated, len(frame), header.RequestID, "the payload is not whole")
	}
	if err == nil && len(frame) > HeaderBytes+header.Length {
		err = fault(CodeTrailingData, HeaderBytes+header.Length, "bytes follow the frame")
	}
	var message Message
	if err == nil {
		message, err = parsePayload(header, frame)
	}
	if err != nil {
		err.RequestID = header.RequestID
		return nil, err.told()
	}
	return message, nil
}

// The message of a judged header and the frame's bytes.
func parsePayload(header Header, frame []byte) (Message, *ProtocolError) {
	message := header.Type.blank(header.RequestID)
	if !header.Type.hasPayload() {
		return message, nil
	}
	r := reader{data: frame, pos: HeaderBytes}
	payload, err := r.slot(header.Type.fields())
	if err == nil {
		err = r.finish()
	}
	if err == nil && kindOf(payload.value) != ofDict {
		err = fault(CodePayloadNotDict, payload.at, "a payload is a dict")
	}
	if err == nil {
		err = judgeAll(header.Type.fields(), payload)
	}
	if err != nil {
		return nil, err
	}
	message.take(payload.inner)
	return message, nil
}

// Serialize gives the frame of a message. Its error is a *ProtocolError.
func Serialize(message Message) ([]byte, error) {
	return AppendMessage(nil, message)
}

// AppendMessage writes the frame of a message behind what there is. Where it refuses, nothing
// is written. Its error is a *ProtocolError.
func AppendMessage(data []byte, message Message) ([]byte, error) {
	frame, err := appendMessage(data, message)
	if err != nil {
		err.RequestID = message.ExchangeID()
		return data, err.told()
	}
	return frame, nil
}

func appendMessage(data []byte, message Message) ([]byte, *ProtocolError) {
	if err := message.judge(); err != nil {
		return nil, err
	}
	header := Header{Type: message.MessageType(), RequestID: message.ExchangeID()}
	start := len(data) + HeaderBytes
	w := writer{buf: header.Append(data), most: start + MaxPayloadBytes}
	if err := message.write(&w); err != nil {
		return nil, err
	}
	if err := w.finish(); err != nil {
		return nil, err
	}
	header.Length = len(w.buf) - start
	header.Append(w.buf[:len(data)])
	return w.buf, nil
}

// Request is REQUEST. Call an action of an app.
type Request struct {
	// RequestID is that of the exchange.
	RequestID uint64

	// AppPath: the app, as module:Class.
	AppPath string `gd:"app_path"`

	// Action: what to call on it.
	Action string `gd:"action"`

	// Timeout: seconds from arrival at the arbiter, queueing included: float or integer; nil for
	// none.
	Timeout any `gd:"timeout,none"`

	// Priority: 0 is usual; of requests that wait, the higher goes first.
	Priority int64 `gd:"priority,optional"`

	// Trace: the trace that the caller takes part in, as headers of HTTP would tell it; nil for
	// none.
	Trace Dict `gd:"trace,none"`

	// Extensions: the extensions that the caller takes in the answer; nil for none.
	Extensions []any `gd:"extensions,none"`

	// Args: positional arguments; nil for an empty one.
	Args []any `gd:"args,optional"`

	// Kwargs: keyword arguments; nil for an empty one.
	Kwargs Dict `gd:"kwargs,optional"`
}

// MessageType is TypeRequest.
func (m *Request) MessageType() MessageType { return TypeRequest }

// ExchangeID is the request id.
func (m *Request) ExchangeID() uint64 { return m.RequestID }

func (m *Request) take(slots []slot) {
	m.AppPath = slots[0].value.(string)
	m.Action = slots[1].value.(string)
	m.Timeout = slots[2].value
	m.Priority = given(slots[3].value, int64(0))
	m.Trace = given[Dict](slots[4].value, nil)
	m.Extensions = given[[]any](slots[5].value, nil)
	m.Args = given[[]any](slots[6].value, nil)
	m.Kwargs = given[Dict](slots[7].value, nil)
}

func (m *Request) judge() *ProtocolError {
	if m.Timeout != nil {
		if err := fieldsOfRequest[2].judge(m.Timeout); err != nil {
			return err
		}
	}
	if err := fieldsOfRequest[3].judge(m.Priority); err != nil {
		return err
	}
	return nil
}

func (m *Request) write(w *writer) *ProtocolError {
	w.depth++
	w.buf = append(w.buf, "!\x00\x00\x00\x04"...)
	count := len(w.buf) - 1
	if m.Timeout != nil {
		w.buf[count]++
	}
	if m.Priority != int64(0) {
		w.buf[count]++
	}
	if m.Trace != nil {
		w.buf[count]++
	}
	if m.Extensions != nil {
		w.buf[count]++
	}
	w.buf = append(w.buf, "\x11\x00\x00\x00\x08app_path"...)
	if err := w.text(m.AppPath); err != nil {
		return err.inKey("app_path")
	}
	w.buf = append(w.buf, "\x11\x00\x00\x00\x06action"...)
	if err := w.text(m.Action); err != nil {
		return err.inKey("action")
	}
	if m.Timeout != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x07timeout"...)
		if err := w.value(m.Timeout); err != nil {
			return err.inKey("timeout")
		}
	}
	if m.Priority != int64(0) {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x08priority"...)
		if err := w.integer(m.Priority); err != nil {
			return err.inKey("priority")
		}
	}
	if m.Trace != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x05trace"...)
		if err := w.dict(m.Trace); err != nil {
			return err.inKey("trace")
		}
	}
	if m.Extensions != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x0aextensions"...)
		if err := w.list(m.Extensions); err != nil {
			return err.inKey("extensions")
		}
	}
	w.buf = append(w.buf, "\x11\x00\x00\x00\x04args"...)
	if err := w.list(m.Args); err != nil {
		return err.inKey("args")
	}
	w.buf = append(w.buf, "\x11\x00\x00\x00\x06kwargs"...)
	if err := w.dict(m.Kwargs); err != nil {
		return err.inKey("kwargs")
	}
	w.depth--
	return nil
}

// Response is RESPONSE. The result of an exchange.
type Response struct {
	// RequestID is that of the exchange.
	RequestID uint64

	// Result: the result.
	Result any `gd:"result"`
}

// MessageType is TypeResponse.
func (m *Response) MessageType() MessageType { return TypeResponse }

// ExchangeID is the request id.
func (m *Response) ExchangeID() uint64 { return m.RequestID }

func (m *Response) take(slots []slot) {
	m.Result = slots[0].value
}

func (m *Response) judge() *ProtocolError {
	return nil
}

func (m *Response) write(w *writer) *ProtocolError {
	w.depth++
	w.buf = append(w.buf, "!\x00\x00\x00\x01"...)
	w.buf = append(w.buf, "\x11\x00\x00\x00\x06result"...)
	if err := w.value(m.Result); err != nil {
		return err.inKey("result")
	}
	w.depth--
	return nil
}

// Error is ERROR. The failure of an exchange, or with id 0 of the connection.
type Error struct {
	// RequestID is that of the exchange.
	RequestID uint64

	// ErrorType: a name from the table of error types.
	ErrorType string `gd:"error_type"`

	// Message: one line for a person.
	Message string `gd:"message"`

	// Details: facts by name; nil for an empty one.
	Details Dict `gd:"details,optional"`
}

// MessageType is TypeError.
func (m *Error) MessageType() MessageType { return TypeError }

// ExchangeID is the request id.
func (m *Error) ExchangeID() uint64 { return m.RequestID }

func (m *Error) take(slots []slot) {
	m.ErrorType = slots[0].inner[0].value.(string)
	m.Message = slots[0].inner[1].value.(string)
	m.Details = given[Dict](slots[0].inner[2].value, nil)
}

func (m *Error) judge() *ProtocolError {
	return nil
}

func (m *Error) write(w *writer) *ProtocolError {
	w.depth++
	w.buf = append(w.buf, "!\x00\x00\x00\x01"...)
	w.buf = append(w.buf, "\x11\x00\x00\x00\x05error"...)
	w.depth++
	w.buf = append(w.buf, "!\x00\x00\x00\x03"...)
	w.buf = append(w.buf, "\x11\x00\x00\x00\x0aerror_type"...)
	if err := w.text(m.ErrorType); err != nil {
		return err.inKey("error_type").inKey("error")
	}
	w.buf = append(w.buf, "\x11\x00\x00\x00\x07message"...)
	if err := w.text(m.Message); err != nil {
		return err.inKey("message").inKey("error")
	}
	w.buf = append(w.buf, "\x11\x00\x00\x00\x07details"...)
	if err := w.dict(m.Details); err != nil {
		return err.inKey("details").inKey("error")
	}
	w.depth--
	w.depth--
	return nil
}

// Chunk is CHUNK. A piece of a stream.
type Chunk struct {
	// RequestID is that of the exchange.
	RequestID uint64

	// Data: one piece.
	Data any `gd:"data"`
}

// MessageType is TypeChunk.
func (m *Chunk) MessageType() MessageType { return TypeChunk }

// ExchangeID is the request id.
func (m *Chunk) ExchangeID() uint64 { return m.RequestID }

func (m *Chunk) take(slots []slot) {
	m.Data = slots[0].value
}

func (m *Chunk) judge() *ProtocolError {
	return nil
}

func (m *Chunk) write(w *writer) *ProtocolError {
	w.depth++
	w.buf = append(w.buf, "!\x00\x00\x00\x01"...)
	w.buf = append(w.buf, "\x11\x00\x00\x00\x04data"...)
	if err := w.value(m.Data); err != nil {
		return err.inKey("data")
	}
	w.depth--
	return nil
}

// End is END. The end of a stream.
type End struct {
	// RequestID is that of the exchange.
	RequestID uint64
}

// MessageType is TypeEnd.
func (m *End) MessageType() MessageType { return TypeEnd }

// ExchangeID is the request id.
func (m *End) ExchangeID() uint64 { return m.RequestID }

func (m *End) take(_ []slot) {}

func (m *End) judge() *ProtocolError {
	return nil
}

func (m *End) write(_ *writer) *ProtocolError {
	return nil
}

// Stash is STASH. An operation on the arbiter's shared tables.
type Stash struct {
	// RequestID is that of the exchange.
	RequestID uint64

	// Op: the operation.
	Op StashOp `gd:"op"`

	// Table: the table's name.
	Table string `gd:"table"`

	// Key: the key; nil for none.
	Key any `gd:"key,none"`

	// Value: the value; nil for none.
	Value any `gd:"value,none"`

	// Pattern: a glob over string keys; nil for none.
	Pattern *string `gd:"pattern,none"`

	// Ttl: seconds that the key lives: float or integer; nil for none.
	Ttl any `gd:"ttl,none"`

	// Initial: the number to begin with: float or integer; nil for none.
	Initial any `gd:"initial,none"`

	// Version: the version that is expected; nil for none.
	Version *int64 `gd:"version,none"`

	// Count: how many keys at most; nil for none.
	Count *int64 `gd:"count,none"`

	// After: where a page ended; nil for none.
	After any `gd:"after,none"`

	// Wait: seconds to wait for what is asked for: float or integer; nil for none.
	Wait any `gd:"wait,none"`
}

// MessageType is TypeStash.
func (m *Stash) MessageType() MessageType { return TypeStash }

// ExchangeID is the request id.
func (m *Stash) ExchangeID() uint64 { return m.RequestID }

func (m *Stash) take(slots []slot) {
	m.Op = StashOp(given(slots[0].value, int64(0)))
	m.Table = slots[1].value.(string)
	m.Key = slots[2].value
	m.Value = slots[3].value
	m.Pattern = optional[string](slots[4].value)
	m.Ttl = slots[5].value
	m.Initial = slots[6].value
	m.Version = optional[int64](slots[7].value)
	m.Count = optional[int64](slots[8].value)
	m.After = slots[9].value
	m.Wait = slots[10].value
}

func (m *Stash) judge() *ProtocolError {
	if err := fieldsOfStash[0].judge(int64(m.Op)); err != nil {
		return err
	}
	if m.Key != nil {
		if err := fieldsOfStash[2].judge(m.Key); err != nil {
			return err
		}
	}
	if m.Ttl != nil {
		if err := fieldsOfStash[5].judge(m.Ttl); err != nil {
			return err
		}
	}
	if m.Initial != nil {
		if err := fieldsOfStash[6].judge(m.Initial); err != nil {
			return err
		}
	}
	if m.Version != nil {
		if err := fieldsOfStash[7].judge(*m.Version); err != nil {
			return err
		}
	}
	if m.Count != nil {
		if err := fieldsOfStash[8].judge(*m.Count); err != nil {
			return err
		}
	}
	if m.After != nil {
		if err := fieldsOfStash[9].judge(m.After); err != nil {
			return err
		}
	}
	if m.Wait != nil {
		if err := fieldsOfStash[10].judge(m.Wait); err != nil {
			return err
		}
	}
	return nil
}

func (m *Stash) write(w *writer) *ProtocolError {
	w.depth++
	w.buf = append(w.buf, "!\x00\x00\x00\x02"...)
	count := len(w.buf) - 1
	if m.Key != nil {
		w.buf[count]++
	}
	if m.Value != nil {
		w.buf[count]++
	}
	if m.Pattern != nil {
		w.buf[count]++
	}
	if m.Ttl != nil {
		w.buf[count]++
	}
	if m.Initial != nil {
		w.buf[count]++
	}
	if m.Version != nil {
		w.buf[count]++
	}
	if m.Count != nil {
		w.buf[count]++
	}
	if m.After != nil {
		w.buf[count]++
	}
	if m.Wait != nil {
		w.buf[count]++
	}
	w.buf = append(w.buf, "\x11\x00\x00\x00\x02op"...)
	if err := w.integer(int64(m.Op)); err != nil {
		return err.inKey("op")
	}
	w.buf = append(w.buf, "\x11\x00\x00\x00\x05table"...)
	if err := w.text(m.Table); err != nil {
		return err.inKey("table")
	}
	if m.Key != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x03key"...)
		if err := w.value(m.Key); err != nil {
			return err.inKey("key")
		}
	}
	if m.Value != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x05value"...)
		if err := w.value(m.Value); err != nil {
			return err.inKey("value")
		}
	}
	if m.Pattern != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x07pattern"...)
		if err := w.text(*m.Pattern); err != nil {
			return err.inKey("pattern")
		}
	}
	if m.Ttl != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x03ttl"...)
		if err := w.value(m.Ttl); err != nil {
			return err.inKey("ttl")
		}
	}
	if m.Initial != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x07initial"...)
		if err := w.value(m.Initial); err != nil {
			return err.inKey("initial")
		}
	}
	if m.Version != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x07version"...)
		if err := w.integer(*m.Version); err != nil {
			return err.inKey("version")
		}
	}
	if m.Count != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x05count"...)
		if err := w.integer(*m.Count); err != nil {
			return err.inKey("count")
		}
	}
	if m.After != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x05after"...)
		if err := w.value(m.After); err != nil {
			return err.inKey("after")
		}
	}
	if m.Wait != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x04wait"...)
		if err := w.value(m.Wait); err != nil {
			return err.inKey("wait")
		}
	}
	w.depth--
	return nil
}

// Status is STATUS. Ask for the state of the arbiter or worker.
type Status struct {
	// RequestID is that of the exchange.
	RequestID uint64
}

// MessageType is TypeStatus.
func (m *Status) MessageType() MessageType { return TypeStatus }

// ExchangeID is the request id.
func (m *Status) ExchangeID() uint64 { return m.RequestID }

func (m *Status) take(_ []slot) {}

func (m *Status) judge() *ProtocolError {
	return nil
}

func (m *Status) write(_ *writer) *ProtocolError {
	return nil
}

// Manage is MANAGE. Change the workers, or look at what they do.
type Manage struct {
	// RequestID is that of the exchange.
	RequestID uint64

	// Op: the operation.
	Op ManageOp `gd:"op"`

	// Count: how many workers; nil for 1.
	Count *int64 `gd:"count,optional"`

	// Slot: the place of one worker; nil for none.
	Slot *int64 `gd:"slot,none"`

	// Call: the arbiter's number of one request; nil for none.
	Call *int64 `gd:"call,none"`
}

// MessageType is TypeManage.
func (m *Manage) MessageType() MessageType { return TypeManage }

// ExchangeID is the request id.
func (m *Manage) ExchangeID() uint64 { return m.RequestID }

func (m *Manage) take(slots []slot) {
	m.Op = ManageOp(given(slots[0].value, int64(0)))
	m.Count = of(slots[1].value, int64(1))
	m.Slot = optional[int64](slots[2].value)
	m.Call = optional[int64](slots[3].value)
}

func (m *Manage) judge() *ProtocolError {
	if err := fieldsOfManage[0].judge(int64(m.Op)); err != nil {
		return err
	}
	if m.Slot != nil {
		if err := fieldsOfManage[2].judge(*m.Slot); err != nil {
			return err
		}
	}
	if m.Call != nil {
		if err := fieldsOfManage[3].judge(*m.Call); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manage) write(w *writer) *ProtocolError {
	w.depth++
	w.buf = append(w.buf, "!\x00\x00\x00\x02"...)
	count := len(w.buf) - 1
	if m.Slot != nil {
		w.buf[count]++
	}
	if m.Call != nil {
		w.buf[count]++
	}
	w.buf = append(w.buf, "\x11\x00\x00\x00\x02op"...)
	if err := w.integer(int64(m.Op)); err != nil {
		return err.inKey("op")
	}
	w.buf = append(w.buf, "\x11\x00\x00\x00\x05count"...)
	if err := w.integer(defaulted(m.Count, int64(1))); err != nil {
		return err.inKey("count")
	}
	if m.Slot != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x04slot"...)
		if err := w.integer(*m.Slot); err != nil {
			return err.inKey("slot")
		}
	}
	if m.Call != nil {
		w.buf = append(w.buf, "\x11\x00\x00\x00\x04call"...)
		if err := w.integer(*m.Call); err != nil {
			return err.inKey("call")
		}
	}
	w.depth--
	return nil
}

// Cancel is CANCEL. Give up an open exchange.
type Cancel struct {
	// RequestID is that of the exchange.
	RequestID uint64
}

// MessageType is TypeCancel.
func (m *Cancel) MessageType() MessageType { return TypeCancel }

// ExchangeID is the request id.
func (m *Cancel) ExchangeID() uint64 { return m.RequestID }

func (m *Cancel) take(_ []slot) {}

func (m *Cancel) judge() *ProtocolError {
	return nil
}

func (m *Cancel) write(_ *writer) *ProtocolError {
	return nil
}

// Pause is PAUSE. Ask for no CHUNKs of an exchange for now.
type Pause struct {
	// RequestID is that of the exchange.
	RequestID uint64
}

// MessageType is TypePause.
func (m *Pause) MessageType() MessageType { return TypePause }

// ExchangeID is the request id.
func (m *Pause) ExchangeID() uint64 { return m.RequestID }

func (m *Pause) take(_ []slot) {}

func (m *Pause) judge() *ProtocolError {
	return nil
}

func (m *Pause) write(_ *writer) *ProtocolError {
	return nil
}

// Resume is RESUME. Ask for the CHUNKs of an exchange again.
type Resume struct {
	// RequestID is that of the exchange.
	RequestID uint64
}

// MessageType is TypeResume.
func (m *Resume) MessageType() MessageType { return TypeResume }

// ExchangeID is the request id.
func (m *Resume) ExchangeID() uint64 { return m.RequestID }

func (m *Resume) take(_ []slot) {}

func (m *Resume) judge() *ProtocolError {
	return nil
}

func (m *Resume) write(_ *writer) *ProtocolError {
	return nil
}

// A message of this type with its request id alone; nil where there is no such type.
func (t MessageType) blank(requestID uint64) Message {
	switch t {
	case TypeRequest:
		return &Request{RequestID: requestID}
	case TypeResponse:
		return &Response{RequestID: requestID}
	case TypeError:
		return &Error{RequestID: requestID}
	case TypeChunk:
		return &Chunk{RequestID: requestID}
	case TypeEnd:
		return &End{RequestID: requestID}
	case TypeStash:
		return &Stash{RequestID: requestID}
	case TypeStatus:
		return &Status{RequestID: requestID}
	case TypeManage:
		return &Manage{RequestID: requestID}
	case TypeCancel:
		return &Cancel{RequestID: requestID}
	case TypePause:
		return &Pause{RequestID: requestID}
	case TypeResume:
		return &Resume{RequestID: requestID}
	}
	return nil
}

func (t MessageType) fields() []field {
	switch t {
	case TypeRequest:
		return fieldsOfRequest
	case TypeResponse:
		return fieldsOfResponse
	case TypeError:
		return fieldsOfError
	case TypeChunk:
		return fieldsOfChunk
	case TypeStash:
		return fieldsOfStash
	case TypeManage:
		return fieldsOfManage
	}
	return nil
}

// --- fields ---

// What is permitted for a field. Those of a dict that has fields of its own are inner.
type field struct {
	name     string
	kinds    kinds
	required bool
	minimum  int64
	maximum  int64
	finite   bool
	scalar   bool
	choices  []int64
	inner    []field
}

var fieldsOfRequest = []field{
	{name: "app_path", kinds: ofString, required: true, minimum: math.MinInt64, maximum: math.MaxInt64},
	{name: "action", kinds: ofString, required: true, minimum: math.MinInt64, maximum: math.MaxInt64},
	{name: "timeout", kinds: ofFloat | ofInteger, minimum: 0, maximum: math.MaxInt64, finite: true},
	{name: "priority", kinds: ofInteger, minimum: -10, maximum: 10},
	{name: "trace", kinds: ofDict, minimum: math.MinInt64, maximum: math.MaxInt64},
	{name: "extensions", kinds: ofList, minimum: math.MinInt64, maximum: math.MaxInt64},
	{name: "args", kinds: ofList, minimum: math.MinInt64, maximum: math.MaxInt64},
	{name: "kwargs", kinds: ofDict, minimum: math.MinInt64, maximum: math.MaxInt64},
}

var fieldsOfResponse = []field{
	{name: "result", required: true, minimum: math.MinInt64, maximum: math.MaxInt64},
}

var fieldsOfError = []field{
	{name: "error", kinds: ofDict, required: true, minimum: math.MinInt64, maximum: math.MaxInt64, inner: []field{
		{name: "error_type", kinds: ofString, required: true, minimum: math.MinInt64, maximum: math.MaxInt64},
		{name: "message", kinds: ofString, required: true, minimum: math.MinInt64, maximum: math.MaxInt64},
		{name: "details", kinds: ofDict, minimum: math.MinInt64, maximum: math.MaxInt64},
	}},
}

var fieldsOfChunk = []field{
	{name: "data", required: true, minimum: math.MinInt64, maximum: math.MaxInt64},
}

var fieldsOfStash = []field{
	{name: "op", kinds: ofInteger, required: true, minimum: math.MinInt64, maximum: math.MaxInt64, choices: []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26}},
	{name: "table", kinds: ofString, required: true, minimum: math.MinInt64, maximum: math.MaxInt64},
	{name: "key", minimum: math.MinInt64, maximum: math.MaxInt64, scalar: true},
	{name: "value", minimum: math.MinInt64, maximum: math.MaxInt64},
	{name: "pattern", kinds: ofString, minimum: math.MinInt64, maximum: math.MaxInt64},
	{name: "ttl", kinds: ofFloat | ofInteger, minimum: 0, maximum: math.MaxInt64, finite: true},
	{name: "initial", kinds: ofFloat | ofInteger, minimum: math.MinInt64, maximum: math.MaxInt64, finite: true},
	{name: "version", kinds: ofInteger, minimum: 0, maximum: math.MaxInt64},
	{name: "count", kinds: ofInteger, minimum: 1, maximum: math.MaxInt64},
	{name: "after", minimum: math.MinInt64, maximum: math.MaxInt64, scalar: true},
	{name: "wait", kinds: ofFloat | ofInteger, minimum: 0, maximum: math.MaxInt64, finite: true},
}

var fieldsOfManage = []field{
	{name: "op", kinds: ofInteger, required: true, minimum: math.MinInt64, maximum: math.MaxInt64, choices: []int64{1, 2, 3, 4, 5, 6, 7, 8}},
	{name: "count", kinds: ofInteger, minimum: math.MinInt64, maximum: math.MaxInt64},
	{name: "slot", kinds: ofInteger, minimum: 0, maximum: math.MaxInt64},
	{name: "call", kinds: ofInteger, minimum: 1, maximum: math.MaxInt64},
}

// What stands in a payload for a field: a value and where it begins, which is 0 where it is
// absent; of a dict that has fields of its own, theirs.
type slot struct {
	value any
	at    int
	inner []slot
}

// The value that comes next, with what fields it has where it is a dict.
func (r *reader) slot(fields []field) (slot, *ProtocolError) {
	start := r.pos
	if len(fields) == 0 || start >= len(r.data) || r.data[start] != 0x21 {
		value, err := r.value()
		return slot{value: value, at: start}, err
	}
	r.pos++
	count, err := r.open(start, 4, MaxItems, CodeTooManyItems, pairBytes)
	if err != nil {
		return slot{}, err
	}
	inner, err := r.slots(count, fields)
	return slot{Dict(nil), start, inner}, err
}

// The fields of a dict that is open. Keys that are none are ignored, when they are judged.
func (r *reader) slots(count int, fields []field) ([]slot, *ProtocolError) {
	slots := make([]slot, len(fields))
	keys := make(Dict, 0, count)
	var seen map[string]struct{}
	for range count {
		key, err := r.key(keys, &seen)
		if err != nil {
			return nil, err
		}
		keys = append(keys, Pair{Key: key})
		if i := indexOf(fields, key); i >= 0 {
			slots[i], err = r.slot(fields[i].inner)
		} else {
			_, err = r.value()
		}
		if err != nil {
			return nil, err.inKey(key)
		}
	}
	r.depth--
	return slots, nil
}

func indexOf(fields []field, key string) int {
	for i := range fields {
		if fields[i].name == key {
			return i
		}
	}
	return -1
}

// Judges the fields of a dict, each by presence, type and value.
func judgeAll(fields []field, dict slot) *ProtocolError {
	for i := range fields {
		rule, held := &fields[i], &dict.inner[i]
		if held.at == 0 {
			if rule.required {
				err := fault(CodeMissingField, dict.at, "the field is required")
				return err.inKey(rule.name)
			}
			continue
		}
		if held.value == nil && !rule.required {
			continue
		}
		if err := rule.judge(held.value); err != nil {
			err.Offset = held.at
			return err
		}
		if len(rule.inner) > 0 {
			if err := judgeAll(rule.inner, *held); err != nil {
				return err.inKey(rule.name)
			}
		}
	}
	return nil
}

// Judges a value that is there.
func (f *field) judge(value any) *ProtocolError {
	value = plain(value)
	kind := kindOf(value)
	if f.kinds != 0 && f.kinds&kind == 0 {
		return fault(CodeWrongFieldType, NoOffset, "the value has another type").inKey(f.name)
	}
	if !f.permits(value, kind) {
		err := fault(CodeInvalidFieldValue, NoOffset, "the value is not possible here")
		return err.inKey(f.name)
	}
	return nil
}

func (f *field) permits(value any, kind kinds) bool {
	if f.scalar {
		return kind&(ofList|ofDict) == 0
	}
	switch v := value.(type) {
	case int64:
		return v >= f.minimum && v <= f.maximum && f.isChoice(v)
	case float64:
		return f.permitsFloat(v)
	case uint64:
		return f.maximum == math.MaxInt64 && f.choices == nil
	case bigInteger:
		isBounded := f.minimum != math.MinInt64
		if v.Sign() > 0 {
			isBounded = f.maximum != math.MaxInt64
		}
		return !isBounded && f.choices == nil
	}
	return true
}

func (f *field) permitsFloat(v float64) bool {
	if f.finite && (math.IsNaN(v) || math.IsInf(v, 0)) {
		return false
	}
	isBelow := f.minimum != math.MinInt64 && v < float64(f.minimum)
	return !isBelow && (f.maximum == math.MaxInt64 || v <= float64(f.maximum))
}

func (f *field) isChoice(v int64) bool {
	for _, one := range f.choices {
		if one == v {
			return true
		}
	}
	return f.choices == nil
}

// A value that may be absent: nil, or a pointer to it.
func optional[T any](value any) *T {
	if held, is := value.(T); is {
		return &held
	}
	return nil
}

// A value that has a default.
func given[T any](value any, otherwise T) T {
	if held, is := value.(T); is {
		return held
	}
	return otherwise
}

// A pointer to a value, or where it is absent to its default.
func of[T any](value any, otherwise T) *T {
	held := given(value, otherwise)
	return &held
}

// What a pointer points to, or the default where it is nil.
func defaulted[T any](held *T, otherwise T) T {
	if held == nil {
		return otherwise
	}
	return *held
}
