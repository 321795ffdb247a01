// @generated from spec/ (dde9e84d13fe1180) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** The two sides of an exchange. */
public enum Side {
  OPENER,
  ANSWERER
}
