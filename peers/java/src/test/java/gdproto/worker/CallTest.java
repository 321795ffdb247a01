package gdproto.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import gdproto.gd.Message;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A call as an app sees it. */
class CallTest {
  @Test
  void itKnowsItsCallersTrace() {
    Map<String, Object> trace = Map.of("traceparent", "00-1-2-01");
    Call call =
        new Call(
            new Message.Request(1, "a:B", "c", List.of(), Map.of(), null, 0, trace, List.of()));
    assertEquals(trace, call.trace());
    assertNull(new Call(new Message.Request(1, "a:B", "c")).trace());
  }
}
