// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** The limits of GD/1, and what is the same in every frame. */
public final class Limits {
  /** At most: Payload of one frame, in bytes. */
  public static final int MAX_PAYLOAD_BYTES = 67108864;

  /** At most: One bytes or string value, in encoded bytes. */
  public static final int MAX_BLOB_BYTES = 67108864;

  /** At most: Items of one list, or pairs of one dict. */
  public static final int MAX_ITEMS = 1048576;

  /** At most: Lists and dicts open at once, the outermost included. */
  public static final int MAX_DEPTH = 512;

  /** The protocol's version, which each header carries. */
  public static final int VERSION = 1;

  /** The size of a header. */
  public static final int HEADER_BYTES = 16;

  /** A value that is on its own. */
  public static final int MAX_VALUE_BYTES = 67108869;

  /** The request id of an error about the connection. */
  public static final long CONNECTION_REQUEST_ID = 0;

  /** The bytes at fault that are told, at most. */
  public static final int RAW_DATA_BYTES = 100;

  private Limits() {}
}
