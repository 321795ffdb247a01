package gdproto.client;

import gdproto.gd.DirtyException;
import gdproto.gd.ErrorType;
import gdproto.gd.Message;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/** What asks an arbiter, and reads its answers as what they are to be. */
abstract class Asking {
  final Client client;

  Asking(Client client) {
    this.client = client;
  }

  /** The answer. An arbiter of gunicorn has no types for what is not found, but texts. */
  final Object answer(LongFunction<Message> question) {
    try {
      return client.ask(question);
    } catch (DirtyException failure) {
      throw known(failure);
    }
  }

  static boolean bool(Object answer) {
    return read(Boolean.class, answer);
  }

  static long integer(Object answer) {
    return read(Long.class, answer);
  }

  static Number number(Object answer) {
    return read(Number.class, answer);
  }

  static List<?> list(Object answer) {
    return read(List.class, answer);
  }

  @SuppressWarnings("unchecked")
  static Map<String, Object> map(Object answer) {
    return read(Map.class, answer);
  }

  private static <T> T read(Class<T> kind, Object answer) {
    if (kind.isInstance(answer)) {
      return kind.cast(answer);
    }
    String reason = "the answer is no " + kind.getSimpleName();
    throw DirtyException.of(ErrorType.DIRTY_PROTOCOL_ERROR, reason, Map.of());
  }

  private static DirtyException known(DirtyException failure) {
    String told = failure.getMessage();
    if (failure.type() != ErrorType.DIRTY_ERROR || told == null) {
      return failure;
    } else if (told.startsWith("Key not found: ")) {
      return DirtyException.of(ErrorType.STASH_KEY_NOT_FOUND_ERROR, told, failure.details());
    } else if (told.startsWith("Table not found: ")) {
      return DirtyException.of(ErrorType.STASH_TABLE_NOT_FOUND_ERROR, told, failure.details());
    }
    return failure;
  }
}
