// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** The messages of GD/1. */
public enum MessageType {
  /** Call an action of an app. */
  REQUEST(0x01, true),

  /** The result of an exchange. */
  RESPONSE(0x02, true),

  /** The failure of an exchange, or with id 0 of the connection. */
  ERROR(0x03, true),

  /** A piece of a stream. */
  CHUNK(0x04, true),

  /** The end of a stream. */
  END(0x05, false),

  /** An operation on the arbiter's shared tables. */
  STASH(0x10, true),

  /** Ask for the state of the arbiter or worker. */
  STATUS(0x11, false),

  /** Change the workers, or look at what they do. */
  MANAGE(0x12, true),

  /** Give up an open exchange. */
  CANCEL(0x80, false),

  /** Ask for no CHUNKs of an exchange for now. */
  PAUSE(0x81, false),

  /** Ask for the CHUNKs of an exchange again. */
  RESUME(0x82, false);

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
