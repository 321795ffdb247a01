// @generated from spec/ (8bca34bc5ac3e8be) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** What MANAGE can ask for. */
public enum ManageOp {
  ADD(1),
  REMOVE(2),
  RELOAD(3),
  SET(4);

  private final int code;

  ManageOp(int code) {
    this.code = code;
  }

  /** The number that travels. */
  public int code() {
    return code;
  }
}
