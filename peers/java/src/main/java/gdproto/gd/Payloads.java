// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import java.util.List;
import java.util.Map;

/** Payloads: read and judged, and written. */
final class Payloads {
  private static final Field REQUEST_APP_PATH = new Field("app_path", true, Field.Kind.STRING);
  private static final Field REQUEST_ACTION = new Field("action", true, Field.Kind.STRING);
  private static final Field REQUEST_TIMEOUT =
      new Field("timeout", false, Field.Kind.FLOAT, Field.Kind.INTEGER).from(0).finite();
  private static final Field REQUEST_PRIORITY =
      new Field("priority", false, Field.Kind.INTEGER).from(-10).to(10).unless(0L);
  private static final Field REQUEST_TRACE = new Field("trace", false, Field.Kind.DICT);
  private static final Field REQUEST_EXTENSIONS = new Field("extensions", false, Field.Kind.LIST);
  private static final Field REQUEST_ARGS = new Field("args", false, Field.Kind.LIST);
  private static final Field REQUEST_KWARGS = new Field("kwargs", false, Field.Kind.DICT);
  private static final Field RESPONSE_RESULT = new Field("result", true);
  private static final Field ERROR_ERROR = new Field("error", true, Field.Kind.DICT);
  private static final Field ERROR_ERROR_TYPE =
      new Field("error_type", true, Field.Kind.STRING).in("error");
  private static final Field ERROR_MESSAGE =
      new Field("message", true, Field.Kind.STRING).in("error");
  private static final Field ERROR_DETAILS =
      new Field("details", false, Field.Kind.DICT).in("error");
  private static final Field CHUNK_DATA = new Field("data", true);
  private static final Field STASH_OP =
      new Field("op", true, Field.Kind.INTEGER)
          .oneOf(
              1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L, 12L, 13L, 14L, 15L, 16L, 17L, 18L, 19L,
              20L, 21L, 22L, 23L, 24L, 25L, 26L);
  private static final Field STASH_TABLE = new Field("table", true, Field.Kind.STRING);
  private static final Field STASH_KEY = new Field("key", false).scalar();
  private static final Field STASH_VALUE = new Field("value", false);
  private static final Field STASH_PATTERN = new Field("pattern", false, Field.Kind.STRING);
  private static final Field STASH_TTL =
      new Field("ttl", false, Field.Kind.FLOAT, Field.Kind.INTEGER).from(0).finite();
  private static final Field STASH_INITIAL =
      new Field("initial", false, Field.Kind.FLOAT, Field.Kind.INTEGER).finite();
  private static final Field STASH_VERSION =
      new Field("version", false, Field.Kind.INTEGER).from(0);
  private static final Field STASH_COUNT = new Field("count", false, Field.Kind.INTEGER).from(1);
  private static final Field STASH_AFTER = new Field("after", false).scalar();
  private static final Field STASH_WAIT =
      new Field("wait", false, Field.Kind.FLOAT, Field.Kind.INTEGER).from(0).finite();
  private static final Field MANAGE_OP =
      new Field("op", true, Field.Kind.INTEGER).oneOf(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
  private static final Field MANAGE_COUNT = new Field("count", false, Field.Kind.INTEGER);
  private static final Field MANAGE_SLOT = new Field("slot", false, Field.Kind.INTEGER).from(0);
  private static final Field MANAGE_CALL = new Field("call", false, Field.Kind.INTEGER).from(1);

  private Payloads() {}

  /** The message of one whole frame. */
  static Message parse(byte[] frame) throws ProtocolException {
    if (frame.length < Header.BYTES) {
      throw ProtocolException.at(frame.length, ErrorCode.TRUNCATED, Scope.CONNECTION, 0);
    }
    Header header = Header.read(frame, 0);
    header.checkPresence();
    int rest = frame.length - Header.BYTES;
    if (rest < header.length()) {
      long requestId = header.requestId();
      throw ProtocolException.at(frame.length, ErrorCode.TRUNCATED, Scope.CONNECTION, requestId);
    }
    if (rest > header.length()) {
      int end = Header.BYTES + header.length();
      throw ProtocolException.at(end, ErrorCode.TRAILING_DATA, Scope.EXCHANGE, header.requestId());
    }
    return read(header, frame, 0);
  }

  /** The message of a frame that begins at {@code base}, and is all there. */
  static Message read(Header header, byte[] data, int base) throws ProtocolException {
    if (!header.type().hasPayload()) {
      return bare(header);
    }
    try {
      return of(header, new Payload(data, base, header.length()));
    } catch (ProtocolException fault) {
      throw fault.of(header.requestId());
    }
  }

  private static Message bare(Header header) {
    return switch (header.type()) {
      case END -> new Message.End(header.requestId());
      case STATUS -> new Message.Status(header.requestId());
      case CANCEL -> new Message.Cancel(header.requestId());
      case PAUSE -> new Message.Pause(header.requestId());
      case RESUME -> new Message.Resume(header.requestId());
      default -> throw new AssertionError(header);
    };
  }

  private static Message of(Header header, Payload payload) throws ProtocolException {
    long requestId = header.requestId();
    return switch (header.type()) {
      case REQUEST -> {
        String appPath = (String) payload.take(REQUEST_APP_PATH);
        String action = (String) payload.take(REQUEST_ACTION);
        Number timeout = (Number) payload.take(REQUEST_TIMEOUT);
        long priority = payload.take(REQUEST_PRIORITY) instanceof Long held ? held : 0;
        Map<String, Object> trace = Payload.map(payload.take(REQUEST_TRACE));
        List<Object> extensions = Payload.list(payload.take(REQUEST_EXTENSIONS));
        List<Object> args = Payload.list(payload.take(REQUEST_ARGS));
        Map<String, Object> kwargs = Payload.map(payload.take(REQUEST_KWARGS));
        yield new Message.Request(
            requestId, appPath, action, args, kwargs, timeout, priority, trace, extensions);
      }
      case RESPONSE -> {
        Object result = payload.take(RESPONSE_RESULT);
        yield new Message.Response(requestId, result);
      }
      case ERROR -> {
        Payload error = payload.inside(ERROR_ERROR);
        String errorType = (String) error.take(ERROR_ERROR_TYPE);
        String message = (String) error.take(ERROR_MESSAGE);
        Map<String, Object> details = Payload.map(error.take(ERROR_DETAILS));
        yield new Message.Error(requestId, errorType, message, details);
      }
      case CHUNK -> {
        Object data = payload.take(CHUNK_DATA);
        yield new Message.Chunk(requestId, data);
      }
      case STASH -> {
        long op = (long) payload.take(STASH_OP);
        String table = (String) payload.take(STASH_TABLE);
        Object key = payload.take(STASH_KEY);
        Object value = payload.take(STASH_VALUE);
        String pattern = (String) payload.take(STASH_PATTERN);
        Number ttl = (Number) payload.take(STASH_TTL);
        Number initial = (Number) payload.take(STASH_INITIAL);
        Long version = (Long) payload.take(STASH_VERSION);
        Long count = (Long) payload.take(STASH_COUNT);
        Object after = payload.take(STASH_AFTER);
        Number wait_ = (Number) payload.take(STASH_WAIT);
        yield new Message.Stash(
            requestId, op, table, key, value, pattern, ttl, initial, version, count, after, wait_);
      }
      case MANAGE -> {
        long op = (long) payload.take(MANAGE_OP);
        long count = payload.take(MANAGE_COUNT) instanceof Long held ? held : 1;
        Long slot = (Long) payload.take(MANAGE_SLOT);
        Long call = (Long) payload.take(MANAGE_CALL);
        yield new Message.Manage(requestId, op, count, slot, call);
      }
      default -> throw new AssertionError(header);
    };
  }

  /** The frame of a message. */
  static byte[] frame(Message message) throws ProtocolException {
    ValueWriter out = new ValueWriter(Header.BYTES, Header.BYTES + Limits.MAX_PAYLOAD_BYTES);
    try {
      write(message, out);
    } catch (ProtocolException fault) {
      throw fault.of(message.requestId());
    }
    int length = out.length() - Header.BYTES;
    new Header(message.type(), length, message.requestId()).write(out);
    return out.bytes();
  }

  private static void write(Message message, ValueWriter out) throws ProtocolException {
    if (message instanceof Message.Request held) {
      write(held, out);
    } else if (message instanceof Message.Response held) {
      write(held, out);
    } else if (message instanceof Message.Error held) {
      write(held, out);
    } else if (message instanceof Message.Chunk held) {
      write(held, out);
    } else if (message instanceof Message.Stash held) {
      write(held, out);
    } else if (message instanceof Message.Manage held) {
      write(held, out);
    }
  }

  private static void write(Message.Request message, ValueWriter out) throws ProtocolException {
    REQUEST_APP_PATH.judge(message.appPath());
    REQUEST_ACTION.judge(message.action());
    REQUEST_TIMEOUT.judge(message.timeout());
    REQUEST_PRIORITY.judge(message.priority());
    REQUEST_TRACE.judge(message.trace());
    REQUEST_EXTENSIONS.judge(message.extensions());
    REQUEST_ARGS.judge(message.args());
    REQUEST_KWARGS.judge(message.kwargs());
    int at = out.open();
    int count = 0;
    count += out.pair(REQUEST_APP_PATH, message.appPath());
    count += out.pair(REQUEST_ACTION, message.action());
    count += out.pair(REQUEST_TIMEOUT, message.timeout());
    count += out.pair(REQUEST_PRIORITY, message.priority());
    count += out.pair(REQUEST_TRACE, message.trace());
    count += out.pair(REQUEST_EXTENSIONS, message.extensions());
    count += out.pair(REQUEST_ARGS, message.args());
    count += out.pair(REQUEST_KWARGS, message.kwargs());
    out.close(at, count);
  }

  private static void write(Message.Response message, ValueWriter out) throws ProtocolException {
    RESPONSE_RESULT.judge(message.result());
    int at = out.open();
    int count = 0;
    count += out.pair(RESPONSE_RESULT, message.result());
    out.close(at, count);
  }

  private static void write(Message.Error message, ValueWriter out) throws ProtocolException {
    ERROR_ERROR_TYPE.judge(message.errorType());
    ERROR_MESSAGE.judge(message.message());
    ERROR_DETAILS.judge(message.details());
    int at = out.open();
    int count = 0;
    out.raw(ERROR_ERROR.key);
    int errorAt = out.open();
    int errorCount = 0;
    errorCount += out.pair(ERROR_ERROR_TYPE, message.errorType());
    errorCount += out.pair(ERROR_MESSAGE, message.message());
    errorCount += out.pair(ERROR_DETAILS, message.details());
    out.close(errorAt, errorCount);
    count++;
    out.close(at, count);
  }

  private static void write(Message.Chunk message, ValueWriter out) throws ProtocolException {
    CHUNK_DATA.judge(message.data());
    int at = out.open();
    int count = 0;
    count += out.pair(CHUNK_DATA, message.data());
    out.close(at, count);
  }

  private static void write(Message.Stash message, ValueWriter out) throws ProtocolException {
    STASH_OP.judge(message.op());
    STASH_TABLE.judge(message.table());
    STASH_KEY.judge(message.key());
    STASH_VALUE.judge(message.value());
    STASH_PATTERN.judge(message.pattern());
    STASH_TTL.judge(message.ttl());
    STASH_INITIAL.judge(message.initial());
    STASH_VERSION.judge(message.version());
    STASH_COUNT.judge(message.count());
    STASH_AFTER.judge(message.after());
    STASH_WAIT.judge(message.wait_());
    int at = out.open();
    int count = 0;
    count += out.pair(STASH_OP, message.op());
    count += out.pair(STASH_TABLE, message.table());
    count += out.pair(STASH_KEY, message.key());
    count += out.pair(STASH_VALUE, message.value());
    count += out.pair(STASH_PATTERN, message.pattern());
    count += out.pair(STASH_TTL, message.ttl());
    count += out.pair(STASH_INITIAL, message.initial());
    count += out.pair(STASH_VERSION, message.version());
    count += out.pair(STASH_COUNT, message.count());
    count += out.pair(STASH_AFTER, message.after());
    count += out.pair(STASH_WAIT, message.wait_());
    out.close(at, count);
  }

  private static void write(Message.Manage message, ValueWriter out) throws ProtocolException {
    MANAGE_OP.judge(message.op());
    MANAGE_COUNT.judge(message.count());
    MANAGE_SLOT.judge(message.slot());
    MANAGE_CALL.judge(message.call());
    int at = out.open();
    int count = 0;
    count += out.pair(MANAGE_OP, message.op());
    count += out.pair(MANAGE_COUNT, message.count());
    count += out.pair(MANAGE_SLOT, message.slot());
    count += out.pair(MANAGE_CALL, message.call());
    out.close(at, count);
  }
}
