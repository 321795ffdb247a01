"""Exchanges: states, sides and roles, and what each message does."""

from __future__ import annotations

from .. import ir, layout
from ..naming import screaming
from ..template import fill
from .words import called, code, doc, listed, quoted, sentence

STATE = """
    /** The states of an exchange, seen alike from both ends. */
    public enum State {
      «constants»
    }
"""
SIDE = """
    /** The two sides of an exchange. */
    public enum Side {
      «constants»
    }
"""
ROLE = """
    import java.util.EnumSet;
    import java.util.Set;

    /** The ends of connections. */
    public enum Role {
      «constants»

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
"""
TRANSITION = """
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
"""
EXCHANGES = """
    /** What each message does, in each state, from each side. */
    public final class Exchanges {
      /** A frame that may not open an exchange here. */
      static final Transition NOT_OPENED =
          «not_opened»;

      /** The message that is about the connection, under an id that no exchange has. */
      static final MessageType NOTICE = MessageType.«notice»;

      /** The side that may send it. */
      static final Side NOTICE_SENDER = Side.«notice_sender»;

      private static final int SENDERS = Side.values().length;
      private static final int TYPES = MessageType.values().length;
      private static final int STATES = State.values().length;
      private static final Transition[] TABLE = new Transition[STATES * SENDERS * TYPES];

      static {
        «rows»
      }

      private Exchanges() {}

      /** What the message does. */
      public static Transition of(State state, Side sender, MessageType type) {
        return TABLE[place(state, sender, type)];
      }

      /** The state after a payload at fault, of a frame that ends its exchange or not. */
      static State afterFault(Side sender, boolean ends) {
        return switch (sender) {
          «after_fault»
        };
      }

      private static void row(State state, Side sender, MessageType type, Transition transition) {
        TABLE[place(state, sender, type)] = transition;
      }

      private static int place(State state, Side sender, MessageType type) {
        return (state.ordinal() * SENDERS + sender.ordinal()) * TYPES + type.ordinal();
      }
    }
"""


def files(spec: ir.Spec) -> dict[str, str]:
    """States, sides, roles, and the table."""
    states = listed((screaming(name), sentence(meaning)) for name, meaning in spec.states)
    sides = listed((screaming(side), "") for side in layout.sides(spec))
    return {
        "State": fill(STATE, constants=_last(states)),
        "Side": fill(SIDE, constants=_last(sides)),
        "Role": fill(ROLE, constants=_roles(spec)),
        "Transition": fill(TRANSITION),
        "Exchanges": _exchanges(spec),
    }


def _last(constants: list[str]) -> list[str]:
    """Of an enum that is nothing but its constants."""
    return [*constants[:-1], constants[-1].rstrip(";")]


def _roles(spec: ir.Spec) -> list[str]:
    lines: list[str] = []
    for at, role in enumerate(spec.roles):
        most = str(role.max_open) if role.max_open is not None else "Integer.MAX_VALUE"
        opens = [f"MessageType.{screaming(name)}" for name in role.opens]
        words = [quoted(role.name), f"Side.{screaming(role.side)}", most, *opens]
        *head, last = called(screaming(role.name), words, 1)
        is_last = at == len(spec.roles) - 1
        lines += [*doc(sentence(role.meaning), 1), *head, last + (";" if is_last else ",")]
        lines += [] if is_last else [""]
    return lines


def _exchanges(spec: ir.Spec) -> str:
    return fill(
        EXCHANGES,
        not_opened=_made(spec.not_opened),
        notice=screaming(spec.notice.message),
        notice_sender=screaming(spec.notice.sender),
        rows=[line for row in spec.transitions for line in _row(row)],
        after_fault=_after_fault(spec),
    )


def _made(row: ir.Transition) -> str:
    state = f"State.{screaming(row.next)}"
    if row.outcome in ("deliver", "discard"):
        return f"Transition.{row.outcome}({state})"
    next_ = "null" if row.scope == "connection" else state
    return f"Transition.refuse({code(row.outcome)}, Scope.{screaming(row.scope)}, {next_})"


def _row(row: ir.Transition) -> list[str]:
    keys = [f"State.{screaming(row.state)}", f"Side.{screaming(row.sender)}"]
    *head, last = called("row", [*keys, f"MessageType.{screaming(row.message)}", _made(row)], 2)
    return [*head, last + ";"]


def _after_fault(spec: ir.Spec) -> list[str]:
    after = layout.after_fault(spec)
    lines: list[str] = []
    for side in layout.sides(spec):
        ended, going = (f"State.{screaming(after[side, ends])}" for ends in (True, False))
        held = ended if ended == going else f"ends ? {ended} : {going}"
        lines.append(f"case {screaming(side)} -> {held};")
    return lines
