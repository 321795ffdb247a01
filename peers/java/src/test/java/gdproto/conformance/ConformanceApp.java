package gdproto.conformance;

import gdproto.worker.App;
import gdproto.worker.Call;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;

/** The conformance app: see {@code conformance/live/app.md}. */
class ConformanceApp implements App {
  private static final int BOOT_MS = 300;
  private static final int EXIT_STATUS = 7;
  private static final int POLL_MS = 10;
  private static final int ODD_CHARACTERS = 200_000;

  private final Map<String, Long> notes = new ConcurrentHashMap<>();
  private final AtomicLong produced = new AtomicLong();
  private final AtomicLong ended = new AtomicLong();
  private volatile Path marker;

  @Override
  public void init() throws Exception {
    // Long enough that what happens meanwhile can be seen.
    Thread.sleep(BOOT_MS);
  }

  @Override
  public void close() throws IOException {
    if (marker != null) {
      Files.writeString(marker, "closed");
    }
  }

  @Override
  public Object call(Call call) throws Exception {
    switch (call.action()) {
      case "echo":
        return mapOf("args", call.args(), "kwargs", call.kwargs());
      case "add":
        return sum(number(call, 0), number(call, 1));
      case "blob":
        return blob(whole(call, 0));
      case "deep":
        return deep(whole(call, 0));
      case "sleep":
        rest(number(call, 0).doubleValue());
        return call.arg(0);
      case "environment":
        return System.getenv((String) call.arg(0));
      case "count":
        return new Items(whole(call, 0), number -> number, () -> {});
      case "count_and_fail":
        return failing(whole(call, 0));
      case "tick":
        return ticks(whole(call, 0), number(call, 1).doubleValue());
      case "blobs":
        return blobs(whole(call, 0), whole(call, 1));
      default:
        return failure(call);
    }
  }

  private Object failure(Call call) throws Exception {
    switch (call.action()) {
      case "fail":
        throw new IllegalArgumentException((String) call.arg(0));
      case "fail_oddly":
        throw new IllegalArgumentException("\ud800".repeat(ODD_CHARACTERS));
      case "unencodable":
        return new Object();
      case "die":
        Runtime.getRuntime().halt(EXIT_STATUS);
        return null;
      case "die_and_leave_a_child":
        LaneHolder.start();
        return kill();
      case "blob_and_die":
        return blobAndDie(whole(call, 0), Path.of((String) call.arg(1)));
      case "spawn":
        return new ProcessBuilder("sleep", "5").start().pid();
      case "note":
        return notes.merge((String) call.arg(0), 1L, Long::sum);
      case "noted":
        return notes.getOrDefault((String) call.arg(0), 0L);
      case "counters":
        return mapOf("produced", produced.get(), "ended", ended.get());
      case "mark_when_closed":
        marker = Path.of((String) call.arg(0));
        return null;
      default:
        throw call.unknown();
    }
  }

  // --- answers ---

  private static Number number(Call call, int at) {
    return (Number) call.arg(at);
  }

  private static int whole(Call call, int at) {
    return Math.toIntExact((Long) call.arg(at));
  }

  private static Map<String, Object> mapOf(String one, Object first, String two, Object second) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put(one, first);
    map.put(two, second);
    return map;
  }

  private static Object sum(Number a, Number b) {
    if (a instanceof Long && b instanceof Long) {
      return Math.addExact((Long) a, (Long) b);
    }
    return a.doubleValue() + b.doubleValue();
  }

  private static byte[] blob(int size) {
    byte[] bytes = new byte[size];
    Arrays.fill(bytes, (byte) 'x');
    return bytes;
  }

  private static Object deep(int levels) {
    Object value = List.of();
    for (int level = 1; level < levels; level++) {
      value = List.of(value);
    }
    return value;
  }

  private static void rest(double seconds) {
    try {
      Thread.sleep((long) (seconds * 1000));
    } catch (InterruptedException again) {
      throw new IllegalStateException(again);
    }
  }

  // --- streams ---

  /** So many items, each made when it is asked for. */
  private record Items(int times, LongFunction<Object> made, Runnable atEnd, AtomicLong place)
      implements Iterator<Object>, AutoCloseable {

    Items(int times, LongFunction<Object> made, Runnable atEnd) {
      this(times, made, atEnd, new AtomicLong());
    }

    @Override
    public boolean hasNext() {
      return place.get() < times;
    }

    @Override
    public Object next() {
      return made.apply(place.getAndIncrement());
    }

    @Override
    public void close() {
      atEnd.run();
    }
  }

  private static Items failing(int stop) {
    return new Items(
        stop + 1,
        number -> {
          if (number == stop) {
            throw new IllegalArgumentException("after the items");
          }
          return number;
        },
        () -> {});
  }

  private Items ticks(int times, double seconds) {
    return new Items(
        times,
        number -> {
          rest(seconds);
          return number;
        },
        ended::incrementAndGet);
  }

  private Items blobs(int times, int size) {
    return new Items(
        times,
        number -> {
          produced.incrementAndGet();
          return blob(size);
        },
        () -> {});
  }

  // --- death ---

  /** The process is killed from beside, wherever the answer is by then. */
  private static byte[] blobAndDie(int size, Path path) {
    Thread killer =
        new Thread(
            () -> {
              while (!Files.exists(path)) {
                rest(POLL_MS / 1000.0);
              }
              kill();
            });
    killer.setDaemon(true);
    killer.start();
    return blob(size);
  }

  private static Object kill() {
    try {
      String pid = Long.toString(ProcessHandle.current().pid());
      new ProcessBuilder("kill", "-9", pid).start().waitFor();
    } catch (IOException | InterruptedException problem) {
      throw new IllegalStateException(problem);
    }
    return null;
  }

  /** An app that cannot be initialised. */
  static final class Broken extends ConformanceApp {
    @Override
    public void init() {
      throw new IllegalStateException("this app cannot be initialised");
    }
  }
}
