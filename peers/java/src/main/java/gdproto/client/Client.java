package gdproto.client;

import gdproto.gd.DirtyException;
import gdproto.gd.ManageOp;
import gdproto.gd.Message;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/**
 * Calls the apps that an arbiter serves.
 *
 * <p>One client may be shared by threads, and any number of calls be under way at once on its one
 * connection; each stream has a connection of its own. It connects when it is first used, and again
 * after the arbiter was restarted, or where a call was given up that cannot be cancelled: none
 * waits behind it. What was sent is never sent again.
 *
 * <p>Each method that asks throws a {@link DirtyException} for what goes wrong, of the class that
 * its type has.
 */
public final class Client implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final Path socket;
  private final Duration timeout;
  private Wire wire;

  /** On which nothing more is asked, and something is under way. */
  private final List<Wire> left = new ArrayList<>();

  /** Of the arbiter at this socket; a call may take 30 seconds. */
  public Client(Path socket) {
    this(socket, TIMEOUT);
  }

  /**
   * Of the arbiter at this socket.
   *
   * @param timeout for a call as a whole; for a stream, from its start to its end
   */
  public Client(Path socket, Duration timeout) {
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("a timeout is above 0, not " + timeout);
    }
    this.socket = socket;
    this.timeout = timeout;
  }

  /** Of the arbiter that the environment names, by DIRTY_SOCKET or GUNICORN_DIRTY_SOCKET. */
  public static Client ofEnvironment() {
    return ofEnvironment(TIMEOUT);
  }

  /** As {@link #ofEnvironment()}, with another timeout. */
  public static Client ofEnvironment(Duration timeout) {
    for (String name : List.of("DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET")) {
      String path = System.getenv(name);
      if (path != null && !path.isEmpty()) {
        return new Client(Path.of(path), timeout);
      }
    }
    throw new IllegalStateException("DIRTY_SOCKET is not set: it names the arbiter's socket");
  }

  /** Calls an action, and waits for its result. */
  public Object call(String appPath, String action, Object... args) {
    return prepare(appPath, action, args).call();
  }

  /** A call that is made when it is told what else there is to say of it. */
  public Prepared prepare(String appPath, String action, Object... args) {
    return new Prepared(this, appPath, action, Arrays.asList(args), timeout);
  }

  /** A table that all workers and clients of the arbiter share; it need not be there. */
  public Table table(String name) {
    return new Table(this, name);
  }

  /** The tables that all workers and clients of the arbiter share. */
  public Stash stash() {
    return new Stash(this);
  }

  /** The arbiter's state. */
  public Map<String, Object> status() {
    return asMap(ask(Message.Status::new));
  }

  /** Changes the number of workers, or has them replaced. */
  public Map<String, Object> manage(ManageOp op, long count) {
    return asMap(ask(id -> new Message.Manage(id, op.code(), count, null, null)));
  }

  /** Closes the connection: what is under way on it fails. A later call opens one again. */
  @Override
  public synchronized void close() {
    if (wire != null) {
      left.add(wire);
      wire = null;
    }
    left.forEach(Wire::close);
    left.clear();
  }

  /** The result of a question that no app answers. */
  Object ask(LongFunction<Message> question) {
    return begin(question, timeout).get();
  }

  /** Sends what opens an exchange, on the shared connection. */
  synchronized Pending begin(LongFunction<Message> opener, Duration within) {
    Deadline deadline = new Deadline(within);
    Wire shared = shared(deadline);
    return new Pending(shared, shared.open(opener, false), deadline);
  }

  /** A connection of its own, for a stream. */
  Wire own(Deadline deadline) {
    return connected(deadline);
  }

  private Wire shared(Deadline deadline) {
    if (wire != null && !wire.isFree()) {
      wire.leave();
      left.add(wire);
      left.removeIf(Wire::isOver);
      wire = null;
    }
    if (wire == null) {
      wire = connected(deadline);
    }
    return wire;
  }

  private Wire connected(Deadline deadline) {
    try {
      return new Wire(socket, deadline);
    } catch (IOException problem) {
      throw Failures.ofConnection("cannot connect to " + socket + ": " + problem.getMessage());
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> asMap(Object result) {
    if (result instanceof Map) {
      return (Map<String, Object>) result;
    }
    throw Failures.ofConnection("the arbiter's answer is no dict");
  }
}
