// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

/** What each message does, in each state, from each side. */
public final class Exchanges {
  /** A frame that may not open an exchange here. */
  static final Transition NOT_OPENED =
      Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE);

  /** The message that is about the connection, under an id that no exchange has. */
  static final MessageType NOTICE = MessageType.ERROR;

  /** The side that may send it. */
  static final Side NOTICE_SENDER = Side.ANSWERER;

  private static final int SENDERS = Side.values().length;
  private static final int TYPES = MessageType.values().length;
  private static final int STATES = State.values().length;
  private static final Transition[] TABLE = new Transition[STATES * SENDERS * TYPES];

  static {
    row(State.IDLE, Side.OPENER, MessageType.REQUEST, Transition.deliver(State.CALLING));
    row(State.IDLE, Side.OPENER, MessageType.STASH, Transition.deliver(State.ASKING));
    row(State.IDLE, Side.OPENER, MessageType.STATUS, Transition.deliver(State.ASKING));
    row(State.IDLE, Side.OPENER, MessageType.MANAGE, Transition.deliver(State.ASKING));
    row(
        State.CALLING,
        Side.OPENER,
        MessageType.REQUEST,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.CALLING,
        Side.OPENER,
        MessageType.STASH,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.CALLING,
        Side.OPENER,
        MessageType.STATUS,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.CALLING,
        Side.OPENER,
        MessageType.MANAGE,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.STREAMING,
        Side.OPENER,
        MessageType.REQUEST,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.STREAMING,
        Side.OPENER,
        MessageType.STASH,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.STREAMING,
        Side.OPENER,
        MessageType.STATUS,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.STREAMING,
        Side.OPENER,
        MessageType.MANAGE,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.ASKING,
        Side.OPENER,
        MessageType.REQUEST,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.ASKING,
        Side.OPENER,
        MessageType.STASH,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.ASKING,
        Side.OPENER,
        MessageType.STATUS,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.ASKING,
        Side.OPENER,
        MessageType.MANAGE,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.ABANDONED,
        Side.OPENER,
        MessageType.REQUEST,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.ABANDONED,
        Side.OPENER,
        MessageType.STASH,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.ABANDONED,
        Side.OPENER,
        MessageType.STATUS,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(
        State.ABANDONED,
        Side.OPENER,
        MessageType.MANAGE,
        Transition.refuse(ErrorCode.DUPLICATE_REQUEST_ID, Scope.CONNECTION, null));
    row(State.CALLING, Side.OPENER, MessageType.CANCEL, Transition.deliver(State.ABANDONED));
    row(State.STREAMING, Side.OPENER, MessageType.CANCEL, Transition.deliver(State.ABANDONED));
    row(State.ASKING, Side.OPENER, MessageType.CANCEL, Transition.deliver(State.ABANDONED));
    row(State.ABANDONED, Side.OPENER, MessageType.CANCEL, Transition.deliver(State.ABANDONED));
    row(State.IDLE, Side.OPENER, MessageType.CANCEL, Transition.discard(State.IDLE));
    row(State.CALLING, Side.OPENER, MessageType.PAUSE, Transition.deliver(State.CALLING));
    row(State.CALLING, Side.OPENER, MessageType.RESUME, Transition.deliver(State.CALLING));
    row(State.STREAMING, Side.OPENER, MessageType.PAUSE, Transition.deliver(State.STREAMING));
    row(State.STREAMING, Side.OPENER, MessageType.RESUME, Transition.deliver(State.STREAMING));
    row(State.ASKING, Side.OPENER, MessageType.PAUSE, Transition.discard(State.ASKING));
    row(State.ASKING, Side.OPENER, MessageType.RESUME, Transition.discard(State.ASKING));
    row(State.ABANDONED, Side.OPENER, MessageType.PAUSE, Transition.discard(State.ABANDONED));
    row(State.ABANDONED, Side.OPENER, MessageType.RESUME, Transition.discard(State.ABANDONED));
    row(State.IDLE, Side.OPENER, MessageType.PAUSE, Transition.discard(State.IDLE));
    row(State.IDLE, Side.OPENER, MessageType.RESUME, Transition.discard(State.IDLE));
    row(
        State.IDLE,
        Side.OPENER,
        MessageType.RESPONSE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.IDLE,
        Side.OPENER,
        MessageType.ERROR,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.IDLE,
        Side.OPENER,
        MessageType.CHUNK,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.IDLE,
        Side.OPENER,
        MessageType.END,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.CALLING,
        Side.OPENER,
        MessageType.RESPONSE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.CALLING,
        Side.OPENER,
        MessageType.ERROR,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.CALLING,
        Side.OPENER,
        MessageType.CHUNK,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.CALLING,
        Side.OPENER,
        MessageType.END,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.STREAMING,
        Side.OPENER,
        MessageType.RESPONSE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.STREAMING,
        Side.OPENER,
        MessageType.ERROR,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.STREAMING,
        Side.OPENER,
        MessageType.CHUNK,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.STREAMING,
        Side.OPENER,
        MessageType.END,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.ASKING,
        Side.OPENER,
        MessageType.RESPONSE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.ASKING,
        Side.OPENER,
        MessageType.ERROR,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.ASKING,
        Side.OPENER,
        MessageType.CHUNK,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.ASKING,
        Side.OPENER,
        MessageType.END,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.ABANDONED,
        Side.OPENER,
        MessageType.RESPONSE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.ABANDONED,
        Side.OPENER,
        MessageType.ERROR,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.ABANDONED,
        Side.OPENER,
        MessageType.CHUNK,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(
        State.ABANDONED,
        Side.OPENER,
        MessageType.END,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(State.CALLING, Side.ANSWERER, MessageType.RESPONSE, Transition.deliver(State.IDLE));
    row(State.CALLING, Side.ANSWERER, MessageType.ERROR, Transition.deliver(State.IDLE));
    row(State.CALLING, Side.ANSWERER, MessageType.END, Transition.deliver(State.IDLE));
    row(State.CALLING, Side.ANSWERER, MessageType.CHUNK, Transition.deliver(State.STREAMING));
    row(State.STREAMING, Side.ANSWERER, MessageType.CHUNK, Transition.deliver(State.STREAMING));
    row(State.STREAMING, Side.ANSWERER, MessageType.END, Transition.deliver(State.IDLE));
    row(State.STREAMING, Side.ANSWERER, MessageType.ERROR, Transition.deliver(State.IDLE));
    row(
        State.STREAMING,
        Side.ANSWERER,
        MessageType.RESPONSE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(State.ASKING, Side.ANSWERER, MessageType.RESPONSE, Transition.deliver(State.IDLE));
    row(State.ASKING, Side.ANSWERER, MessageType.ERROR, Transition.deliver(State.IDLE));
    row(
        State.ASKING,
        Side.ANSWERER,
        MessageType.CHUNK,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.ABANDONED));
    row(
        State.ASKING,
        Side.ANSWERER,
        MessageType.END,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.EXCHANGE, State.IDLE));
    row(State.ABANDONED, Side.ANSWERER, MessageType.CHUNK, Transition.discard(State.ABANDONED));
    row(State.ABANDONED, Side.ANSWERER, MessageType.RESPONSE, Transition.discard(State.IDLE));
    row(State.ABANDONED, Side.ANSWERER, MessageType.ERROR, Transition.discard(State.IDLE));
    row(State.ABANDONED, Side.ANSWERER, MessageType.END, Transition.discard(State.IDLE));
    row(
        State.IDLE,
        Side.ANSWERER,
        MessageType.RESPONSE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.IDLE,
        Side.ANSWERER,
        MessageType.ERROR,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.IDLE,
        Side.ANSWERER,
        MessageType.CHUNK,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.IDLE,
        Side.ANSWERER,
        MessageType.END,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.IDLE,
        Side.ANSWERER,
        MessageType.REQUEST,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.IDLE,
        Side.ANSWERER,
        MessageType.STASH,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.IDLE,
        Side.ANSWERER,
        MessageType.STATUS,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.IDLE,
        Side.ANSWERER,
        MessageType.MANAGE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.IDLE,
        Side.ANSWERER,
        MessageType.CANCEL,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.IDLE,
        Side.ANSWERER,
        MessageType.PAUSE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.IDLE,
        Side.ANSWERER,
        MessageType.RESUME,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.CALLING,
        Side.ANSWERER,
        MessageType.REQUEST,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.CALLING,
        Side.ANSWERER,
        MessageType.STASH,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.CALLING,
        Side.ANSWERER,
        MessageType.STATUS,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.CALLING,
        Side.ANSWERER,
        MessageType.MANAGE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.CALLING,
        Side.ANSWERER,
        MessageType.CANCEL,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.CALLING,
        Side.ANSWERER,
        MessageType.PAUSE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.CALLING,
        Side.ANSWERER,
        MessageType.RESUME,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.STREAMING,
        Side.ANSWERER,
        MessageType.REQUEST,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.STREAMING,
        Side.ANSWERER,
        MessageType.STASH,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.STREAMING,
        Side.ANSWERER,
        MessageType.STATUS,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.STREAMING,
        Side.ANSWERER,
        MessageType.MANAGE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.STREAMING,
        Side.ANSWERER,
        MessageType.CANCEL,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.STREAMING,
        Side.ANSWERER,
        MessageType.PAUSE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.STREAMING,
        Side.ANSWERER,
        MessageType.RESUME,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ASKING,
        Side.ANSWERER,
        MessageType.REQUEST,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ASKING,
        Side.ANSWERER,
        MessageType.STASH,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ASKING,
        Side.ANSWERER,
        MessageType.STATUS,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ASKING,
        Side.ANSWERER,
        MessageType.MANAGE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ASKING,
        Side.ANSWERER,
        MessageType.CANCEL,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ASKING,
        Side.ANSWERER,
        MessageType.PAUSE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ASKING,
        Side.ANSWERER,
        MessageType.RESUME,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ABANDONED,
        Side.ANSWERER,
        MessageType.REQUEST,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ABANDONED,
        Side.ANSWERER,
        MessageType.STASH,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ABANDONED,
        Side.ANSWERER,
        MessageType.STATUS,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ABANDONED,
        Side.ANSWERER,
        MessageType.MANAGE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ABANDONED,
        Side.ANSWERER,
        MessageType.CANCEL,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ABANDONED,
        Side.ANSWERER,
        MessageType.PAUSE,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
    row(
        State.ABANDONED,
        Side.ANSWERER,
        MessageType.RESUME,
        Transition.refuse(ErrorCode.UNEXPECTED_MESSAGE, Scope.CONNECTION, null));
  }

  private Exchanges() {}

  /** What the message does. */
  public static Transition of(State state, Side sender, MessageType type) {
    return TABLE[place(state, sender, type)];
  }

  /** The state after a payload at fault, of a frame that ends its exchange or not. */
  static State afterFault(Side sender, boolean ends) {
    return switch (sender) {
      case OPENER -> State.IDLE;
      case ANSWERER -> ends ? State.IDLE : State.ABANDONED;
    };
  }

  private static void row(State state, Side sender, MessageType type, Transition transition) {
    TABLE[place(state, sender, type)] = transition;
  }

  private static int place(State state, Side sender, MessageType type) {
    return (state.ordinal() * SENDERS + sender.ordinal()) * TYPES + type.ordinal();
  }
}
