// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** What MANAGE can ask for. */
public enum ManageOp {
  ADD(1),
  REMOVE(2),
  RELOAD(3),
  SET(4),
  CALLS(5),
  STACKS(6),
  KILL(7),
  RECYCLE(8);

  private final int code;

  ManageOp(int code) {
    this.code = code;
  }

  /** The number that travels. */
  public int code() {
    return code;
  }
}
