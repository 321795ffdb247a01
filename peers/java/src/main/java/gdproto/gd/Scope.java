// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** How much dies of a fault. */
public enum Scope {
  /** The stream or the peer's state can no longer be trusted. */
  CONNECTION,

  /** Only the exchange of the frame. */
  EXCHANGE;

  /** The scope as it travels. */
  public String wire() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
