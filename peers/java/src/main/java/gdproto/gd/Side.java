// @generated from spec/ (e8ec2e705d673b25) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** The two sides of an exchange. */
public enum Side {
  OPENER,
  ANSWERER
}
