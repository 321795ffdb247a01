package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"gdproto/gd"
)

// A JSON object.
type object = map[string]any

// What Go has no way to hold, and why.
type unsupported string

func (u unsupported) Error() string { return string(u) }

// What came of a command. What panics with unsupported is answered by that.
func answerTo(command object) (answer object) {
	if command["do"] == "start" {
		return declaration()
	}
	defer func() {
		if why, is := recover().(unsupported); is {
			answer = object{"unsupported": string(why)}
		}
	}()
	answer, err := carriedOut(command)
	if err != nil {
		return object{"error": told(err)}
	}
	return answer
}

func carriedOut(command object) (object, error) {
	isDigest := command["digest"] == true
	switch command["op"] {
	case "decode":
		value, err := gd.Decode(made(command["bytes"]))
		if err != nil || !isDigest {
			return object{"value": toTyped(value)}, err
		}
		return written(isDigest)(gd.Encode(value))
	case "encode":
		return written(isDigest)(gd.Encode(fromTyped(command["value"].(object))))
	case "parse":
		message, err := gd.Parse(made(command["bytes"]))
		if err != nil {
			return nil, err
		}
		if !isDigest {
			return object{"message": toTypedMessage(message)}, nil
		}
		return written(isDigest)(gd.Serialize(message))
	case "serialize":
		return written(isDigest)(gd.Serialize(fromTypedMessage(command["message"].(object))))
	case "session":
		return session(command["role"].(string), command["steps"].([]any)), nil
	}
	return nil, unsupported("no such operation")
}

func written(isDigest bool) func([]byte, error) (object, error) {
	return func(data []byte, err error) (object, error) {
		if isDigest {
			sum := sha256.Sum256(data)
			return object{"sha256": hex.EncodeToString(sum[:])}, err
		}
		return object{"bytes": hex.EncodeToString(data)}, err
	}
}

// A fault as the contract tells it.
func told(err error) object {
	var fault *gd.ProtocolError
	if !errors.As(err, &fault) {
		panic(err)
	}
	answer := object{"code": fault.Code, "scope": fault.Scope, "path": fault.Path}
	if fault.Offset != gd.NoOffset {
		answer["offset"] = fault.Offset
	}
	return answer
}
