package gdproto.json;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON as plain objects: null, {@link Boolean}, {@link Long} or {@link BigInteger}, {@link Double},
 * {@link String}, {@link List} and {@link Map}. It is what a worker's environment and the programs
 * of the conformance suite need.
 */
public final class Json {
  private static final int MAX_DEPTH = 4000;

  private final String text;
  private int at;
  private int depth;

  private Json(String text) {
    this.text = text;
  }

  /** The value of a text. Throws {@link IllegalArgumentException} where it is no JSON. */
  public static Object parse(String text) {
    Json json = new Json(text);
    Object value = json.value();
    if (json.peek() != 0) {
      throw json.wrong();
    }
    return value;
  }

  /** The text of a value. Throws {@link IllegalArgumentException} where JSON has none. */
  public static String write(Object value) {
    StringBuilder out = new StringBuilder();
    write(value, out);
    return out.toString();
  }

  // --- reading ---

  private Object value() {
    switch (peek()) {
      case '{':
        return object();
      case '[':
        return array();
      case '"':
        return string();
      case 't':
        return word("true", true);
      case 'f':
        return word("false", false);
      case 'n':
        return word("null", null);
      default:
        return number();
    }
  }

  private Map<String, Object> object() {
    Map<String, Object> pairs = new LinkedHashMap<>();
    open();
    while (more('}', pairs.isEmpty())) {
      peek();
      String key = string();
      if (peek() != ':') {
        throw wrong();
      }
      at++;
      pairs.put(key, value());
    }
    return pairs;
  }

  private List<Object> array() {
    List<Object> items = new ArrayList<>();
    open();
    while (more(']', items.isEmpty())) {
      items.add(value());
    }
    return items;
  }

  private void open() {
    at++;
    if (++depth > MAX_DEPTH) {
      throw wrong();
    }
  }

  /** Whether another element follows; takes the comma before it, or the end. */
  private boolean more(char end, boolean isFirst) {
    char next = peek();
    if (next == end) {
      at++;
      depth--;
      return false;
    }
    if (!isFirst) {
      if (next != ',') {
        throw wrong();
      }
      at++;
    }
    return true;
  }

  private Object word(String word, Object value) {
    if (!text.startsWith(word, at)) {
      throw wrong();
    }
    at += word.length();
    return value;
  }

  private Object number() {
    int start = at;
    while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    String digits = text.substring(start, at);
    try {
      if (!digits.chars().allMatch(one -> one == '-' || Character.isDigit(one))) {
        return Double.valueOf(digits);
      }
      BigInteger whole = new BigInteger(digits);
      return whole.bitLength() < Long.SIZE ? (Object) whole.longValue() : whole;
    } catch (NumberFormatException none) {
      throw wrong();
    }
  }

  private String string() {
    if (at == text.length() || text.charAt(at) != '"') {
      throw wrong();
    }
    int start = ++at;
    int end = text.indexOf('"', start);
    int escape = text.indexOf('\\', start);
    if (end >= 0 && (escape < 0 || escape > end)) {
      at = end + 1;
      return text.substring(start, end);
    }
    StringBuilder out = new StringBuilder();
    for (char one = next(); one != '"'; one = next()) {
      out.append(one == '\\' ? escaped() : one);
    }
    return out.toString();
  }

  private char escaped() {
    char one = next();
    int named = "bfnrt".indexOf(one);
    if (named >= 0) {
      return "\b\f\n\r\t".charAt(named);
    }
    if (one == 'u' && at + 4 <= text.length()) {
      at += 4;
      return (char) Integer.parseInt(text.substring(at - 4, at), 16);
    }
    return one;
  }

  private char next() {
    if (at == text.length()) {
      throw wrong();
    }
    return text.charAt(at++);
  }

  /** The next character that is no space; 0 at the end. */
  private char peek() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at < text.length() ? text.charAt(at) : 0;
  }

  private IllegalArgumentException wrong() {
    return new IllegalArgumentException("no JSON at character " + at);
  }

  // --- writing ---

  private static void write(Object value, StringBuilder out) {
    if (value instanceof String string) {
      quote(string, out);
    } else if (value instanceof Map<?, ?> pairs) {
      char before = '{';
      for (Map.Entry<?, ?> pair : pairs.entrySet()) {
        out.append(before);
        quote((String) pair.getKey(), out);
        out.append(':');
        write(pair.getValue(), out);
        before = ',';
      }
      out.append(pairs.isEmpty() ? "{}" : "}");
    } else if (value instanceof List<?> items) {
      char before = '[';
      for (Object item : items) {
        out.append(before);
        write(item, out);
        before = ',';
      }
      out.append(items.isEmpty() ? "[]" : "]");
    } else if (value == null || value instanceof Boolean || isNumber(value)) {
      out.append(value);
    } else {
      throw new IllegalArgumentException("no JSON for a " + value.getClass().getName());
    }
  }

  private static boolean isNumber(Object value) {
    return value instanceof Number number && Double.isFinite(number.doubleValue());
  }

  private static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int at = 0; at < text.length(); at++) {
      char one = text.charAt(at);
      if (one == '"' || one == '\\') {
        out.append('\\').append(one);
      } else if (one < ' ' || Character.isSurrogate(one) && !isPair(text, at)) {
        out.append(String.format("\\u%04x", (int) one));
      } else {
        out.append(one);
      }
    }
    out.append('"');
  }

  private static boolean isPair(String text, int at) {
    char one = text.charAt(at);
    if (Character.isHighSurrogate(one)) {
      return at + 1 < text.length() && Character.isLowSurrogate(text.charAt(at + 1));
    }
    return at > 0 && Character.isHighSurrogate(text.charAt(at - 1));
  }
}
