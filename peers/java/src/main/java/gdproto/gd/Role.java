// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import java.util.EnumSet;
import java.util.Set;

/** The ends of connections. */
public enum Role {
  /** Calls apps through an arbiter. */
  CLIENT(
      "client",
      Side.OPENER,
      Integer.MAX_VALUE,
      MessageType.REQUEST,
      MessageType.STASH,
      MessageType.STATUS,
      MessageType.MANAGE),

  /** Serves clients. */
  ARBITER(
      "arbiter",
      Side.ANSWERER,
      Integer.MAX_VALUE,
      MessageType.REQUEST,
      MessageType.STASH,
      MessageType.STATUS,
      MessageType.MANAGE),

  /** The arbiter's end of a stream to a worker. */
  LANE("lane", Side.OPENER, 1, MessageType.REQUEST, MessageType.STATUS),

  /** Runs the apps. */
  WORKER("worker", Side.ANSWERER, 1, MessageType.REQUEST, MessageType.STATUS);

  private final String wire;
  private final Side side;
  private final int maxOpen;
  private final Set<MessageType> opens;

  Role(String wire, Side side, int maxOpen, MessageType first, MessageType... others) {
    this.wire = wire;
    this.side = side;
    this.maxOpen = maxOpen;
    this.opens = EnumSet.of(first, others);
  }

  /** The role's name in the specification. */
  public String wire() {
    return wire;
  }

  /** Whether it opens exchanges, or answers them. */
  public Side side() {
    return side;
  }

  /** How many exchanges may be open at once. */
  public int maxOpen() {
    return maxOpen;
  }

  /** Whether such a message may open an exchange here. */
  public boolean opens(MessageType type) {
    return opens.contains(type);
  }
}
