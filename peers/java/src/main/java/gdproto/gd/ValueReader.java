// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads values, and finds the first fault of their bytes. */
final class ValueReader {
  private static final VarHandle SHORTS = numbers(short[].class);
  private static final VarHandle INTS = numbers(int[].class);
  private static final VarHandle LONGS = numbers(long[].class);
  private static final int ITEM_BYTES = 1;
  private static final int PAIR_BYTES = 6;

  private final byte[] data;
  private final int base;
  private final int end;
  private int pos;

  /** The innermost list or dict that is being read; null for none. */
  private Open top;

  /** The bytes that open lists and dicts need for what they have not begun. */
  private long owed;

  /** Reads what is from {@code pos} to {@code end}; offsets count from {@code base}. */
  ValueReader(byte[] data, int base, int pos, int end) {
    this.data = data;
    this.base = base;
    this.pos = pos;
    this.end = end;
  }

  /** Refuses what follows the value. */
  void end() throws ProtocolException {
    if (pos != end) {
      throw fault(ErrorCode.TRAILING_DATA, pos);
    }
  }

  /** The next value. */
  Object value() throws ProtocolException {
    try {
      while (true) {
        Object value = next();
        if (value instanceof Open opened) {
          top = opened;
        } else if (top == null) {
          return value;
        } else {
          top.add(value);
        }
        while (top.left == 0) {
          Open done = top;
          top = done.around;
          if (top == null) {
            return done.container();
          }
          top.add(done.container());
        }
        begin();
      }
    } catch (ProtocolException fault) {
      for (; top != null; top = top.around) {
        fault.within(top.step());
      }
      throw fault;
    }
  }

  /** The next value; of a list or dict its beginning. */
  private Object next() throws ProtocolException {
    return switch (type()) {
      case 0x00 -> null;
      case 0x01 -> boolValue();
      case 0x05 -> (long) LONGS.get(data, take(8));
      case 0x06 -> Double.longBitsToDouble((long) LONGS.get(data, take(8)));
      case 0x10 -> bytesValue();
      case 0x11 -> stringValue();
      case 0x20 -> listValue();
      case 0x21 -> dictValue();
      default -> throw fault(ErrorCode.UNKNOWN_TLV_TYPE, pos - 1);
    };
  }

  /** Begins the next item or pair of what is open. */
  private void begin() throws ProtocolException {
    top.left--;
    if (top.pairs == null) {
      owed -= ITEM_BYTES;
      return;
    }
    owed -= PAIR_BYTES;
    top.key = null;
    int at = pos;
    String key = key();
    if (top.pairs.containsKey(key)) {
      throw fault(ErrorCode.DUPLICATE_KEY, at).within(key);
    }
    top.key = key;
  }

  /** Where the value of a key begins, in the next value, which is a right dict that has it. */
  int find(String name) throws ProtocolException {
    pos++;
    size(4);
    while (!key().equals(name)) {
      value();
    }
    return pos;
  }

  private int type() throws ProtocolException {
    if (pos == end) {
      throw fault(ErrorCode.TRUNCATED, end);
    }
    return data[pos++] & 0xff;
  }

  private Object boolValue() throws ProtocolException {
    int at = pos;
    long number = size(1);
    if (number == 0) {
      return false;
    }
    if (number == 1) {
      return true;
    }
    throw fault(ErrorCode.INVALID_BOOL, at);
  }

  private byte[] bytesValue() throws ProtocolException {
    int size = fitting(4, 1, Limits.MAX_BLOB_BYTES, ErrorCode.LENGTH_TOO_LARGE);
    int at = take(size);
    return Arrays.copyOfRange(data, at, at + size);
  }

  private String stringValue() throws ProtocolException {
    int size = fitting(4, 1, Limits.MAX_BLOB_BYTES, ErrorCode.LENGTH_TOO_LARGE);
    int at = take(size);
    String text = new String(data, at, size, StandardCharsets.UTF_8);
    // What is no UTF-8 is replaced by a character that texts may have too.
    if (text.indexOf('\ufffd') >= 0 && !isUtf8(text, at, size)) {
      throw fault(ErrorCode.INVALID_UTF8, at);
    }
    return text;
  }

  private boolean isUtf8(String text, int at, int size) {
    byte[] again = text.getBytes(StandardCharsets.UTF_8);
    return Arrays.equals(again, 0, again.length, data, at, at + size);
  }

  private Open listValue() throws ProtocolException {
    checkDepth(Limits.MAX_DEPTH, ErrorCode.NESTING_TOO_DEEP);
    int count = fitting(4, ITEM_BYTES, Limits.MAX_ITEMS, ErrorCode.TOO_MANY_ITEMS);
    owed += (long) count * ITEM_BYTES;
    return new Open(top, count, new ArrayList<>(count), null);
  }

  private Open dictValue() throws ProtocolException {
    checkDepth(Limits.MAX_DEPTH, ErrorCode.NESTING_TOO_DEEP);
    int count = fitting(4, PAIR_BYTES, Limits.MAX_ITEMS, ErrorCode.TOO_MANY_ITEMS);
    owed += (long) count * PAIR_BYTES;
    // So large that it is not made anew: three quarters are filled.
    return new Open(top, count, null, new LinkedHashMap<>(count + count / 3 + 1));
  }

  private String key() throws ProtocolException {
    int at = pos;
    int type = type();
    if (type != 0x11) {
      throw fault(isType(type) ? ErrorCode.KEY_NOT_STRING : ErrorCode.UNKNOWN_TLV_TYPE, at);
    }
    return stringValue();
  }

  private static boolean isType(int code) {
    return switch (code) {
      case 0x00, 0x01, 0x05, 0x06, 0x10, 0x11, 0x20, 0x21 -> true;
      default -> false;
    };
  }

  /** The place of so many bytes, which are taken. */
  private int take(int bytes) throws ProtocolException {
    int at = pos;
    if (end - at < bytes) {
      throw fault(ErrorCode.TRUNCATED, end);
    }
    pos = at + bytes;
    return at;
  }

  /** A size that is judged: against its limit, and whether it fits. */
  private int fitting(int bytes, int unit, int limit, ErrorCode code) throws ProtocolException {
    int at = pos;
    long size = size(bytes);
    if (size > limit) {
      throw fault(code, at);
    }
    if (size * unit + owed > end - pos) {
      throw fault(ErrorCode.TRUNCATED, at);
    }
    return (int) size;
  }

  private long size(int bytes) throws ProtocolException {
    int at = take(bytes);
    if (bytes == Integer.BYTES) {
      return (int) INTS.get(data, at) & 0xffffffffL;
    }
    long number = 0;
    for (int one = 0; one < bytes; one++) {
      number = number << 8 | data[at + one] & 0xff;
    }
    return number;
  }

  private void checkDepth(int limit, ErrorCode code) throws ProtocolException {
    if (top != null && top.depth == limit) {
      throw fault(code, pos - 1);
    }
  }

  /** A list or a dict that is being read. */
  private static final class Open {
    final Open around;
    final int depth;
    final List<Object> items;
    final Map<String, Object> pairs;
    int left;
    String key;

    Open(Open around, int count, List<Object> items, Map<String, Object> pairs) {
      this.around = around;
      this.depth = around == null ? 1 : around.depth + 1;
      this.items = items;
      this.pairs = pairs;
      this.left = count;
    }

    void add(Object value) {
      if (pairs == null) {
        items.add(value);
      } else {
        pairs.put(key, value);
      }
    }

    Object container() {
      return pairs == null ? items : pairs;
    }

    /** What leads to what is read now: an index or a key; null for the dict of a key. */
    Object step() {
      return pairs == null ? (Object) items.size() : key;
    }
  }

  private ProtocolException fault(ErrorCode code, int at) {
    return ProtocolException.at(at - base, code, Scope.EXCHANGE, 0);
  }

  private static VarHandle numbers(Class<?> type) {
    return MethodHandles.byteArrayViewVarHandle(type, ByteOrder.BIG_ENDIAN);
  }
}
