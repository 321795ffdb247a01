// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One end of a connection, without I/O: bytes in, events out; messages in, bytes out.
 *
 * <p>Every frame, sent or received, runs the table of {@link Exchanges}. One thread at a time.
 */
public final class Connection {
  private static final int MOST_KEPT_BYTES = 64 * 1024;

  private final Role role;
  private final Side peer;

  /** The exchanges that are open, given up or not. */
  private final Map<Long, State> states = new HashMap<>();

  /** What has come of the next frame, from {@code start} to {@code stop}. */
  private byte[] bytes = new byte[0];

  private int start;
  private int stop;

  /** The header of that frame, once it is judged. */
  private Header header;

  /** A frame of which the payload is refused, and how much of it is still to be dropped. */
  private Header skipped;

  private long toSkip;
  private boolean isOver;

  /** How many exchanges may be open at once. */
  private int maxOpen;

  /** The end of that role. */
  public Connection(Role role) {
    this.role = role;
    this.maxOpen = role.maxOpen();
    this.peer = role.side() == Side.OPENER ? Side.ANSWERER : Side.OPENER;
  }

  /** The ids of which the last frame is still to come, given up or not. */
  public Set<Long> openExchanges() {
    return Set.copyOf(states.keySet());
  }

  /** Whether this exchange is open. */
  public boolean isOpen(long requestId) {
    return states.containsKey(requestId);
  }

  /** The events that bytes bring about, in whatever portions they come. */
  public List<Event> receive(byte[] data, int offset, int length) {
    if (start == stop) {
      // Most often whole frames come: they are read where they are.
      byte[] kept = bytes;
      look(data, offset, offset + length);
      List<Event> events = events();
      byte[] rest = stop - start > kept.length ? new byte[stop - start] : kept;
      System.arraycopy(bytes, start, rest, 0, stop - start);
      look(rest, 0, stop - start);
      return events;
    }
    append(data, offset, length);
    List<Event> events = events();
    if (start == stop && bytes.length > MOST_KEPT_BYTES) {
      // A connection that is idle keeps no room for a large frame.
      look(new byte[0], 0, 0);
    }
    return events;
  }

  /** The events that bytes bring about. */
  public List<Event> receive(byte[] data) {
    return receive(data, 0, data.length);
  }

  /** The events that the end of the stream brings about. */
  public List<Event> receiveEof() {
    if (isOver) {
      return List.of();
    }
    isOver = true;
    int come = stop - start;
    Header frame = header;
    if (toSkip > 0) {
      frame = skipped;
      come = (int) (Header.BYTES + skipped.length() - toSkip);
    }
    if (come == 0) {
      return List.of(new Event.Closed());
    }
    long requestId = frame == null ? 0 : frame.requestId();
    return List.of(
        new Event.Fault(
            ProtocolException.at(come, ErrorCode.TRUNCATED, Scope.CONNECTION, requestId)));
  }

  /** The bytes of a message, which becomes part of its exchange, unless it is refused. */
  public byte[] send(Message message) throws ProtocolException {
    Transition move = move(role.side(), message.type(), message.requestId());
    if (move.refusal() != null) {
      throw refused(move, message.requestId());
    }
    byte[] frame = message.toBytes();
    enter(message.requestId(), move.next());
    return frame;
  }

  /** Has up to so many exchanges open at once, where the worker's STATUS told so many. */
  public void permit(int count) {
    maxOpen = Math.max(count, role.maxOpen());
  }

  /** Gives up an exchange that this side opened: what comes for it is discarded. */
  public void abandon(long requestId) {
    states.replace(requestId, State.ABANDONED);
  }

  private void look(byte[] data, int from, int to) {
    bytes = data;
    start = from;
    stop = to;
  }

  private void append(byte[] data, int offset, int length) {
    int there = stop - start;
    if (stop + length > bytes.length) {
      // Twice as much as came, so that memory follows what came, not what a header claims.
      int whole = header == null ? 0 : Header.BYTES + header.length();
      int wanted = Math.max(there + length, Math.min(2 * there, whole));
      byte[] room = there + length <= bytes.length ? bytes : new byte[wanted];
      System.arraycopy(bytes, start, room, 0, there);
      look(room, 0, there);
    }
    System.arraycopy(data, offset, bytes, stop, length);
    stop += length;
  }

  private List<Event> events() {
    List<Event> events = new ArrayList<>(1);
    while (!isOver) {
      try {
        Event event = next();
        if (event == null) {
          break;
        }
        events.add(event);
      } catch (ProtocolException fault) {
        isOver = fault.scope() == Scope.CONNECTION;
        events.add(new Event.Fault(fault));
      }
    }
    return events;
  }

  /** The next event; null when more bytes are needed. */
  private Event next() throws ProtocolException {
    while (skip() && judged()) {
      int frame = start;
      int size = Header.BYTES + header.length();
      if (stop - start < size) {
        return null;
      }
      Header whole = header;
      header = null;
      start += size;
      Event event = take(whole, frame);
      if (event != null) {
        return event;
      }
    }
    return null;
  }

  /** Drops what is to be dropped; returns whether that is done. */
  private boolean skip() {
    int dropped = (int) Math.min(toSkip, stop - start);
    start += dropped;
    toSkip -= dropped;
    return toSkip == 0;
  }

  /** Judges the next header when it is there; returns whether it is. */
  private boolean judged() throws ProtocolException {
    if (header != null) {
      return true;
    }
    if (stop - start < Header.BYTES) {
      return false;
    }
    Header next = Header.read(bytes, start);
    try {
      next.checkPresence();
    } catch (ProtocolException fault) {
      fail(next.requestId(), true);
      skipped = next;
      toSkip = Header.BYTES + next.length();
      throw fault;
    }
    header = next;
    return true;
  }

  private Event take(Header frame, int at) throws ProtocolException {
    long requestId = frame.requestId();
    if (isNotice(frame)) {
      return received(frame, at, false);
    }
    Transition move = move(peer, frame.type(), requestId);
    if (move.isDelivered()) {
      Event event = received(frame, at, move.next() == State.IDLE);
      enter(requestId, move.next());
      return event;
    }
    if (move.scope() == Scope.CONNECTION) {
      throw refused(move, requestId);
    }
    boolean wasOpen = isOpen(requestId);
    enter(requestId, move.next());
    if (move.refusal() != null) {
      throw refused(move, requestId);
    }
    return wasOpen && !isOpen(requestId) ? new Event.Ended(requestId) : null;
  }

  /** Whether it is an error that is about the connection. */
  private boolean isNotice(Header frame) {
    return frame.requestId() == Limits.CONNECTION_REQUEST_ID
        && frame.type() == Exchanges.NOTICE
        && peer == Exchanges.NOTICE_SENDER
        && !isOpen(frame.requestId());
  }

  private Event received(Header frame, int at, boolean ended) throws ProtocolException {
    try {
      return new Event.Received(Payloads.read(frame, bytes, at), ended);
    } catch (ProtocolException fault) {
      fail(frame.requestId(), ended);
      throw fault;
    }
  }

  /** An exchange dies of a frame that cannot be read. */
  private void fail(long requestId, boolean ended) {
    if (isOpen(requestId)) {
      enter(requestId, Exchanges.afterFault(peer, ended));
    }
  }

  private Transition move(Side sender, MessageType type, long requestId) {
    State state = states.getOrDefault(requestId, State.IDLE);
    Transition move = Exchanges.of(state, sender, type);
    boolean opens = state == State.IDLE && move.isDelivered();
    boolean may = role.opens(type) && states.size() < maxOpen;
    return opens && !may ? Exchanges.NOT_OPENED : move;
  }

  private void enter(long requestId, State state) {
    if (state == State.IDLE) {
      states.remove(requestId);
    } else {
      states.put(requestId, state);
    }
  }

  private static ProtocolException refused(Transition move, long requestId) {
    return ProtocolException.of(move.refusal(), move.scope(), requestId);
  }
}
