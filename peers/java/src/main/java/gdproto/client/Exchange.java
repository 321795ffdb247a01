package gdproto.client;

import gdproto.gd.DirtyException;
import gdproto.gd.Message;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/** What comes for one exchange, from the thread that reads to the one that asked. */
final class Exchange {
  /** So many items of a stream wait for whoever reads them; then its connection waits too. */
  private static final int AHEAD = 64;

  final long requestId;
  final boolean isStream;
  private final Deque<Message> come = new ArrayDeque<>();
  private DirtyException failure;

  Exchange(long requestId, boolean isStream) {
    this.requestId = requestId;
    this.isStream = isStream;
  }

  /** Gives a message; waits while too many wait already. What has failed takes none. */
  synchronized void give(Message message) throws InterruptedException {
    while (come.size() >= AHEAD && failure == null) {
      wait();
    }
    if (failure == null) {
      come.add(message);
      notifyAll();
    }
  }

  /** Gives what went wrong, behind what came before. */
  synchronized void fail(DirtyException why) {
    if (failure == null) {
      failure = why;
      notifyAll();
    }
  }

  /** The next message; null where none came in time. Throws what went wrong. */
  synchronized Message next(Deadline deadline) throws InterruptedException {
    while (come.isEmpty()) {
      if (failure != null) {
        // Anew, as it is thrown here.
        throw DirtyException.of(failure.type(), failure.getMessage(), failure.details());
      }
      long leftNs = deadline.leftNs();
      if (leftNs <= 0) {
        return null;
      }
      TimeUnit.NANOSECONDS.timedWait(this, leftNs);
    }
    Message next = come.remove();
    notifyAll();
    return next;
  }
}
