// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** What is wrong with bytes, or with what a peer did: the same in every language. */
public enum ErrorCode {
  /** The frame does not begin with the magic bytes. */
  BAD_MAGIC("bad_magic"),

  /** The version byte is not one we speak. */
  UNSUPPORTED_VERSION("unsupported_version"),

  /** The type byte names no message. */
  UNKNOWN_MESSAGE_TYPE("unknown_message_type"),

  /** The payload exceeds its limit. */
  PAYLOAD_TOO_LARGE("payload_too_large"),

  /** All bytes were promised and some are missing, or a declared size cannot fit. */
  TRUNCATED("truncated"),

  /** Bytes remain after the value or frame. */
  TRAILING_DATA("trailing_data"),

  /** The type byte names no value type. */
  UNKNOWN_TLV_TYPE("unknown_tlv_type"),

  /** A bool's byte is neither 00 nor 01. */
  INVALID_BOOL("invalid_bool"),

  /** A string's bytes are not valid UTF-8. */
  INVALID_UTF8("invalid_utf8"),

  /** A bytes or string exceeds its limit. */
  LENGTH_TOO_LARGE("length_too_large"),

  /** A list or dict exceeds its limit. */
  TOO_MANY_ITEMS("too_many_items"),

  /** Too many containers are open at once. */
  NESTING_TOO_DEEP("nesting_too_deep"),

  /** A dict key is not a string. */
  KEY_NOT_STRING("key_not_string"),

  /** A dict holds the same key twice. */
  DUPLICATE_KEY("duplicate_key"),

  /** A message without payload carries one. */
  UNEXPECTED_PAYLOAD("unexpected_payload"),

  /** The payload's value is not a dict. */
  PAYLOAD_NOT_DICT("payload_not_dict"),

  /** A required field is absent. */
  MISSING_FIELD("missing_field"),

  /** A field's value has another type. */
  WRONG_FIELD_TYPE("wrong_field_type"),

  /** A field has its type but an impossible value. */
  INVALID_FIELD_VALUE("invalid_field_value"),

  /** No integer type can hold the value. */
  INT_OUT_OF_RANGE("int_out_of_range"),

  /** A text has no UTF-8 form (a lone surrogate). */
  INVALID_TEXT("invalid_text"),

  /** The value's type has no TLV form. */
  UNSUPPORTED_TYPE("unsupported_type"),

  /** The message is not legal in this state or role. */
  UNEXPECTED_MESSAGE("unexpected_message"),

  /** An exchange with this id is still open. */
  DUPLICATE_REQUEST_ID("duplicate_request_id");

  private final String wire;

  ErrorCode(String wire) {
    this.wire = wire;
  }

  /** The code as it travels, such as {@code bad_magic}. */
  public String wire() {
    return wire;
  }
}
