// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
// Code generated from the declaration of GD/1. DO NOT EDIT.

package gd

// Event is what came of received bytes: a Received, an ExchangeEnded, a Closed or a
// *ProtocolError.
type Event interface{ isEvent() }

// Received is a message, and whether it ended its exchange.
type Received struct {
	Message Message
	Ended   bool
}

// ExchangeEnded is the end of an exchange that was given up.
type ExchangeEnded struct{ RequestID uint64 }

// Closed is the end of the stream, between frames.
type Closed struct{}

func (Received) isEvent()       {}
func (ExchangeEnded) isEvent()  {}
func (Closed) isEvent()         {}
func (*ProtocolError) isEvent() {}

// Connection is the state of one connection, seen from one end: bytes in, events out; messages
// in, bytes out. Every frame, sent or received, runs the transition table. It is not safe for
// use by several goroutines at once.
type Connection struct {
	role   Role
	states map[uint64]state

	// How many exchanges may be open at once; 0 for any number.
	maxOpen int

	// What has come and is not read, from start on.
	buffer []byte
	start  int

	// The header of a frame that is under way, and of one that is skipped with what is left of
	// it.
	header  *Header
	skipped *Header
	skip    int

	eof  bool
	over bool
}

// NewConnection gives a connection on which nothing was sent.
func NewConnection(role Role) *Connection {
	return &Connection{role: role, states: make(map[uint64]state), maxOpen: role.maxOpen()}
}

// Open counts the exchanges whose terminal frame is still to come, given up or not.
func (c *Connection) Open() int { return len(c.states) }

// IsOpen says whether the exchange's terminal frame is still to come.
func (c *Connection) IsOpen(requestID uint64) bool { return c.states[requestID] != isIdle }

// Receive takes bytes from the transport, in any portions. It keeps a copy; but
// after the last event it keeps nothing.
func (c *Connection) Receive(data []byte) {
	if c.over {
		return
	}
	if c.start > 0 && (c.start == len(c.buffer) || c.start > len(c.buffer)/2) {
		c.buffer = c.buffer[:copy(c.buffer, c.buffer[c.start:])]
		c.start = 0
	}
	c.buffer = append(c.buffer, data...)
}

// ReceiveEOF says that the transport delivers nothing more.
func (c *Connection) ReceiveEOF() { c.eof = true }

// Next gives the next event; nil where more bytes are needed. After a fault of scope
// connection, and after Closed, there are no more events.
func (c *Connection) Next() Event {
	for !c.over {
		event, isPast := c.step()
		if event != nil {
			return event
		}
		if !isPast {
			return c.end()
		}
	}
	return nil
}

// Send gives the bytes of a message, which becomes part of its exchange. Where it refuses, the
// connection is as it was. Its error is a *ProtocolError.
func (c *Connection) Send(message Message) ([]byte, error) {
	return c.AppendSend(nil, message)
}

// AppendSend is Send that writes behind what there is.
func (c *Connection) AppendSend(data []byte, message Message) ([]byte, error) {
	requestID, t := message.ExchangeID(), message.MessageType()
	move := c.move(c.role.side(), t, requestID)
	if move.outcome == refuse {
		return data, refusal(move, t, requestID)
	}
	frame, err := AppendMessage(data, message)
	if err == nil {
		c.enter(requestID, move.next)
	}
	return frame, err
}

// Permit has up to count exchanges open at once, where the worker's STATUS told so many.
func (c *Connection) Permit(count int) {
	if c.maxOpen > 0 {
		c.maxOpen = max(count, c.role.maxOpen())
	}
}

// Abandon gives up an exchange that this side opened: its frames are discarded until the last
// one.
func (c *Connection) Abandon(requestID uint64) {
	if c.IsOpen(requestID) {
		c.states[requestID] = isAbandoned
	}
}

// --- receiving ---

// Reads on by one frame, or what is there of it: its event, and whether it is past.
func (c *Connection) step() (Event, bool) {
	if c.skip > 0 {
		dropped := min(c.skip, len(c.buffer)-c.start)
		c.skip -= dropped
		c.start += dropped
		if c.skip > 0 {
			return nil, false
		}
	}
	c.skipped = nil
	if c.header == nil {
		if len(c.buffer)-c.start < HeaderBytes {
			return nil, false
		}
		if err := c.begin(); err != nil {
			return err, true
		}
	}
	header, size := *c.header, HeaderBytes+c.header.Length
	if len(c.buffer)-c.start < size {
		return nil, false
	}
	frame := c.buffer[c.start : c.start+size]
	c.start += size
	c.header = nil
	return c.receive(header, frame), true
}

// Judges the header of the frame that comes next.
func (c *Connection) begin() *ProtocolError {
	header, err := parseHeader(c.buffer[c.start:])
	if err != nil {
		c.over = true
		return err
	}
	if err := header.checkPresence(); err != nil {
		c.fail(header.RequestID, true)
		c.skipped = &header
		c.skip = HeaderBytes + header.Length
		return err
	}
	c.header = &header
	return nil
}

// Nothing more can be read now: whether that is the end.
func (c *Connection) end() Event {
	if !c.eof {
		return nil
	}
	c.over = true
	there, requestID := len(c.buffer)-c.start, uint64(0)
	switch {
	case c.skipped != nil:
		there += HeaderBytes + c.skipped.Length - c.skip
		requestID = c.skipped.RequestID
	case c.header != nil:
		requestID = c.header.RequestID
	}
	if there > 0 {
		return fatal(CodeTruncated, there, requestID, "the stream ends inside of a frame")
	}
	return Closed{}
}

func (c *Connection) receive(header Header, frame []byte) Event {
	requestID, sender := header.RequestID, c.role.side().other()
	if c.isNotice(header, sender) {
		return c.deliver(header, frame, false)
	}
	move := c.move(sender, header.Type, requestID)
	wasOpen := c.IsOpen(requestID)
	switch move.outcome {
	case deliver:
		event := c.deliver(header, frame, move.next == isIdle)
		if _, isFault := event.(*ProtocolError); !isFault {
			c.enter(requestID, move.next)
		}
		return event
	case refuse:
		c.enter(requestID, move.next)
		c.over = move.scope == ScopeConnection
		return refusal(move, header.Type, requestID)
	}
	c.enter(requestID, move.next)
	if wasOpen && !c.IsOpen(requestID) {
		return ExchangeEnded{requestID}
	}
	return nil
}

// Whether this is an ERROR about the connection, not about an exchange.
func (c *Connection) isNotice(header Header, sender side) bool {
	return header.RequestID == noticeID && header.Type == noticeType && sender == noticeFrom &&
		!c.IsOpen(noticeID)
}

func (c *Connection) deliver(header Header, frame []byte, ended bool) Event {
	message, err := parsePayload(header, frame)
	if err != nil {
		c.fail(header.RequestID, ended)
		err.RequestID = header.RequestID
		return err.told()
	}
	return Received{message, ended}
}

// --- exchanges ---

func (c *Connection) move(sender side, t MessageType, requestID uint64) transition {
	from := c.states[requestID]
	move := transitionOf(from, sender, t)
	if from == isIdle && move.opens() {
		if c.maxOpen > 0 && len(c.states) >= c.maxOpen || !c.role.isOpenedBy(t) {
			return notOpened
		}
	}
	return move
}

func (c *Connection) enter(requestID uint64, next state) {
	if next == isIdle {
		delete(c.states, requestID)
	} else {
		c.states[requestID] = next
	}
}

// An exchange dies of a frame that cannot be read.
func (c *Connection) fail(requestID uint64, ends bool) {
	if c.IsOpen(requestID) {
		c.enter(requestID, afterFault(c.role.side().other(), ends))
	}
}

func refusal(move transition, t MessageType, requestID uint64) *ProtocolError {
	reason := t.String() + " is not legal here"
	err := fault(move.code, NoOffset, reason)
	err.Scope, err.RequestID = move.scope, requestID
	return err
}
