// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
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
  EXISTS(10),
  PUT_IF_ABSENT(11),
  POP(12),
  INCR(13),
  TOUCH(14),
  TTL(15),
  ENTRY(16),
  SWAP(17),
  GET_MANY(18),
  PUT_MANY(19),
  PAGE(20),
  PUSH_LEFT(21),
  PUSH_RIGHT(22),
  POP_LEFT(23),
  POP_RIGHT(24),
  LENGTH(25),
  CHANGES(26);

  private final int code;

  StashOp(int code) {
    this.code = code;
  }

  /** The number that travels. */
  public int code() {
    return code;
  }
}
