package gdproto.conformance;

import gdproto.gd.ErrorCode;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Values in the JSON forms of the testee contract. */
final class Forms {
  private static final HexFormat HEX = HexFormat.of();

  private Forms() {}

  // --- bytes ---

  static String hex(byte[] bytes) {
    return HEX.formatHex(bytes);
  }

  /** The bytes that a recipe makes. */
  static byte[] made(Object recipe) {
    return Recipe.made(recipe);
  }

  // --- from JSON ---

  /** The value of a form. */
  static Object value(Object form) {
    Map<String, Object> typed = map(form);
    String kind = typed.keySet().iterator().next();
    Object held = typed.get(kind);
    return switch (kind) {
      case "none" -> null;
      case "bool" -> held.equals("true");
      case "int64" -> whole((String) held);
      case "float64" -> Double.longBitsToDouble(Long.parseUnsignedLong((String) held, 16));
      case "bytes" -> made(held);
      case "string" ->
          held instanceof String text ? text : new String(made(held), StandardCharsets.UTF_8);
      case "utf16" -> utf16(HEX.parseHex((String) held));
      case "list" -> values(list(held));
      case "dict" -> dict(list(held));
      case "repeated" -> repeated(map(held));
      case "numbered" -> numbered(map(held));
      case "nested" -> nested(map(held));
      case "foreign" -> ErrorCode.UNSUPPORTED_TYPE;
      default -> throw new Unsupported("no form " + kind);
    };
  }

  /** A text of these units, which may be half a pair: a decoder would replace that. */
  private static String utf16(byte[] units) {
    StringBuilder text = new StringBuilder();
    for (int at = 0; at < units.length; at += 2) {
      text.append((char) ((units[at] & 0xff) << 8 | units[at + 1] & 0xff));
    }
    return text.toString();
  }

  private static Object whole(String digits) {
    BigInteger number = new BigInteger(digits);
    return number.bitLength() < Long.SIZE ? (Object) number.longValue() : number;
  }

  private static List<Object> values(List<Object> forms) {
    List<Object> values = new ArrayList<>(forms.size());
    for (Object form : forms) {
      values.add(value(form));
    }
    return values;
  }

  private static Map<Object, Object> dict(List<Object> pairs) {
    Map<Object, Object> dict = new LinkedHashMap<>();
    for (Object pair : pairs) {
      dict.put(value(list(pair).get(0)), value(list(pair).get(1)));
    }
    return dict.size() == pairs.size() ? dict : sameKeys(pairs);
  }

  /** A map that tells keys apart by what they are, so that two may have the same text. */
  private static Map<Object, Object> sameKeys(List<Object> pairs) {
    Map<Object, Object> dict = new IdentityHashMap<>();
    for (Object pair : pairs) {
      Object key = value(list(pair).get(0));
      Object apart = key instanceof String text ? new String(text) : key;
      dict.put(apart, value(list(pair).get(1)));
    }
    if (dict.size() < pairs.size()) {
      throw new Unsupported("no Map has two equal keys that are no texts");
    }
    return dict;
  }

  private static List<Object> repeated(Map<String, Object> of) {
    return Collections.nCopies(count(of), value(of.get("item")));
  }

  private static Map<String, Object> numbered(Map<String, Object> of) {
    Map<String, Object> dict = new LinkedHashMap<>();
    for (int number = 0; number < count(of); number++) {
      dict.put(Recipe.numeral(number), null);
    }
    return dict;
  }

  private static Object nested(Map<String, Object> of) {
    boolean isList = of.get("in").equals("list");
    String key = (String) of.getOrDefault("key", "");
    Object value = isList ? List.of() : Map.of();
    if (of.containsKey("around")) {
      value = around(isList, key, value(of.get("around")));
    }
    for (int level = 1; level < count(of); level++) {
      value = around(isList, key, value);
    }
    return value;
  }

  private static Object around(boolean isList, String key, Object value) {
    return isList ? Collections.singletonList(value) : Collections.singletonMap(key, value);
  }

  private static int count(Map<String, Object> of) {
    return ((Long) of.get("times")).intValue();
  }

  // --- to JSON ---

  /** The form of a value that was read. */
  static Map<String, Object> form(Object value) {
    if (value == null) {
      return Map.of("none", "");
    } else if (value instanceof Boolean) {
      return Map.of("bool", value.toString());
    } else if (value instanceof Double number) {
      return Map.of("float64", HEX.toHexDigits(Double.doubleToRawLongBits(number)));
    } else if (value instanceof Number) {
      return Map.of("int64", value.toString());
    } else if (value instanceof byte[] bytes) {
      return Map.of("bytes", hex(bytes));
    } else if (value instanceof String) {
      return Map.of("string", value);
    } else if (value instanceof List<?> items) {
      return Map.of("list", forms(items));
    }
    return Map.of("dict", pairs((Map<?, ?>) value));
  }

  private static List<Object> forms(List<?> values) {
    List<Object> forms = new ArrayList<>(values.size());
    for (Object value : values) {
      forms.add(form(value));
    }
    return forms;
  }

  private static List<Object> pairs(Map<?, ?> dict) {
    List<Object> pairs = new ArrayList<>(dict.size());
    for (Map.Entry<?, ?> pair : dict.entrySet()) {
      pairs.add(List.of(form(pair.getKey()), form(pair.getValue())));
    }
    return pairs;
  }

  // --- JSON's own ---

  @SuppressWarnings("unchecked")
  static Map<String, Object> map(Object json) {
    return (Map<String, Object>) json;
  }

  @SuppressWarnings("unchecked")
  static List<Object> list(Object json) {
    return (List<Object>) json;
  }
}
