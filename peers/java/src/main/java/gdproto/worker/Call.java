package gdproto.worker;

import gdproto.gd.Message;
import java.util.List;
import java.util.Map;

/** A call as an app sees it. */
public final class Call {
  private final Message.Request request;
  private volatile boolean isCancelled;
  private volatile boolean isOver;

  Call(Message.Request request) {
    this.request = request;
  }

  /** What is called: never private, nor {@code init} or {@code close}. */
  public String action() {
    return request.action();
  }

  /** The arguments by position. */
  public List<Object> args() {
    return request.args();
  }

  /** The argument at this place, counted from 0. */
  public Object arg(int at) {
    if (at >= args().size()) {
      throw new IllegalArgumentException(action() + " needs more than " + at + " arguments");
    }
    return args().get(at);
  }

  /** The arguments by name. */
  public Map<String, Object> kwargs() {
    return request.kwargs();
  }

  /** The trace that the caller takes part in, as headers of HTTP would tell it; null for none. */
  public Map<String, Object> trace() {
    return request.trace();
  }

  /** Whether the caller has given up: a long call may ask, and end early. */
  public boolean isCancelled() {
    return isCancelled;
  }

  /** What to throw for an action that the app does not have. */
  public IllegalArgumentException unknown() {
    return new IllegalArgumentException("there is no action " + action());
  }

  Message.Request request() {
    return request;
  }

  void cancel() {
    isCancelled = true;
  }

  /** Whether its exchange has ended, so that nothing may be sent of it. */
  boolean isOver() {
    return isOver;
  }

  void end() {
    isOver = true;
    cancel();
  }
}
