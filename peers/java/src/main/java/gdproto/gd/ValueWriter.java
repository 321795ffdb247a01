// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes values; where one is refused, what was written is to be dropped. */
final class ValueWriter {
  private static final VarHandle SHORTS = numbers(short[].class);
  private static final VarHandle INTS = numbers(int[].class);
  private static final VarHandle LONGS = numbers(long[].class);
  private static final int FIRST_BYTES = 256;
  private static final int SHORT_CHARS = 64;

  private final int most;
  private byte[] data = new byte[FIRST_BYTES];
  private int pos;
  private int depth;

  /** Writes from {@code pos} on, {@code most} bytes with those before. */
  ValueWriter(int pos, int most) {
    this.pos = pos;
    this.most = most;
  }

  /** What was written. */
  byte[] bytes() {
    return Arrays.copyOf(data, pos);
  }

  /** How much was written. */
  int length() {
    return pos;
  }

  /** Writes a field, unless it is left out; returns how many pairs that are. */
  int pair(Field field, Object value) throws ProtocolException {
    if (field.leavesOut(value)) {
      return 0;
    }
    raw(field.key);
    try {
      value(value);
    } catch (ProtocolException fault) {
      throw field.within(fault);
    }
    return 1;
  }

  /** Writes a value. */
  void value(Object value) throws ProtocolException {
    Object next = value;
    Open top = null;
    try {
      while (true) {
        top = written(next, top);
        while (top != null && !top.elements.hasNext()) {
          close(top.at, top.count);
          top = top.around;
        }
        if (top == null) {
          return;
        }
        next = next(top);
      }
    } catch (ProtocolException fault) {
      for (; top != null; top = top.around) {
        fault.within(top.step());
      }
      throw fault;
    }
  }

  /** Writes what is no list or dict; of those the beginning. Returns what is open then. */
  private Open written(Object value, Open around) throws ProtocolException {
    if (value instanceof String text) {
      stringValue(text);
    } else if (value instanceof Long number) {
      whole(number);
    } else if (value instanceof Double number) {
      float64Value(number);
    } else if (value instanceof Map<?, ?> pairs) {
      return dictValue(pairs, around);
    } else if (value instanceof List<?> items) {
      return listValue(items, around);
    } else if (value == null) {
      noneValue();
    } else if (value instanceof Boolean) {
      boolValue(value);
    } else if (value instanceof byte[] bytes) {
      bytesValue(bytes);
    } else if (value instanceof Integer number) {
      whole(number);
    } else if (value instanceof Short number) {
      whole(number);
    } else if (value instanceof Byte number) {
      whole(number);
    } else if (value instanceof BigInteger number) {
      whole(number);
    } else if (value instanceof Float number) {
      float64Value(number);
    } else if (value instanceof ByteBuffer buffer) {
      bytesValue(copied(buffer));
    } else {
      throw fault(ErrorCode.UNSUPPORTED_TYPE);
    }
    return around;
  }

  /** The next item, or the value of the next pair, of which the key is written. */
  private Object next(Open in) throws ProtocolException {
    Object element = in.elements.next();
    in.count++;
    if (!in.isDict) {
      return element;
    }
    in.key = null;
    Map.Entry<?, ?> pair = (Map.Entry<?, ?>) element;
    in.key = key(pair.getKey(), in.keys);
    return pair.getValue();
  }

  /** A list or a dict that is being written. */
  private static final class Open {
    final Open around;
    final boolean isDict;
    final Iterator<?> elements;
    final Set<String> keys;

    /** The place of the count, and what was counted: nobody's change can make it a lie. */
    final int at;

    int count;
    String key;

    Open(Open around, int at, boolean isDict, Iterator<?> elements, Set<String> keys) {
      this.around = around;
      this.at = at;
      this.isDict = isDict;
      this.elements = elements;
      this.keys = keys;
    }

    /** What leads to what is written now: an index or a key; null for the dict of a key. */
    Object step() {
      return isDict ? key : (Object) (count - 1);
    }
  }

  /** Begins a dict, of which pairs follow; returns what {@link #close} needs. */
  int open() throws ProtocolException {
    return open(0x21, 4, Limits.MAX_DEPTH, ErrorCode.NESTING_TOO_DEEP);
  }

  /** Ends a dict of so many pairs, or a list. */
  void close(int at, int count) {
    depth--;
    put(at, 4, count);
  }

  /** Writes bytes as they are. */
  void raw(byte[] bytes) throws ProtocolException {
    int at = room(bytes.length);
    System.arraycopy(bytes, 0, data, at, bytes.length);
  }

  /** Puts bytes at a place that is there. */
  void place(byte[] bytes, int at) {
    System.arraycopy(bytes, 0, data, at, bytes.length);
  }

  /** Puts a number at a place that is there. */
  void put(int at, int bytes, long number) {
    for (int one = bytes - 1; one >= 0; one--) {
      data[at + one] = (byte) number;
      number >>= 8;
    }
  }

  private void noneValue() throws ProtocolException {
    int at = room(1);
    data[at] = 0x00;
  }

  private void boolValue(Object value) throws ProtocolException {
    int at = room(1 + 1);
    data[at] = 0x01;
    put(at + 1, 1, (boolean) value ? 1 : 0);
  }

  private void int64Value(long value) throws ProtocolException {
    int at = room(1 + 8);
    data[at++] = 0x05;
    LONGS.set(data, at, value);
  }

  private void float64Value(double value) throws ProtocolException {
    int at = room(1 + 8);
    data[at++] = 0x06;
    LONGS.set(data, at, Double.doubleToRawLongBits(value));
  }

  private void bytesValue(byte[] value) throws ProtocolException {
    int at = head(0x10, 4, value.length, Limits.MAX_BLOB_BYTES, ErrorCode.LENGTH_TOO_LARGE);
    System.arraycopy(value, 0, data, at, value.length);
  }

  private static byte[] copied(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private void stringValue(String value) throws ProtocolException {
    if (value.length() <= SHORT_CHARS && isWritten(value)) {
      return;
    }
    int size = encodedLength(value);
    int at = head(0x11, 4, size, Limits.MAX_BLOB_BYTES, ErrorCode.LENGTH_TOO_LARGE);
    if (size == value.length()) {
      ascii(value, at);
    } else {
      utf8(value, at);
    }
  }

  /** Writes a short text, if it is ASCII. */
  private boolean isWritten(String text) throws ProtocolException {
    int before = pos;
    int length = text.length();
    int at = head(0x11, 4, length, Limits.MAX_BLOB_BYTES, ErrorCode.LENGTH_TOO_LARGE);
    for (int from = 0; from < length; from++) {
      char unit = text.charAt(from);
      if (unit >= 0x80) {
        pos = before;
        return false;
      }
      data[at + from] = (byte) unit;
    }
    return true;
  }

  @SuppressWarnings("deprecation") // It is what copies the low halves, which are all there is.
  private void ascii(String text, int at) {
    text.getBytes(0, text.length(), data, at);
  }

  private Open listValue(List<?> value, Open around) throws ProtocolException {
    int at = open(0x20, 4, Limits.MAX_DEPTH, ErrorCode.NESTING_TOO_DEEP);
    few(value.size(), Limits.MAX_ITEMS, ErrorCode.TOO_MANY_ITEMS);
    return new Open(around, at, false, value.iterator(), null);
  }

  private Open dictValue(Map<?, ?> value, Open around) throws ProtocolException {
    int at = open(0x21, 4, Limits.MAX_DEPTH, ErrorCode.NESTING_TOO_DEEP);
    few(value.size(), Limits.MAX_ITEMS, ErrorCode.TOO_MANY_ITEMS);
    // Its keys differ already.
    boolean differ = value.getClass() == LinkedHashMap.class || value.size() < 2;
    Set<String> keys = differ ? null : new HashSet<>();
    return new Open(around, at, true, value.entrySet().iterator(), keys);
  }

  private String key(Object key, Set<String> keys) throws ProtocolException {
    if (!(key instanceof String text)) {
      throw fault(ErrorCode.KEY_NOT_STRING);
    }
    if (keys != null && !keys.add(text)) {
      throw fault(ErrorCode.DUPLICATE_KEY).within(text);
    }
    stringValue(text);
    return text;
  }

  private void whole(long number) throws ProtocolException {
    int64Value(number);
    return;
  }

  private void whole(BigInteger number) throws ProtocolException {
    if (number.bitLength() < Long.SIZE) {
      whole(number.longValue());
      return;
    }
    throw fault(ErrorCode.INT_OUT_OF_RANGE);
  }

  private static int encodedLength(String text) throws ProtocolException {
    int length = text.length();
    int size = 0;
    for (int at = 0; at < length; at++) {
      char unit = text.charAt(at);
      if (unit < 0x80) {
        size++;
      } else if (unit < 0x800) {
        size += 2;
      } else if (!Character.isSurrogate(unit)) {
        size += 3;
      } else if (Character.isHighSurrogate(unit)
          && at + 1 < length
          && Character.isLowSurrogate(text.charAt(at + 1))) {
        size += 4;
        at++;
      } else {
        throw fault(ErrorCode.INVALID_TEXT);
      }
      if (size < 0) {
        return Integer.MAX_VALUE;
      }
    }
    return size;
  }

  private void utf8(String text, int at) {
    for (int from = 0; from < text.length(); from++) {
      char unit = text.charAt(from);
      if (unit < 0x80) {
        data[at++] = (byte) unit;
      } else if (unit < 0x800) {
        data[at++] = (byte) (0xc0 | unit >> 6);
        data[at++] = (byte) (0x80 | unit & 0x3f);
      } else if (!Character.isSurrogate(unit)) {
        data[at++] = (byte) (0xe0 | unit >> 12);
        data[at++] = (byte) (0x80 | unit >> 6 & 0x3f);
        data[at++] = (byte) (0x80 | unit & 0x3f);
      } else {
        int character = Character.toCodePoint(unit, text.charAt(++from));
        data[at++] = (byte) (0xf0 | character >> 18);
        data[at++] = (byte) (0x80 | character >> 12 & 0x3f);
        data[at++] = (byte) (0x80 | character >> 6 & 0x3f);
        data[at++] = (byte) (0x80 | character & 0x3f);
      }
    }
  }

  private static void few(int count, int limit, ErrorCode tooMany) throws ProtocolException {
    if (count > limit) {
      throw fault(tooMany);
    }
  }

  private int open(int code, int bytes, int limit, ErrorCode tooDeep) throws ProtocolException {
    if (depth == limit) {
      throw fault(tooDeep);
    }
    depth++;
    int at = room(1 + bytes);
    data[at] = (byte) code;
    return at + 1;
  }

  /** The type of a value and its size; returns where its bytes go. */
  private int head(int code, int bytes, int size, int limit, ErrorCode tooLong)
      throws ProtocolException {
    if (size > limit) {
      throw fault(tooLong);
    }
    int at = room(1 + bytes + size);
    data[at] = (byte) code;
    if (bytes == Integer.BYTES) {
      INTS.set(data, at + 1, size);
    } else {
      put(at + 1, bytes, size);
    }
    return at + 1 + bytes;
  }

  private int room(int bytes) throws ProtocolException {
    int at = pos;
    if (bytes > data.length - at) {
      grow(bytes);
    }
    pos = at + bytes;
    return at;
  }

  private void grow(int bytes) throws ProtocolException {
    if (bytes > most - pos) {
      throw fault(ErrorCode.PAYLOAD_TOO_LARGE).whole();
    }
    long doubled = Math.max(2L * data.length, pos + (long) bytes);
    data = Arrays.copyOf(data, (int) Math.min(doubled, most));
  }

  private static ProtocolException fault(ErrorCode code) {
    return ProtocolException.of(code, Scope.EXCHANGE, 0);
  }

  private static VarHandle numbers(Class<?> type) {
    return MethodHandles.byteArrayViewVarHandle(type, ByteOrder.BIG_ENDIAN);
  }
}
