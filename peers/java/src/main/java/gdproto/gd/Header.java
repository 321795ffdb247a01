// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

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

  /** The letters GD. */
  private static final byte[] MAGIC = {71, 68};

  /** Reads and judges the header at this place, of which all bytes are there. */
  static Header read(byte[] data, int at) throws ProtocolException {
    if (!Arrays.equals(data, at + 0, at + 2, MAGIC, 0, 2)) {
      throw fault(ErrorCode.BAD_MAGIC, 0, 0);
    }
    if (number(data, at + 2, 1) != 1) {
      throw fault(ErrorCode.UNSUPPORTED_VERSION, 2, 0);
    }
    long requestId = number(data, at + 8, 8);
    MessageType type = MessageType.of((int) number(data, at + 3, 1));
    if (type == null) {
      throw fault(ErrorCode.UNKNOWN_MESSAGE_TYPE, 3, requestId);
    }
    long length = number(data, at + 4, 4);
    if (length > Limits.MAX_PAYLOAD_BYTES) {
      throw fault(ErrorCode.PAYLOAD_TOO_LARGE, 4, requestId);
    }
    return new Header(type, (int) length, requestId);
  }

  /** Refuses a payload where the message has none. */
  void checkPresence() throws ProtocolException {
    if (length > 0 && !type.hasPayload()) {
      throw ProtocolException.at(4, ErrorCode.UNEXPECTED_PAYLOAD, Scope.EXCHANGE, requestId);
    }
  }

  /** Writes the header behind what is there already. */
  void write(ValueWriter out) {
    out.place(MAGIC, 0);
    out.put(2, 1, 1);
    out.put(3, 1, type.code());
    out.put(4, 4, length);
    out.put(8, 8, requestId);
  }

  private static long number(byte[] data, int at, int bytes) {
    long number = 0;
    for (int one = 0; one < bytes; one++) {
      number = number << 8 | data[at + one] & 0xff;
    }
    return number;
  }

  private static ProtocolException fault(ErrorCode code, int offset, long requestId) {
    return ProtocolException.at(offset, code, Scope.CONNECTION, requestId);
  }
}
