package gdproto.client;

import gdproto.gd.Message;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A call that is not made yet. */
public final class Prepared {
  private static final double NS_PER_S = 1e9;

  private final Client client;
  private final String appPath;
  private final String action;
  private final List<Object> args;
  private final Map<String, Object> kwargs = new LinkedHashMap<>();
  private Duration timeout;
  private int priority;
  private Map<String, Object> trace;

  Prepared(Client client, String appPath, String action, List<Object> args, Duration timeout) {
    this.client = client;
    this.appPath = appPath;
    this.action = action;
    this.args = args;
    this.timeout = timeout;
  }

  /** Gives an argument by its name. */
  public Prepared with(String name, Object value) {
    kwargs.put(name, value);
    return this;
  }

  /** How long it may take as a whole. The arbiter is told, and cancels what is not done by then. */
  public Prepared within(Duration timeout) {
    this.timeout = timeout;
    return this;
  }

  /** Of calls that wait, the higher goes first: from -10 to 10. */
  public Prepared priority(int priority) {
    this.priority = priority;
    return this;
  }

  /** The trace that it takes part in, as headers of HTTP would tell it. */
  public Prepared trace(Map<String, Object> trace) {
    this.trace = trace;
    return this;
  }

  /** Calls, and waits for the result. */
  public Object call() {
    return start().get();
  }

  /** Calls, and does not wait. */
  public Pending start() {
    return client.begin(this::request, timeout);
  }

  /** Calls, and iterates over the items; a plain result is the only one. It is to be closed. */
  public Items stream() {
    Deadline deadline = new Deadline(timeout);
    Wire own = client.own(deadline);
    try {
      return new Items(own, own.open(this::request, true), deadline);
    } catch (RuntimeException problem) {
      own.close();
      throw problem;
    }
  }

  private Message request(long requestId) {
    double seconds = timeout.getSeconds() + timeout.getNano() / NS_PER_S;
    return new Message.Request(requestId, appPath, action, args, kwargs, seconds, priority, trace, null);
  }
}
