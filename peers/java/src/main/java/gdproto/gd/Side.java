// @generated from spec/ (0b0810be50a3aebb) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** The two sides of an exchange. */
public enum Side {
  OPENER,
  ANSWERER
}
