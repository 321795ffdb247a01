package gdproto.worker;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InaccessibleObjectException;

/**
 * An inherited descriptor, read and written as it is.
 *
 * <p>The JDK makes no channel of the number of a descriptor, so its own constructor is borrowed:
 * for that {@code java.base} has to be opened to us. Streams call read(2) and write(2), which suit
 * a connected socket. A program that a JVM starts inherits no descriptor above 2, so that a lane
 * ends with its worker.
 */
final class Descriptor {
  private static final String OPENED =
      "lanes need java --add-opens java.base/java.io=ALL-UNNAMED, or the manifest of our jar";

  final FileInputStream in;
  final FileOutputStream out;

  private Descriptor(FileDescriptor descriptor) {
    // Closing one closes the other, and the descriptor, once.
    this.in = new FileInputStream(descriptor);
    this.out = new FileOutputStream(descriptor);
  }

  /** The descriptor of this number. Throws IllegalStateException where Java refuses it. */
  static Descriptor of(int number) {
    try {
      Constructor<FileDescriptor> made = FileDescriptor.class.getDeclaredConstructor(int.class);
      made.setAccessible(true);
      return new Descriptor(made.newInstance(number));
    } catch (InaccessibleObjectException | ReflectiveOperationException refused) {
      throw new IllegalStateException(OPENED, refused);
    }
  }
}
