// @generated from spec/ (8bca34bc5ac3e8be) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** The two sides of an exchange. */
public enum Side {
  OPENER,
  ANSWERER
}
