package gdproto.worker;

import gdproto.gd.ErrorType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The apps of a worker, by path: booted in their order, and closed in the other one. */
final class Apps {
  private final Map<String, App> booted = new LinkedHashMap<>();

  /** The app of a path; null for none. */
  App get(String path) {
    return booted.get(path);
  }

  /** The paths that are served. */
  List<Object> paths() {
    return List.copyOf(booted.keySet());
  }

  /** Loads and initialises the app of a path. */
  void boot(String path, Supplier<App> known) throws BootException {
    App app = known == null ? loaded(path) : known.get();
    try {
      app.init();
    } catch (Throwable thrown) {
      String reason = "init() failed: " + Failure.reason(thrown);
      throw new BootException(ErrorType.DIRTY_APP_ERROR, path, reason, thrown);
    }
    booted.put(path, app);
  }

  /** Of {@code com.example:Orders} an instance of {@code com.example.Orders}. */
  private static App loaded(String path) throws BootException {
    String name = path.replace(':', '.');
    try {
      return (App) Class.forName(name).getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException | ClassCastException | LinkageError problem) {
      String reason = "no class " + name + " that is an App: " + Failure.reason(problem);
      throw new BootException(ErrorType.DIRTY_APP_NOT_FOUND_ERROR, path, reason, problem);
    }
  }

  /** Closes them; one that fails does not keep the others from it. */
  void close() {
    List<String> paths = new ArrayList<>(booted.keySet());
    Collections.reverse(paths);
    for (String path : paths) {
      try {
        booted.get(path).close();
      } catch (Throwable thrown) {
        System.err.println("app " + path + ": close() failed: " + Failure.reason(thrown));
      }
    }
  }
}
