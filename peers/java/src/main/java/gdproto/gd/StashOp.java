// @generated from spec/ (1aa161ffcb92d846) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** What STASH can ask for. */
public enum StashOp {
  PUT(1),
  GET(2),
  DELETE(3),
  KEYS(4),
  CLEAR(5),
  INFO(6),
  ENSURE(7),
  DELETE_TABLE(8),
  TABLES(9),
  EXISTS(10);

  private final int code;

  StashOp(int code) {
    this.code = code;
  }

  /** The number that travels. */
  public int code() {
    return code;
  }
}
