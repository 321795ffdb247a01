package gdproto.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gdproto.gd.Message;
import gdproto.gd.ProtocolException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What callers are told of failures can always be sent. */
class FailureTest {
  private static final Message.Request REQUEST = new Message.Request(1, "demo:App", "go");

  @Test
  void anyTextCanBeSent() throws ProtocolException {
    String told = "\ud800é" + "\ud83d\ude00".repeat(20_000);
    Message.Error error = Failure.ofApp(REQUEST, new IllegalStateException(told));
    Message.Error came = (Message.Error) Message.parse(error.toBytes());
    assertEquals("\\ud800é\ud83d\ude00", came.message().substring(0, 9));
    int bytes = came.message().getBytes(StandardCharsets.UTF_8).length;
    assertEquals(64 * 1024, bytes, 3);
  }

  @Test
  void noDetailIsLong() {
    Message.Request long_ = new Message.Request(1, "a".repeat(70_000), "b".repeat(70_000));
    Message.Error error = Failure.ofApp(long_, new IllegalStateException("c".repeat(70_000)));
    for (Object detail : error.details().values()) {
      assertTrue(!(detail instanceof String text) || text.length() <= 64 * 1024);
    }
  }

  @Test
  void theClassesOfWhatWasThrownAreTold() {
    Message.Error error = Failure.ofApp(REQUEST, new ArithmeticException());
    assertEquals("java.lang.ArithmeticException", error.details().get("exception_type"));
    List<String> bases =
        List.of("java.lang.RuntimeException", "java.lang.Exception", "java.lang.Throwable");
    assertEquals(bases, error.details().get("exception_bases"));
    assertEquals("java.lang.ArithmeticException", error.message());
  }
}
