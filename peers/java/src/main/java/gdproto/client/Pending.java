package gdproto.client;

import gdproto.gd.DirtyException;
import gdproto.gd.Message;

/** A call that is under way. */
public final class Pending {
  private final Wire wire;
  private final Exchange exchange;
  private final Deadline deadline;

  Pending(Wire wire, Exchange exchange, Deadline deadline) {
    this.wire = wire;
    this.exchange = exchange;
    this.deadline = deadline;
  }

  /**
   * Waits for the result, once. Throws {@link DirtyException} for what went wrong; where the thread
   * is interrupted, the call is given up and the thread stays interrupted.
   */
  public Object get() {
    Message answer;
    try {
      answer = exchange.next(deadline);
    } catch (InterruptedException stopped) {
      wire.giveUp(exchange.requestId);
      Thread.currentThread().interrupt();
      throw Failures.ofCancel();
    }
    if (answer instanceof Message.Response response) {
      return response.result();
    } else if (answer instanceof Message.Error error) {
      throw Failures.of(error);
    } else if (answer == null) {
      wire.giveUp(exchange.requestId);
      throw Failures.ofTimeout();
    }
    throw Failures.ofConnection("a stream of nothing: ask for it as a stream");
  }

  /** Gives the call up, from any thread: {@link #get} then throws, and the arbiter is told. */
  public void cancel() {
    wire.giveUp(exchange.requestId);
    exchange.fail(Failures.ofCancel());
  }
}
