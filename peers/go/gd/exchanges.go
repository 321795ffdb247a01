// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
// Code generated from the declaration of GD/1. DO NOT EDIT.

package gd

// Role is one end of a connection.
type Role uint8

// The roles.
const (
	// RoleClient calls apps through an arbiter.
	RoleClient Role = iota

	// RoleArbiter serves clients.
	RoleArbiter

	// RoleLane the arbiter's end of a stream to a worker.
	RoleLane

	// RoleWorker runs the apps.
	RoleWorker
)

// String gives the role's name.
func (r Role) String() string {
	switch r {
	case RoleClient:
		return "client"
	case RoleArbiter:
		return "arbiter"
	case RoleLane:
		return "lane"
	case RoleWorker:
		return "worker"
	}
	return "no role"
}

// The side that this role has in an exchange.
func (r Role) side() side {
	switch r {
	case RoleClient, RoleLane:
		return opener
	}
	return answerer
}

// How many exchanges may be open at once; 0 for any number.
func (r Role) maxOpen() int {
	switch r {
	case RoleLane:
		return 1
	case RoleWorker:
		return 1
	}
	return 0
}

// Whether exchanges of this role are opened by this message.
func (r Role) isOpenedBy(t MessageType) bool {
	switch r {
	case RoleClient:
		switch t {
		case TypeRequest, TypeStash, TypeStatus, TypeManage:
			return true
		}
	case RoleArbiter:
		switch t {
		case TypeRequest, TypeStash, TypeStatus, TypeManage:
			return true
		}
	case RoleLane:
		switch t {
		case TypeRequest, TypeStatus:
			return true
		}
	case RoleWorker:
		switch t {
		case TypeRequest, TypeStatus:
			return true
		}
	}
	return false
}

// One of the two sides of an exchange.
type side uint8

const (
	opener side = iota
	answerer
)

func (s side) other() side { return opener + answerer - s }

// What an exchange is in.
type state uint8

const (
	// No exchange with this id is open.
	isIdle state = iota

	// REQUEST sent, no answer yet.
	isCalling

	// CHUNK received, more may follow.
	isStreaming

	// STASH, STATUS or MANAGE sent, no answer yet.
	isAsking

	// Given up by the opener, its terminal frame still to come.
	isAbandoned
)

// What is done with a frame.
type outcome uint8

const (
	deliver outcome = iota
	discard
	refuse
)

// What a message does to its exchange; code and scope are those of a refusal.
type transition struct {
	next    state
	outcome outcome
	code    Code
	scope   Scope
}

// Whether a message opens an exchange.
func (t transition) opens() bool { return t.outcome == deliver && t.next != isIdle }

// What a message does, by the state of its exchange and by who sends it. It is total.
func transitionOf(from state, sender side, t MessageType) transition {
	switch sender {
	case opener:
		switch from {
		case isIdle:
			switch t {
			case TypeRequest:
				return transition{isCalling, deliver, "", ""}
			case TypeResponse, TypeError, TypeChunk, TypeEnd:
				return transition{isIdle, refuse, CodeUnexpectedMessage, ScopeExchange}
			case TypeStash, TypeStatus, TypeManage:
				return transition{isAsking, deliver, "", ""}
			case TypeCancel, TypePause, TypeResume:
				return transition{isIdle, discard, "", ""}
			}
		case isCalling:
			switch t {
			case TypeRequest, TypeStash, TypeStatus, TypeManage:
				return transition{isCalling, refuse, CodeDuplicateRequestID, ScopeConnection}
			case TypeResponse, TypeError, TypeChunk, TypeEnd:
				return transition{isIdle, refuse, CodeUnexpectedMessage, ScopeExchange}
			case TypeCancel:
				return transition{isAbandoned, deliver, "", ""}
			case TypePause, TypeResume:
				return transition{isCalling, deliver, "", ""}
			}
		case isStreaming:
			switch t {
			case TypeRequest, TypeStash, TypeStatus, TypeManage:
				return transition{isStreaming, refuse, CodeDuplicateRequestID, ScopeConnection}
			case TypeResponse, TypeError, TypeChunk, TypeEnd:
				return transition{isIdle, refuse, CodeUnexpectedMessage, ScopeExchange}
			case TypeCancel:
				return transition{isAbandoned, deliver, "", ""}
			case TypePause, TypeResume:
				return transition{isStreaming, deliver, "", ""}
			}
		case isAsking:
			switch t {
			case TypeRequest, TypeStash, TypeStatus, TypeManage:
				return transition{isAsking, refuse, CodeDuplicateRequestID, ScopeConnection}
			case TypeResponse, TypeError, TypeChunk, TypeEnd:
				return transition{isIdle, refuse, CodeUnexpectedMessage, ScopeExchange}
			case TypeCancel:
				return transition{isAbandoned, deliver, "", ""}
			case TypePause, TypeResume:
				return transition{isAsking, discard, "", ""}
			}
		case isAbandoned:
			switch t {
			case TypeRequest, TypeStash, TypeStatus, TypeManage:
				return transition{isAbandoned, refuse, CodeDuplicateRequestID, ScopeConnection}
			case TypeResponse, TypeError, TypeChunk, TypeEnd:
				return transition{isIdle, refuse, CodeUnexpectedMessage, ScopeExchange}
			case TypeCancel:
				return transition{isAbandoned, deliver, "", ""}
			case TypePause, TypeResume:
				return transition{isAbandoned, discard, "", ""}
			}
		}
	case answerer:
		switch from {
		case isIdle:
			switch t {
			case TypeRequest, TypeResponse, TypeError, TypeChunk, TypeEnd, TypeStash, TypeStatus, TypeManage, TypeCancel, TypePause, TypeResume:
				return transition{isIdle, refuse, CodeUnexpectedMessage, ScopeConnection}
			}
		case isCalling:
			switch t {
			case TypeRequest, TypeStash, TypeStatus, TypeManage, TypeCancel, TypePause, TypeResume:
				return transition{isCalling, refuse, CodeUnexpectedMessage, ScopeConnection}
			case TypeResponse, TypeError, TypeEnd:
				return transition{isIdle, deliver, "", ""}
			case TypeChunk:
				return transition{isStreaming, deliver, "", ""}
			}
		case isStreaming:
			switch t {
			case TypeRequest, TypeStash, TypeStatus, TypeManage, TypeCancel, TypePause, TypeResume:
				return transition{isStreaming, refuse, CodeUnexpectedMessage, ScopeConnection}
			case TypeResponse:
				return transition{isIdle, refuse, CodeUnexpectedMessage, ScopeExchange}
			case TypeError, TypeEnd:
				return transition{isIdle, deliver, "", ""}
			case TypeChunk:
				return transition{isStreaming, deliver, "", ""}
			}
		case isAsking:
			switch t {
			case TypeRequest, TypeStash, TypeStatus, TypeManage, TypeCancel, TypePause, TypeResume:
				return transition{isAsking, refuse, CodeUnexpectedMessage, ScopeConnection}
			case TypeResponse, TypeError:
				return transition{isIdle, deliver, "", ""}
			case TypeChunk:
				return transition{isAbandoned, refuse, CodeUnexpectedMessage, ScopeExchange}
			case TypeEnd:
				return transition{isIdle, refuse, CodeUnexpectedMessage, ScopeExchange}
			}
		case isAbandoned:
			switch t {
			case TypeRequest, TypeStash, TypeStatus, TypeManage, TypeCancel, TypePause, TypeResume:
				return transition{isAbandoned, refuse, CodeUnexpectedMessage, ScopeConnection}
			case TypeResponse, TypeError, TypeEnd:
				return transition{isIdle, discard, "", ""}
			case TypeChunk:
				return transition{isAbandoned, discard, "", ""}
			}
		}
	}
	return transition{from, refuse, CodeUnexpectedMessage, ScopeConnection}
}

// What a message does that opens an exchange which may not be opened.
var notOpened = transition{isIdle, refuse, CodeUnexpectedMessage, ScopeExchange}

// The state after a payload at fault, by who sent it and whether its frame ends the exchange.
func afterFault(sender side, ends bool) state {
	switch {
	case sender == opener && !ends:
		return isIdle
	case sender == opener && ends:
		return isIdle
	case sender == answerer && !ends:
		return isAbandoned
	case sender == answerer && ends:
		return isIdle
	}
	return isIdle
}

const (
	noticeID   = 0
	noticeType = TypeError
	noticeFrom = answerer
)
