// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** What came of bytes that a connection received. */
public sealed interface Event {
  /** A message came; it may have ended its exchange. */
  record Received(Message message, boolean ended) implements Event {}

  /** The end of an exchange that was given up: its last frame came, and was discarded. */
  record Ended(long requestId) implements Event {}

  /** The peer sends nothing more. Exchanges that are still open get no answer. */
  record Closed() implements Event {}

  /** The peer broke the protocol; after a fault of the connection there are no more events. */
  record Fault(ProtocolException error) implements Event {}
}
