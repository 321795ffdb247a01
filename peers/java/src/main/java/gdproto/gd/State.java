// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** The states of an exchange, seen alike from both ends. */
public enum State {
  /** No exchange with this id is open. */
  IDLE,

  /** REQUEST sent, no answer yet. */
  CALLING,

  /** CHUNK received, more may follow. */
  STREAMING,

  /** STASH, STATUS or MANAGE sent, no answer yet. */
  ASKING,

  /** Given up by the opener, its terminal frame still to come. */
  ABANDONED
}
