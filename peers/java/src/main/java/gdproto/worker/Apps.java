package gdproto.worker;

import gdproto.gd.ErrorType;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
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
    Supplier<App> made = known == null ? loaded(path) : known;
    try {
      App app = made.get();
      app.init();
      booted.put(path, app);
    } catch (Throwable thrown) {
      String reason = "it cannot be initialised: " + Failure.reason(thrown);
      throw new BootException(ErrorType.DIRTY_APP_ERROR, path, reason, thrown);
    }
  }

  /** What makes of {@code com.example:Orders} an instance of {@code com.example.Orders}. */
  private static Supplier<App> loaded(String path) throws BootException {
    String name = path.replace(':', '.');
    try {
      Constructor<? extends App> made = Class.forName(name).asSubclass(App.class).getConstructor();
      return () -> instance(made);
    } catch (ReflectiveOperationException | ClassCastException | LinkageError problem) {
      String reason = "no class " + name + " that is an App: " + Failure.reason(problem);
      throw new BootException(ErrorType.DIRTY_APP_NOT_FOUND_ERROR, path, reason, problem);
    }
  }

  private static App instance(Constructor<? extends App> made) {
    try {
      return made.newInstance();
    } catch (InvocationTargetException failed) {
      throw Apps.<RuntimeException>unchanged(failed.getCause());
    } catch (ReflectiveOperationException failed) {
      throw new IllegalStateException(failed);
    }
  }

  /** What an app throws is told as it is, declared or not. */
  @SuppressWarnings("unchecked")
  private static <T extends Throwable> T unchanged(Throwable thrown) throws T {
    throw (T) thrown;
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
