// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
// Code generated from the declaration of GD/1. DO NOT EDIT.

package gd

import "encoding/binary"

const (
	// Version is that of the protocol, which each header carries.
	Version = 1

	// HeaderBytes is the size of a header.
	HeaderBytes = 16

	magic = "GD"
)

// Header is a judged header.
type Header struct {
	Type MessageType

	// Length counts the payload's bytes, which follow.
	Length int

	// RequestID was chosen by the side that opened the exchange.
	RequestID uint64
}

// ParseHeader judges the header with which the bytes begin. Its error is a *ProtocolError.
func ParseHeader(data []byte) (Header, error) {
	header, err := parseHeader(data)
	if err != nil {
		return Header{}, err
	}
	return header, nil
}

func parseHeader(data []byte) (Header, *ProtocolError) {
	if len(data) < HeaderBytes {
		return Header{}, fatal(CodeTruncated, len(data), 0, "a header is not whole")
	}
	if string(data[0:2]) != magic {
		return Header{}, fatal(CodeBadMagic, 0, 0, "the magic bytes are others")
	}
	if number(data[2:3]) != Version {
		return Header{}, fatal(CodeUnsupportedVersion, 2, 0, "the version is another")
	}
	kind, requestID := MessageType(data[3]), number(data[8:16])
	if !kind.isKnown() {
		err := fatal(CodeUnknownMessageType, 3, requestID, "no message has this code")
		return Header{}, err
	}
	length := number(data[4:8])
	if length > MaxPayloadBytes {
		err := fatal(CodePayloadTooLarge, 4, requestID, "the payload is too large")
		return Header{}, err
	}
	return Header{kind, int(length), requestID}, nil
}

// Refuses a payload where the message has none.
func (h Header) checkPresence() *ProtocolError {
	if h.Length == 0 || h.Type.hasPayload() {
		return nil
	}
	err := fault(CodeUnexpectedPayload, 4, h.Type.String()+" has no payload")
	err.RequestID = h.RequestID
	return err
}

// Append writes the header behind what there is. It is not judged.
func (h Header) Append(data []byte) []byte {
	data = append(data, magic...)
	data = append(data, byte(Version))
	data = append(data, byte(h.Type))
	data = binary.BigEndian.AppendUint32(data, uint32(h.Length))
	return binary.BigEndian.AppendUint64(data, h.RequestID)
}
