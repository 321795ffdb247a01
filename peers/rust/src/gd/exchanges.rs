// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
//! Exchanges: the table of what each message does, which both ends of a connection run.

use super::errors::{Code, Scope};
use super::header::MessageType;

/// Where an exchange stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No exchange with this id is open.
    Idle,
    /// REQUEST sent, no answer yet.
    Calling,
    /// CHUNK received, more may follow.
    Streaming,
    /// STASH, STATUS or MANAGE sent, no answer yet.
    Asking,
    /// Given up by the opener, its terminal frame still to come.
    Abandoned,
}

/// Who sends a message: the side that opens exchanges, or the one that answers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The opener.
    Opener,
    /// The answerer.
    Answerer,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Calls apps through an arbiter.
    Client,
    /// Serves clients.
    Arbiter,
    /// The arbiter's end of a stream to a worker.
    Lane,
    /// Runs the apps.
    Worker,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 4] = [Role::Client, Role::Arbiter, Role::Lane, Role::Worker];

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The name as the specification writes it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Client => "client",
            Role::Arbiter => "arbiter",
            Role::Lane => "lane",
            Role::Worker => "worker",
        }
    }

    /// What it does in an exchange.
    pub fn side(self) -> Side {
        match self {
            Role::Client => Side::Opener,
            Role::Arbiter => Side::Answerer,
            Role::Lane => Side::Opener,
            Role::Worker => Side::Answerer,
        }
    }

    /// Who is at the other end.
    pub fn peer(self) -> Role {
        match self {
            Role::Client => Role::Arbiter,
            Role::Arbiter => Role::Client,
            Role::Lane => Role::Worker,
            Role::Worker => Role::Lane,
        }
    }

    /// How many exchanges may be open at once; none for any number.
    pub fn max_open(self) -> Option<usize> {
        match self {
            Role::Client => None,
            Role::Arbiter => None,
            Role::Lane => Some(1),
            Role::Worker => Some(1),
        }
    }

    /// Whether such a message may open an exchange on the connection.
    pub fn may_open(self, message: MessageType) -> bool {
        match self {
            Role::Client => matches!(
                message,
                MessageType::Request
                    | MessageType::Stash
                    | MessageType::Status
                    | MessageType::Manage
            ),
            Role::Arbiter => matches!(
                message,
                MessageType::Request
                    | MessageType::Stash
                    | MessageType::Status
                    | MessageType::Manage
            ),
            Role::Lane => matches!(message, MessageType::Request | MessageType::Status),
            Role::Worker => matches!(message, MessageType::Request | MessageType::Status),
        }
    }
}

/// What comes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is handed out.
    Deliver,
    /// It is ignored.
    Discard,
    /// It is a fault.
    Refuse(Code, Scope),
}

/// What a message does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The state of its exchange afterwards.
    pub next: State,
    /// What comes of it.
    pub outcome: Outcome,
}

/// What a message does that may not open an exchange.
pub const NOT_OPENED: Transition = refuse(Code::UnexpectedMessage, State::Idle);

/// The message that is about the connection, where no exchange has its id, and who sends it.
pub const NOTICE: (MessageType, Side) = (MessageType::Error, Side::Answerer);

/// What a message of `sender` does to an exchange.
pub fn transition(state: State, sender: Side, message: MessageType) -> Transition {
    TRANSITIONS[state as usize][sender as usize][message as usize]
}

/// Whether a transition opens an exchange.
pub fn is_opening(state: State, to: &Transition) -> bool {
    state == State::Idle && to.next != State::Idle
}

/// The state of an exchange after a payload at fault, whose frame would have ended it or not.
pub fn after_fault(sender: Side, ends: bool) -> State {
    match (sender, ends) {
        (Side::Opener, false) => State::Idle,
        (Side::Opener, true) => State::Idle,
        (Side::Answerer, false) => State::Abandoned,
        (Side::Answerer, true) => State::Idle,
    }
}

const fn deliver(next: State) -> Transition {
    Transition { next, outcome: Outcome::Deliver }
}

const fn discard(next: State) -> Transition {
    Transition { next, outcome: Outcome::Discard }
}

const fn refuse(code: Code, next: State) -> Transition {
    Transition { next, outcome: Outcome::Refuse(code, Scope::Exchange) }
}

/// The connection dies of it, and its exchange has no state then.
const fn fatal(code: Code) -> Transition {
    let outcome = Outcome::Refuse(code, Scope::Connection);
    Transition { next: State::Idle, outcome }
}

/// By state, sender and message, each in the order of its type.
const TRANSITIONS: [[[Transition; 11]; 2]; 5] = [
    [
        [
            deliver(State::Calling),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            deliver(State::Asking),
            deliver(State::Asking),
            deliver(State::Asking),
            discard(State::Idle),
            discard(State::Idle),
            discard(State::Idle),
        ],
        [
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
        ],
    ],
    [
        [
            fatal(Code::DuplicateRequestId),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            fatal(Code::DuplicateRequestId),
            fatal(Code::DuplicateRequestId),
            fatal(Code::DuplicateRequestId),
            deliver(State::Abandoned),
            deliver(State::Calling),
            deliver(State::Calling),
        ],
        [
            fatal(Code::UnexpectedMessage),
            deliver(State::Idle),
            deliver(State::Idle),
            deliver(State::Streaming),
            deliver(State::Idle),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
        ],
    ],
    [
        [
            fatal(Code::DuplicateRequestId),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            fatal(Code::DuplicateRequestId),
            fatal(Code::DuplicateRequestId),
            fatal(Code::DuplicateRequestId),
            deliver(State::Abandoned),
            deliver(State::Streaming),
            deliver(State::Streaming),
        ],
        [
            fatal(Code::UnexpectedMessage),
            refuse(Code::UnexpectedMessage, State::Idle),
            deliver(State::Idle),
            deliver(State::Streaming),
            deliver(State::Idle),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
        ],
    ],
    [
        [
            fatal(Code::DuplicateRequestId),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            fatal(Code::DuplicateRequestId),
            fatal(Code::DuplicateRequestId),
            fatal(Code::DuplicateRequestId),
            deliver(State::Abandoned),
            discard(State::Asking),
            discard(State::Asking),
        ],
        [
            fatal(Code::UnexpectedMessage),
            deliver(State::Idle),
            deliver(State::Idle),
            refuse(Code::UnexpectedMessage, State::Abandoned),
            refuse(Code::UnexpectedMessage, State::Idle),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
        ],
    ],
    [
        [
            fatal(Code::DuplicateRequestId),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            refuse(Code::UnexpectedMessage, State::Idle),
            fatal(Code::DuplicateRequestId),
            fatal(Code::DuplicateRequestId),
            fatal(Code::DuplicateRequestId),
            deliver(State::Abandoned),
            discard(State::Abandoned),
            discard(State::Abandoned),
        ],
        [
            fatal(Code::UnexpectedMessage),
            discard(State::Idle),
            discard(State::Idle),
            discard(State::Abandoned),
            discard(State::Idle),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
            fatal(Code::UnexpectedMessage),
        ],
    ],
];
