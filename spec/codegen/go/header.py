"""header.go: the header, read and written."""

from __future__ import annotations

from .. import ir
from .printing import code, filled, limit, raw

TEMPLATE = """
    package «package»

    import "encoding/binary"

    const (
        // Version is that of the protocol, which each header carries.
        Version = «version»

        // HeaderBytes is the size of a header.
        HeaderBytes = «header_bytes»

        magic = «magic»
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
        if string(data[«magic_at»]) != magic {
            return Header{}, fatal(«magic_code», «magic_offset», 0, "the magic bytes are others")
        }
        if number(data[«version_at»]) != Version {
            return Header{}, fatal(«version_code», «version_offset», 0, "the version is another")
        }
        kind, requestID := MessageType(data[«type_offset»]), number(data[«request_id_at»])
        if !kind.isKnown() {
            err := fatal(«type_code», «type_offset», requestID, "no message has this code")
            return Header{}, err
        }
        length := number(data[«length_at»])
        if length > «most» {
            err := fatal(«length_code», «length_offset», requestID, "the payload is too large")
            return Header{}, err
        }
        return Header{kind, int(length), requestID}, nil
    }

    // Refuses a payload where the message has none.
    func (h Header) checkPresence() *ProtocolError {
        if h.Length == 0 || h.Type.hasPayload() {
            return nil
        }
        err := fault(CodeUnexpectedPayload, «length_offset», h.Type.String()+" has no payload")
        err.RequestID = h.RequestID
        return err
    }

    // Append writes the header behind what there is. It is not judged.
    func (h Header) Append(data []byte) []byte {
        data = append(data, magic...)
        «version_written»
        data = append(data, byte(h.Type))
        «length_written»
        return binary.BigEndian.AppendUint64(data, h.RequestID)
    }
"""


def text(spec: ir.Spec, package: str) -> str:
    """The file."""
    holes: dict[str, str] = {}
    for field in spec.header:
        if f"«{field.name}_at»" in TEMPLATE:
            holes[f"{field.name}_at"] = f"{field.offset}:{field.offset + field.size}"
        if f"«{field.name}_offset»" in TEMPLATE:
            holes[f"{field.name}_offset"] = str(field.offset)
        if f"«{field.name}_code»" in TEMPLATE:
            holes[f"{field.name}_code"] = code(field.error)
    magic, length = spec.header_field("magic").constant, spec.header_field("length")
    assert isinstance(magic, bytes)
    assert length.limit is not None
    return filled(
        TEMPLATE,
        package=package,
        version=str(spec.version),
        header_bytes=str(spec.header_bytes),
        magic=raw(magic),
        most=limit(length.limit),
        version_written=_appended(spec.header_field("version").size, "Version"),
        length_written=_appended(length.size, "h.Length"),
        **holes,
    )


def _appended(size: int, number: str) -> str:
    if size == 1:
        return f"data = append(data, byte({number}))"
    return f"data = binary.BigEndian.AppendUint{8 * size}(data, uint{8 * size}({number}))"
