// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
//! One end of a connection, without I/O: bytes in, events out; messages in, bytes out.
//!
//! Every frame, sent or received, runs the table of exchanges. Bytes that have not come yet are
//! never an error. After a fault of scope connection, and after the end, there are no more events.

use std::collections::HashMap;

use super::errors::{Code, Fault, Scope};
use super::exchanges::{self, Outcome, Role, State, Transition};
use super::header::{Header, MessageType};
use super::limits::{CONNECTION_REQUEST_ID, HEADER_BYTES, RAW_DATA_BYTES};
use super::messages::{self, Message};

/// What received bytes bring about.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A message.
    Message {
        /// What came.
        message: Message,
        /// Whether it ended its exchange.
        ended: bool,
    },
    /// The end of an exchange that was given up.
    Ended {
        /// The exchange.
        request_id: u64,
    },
    /// The peer did what it may not do.
    Fault(Fault),
    /// The end of the stream, between frames.
    Closed,
}

/// A frame that is under way.
#[derive(Clone, Copy)]
enum Frame {
    /// Not even its header is there.
    None,
    /// Its payload is awaited.
    Begun(Header),
    /// It is refused; so many of its bytes are still to be dropped.
    Skipped(Header, usize),
}

/// The state of one connection, seen from one end.
pub struct Connection {
    role: Role,
    states: HashMap<u64, State>,
    buffer: Vec<u8>,
    /// Where in the buffer the frame begins that is read next.
    start: usize,
    frame: Frame,
    is_eof: bool,
    is_over: bool,
    /// How many exchanges may be open at once; none for any number.
    max_open: Option<usize>,
}

impl Connection {
    /// A fresh connection.
    pub fn new(role: Role) -> Self {
        Connection {
            role,
            states: HashMap::new(),
            buffer: Vec::new(),
            start: 0,
            frame: Frame::None,
            is_eof: false,
            is_over: false,
            max_open: role.max_open(),
        }
    }

    /// Whether an exchange is open, given up or not.
    pub fn is_open(&self, request_id: u64) -> bool {
        self.states.contains_key(&request_id)
    }

    /// How many exchanges are open, given up or not.
    pub fn open_count(&self) -> usize {
        self.states.len()
    }

    /// Takes bytes from the transport, in any portions.
    pub fn receive(&mut self, bytes: &[u8]) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
        } else if self.start * 2 > self.buffer.len() {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The transport delivers nothing more.
    pub fn receive_eof(&mut self) {
        self.is_eof = true;
    }

    /// The next event; none when more bytes are needed, and when there will be no more.
    pub fn next_event(&mut self) -> Option<Event> {
        while !self.is_over {
            let came = match self.frame {
                Frame::None => self.begin(),
                Frame::Begun(header) => self.finish(header),
                Frame::Skipped(header, left) => self.skip(header, left),
            };
            match came {
                Ok(Step::Event(event)) => return Some(event),
                Ok(Step::Past) => {}
                Ok(Step::NeedsData) if self.is_eof => return Some(self.over()),
                Ok(Step::NeedsData) => return None,
                Err(fault) => return Some(self.fault(*fault)),
            }
        }
        None
    }

    /// The bytes of a message, which becomes part of its exchange.
    ///
    /// # Errors
    ///
    /// The message is not legal now, or cannot be encoded. The connection is as it was.
    pub fn send(&mut self, message: &Message) -> Result<Vec<u8>, Fault> {
        let next = self.sendable(message.message_type(), message.request_id())?;
        let bytes = message.to_bytes()?;
        self.enter(message.request_id(), next);
        Ok(bytes)
    }

    /// As `send`, writing behind what `out` holds.
    ///
    /// # Errors
    ///
    /// As `send`; nothing has been written then.
    pub fn send_into(&mut self, message: &Message, out: &mut Vec<u8>) -> Result<(), Fault> {
        let next = self.sendable(message.message_type(), message.request_id())?;
        message.write(out)?;
        self.enter(message.request_id(), next);
        Ok(())
    }

    /// Has up to so many exchanges open at once, where the worker's STATUS told so many.
    pub fn permit(&mut self, count: usize) {
        self.max_open = self.role.max_open().map(|most| most.max(count));
    }

    /// Gives up an exchange that this side opened: its frames are discarded until the last one.
    pub fn abandon(&mut self, request_id: u64) {
        if let Some(state) = self.states.get_mut(&request_id) {
            *state = State::Abandoned;
        }
    }

    // --- receiving ---

    /// Looks for a header.
    fn begin(&mut self) -> Result<Step, Box<Fault>> {
        let Some(bytes) = self.buffer[self.start..].first_chunk::<HEADER_BYTES>() else {
            return Ok(Step::NeedsData);
        };
        let header = Header::read(bytes)?;
        if let Err(fault) = header.check_presence() {
            self.fail(header.request_id, true);
            let fault = self.told(fault);
            self.frame = Frame::Skipped(header, HEADER_BYTES + header.length);
            return Err(Box::new(fault));
        }
        self.frame = Frame::Begun(header);
        Ok(Step::Past)
    }

    /// Takes a frame, if it is whole.
    fn finish(&mut self, header: Header) -> Result<Step, Box<Fault>> {
        let stop = self.start + HEADER_BYTES + header.length;
        if stop > self.buffer.len() {
            return Ok(Step::NeedsData);
        }
        self.frame = Frame::None;
        let came = self.take(&header, stop);
        self.start = stop;
        Ok(came?.map_or(Step::Past, Step::Event))
    }

    /// Drops what has come of a frame that is refused.
    fn skip(&mut self, header: Header, left: usize) -> Result<Step, Box<Fault>> {
        let dropped = left.min(self.buffer.len() - self.start);
        self.start += dropped;
        if dropped < left {
            self.frame = Frame::Skipped(header, left - dropped);
            return Ok(Step::NeedsData);
        }
        self.frame = Frame::None;
        Ok(Step::Past)
    }

    /// The stream has ended.
    fn over(&mut self) -> Event {
        let (there, request_id) = match self.frame {
            Frame::None => (self.buffer.len() - self.start, 0),
            Frame::Begun(header) => (self.buffer.len() - self.start, header.request_id),
            Frame::Skipped(header, left) => {
                (HEADER_BYTES + header.length - left, header.request_id)
            }
        };
        if there > 0 {
            let fault = Fault::new(Code::Truncated, Scope::Connection, Some(there));
            return self.fault(fault.of(request_id));
        }
        self.is_over = true;
        Event::Closed
    }

    fn fault(&mut self, fault: Fault) -> Event {
        self.is_over = fault.scope == Scope::Connection;
        Event::Fault(self.told(fault))
    }

    /// The fault, with the bytes that were at fault.
    fn told(&self, mut fault: Fault) -> Fault {
        if fault.offset.is_some() && fault.raw_data.is_empty() {
            let there = &self.buffer[self.start..];
            fault.raw_data = there[..there.len().min(RAW_DATA_BYTES)].to_vec();
        }
        fault
    }

    /// Takes the frame that ends at `stop` through the table.
    fn take(&mut self, header: &Header, stop: usize) -> Result<Option<Event>, Box<Fault>> {
        let id = header.request_id;
        let state = self.state(id);
        if state == State::Idle && self.is_notice(header) {
            return self.message(header, stop, false).map(Some);
        }
        let to = self.moved(state, self.role.peer(), header.message);
        match to.outcome {
            Outcome::Deliver => {
                let event = self.message(header, stop, to.next == State::Idle)?;
                self.enter(id, to.next);
                Ok(Some(event))
            }
            Outcome::Discard => {
                self.enter(id, to.next);
                let is_end = state != State::Idle && to.next == State::Idle;
                Ok(is_end.then_some(Event::Ended { request_id: id }))
            }
            Outcome::Refuse(code, scope) => {
                self.enter(id, to.next);
                Err(Box::new(Fault::new(code, scope, None).of(id)))
            }
        }
    }

    fn message(&mut self, header: &Header, stop: usize, ended: bool) -> Result<Event, Box<Fault>> {
        match messages::parse_payload(header, &self.buffer[self.start..stop]) {
            Ok(message) => Ok(Event::Message { message, ended }),
            Err(mut fault) => {
                let most = stop.min(self.start + RAW_DATA_BYTES);
                fault.raw_data = self.buffer[self.start..most].to_vec();
                self.fail(header.request_id, ended);
                Err(Box::new(fault))
            }
        }
    }

    /// Whether this is a message about the connection, not about an exchange.
    fn is_notice(&self, header: &Header) -> bool {
        let sender = self.role.peer().side();
        header.request_id == CONNECTION_REQUEST_ID && (header.message, sender) == exchanges::NOTICE
    }

    // --- exchanges ---

    fn state(&self, request_id: u64) -> State {
        self.states.get(&request_id).copied().unwrap_or(State::Idle)
    }

    fn moved(&self, state: State, sender: Role, message: MessageType) -> Transition {
        let to = exchanges::transition(state, sender.side(), message);
        if exchanges::is_opening(state, &to) && !self.may_open(message) {
            return exchanges::NOT_OPENED;
        }
        to
    }

    fn may_open(&self, message: MessageType) -> bool {
        let has_room = self.max_open.is_none_or(|most| self.states.len() < most);
        has_room && self.role.may_open(message)
    }

    fn sendable(&self, message: MessageType, request_id: u64) -> Result<State, Fault> {
        let to = self.moved(self.state(request_id), self.role, message);
        match to.outcome {
            Outcome::Refuse(code, scope) => Err(Fault::new(code, scope, None).of(request_id)),
            _ => Ok(to.next),
        }
    }

    fn enter(&mut self, request_id: u64, state: State) {
        if state == State::Idle {
            self.states.remove(&request_id);
        } else {
            self.states.insert(request_id, state);
        }
    }

    /// An exchange dies of a frame that cannot be read.
    fn fail(&mut self, request_id: u64, ends: bool) {
        if self.states.contains_key(&request_id) {
            let sender = self.role.peer().side();
            self.enter(request_id, exchanges::after_fault(sender, ends));
        }
    }
}

/// What came of looking at what is there.
enum Step {
    Event(Event),
    Past,
    NeedsData,
}
