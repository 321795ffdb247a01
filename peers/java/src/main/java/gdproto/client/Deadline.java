package gdproto.client;

import java.time.Duration;

/** When a call is over: a little later than the arbiter, which answers at its deadline. */
final class Deadline {
  private static final long MOST_NS = Duration.ofDays(365).toNanos();
  private static final long LATER_NS = Duration.ofMillis(250).toNanos();

  private final long startNs = System.nanoTime();
  private final long lengthNs;

  Deadline(Duration timeout) {
    long ns = timeout.compareTo(Duration.ofDays(365)) > 0 ? MOST_NS : timeout.toNanos();
    this.lengthNs = ns + Math.min(ns / 10, LATER_NS);
  }

  /** What is left, in nanoseconds; 0 or less when it is over. */
  long leftNs() {
    return lengthNs - (System.nanoTime() - startNs);
  }
}
