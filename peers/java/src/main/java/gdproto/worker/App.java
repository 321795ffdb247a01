package gdproto.worker;

/**
 * What a worker serves. One instance serves all lanes, each from a thread of its own.
 *
 * <p>An app that is named by its path alone, as {@code com.example:Orders}, is a public class with
 * a public constructor that takes nothing.
 */
public interface App {
  /** Called once, before any call; what it throws ends the worker. */
  default void init() throws Exception {}

  /**
   * Answers a call.
   *
   * @return the result; an {@link java.util.Iterator} or a {@link java.util.stream.Stream} is
   *     streamed item by item, and closed if it can be
   * @throws Exception of any kind: the caller is told its class and its message
   */
  Object call(Call call) throws Exception;

  /** Called once, when the last lane has ended. */
  default void close() throws Exception {}
}
