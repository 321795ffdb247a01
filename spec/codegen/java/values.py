"""Values: reading and writing, by one case for each type of the declaration.

What is open stands in a chain, not on the thread's stack: Java's threads may have little of it.
"""

from __future__ import annotations

from .. import ir, layout
from ..errors import CompileError
from ..naming import camel, screaming
from ..template import fill
from .words import code, octet, scope

# Texts that are written as they are looked at.
SHORT_CHARS = 64
WIDEST_LONG = (-(2**63), 2**63 - 1)
# What tells a type of Java, and what writes it: by the kind that programs have for it, and others.
HELD = {
    "string": ("value instanceof String text", "{}(text)", "string"),
    "integer": ("value instanceof Long number", "whole(number)", "integer"),
    "float": ("value instanceof Double number", "{}(number)", "float"),
    "dict": ("value instanceof Map<?, ?> pairs", "return {}(pairs, around)", "dict"),
    "list": ("value instanceof List<?> items", "return {}(items, around)", "list"),
    "none": ("value == null", "{}()", "none"),
    "bool": ("value instanceof Boolean", "{}(value)", "bool"),
    "bytes": ("value instanceof byte[] bytes", "{}(bytes)", "bytes"),
}
ALSO = (
    ("value instanceof Integer number", "whole(number)", "integer"),
    ("value instanceof Short number", "whole(number)", "integer"),
    ("value instanceof Byte number", "whole(number)", "integer"),
    ("value instanceof BigInteger number", "whole(number)", "integer"),
    ("value instanceof Float number", "{}(number)", "float"),
    ("value instanceof ByteBuffer buffer", "{}(copied(buffer))", "bytes"),
)

VALUES = """
    import java.math.BigInteger;
    import java.util.List;
    import java.util.Map;

    /**
     * Single values: null, {@link Boolean}, {@link Long}, {@link Double}, byte[], {@link String},
     * {@link List} and {@link Map}. Other integers and {@link Float} may be written too; a {@link
     * BigInteger} is read only where no long holds the number.
     */
    public final class Values {
      private Values() {}

      /** The value of these bytes, all of them. Lists and dicts are the caller's to change. */
      public static Object decode(byte[] data) throws ProtocolException {
        ValueReader reader = new ValueReader(data, 0, 0, data.length);
        Object value = reader.value();
        reader.end();
        return value;
      }

      /** The bytes of a value. */
      public static byte[] encode(Object value) throws ProtocolException {
        ValueWriter writer = new ValueWriter(0, Limits.MAX_VALUE_BYTES);
        writer.value(value);
        return writer.bytes();
      }
    }
"""
READER = """
    import java.lang.invoke.MethodHandles;
    import java.lang.invoke.VarHandle;
    «imports»
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
      private static final int ITEM_BYTES = «item_bytes»;
      private static final int PAIR_BYTES = «pair_bytes»;

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
          throw fault(«trailing», pos);
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
          «cases»
          default -> throw fault(«unknown», pos - 1);
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
        size(«dict_size»);
        while (!key().equals(name)) {
          value();
        }
        return pos;
      }

      private int type() throws ProtocolException {
        if (pos == end) {
          throw fault(«truncated», end);
        }
        return data[pos++] & 0xff;
      }

      «methods»

      private String key() throws ProtocolException {
        int at = pos;
        int type = type();
        if (type != «text_code») {
          throw fault(isType(type) ? «key_error» : «unknown», at);
        }
        return «text_method»();
      }

      private static boolean isType(int code) {
        return switch (code) {
          case «codes» -> true;
          default -> false;
        };
      }

      /** The place of so many bytes, which are taken. */
      private int take(int bytes) throws ProtocolException {
        int at = pos;
        if (end - at < bytes) {
          throw fault(«truncated», end);
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
          throw fault(«truncated», at);
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
        return ProtocolException.at(at - base, code, «scope», 0);
      }

      private static VarHandle numbers(Class<?> type) {
        return MethodHandles.byteArrayViewVarHandle(type, ByteOrder.BIG_ENDIAN);
      }
    }
"""
WHOLE = """
    private static Object whole(BigInteger number) {
      return number.bitLength() < Long.SIZE ? (Object) number.longValue() : number;
    }
"""
MAPPED = """
    private Object «name»() throws ProtocolException {
      int at = pos;
      long number = size(«bytes»);
      «choices»
      throw fault(«error», at);
    }
"""
BYTES = """
    private byte[] «name»() throws ProtocolException {
      int size = fitting(«bytes», 1, «limit», «error»);
      int at = take(size);
      return Arrays.copyOfRange(data, at, at + size);
    }
"""
TEXT = """
    private String «name»() throws ProtocolException {
      int size = fitting(«bytes», 1, «limit», «error»);
      int at = take(size);
      String text = new String(data, at, size, StandardCharsets.UTF_8);
      // What is no UTF-8 is replaced by a character that texts may have too.
      if (text.indexOf('\\ufffd') >= 0 && !isUtf8(text, at, size)) {
        throw fault(«invalid», at);
      }
      return text;
    }

    private boolean isUtf8(String text, int at, int size) {
      byte[] again = text.getBytes(StandardCharsets.UTF_8);
      return Arrays.equals(again, 0, again.length, data, at, at + size);
    }
"""
LIST = """
    private Open «name»() throws ProtocolException {
      checkDepth(«depth», «too_deep»);
      int count = fitting(«bytes», ITEM_BYTES, «limit», «error»);
      owed += (long) count * ITEM_BYTES;
      return new Open(top, count, new ArrayList<>(count), null);
    }
"""
DICT = """
    private Open «name»() throws ProtocolException {
      checkDepth(«depth», «too_deep»);
      int count = fitting(«bytes», PAIR_BYTES, «limit», «error»);
      owed += (long) count * PAIR_BYTES;
      // So large that it is not made anew: three quarters are filled.
      return new Open(top, count, null, new LinkedHashMap<>(count + count / 3 + 1));
    }
"""
WRITER = """
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
      private static final int SHORT_CHARS = «short_chars»;

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
        «kinds»
        } else {
          throw fault(«unsupported»);
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
        return open(«dict_code», «dict_bytes», «dict_depth», «dict_too_deep»);
      }

      /** Ends a dict of so many pairs, or a list. */
      void close(int at, int count) {
        depth--;
        put(at, «dict_bytes», count);
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

      «methods»

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
            throw fault(«invalid_text»);
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
        return ProtocolException.of(code, «scope», 0);
      }

      private static VarHandle numbers(Class<?> type) {
        return MethodHandles.byteArrayViewVarHandle(type, ByteOrder.BIG_ENDIAN);
      }
    }
"""
WRITES_EMPTY = """
    private void «name»() throws ProtocolException {
      int at = room(1);
      data[at] = «code»;
    }
"""
WRITES_WHOLE = """
    private void «name»(long value) throws ProtocolException {
      int at = room(1 + «bytes»);
      data[at++] = «code»;
      «put»;
    }
"""
WRITES_WIDE = """
    private void «name»(BigInteger value) throws ProtocolException {
      int at = room(1 + «bytes»);
      data[at] = «code»;
      for (int one = «bytes»; one > 0; one--) {
        data[at + one] = value.byteValue();
        value = value.shiftRight(8);
      }
    }
"""
WRITES_FLOAT = """
    private void «name»(double value) throws ProtocolException {
      int at = room(1 + «bytes»);
      data[at++] = «code»;
      «put»;
    }
"""
INTEGERS = """
    private void whole(long number) throws ProtocolException {
      «types»
    }

    private void whole(BigInteger number) throws ProtocolException {
      if (number.bitLength() < Long.SIZE) {
        whole(number.longValue());
        return;
      }
      «wide»
      throw fault(ErrorCode.INT_OUT_OF_RANGE);
    }
"""
IS_IN = """
    private static boolean isIn(BigInteger number, BigInteger least, BigInteger most) {
      return number.compareTo(least) >= 0 && number.compareTo(most) <= 0;
    }
"""
WRITES_MAPPED = """
    private void «name»(Object value) throws ProtocolException {
      int at = room(1 + «bytes»);
      data[at] = «code»;
      put(at + 1, «bytes», «choice»);
    }
"""
WRITES_BYTES = """
    private void «name»(byte[] value) throws ProtocolException {
      int at = head(«code», «bytes», value.length, «limit», «error»);
      System.arraycopy(value, 0, data, at, value.length);
    }

    private static byte[] copied(ByteBuffer buffer) {
      byte[] bytes = new byte[buffer.remaining()];
      buffer.duplicate().get(bytes);
      return bytes;
    }
"""
WRITES_TEXT = """
    private void «name»(String value) throws ProtocolException {
      if (value.length() <= SHORT_CHARS && isWritten(value)) {
        return;
      }
      int size = encodedLength(value);
      int at = head(«code», «bytes», size, «limit», «error»);
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
      int at = head(«code», «bytes», length, «limit», «error»);
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
"""
WRITES_LIST = """
    private Open «name»(List<?> value, Open around) throws ProtocolException {
      int at = open(«code», «bytes», «depth», «too_deep»);
      few(value.size(), «limit», «error»);
      return new Open(around, at, false, value.iterator(), null);
    }
"""
WRITES_DICT = """
    private Open «name»(Map<?, ?> value, Open around) throws ProtocolException {
      int at = open(«code», «bytes», «depth», «too_deep»);
      few(value.size(), «limit», «error»);
      // Its keys differ already.
      boolean differ = value.getClass() == LinkedHashMap.class || value.size() < 2;
      Set<String> keys = differ ? null : new HashSet<>();
      return new Open(around, at, true, value.entrySet().iterator(), keys);
    }

    private String key(Object key, Set<String> keys) throws ProtocolException {
      if (!(key instanceof String text)) {
        throw fault(«key_error»);
      }
      if (keys != null && !keys.add(text)) {
        throw fault(ErrorCode.DUPLICATE_KEY).within(text);
      }
      «text_method»(text);
      return text;
    }
"""


def files(spec: ir.Spec) -> dict[str, str]:
    """What is public, the reader, and the writer."""
    return {"Values": fill(VALUES), "ValueReader": _reader(spec), "ValueWriter": _writer(spec)}


def is_wide(value: ir.ValueType) -> bool:
    """Whether there are integers of the type that no long holds."""
    lowest, highest = WIDEST_LONG
    if value.minimum is None or value.maximum is None:
        return False
    return value.minimum < lowest or value.maximum > highest


# --- reading ---


def _reader(spec: ir.Spec) -> str:
    text, a_dict = (layout.value_type(kind, spec) for kind in ("string", "dict"))
    assert isinstance(a_dict.body, ir.Container)
    methods = [line for value in spec.values for line in _read_method(value)]
    wide = any(map(is_wide, spec.values))
    methods += _method(WHOLE) if wide else []
    return fill(
        READER,
        imports=["import java.math.BigInteger;"] if wide else [],
        item_bytes=str(layout.element_bytes("list", spec)),
        pair_bytes=str(layout.element_bytes("dict", spec)),
        trailing=code("trailing_data"),
        truncated=code("truncated"),
        unknown=code(spec.value_error),
        cases=[_read_case(value) for value in spec.values],
        methods=methods[1:],
        text_code=f"0x{text.code:02x}",
        text_method=method(text),
        key_error=code(a_dict.body.key_error),
        codes=", ".join(f"0x{value.code:02x}" for value in spec.values),
        dict_size=str(a_dict.body.count.size),
        scope=scope("value", spec),
    )


def method(value: ir.ValueType) -> str:
    """The method that reads or writes a type: its name may be a word of Java."""
    return f"{camel(value.name)}Value"


def _read_case(value: ir.ValueType) -> str:
    return f"case 0x{value.code:02x} -> {_read_expression(value)};"


def _read_expression(value: ir.ValueType) -> str:
    match value.body:
        case ir.Empty():
            return "null"
        case ir.Fixed(number, size):
            return _fixed(value, number, size)
    return f"{method(value)}()"


def _fixed(value: ir.ValueType, number: str, size: int) -> str:
    if number == ir.FLOAT:
        floats = {
            8: "Double.longBitsToDouble((long) LONGS.get(data, take(8)))",
            4: "(double) Float.intBitsToFloat((int) INTS.get(data, take(4)))",
        }
        if size not in floats:
            raise _unheld(value)
        return floats[size]
    if is_wide(value):
        sign = "1, " if number == ir.UNSIGNED else ""
        return f"whole(new BigInteger({sign}data, take({size}), {size}))"
    wholes = {
        1: "(long) data[take(1)]",
        2: "(long) (short) SHORTS.get(data, take(2))",
        4: "(long) (int) INTS.get(data, take(4))",
        8: "(long) LONGS.get(data, take(8))",
    }
    if number == ir.SIGNED and size in wholes:
        return wholes[size]
    if number == ir.UNSIGNED and size < 8:
        return f"size({size})"
    raise _unheld(value)


def _unheld(value: ir.ValueType) -> CompileError:
    return CompileError(f"spec.tlv: value type {value.name!r}: Java has no such number")


def _method(template: str, **holes: str | list[str]) -> list[str]:
    return ["", *fill(template, **holes).rstrip("\n").split("\n")]


def _read_method(value: ir.ValueType) -> list[str]:
    match value.body:
        case ir.Mapped(_, size, choices, error):
            held = [line for one in choices for line in _read_choice(value, *one)]
            return _method(
                MAPPED, name=method(value), bytes=str(size), choices=held, error=code(error)
            )
        case ir.Blob(length, text):
            sized = _sized(length, method(value))
            return (
                _method(TEXT, **sized, invalid=code("invalid_utf8"))
                if text
                else _method(BYTES, **sized)
            )
        case ir.Container(count, depth):
            holes = _sized(count, method(value)) | _deep(depth)
            return _method(DICT if value.kind == "dict" else LIST, **holes)
    return []


def _read_choice(value: ir.ValueType, number: int, held: object) -> list[str]:
    if not isinstance(held, bool):
        raise CompileError(f"spec.tlv: value type {value.name!r}: Java has no such choice")
    return [f"if (number == {number}) {{", f"  return {str(held).lower()};", "}"]


def _sized(size: ir.SizeField, name: str) -> dict[str, str]:
    return {
        "name": name,
        "bytes": str(size.size),
        "limit": f"Limits.{screaming(size.limit.name)}",
        "error": code(size.limit.error),
    }


def _deep(depth: ir.Limit) -> dict[str, str]:
    return {"depth": f"Limits.{screaming(depth.name)}", "too_deep": code(depth.error)}


# --- writing ---


def _writer(spec: ir.Spec) -> str:
    a_dict = layout.value_type("dict", spec)
    assert isinstance(a_dict.body, ir.Container)
    for value in spec.values:
        if isinstance(value.body, ir.Container) and value.body.count.size != a_dict.body.count.size:
            raise CompileError(f"spec.tlv: value type {value.name!r}: Java has one size of counts")
    deep = _deep(a_dict.body.depth)
    text = method(layout.value_type("string", spec))
    methods = [line for value in spec.values for line in _write_method(value, text)]
    wide = any(map(is_wide, spec.values))
    return fill(
        WRITER,
        short_chars=str(min(SHORT_CHARS, layout.text_type(spec)[1].limit.value)),
        kinds=_kinds(spec),
        unsupported=code("unsupported_type"),
        dict_code=f"0x{a_dict.code:02x}",
        dict_bytes=str(a_dict.body.count.size),
        dict_depth=deep["depth"],
        dict_too_deep=deep["too_deep"],
        methods=[*methods[1:], *_integers(spec), *(_method(IS_IN) if wide else [])],
        invalid_text=code("invalid_text"),
        scope=scope("writing", spec),
    )


def _kinds(spec: ir.Spec) -> list[str]:
    """One branch for each type of Java, those first that programs send most."""
    by_kind = {kind: method(layout.value_type(kind, spec)) for kind in layout.BY_USE}
    branches = [HELD[kind] for kind in layout.BY_USE] + list(ALSO)
    lines: list[str] = []
    for at, (test, call, kind) in enumerate(branches):
        lines += [f"{'} else if' if at else 'if'} ({test}) {{", f"  {call.format(by_kind[kind])};"]
    return lines


def _write_method(value: ir.ValueType, text: str) -> list[str]:
    name, number = method(value), octet(value.code)
    match value.body:
        case ir.Empty():
            return _method(WRITES_EMPTY, name=name, code=number)
        case ir.Fixed(ir.FLOAT, size):
            return _method(
                WRITES_FLOAT, name=name, code=number, bytes=str(size), put=_put_float(size)
            )
        case ir.Fixed(_, size):
            wide = _method(WRITES_WIDE, name=name, code=number, bytes=str(size))
            plain = _method(WRITES_WHOLE, name=name, code=number, bytes=str(size), put=_put(size))
            return plain + (wide if is_wide(value) else [])
        case ir.Mapped(_, size, choices):
            choice = next(str(wire) for wire, held in choices if held is False)
            for wire, held in choices:
                choice = f"(boolean) value ? {wire} : {choice}" if held is True else choice
            return _method(WRITES_MAPPED, name=name, code=number, bytes=str(size), choice=choice)
        case ir.Blob(length, is_text):
            template = WRITES_TEXT if is_text else WRITES_BYTES
            return _method(template, code=number, **_sized(length, name))
        case ir.Container(count, depth, _, key_error):
            holes = {"code": number, **_sized(count, name), **_deep(depth)}
            return (
                _written_dict(key_error, holes, text)
                if key_error
                else _method(WRITES_LIST, **holes)
            )


def _written_dict(key_error: str, holes: dict[str, str], text: str) -> list[str]:
    return _method(WRITES_DICT, key_error=code(key_error), text_method=text, **holes)


def _put_float(size: int) -> str:
    if size == 8:
        return "LONGS.set(data, at, Double.doubleToRawLongBits(value))"
    return "INTS.set(data, at, Float.floatToRawIntBits((float) value))"


def _put(size: int) -> str:
    views = {2: "SHORTS.set(data, at, (short) value)", 4: "INTS.set(data, at, (int) value)"}
    return {**views, 8: "LONGS.set(data, at, value)"}.get(size, f"put(at, {size}, value)")


def _integers(spec: ir.Spec) -> list[str]:
    """The methods that choose the type of an integer."""
    lines: list[str] = []
    wide: list[str] = []
    for value in spec.values:
        if value.kind == "integer":
            lines += _if(_holds(value), f"{method(value)}(number);")
        if is_wide(value):
            least, most = (f'new BigInteger("{bound}")' for bound in (value.minimum, value.maximum))
            wide += [f"if (isIn(number, {least}, {most})) {{"]
            wide += [f"  {method(value)}(number);", "  return;", "}"]
    if not any(_holds(value) == "" for value in spec.values if value.kind == "integer"):
        lines.append("throw fault(ErrorCode.INT_OUT_OF_RANGE);")
    return _method(INTEGERS, types=lines, wide=wide)


def _holds(value: ir.ValueType) -> str:
    """What tells whether a long is in the type's range; empty when each is."""
    assert value.minimum is not None
    assert value.maximum is not None
    lowest, highest = WIDEST_LONG
    if value.minimum > highest or value.maximum < lowest:
        return "false"
    tests = [f"number >= {value.minimum}L"] if value.minimum > lowest else []
    tests += [f"number <= {value.maximum}L"] if value.maximum < highest else []
    return " && ".join(tests)


def _if(test: str, call: str) -> list[str]:
    if test == "false":
        return []
    return [f"if ({test}) {{", f"  {call}", "  return;", "}"] if test else [call, "return;"]
