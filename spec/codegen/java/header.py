"""The header of a frame, and the types of messages."""

from __future__ import annotations

from .. import ir
from ..naming import screaming
from ..template import fill
from .words import code, doc, listed, octets, scope, sentence

TYPES = """
    /** The messages of GD/1. */
    public enum MessageType {
      «constants»

      private static final MessageType[] BY_CODE = new MessageType[1 << Byte.SIZE];

      static {
        for (MessageType type : values()) {
          BY_CODE[type.code] = type;
        }
      }

      private final int code;
      private final boolean hasPayload;

      MessageType(int code, boolean hasPayload) {
        this.code = code;
        this.hasPayload = hasPayload;
      }

      /** The number in the header. */
      public int code() {
        return code;
      }

      /** Whether the message has a payload; one without has no bytes behind its header. */
      public boolean hasPayload() {
        return hasPayload;
      }

      /** The type with this number, from 0 to 255; null for none. */
      public static MessageType of(int code) {
        return BY_CODE[code];
      }
    }
"""
HEADER = """
    import java.util.Arrays;

    /**
     * The header of a frame.
     *
     * @param type of the message
     * @param length bytes of the payload
     * @param requestId of the exchange, a number of 64 bits without a sign
     */
    public record Header(MessageType type, int length, long requestId) {
      /** Bytes of a header. */
      public static final int BYTES = Limits.HEADER_BYTES;

      «raws»

      /** Reads and judges the header at this place, of which all bytes are there. */
      static Header read(byte[] data, int at) throws ProtocolException {
        «constants»
        long requestId = number(data, at + «request_id_at», «request_id_bytes»);
        MessageType type = MessageType.of((int) number(data, at + «type_at», «type_bytes»));
        if (type == null) {
          throw fault(«type_error», «type_at», requestId);
        }
        long length = number(data, at + «length_at», «length_bytes»);
        if (length > «length_limit») {
          throw fault(«length_error», «length_at», requestId);
        }
        return new Header(type, (int) length, requestId);
      }

      /** Refuses a payload where the message has none. */
      void checkPresence() throws ProtocolException {
        if (length > 0 && !type.hasPayload()) {
          throw ProtocolException.at(«length_at», «unexpected», «presence_scope», requestId);
        }
      }

      /** Writes the header behind what is there already. */
      void write(ValueWriter out) {
        «written»
      }

      private static long number(byte[] data, int at, int bytes) {
        long number = 0;
        for (int one = 0; one < bytes; one++) {
          number = number << 8 | data[at + one] & 0xff;
        }
        return number;
      }

      private static ProtocolException fault(ErrorCode code, int offset, long requestId) {
        return ProtocolException.at(offset, code, «scope», requestId);
      }
    }
"""


def files(spec: ir.Spec) -> dict[str, str]:
    """The types of messages, and the header."""
    return {"MessageType": fill(TYPES, constants=_types(spec)), "Header": _header(spec)}


def _types(spec: ir.Spec) -> list[str]:
    return listed(
        (f"{screaming(m.name)}(0x{m.code:02x}, {str(m.fields is not None).lower()})", m.meaning)
        for m in spec.messages
    )


def _header(spec: ir.Spec) -> str:
    number, kind, length = (spec.header_field(n) for n in ("request_id", "type", "length"))
    assert length.limit is not None
    return fill(
        HEADER,
        raws=[line for field in spec.header for line in _raw(field)],
        constants=[line for field in spec.header for line in _constant(field)],
        request_id_at=str(number.offset),
        request_id_bytes=str(number.size),
        type_at=str(kind.offset),
        type_bytes=str(kind.size),
        type_error=code(kind.error),
        length_at=str(length.offset),
        length_bytes=str(length.size),
        length_limit=f"Limits.{screaming(length.limit.name)}",
        length_error=code(length.error),
        unexpected=code("unexpected_payload"),
        presence_scope=scope("presence", spec),
        written=[_written(field) for field in spec.header],
        scope=scope("header", spec),
    )


def _raw(field: ir.HeaderField) -> list[str]:
    if not isinstance(field.constant, bytes):
        return []
    held = f"private static final byte[] {screaming(field.name)} = {octets(field.constant)};"
    return [*doc(sentence(field.meaning), 1), held]


def _constant(field: ir.HeaderField) -> list[str]:
    if field.constant is None:
        return []
    at, bytes_ = field.offset, field.size
    differs = f"number(data, at + {at}, {bytes_}) != {field.constant!r}"
    if isinstance(field.constant, bytes):
        name = screaming(field.name)
        place = f"data, at + {at}, at + {at + bytes_}"
        differs = f"!Arrays.equals({place}, {name}, 0, {bytes_})"
    return [f"if ({differs}) {{", f"  throw fault({code(field.error)}, {at}, 0);", "}"]


def _written(field: ir.HeaderField) -> str:
    if isinstance(field.constant, bytes):
        return f"out.place({screaming(field.name)}, {field.offset});"
    values = {"type": "type.code()", "length": "length", "request_id": "requestId"}
    held = str(field.constant) if field.constant is not None else values[field.name]
    return f"out.put({field.offset}, {field.size}, {held});"
