package gdproto.conformance;

import java.io.FileDescriptor;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;

/**
 * A process that holds the first lane of this one for five seconds.
 *
 * <p>A JVM cannot fork, and a program that it starts inherits nothing above its standard streams.
 * So the lane is made its standard output, by the way that the JDK has for pipelines; for this test
 * alone, java.lang is opened to us.
 */
final class LaneHolder {
  private LaneHolder() {}

  static void start() throws IOException {
    String first = System.getenv("GD_WORKER_FDS").split(",")[0];
    try {
      Class<?> type = Class.forName("java.lang.ProcessBuilder$RedirectPipeImpl");
      Constructor<?> made = type.getDeclaredConstructor();
      made.setAccessible(true);
      Object redirect = made.newInstance();
      Field inside = type.getDeclaredField("fd");
      inside.setAccessible(true);
      Field number = FileDescriptor.class.getDeclaredField("fd");
      number.setAccessible(true);
      number.set(inside.get(redirect), Integer.valueOf(first));
      new ProcessBuilder("sleep", "5").redirectOutput((ProcessBuilder.Redirect) redirect).start();
    } catch (ReflectiveOperationException problem) {
      throw new IllegalStateException(problem);
    }
  }
}
