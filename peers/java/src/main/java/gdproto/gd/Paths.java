// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import java.util.List;
import java.util.regex.Pattern;

/** How the place of a fault in a value is written; characters are code points. */
final class Paths {
  private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final String ELLIPSIS = "\u2026";
  private static final int MAX_PATH_CHARS = 200;
  private static final int MAX_KEY_CHARS = 32;

  private Paths() {}

  /** The path of what leads there, the innermost first. */
  static String text(List<Object> steps) {
    StringBuilder path = new StringBuilder();
    for (int at = steps.size() - 1; at >= 0; at--) {
      add(path, steps.get(at));
      if (path.codePointCount(0, path.length()) > MAX_PATH_CHARS) {
        path.setLength(path.offsetByCodePoints(0, MAX_PATH_CHARS - 1));
        return path.append(ELLIPSIS).toString();
      }
    }
    return path.toString();
  }

  private static void add(StringBuilder path, Object step) {
    if (!(step instanceof String key)) {
      path.append('[').append(step).append(']');
      return;
    }
    int length = key.codePointCount(0, key.length());
    if (length <= MAX_KEY_CHARS && IDENTIFIER.matcher(key).matches()) {
      path.append(path.length() == 0 ? "" : ".").append(key);
      return;
    }
    path.append("[\"");
    int stop = key.offsetByCodePoints(0, Math.min(length, MAX_KEY_CHARS));
    key.codePoints().limit(MAX_KEY_CHARS).forEach(character -> quote(path, character));
    path.append(stop < key.length() ? ELLIPSIS : "").append("\"]");
  }

  private static void quote(StringBuilder path, int character) {
    switch (character) {
      case '"' -> path.append("\\\"");
      case '\\' -> path.append("\\\\");
      case '\b' -> path.append("\\b");
      case '\f' -> path.append("\\f");
      case '\n' -> path.append("\\n");
      case '\r' -> path.append("\\r");
      case '\t' -> path.append("\\t");
      default -> {
        boolean isHalf = Character.getType(character) == Character.SURROGATE;
        if (character < ' ' || isHalf) {
          path.append(String.format("\\u%04x", character));
        } else {
          path.appendCodePoint(character);
        }
      }
    }
  }
}
