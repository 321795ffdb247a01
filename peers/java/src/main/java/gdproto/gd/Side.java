// @generated from spec/ (8caa4b66564f52ac) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** The two sides of an exchange. */
public enum Side {
  OPENER,
  ANSWERER
}
