package gdproto.worker;

import gdproto.json.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import sun.misc.Signal;

/**
 * A worker's process: it boots the apps that its arbiter names, serves each lane in a thread of its
 * own, and ends when the last lane has.
 *
 * <p>{@code dirty serve --launcher "java=java -jar gdproto.jar" --app com.example:Orders@java}
 */
public final class Worker {
  static final int AT_FAULT = 1;
  static final int BOOT_FAILED = 3;
  static final int ARBITER_GONE = 4;
  private static final String VERSION = "1";

  private final Map<String, Supplier<App>> known;
  private final Apps apps = new Apps();

  private Worker(Map<String, Supplier<App>> known) {
    this.known = known;
  }

  /** Serves apps that are named by their paths alone. */
  public static void main(String[] words) {
    serve(Map.of());
  }

  /**
   * Serves until the arbiter lets go of the last lane, and ends the process.
   *
   * @param known what makes the app of a path; others are looked for by their class
   */
  public static void serve(Map<String, Supplier<App>> known) {
    ignoreSignals();
    System.exit(new Worker(known).run());
  }

  private int run() {
    List<Lane> lanes = new ArrayList<>();
    for (String number : environment("GD_WORKER_FDS").split(",")) {
      lanes.add(new Lane(Descriptor.of(Integer.parseInt(number)), apps));
    }
    BootException failure = boot();
    Map<String, Object> status = status(lanes.size());
    List<Thread> threads = new ArrayList<>();
    for (Lane lane : lanes) {
      Thread thread = new Thread(() -> lane.serve(status, failure), "lane-" + threads.size());
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
    threads.forEach(Worker::await);
    if (failure != null) {
      return BOOT_FAILED;
    }
    apps.close();
    return 0;
  }

  private BootException boot() {
    try {
      for (Object path : (List<?>) Json.parse(environment("GD_WORKER_APPS"))) {
        apps.boot((String) path, known.get(path));
      }
      return null;
    } catch (BootException failure) {
      System.err.println(failure.getMessage());
      return failure;
    }
  }

  private Map<String, Object> status(int lanes) {
    Map<String, Object> status = new LinkedHashMap<>();
    status.put("pid", ProcessHandle.current().pid());
    status.put("apps", apps.paths());
    status.put("version", VERSION);
    status.put("extensions", List.of("cancel"));
    status.put("concurrency", lanes);
    return status;
  }

  private static String environment(String name) {
    String value = System.getenv(name);
    if (value == null) {
      throw new IllegalStateException(name + " is not set: a worker is started by its arbiter");
    }
    return value;
  }

  private static void await(Thread thread) {
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException again) {
        // An app may interrupt whom it likes; lanes end by themselves.
        continue;
      }
    }
  }

  /** An arbiter says by its lanes when a worker is to end; a terminal's signals reach everybody. */
  private static void ignoreSignals() {
    for (String name : List.of("TERM", "INT", "HUP")) {
      // Not SIG_IGN, which the programs that an app starts would inherit.
      Signal.handle(new Signal(name), signal -> {});
    }
  }
}
