package gdproto.worker;

import gdproto.gd.ErrorType;
import gdproto.gd.Message;
import gdproto.gd.ProtocolException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a caller is told of what went wrong; it can always be sent. */
final class Failure {
  private static final int MAX_TEXT_BYTES = 64 * 1024;
  private static final boolean TRACEBACKS =
      !"0".equals(System.getenv().getOrDefault("DIRTY_TRACEBACKS", "1"));

  private Failure() {}

  /** An exception of an app, in answer to a request. */
  static Message.Error ofApp(Message.Request request, Throwable thrown) {
    Map<String, Object> details = facts(request);
    if (TRACEBACKS) {
      details.put("traceback", trace(thrown));
    }
    details.put("exception_type", thrown.getClass().getName());
    details.put("exception_bases", bases(thrown));
    return of(ErrorType.DIRTY_APP_ERROR, request.requestId(), reason(thrown), details);
  }

  /** A result that has no bytes, in answer to a request. */
  static Message.Error ofResult(Message.Request request, ProtocolException fault) {
    String reason = "the result cannot be encoded: " + fault.getMessage();
    return of(ErrorType.DIRTY_APP_ERROR, request.requestId(), reason, facts(request));
  }

  /** A call that the worker refuses by itself. */
  static Message.Error refused(ErrorType type, Message.Request request, String reason) {
    return of(type, request.requestId(), reason, facts(request));
  }

  /** A fault of a frame. */
  static Message.Error ofFault(ProtocolException fault) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("code", fault.code().wire());
    fault.offset().ifPresent(offset -> details.put("offset", offset));
    details.put("path", fault.path());
    String reason = fault.getMessage();
    return of(ErrorType.DIRTY_PROTOCOL_ERROR, fault.requestId(), reason, details);
  }

  /** An app that cannot be initialised. */
  static Message.Error ofBoot(BootException failed, long requestId) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("app_path", text(failed.path));
    if (TRACEBACKS && failed.getCause() != null) {
      details.put("traceback", trace(failed.getCause()));
    }
    return of(failed.type, requestId, failed.getMessage(), details);
  }

  static Message.Error of(
      ErrorType type, long requestId, String reason, Map<String, Object> details) {
    return new Message.Error(requestId, type.wire(), text(reason), details);
  }

  /** One line about what was thrown. */
  static String reason(Throwable thrown) {
    String told = thrown.getMessage();
    return told == null || told.isEmpty() ? thrown.getClass().getName() : told;
  }

  private static Map<String, Object> facts(Message.Request request) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("app_path", text(request.appPath()));
    details.put("action", text(request.action()));
    return details;
  }

  private static List<Object> bases(Throwable thrown) {
    List<Object> names = new ArrayList<>();
    Class<?> at = thrown.getClass().getSuperclass();
    for (; at != Object.class; at = at.getSuperclass()) {
      names.add(at.getName());
    }
    return names;
  }

  private static String trace(Throwable thrown) {
    StringWriter out = new StringWriter();
    thrown.printStackTrace(new PrintWriter(out));
    return text(out.toString());
  }

  /** The text as it can be sent: halves of pairs are escaped, and what is too much is cut. */
  static String text(String told) {
    StringBuilder text = new StringBuilder();
    int bytes = 0;
    for (int at = 0; at < told.length(); ) {
      int one = told.codePointAt(at);
      boolean isHalf = Character.getType(one) == Character.SURROGATE;
      String piece = isHalf ? String.format("\\u%04x", one) : Character.toString(one);
      bytes += isHalf ? piece.length() : utf8Bytes(one);
      if (bytes > MAX_TEXT_BYTES) {
        break;
      }
      text.append(piece);
      at += Character.charCount(one);
    }
    return text.toString();
  }

  private static int utf8Bytes(int character) {
    if (character < 0x80) {
      return 1;
    }
    return character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
  }
}
