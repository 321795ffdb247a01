package gdproto.gd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Messages: their defaults, and what they may not hold. */
class MessageTest {
  @Test
  void whatIsAbsentHasItsDefault() throws ProtocolException {
    Message request = new Message.Request(5, "demo:App", "go");
    assertEquals(new Message.Request(5, "demo:App", "go", null, null, null, 0, null, null), request);
    assertEquals(request, Message.parse(request.toBytes()));
    assertEquals(1, new Message.Manage(1, ManageOp.ADD.code()).count());
  }

  @Test
  void fieldsAreJudgedBeforeTheyAreWritten() {
    assertRefused(ErrorCode.WRONG_FIELD_TYPE, "app_path", new Message.Request(1, null, "go"));
    Message late = new Message.Request(1, "a", "b", List.of(), Map.of(), Double.NaN, 0, null, null);
    assertRefused(ErrorCode.INVALID_FIELD_VALUE, "timeout", late);
    Message stash = new Message.Stash(1, 99, "t");
    assertRefused(ErrorCode.INVALID_FIELD_VALUE, "op", stash);
    Message error = new Message.Error(1, "DirtyError", null);
    assertRefused(ErrorCode.WRONG_FIELD_TYPE, "error.message", error);
  }

  @Test
  void anUnknownErrorTypeIsTheFirst() {
    assertEquals(ErrorType.DIRTY_ERROR, ErrorType.of("SomeNewError"));
    DirtyException thrown = DirtyException.of(ErrorType.DIRTY_APP_NOT_FOUND_ERROR, "no", Map.of());
    assertThrows(
        DirtyException.AppException.class,
        () -> {
          throw thrown;
        });
  }

  private static void assertRefused(ErrorCode code, String path, Message message) {
    ProtocolException fault = assertThrows(ProtocolException.class, message::toBytes);
    assertEquals(code, fault.code());
    assertEquals(path, fault.path());
    assertEquals(1, fault.requestId());
  }
}
