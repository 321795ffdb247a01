package gdproto.client;

import gdproto.gd.DirtyException;
import gdproto.gd.ErrorType;
import gdproto.gd.Message;
import gdproto.gd.ProtocolException;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a client makes of what goes wrong. */
final class Failures {
  private Failures() {}

  /** What an ERROR tells. */
  static DirtyException of(Message.Error error) {
    return DirtyException.of(ErrorType.of(error.errorType()), error.message(), error.details());
  }

  static DirtyException ofConnection(String reason) {
    return DirtyException.of(ErrorType.DIRTY_CONNECTION_ERROR, reason, Map.of());
  }

  static DirtyException ofTimeout() {
    String reason = "no answer came in time";
    return DirtyException.of(ErrorType.DIRTY_TIMEOUT_ERROR, reason, Map.of());
  }

  static DirtyException ofCancel() {
    String reason = "the call was cancelled";
    return DirtyException.of(ErrorType.DIRTY_CANCELLED_ERROR, reason, Map.of());
  }

  /** Something that may not be, or may not be sent. */
  static DirtyException ofFault(ProtocolException fault) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("code", fault.code().wire());
    fault.offset().ifPresent(offset -> details.put("offset", (long) offset));
    details.put("path", fault.path());
    return DirtyException.of(ErrorType.DIRTY_PROTOCOL_ERROR, fault.getMessage(), details);
  }
}
