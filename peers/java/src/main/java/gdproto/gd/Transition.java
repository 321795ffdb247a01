// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/**
 * What a message does.
 *
 * @param next the state after it; null where the connection ends
 * @param isDelivered whether the message is told, and not discarded
 * @param refusal the portable code where it is refused, or null
 * @param scope how much dies of a refusal, or null
 */
public record Transition(State next, boolean isDelivered, ErrorCode refusal, Scope scope) {
  static Transition deliver(State next) {
    return new Transition(next, true, null, null);
  }

  static Transition discard(State next) {
    return new Transition(next, false, null, null);
  }

  static Transition refuse(ErrorCode code, Scope scope, State next) {
    return new Transition(next, false, code, scope);
  }
}
