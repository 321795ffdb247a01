package main

import (
	"encoding/hex"
	"strconv"

	"gdproto/gd"
)

// Takes a connection through the steps.
func session(role string, steps []any) object {
	answers := []object{}
	connection := gd.NewConnection(roleNamed(role))
	for _, step := range steps {
		answers = append(answers, stepped(connection, step.(object)))
	}
	return object{"steps": answers}
}

func roleNamed(name string) gd.Role {
	for role := gd.RoleClient; ; role++ {
		switch role.String() {
		case name:
			return role
		case "no role":
			panic(unsupported("no role " + name))
		}
	}
}

func stepped(connection *gd.Connection, step object) object {
	if message, is := step["send"]; is {
		data, err := connection.Send(fromTypedMessage(message.(object)))
		if err != nil {
			return object{"error": told(err)}
		}
		return object{"bytes": hex.EncodeToString(data)}
	}
	if requestID, is := step["abandon"]; is {
		connection.Abandon(requestIDOf(requestID))
	}
	if count, is := step["permit"]; is {
		connection.Permit(int(requestIDOf(count)))
	}
	if recipe, is := step["receive"]; is {
		connection.Receive(made(recipe))
	}
	if step["eof"] == true {
		connection.ReceiveEOF()
	}
	return object{"events": events(connection)}
}

func events(connection *gd.Connection) []object {
	all := []object{}
	for {
		switch event := connection.Next().(type) {
		case nil:
			return all
		case gd.Received:
			message := toTypedMessage(event.Message)
			all = append(all, object{"event": "message", "message": message, "ended": event.Ended})
		case gd.ExchangeEnded:
			all = append(all, object{"event": "ended", "request_id": decimal(event.RequestID)})
		case gd.Closed:
			all = append(all, object{"event": "closed"})
		case *gd.ProtocolError:
			fault := told(event)
			fault["event"], fault["request_id"] = "error", decimal(event.RequestID)
			all = append(all, fault)
		}
	}
}

func decimal(requestID uint64) string { return strconv.FormatUint(requestID, 10) }
