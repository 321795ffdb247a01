package gdproto.conformance;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Recipes: short forms of many bytes. */
final class Recipe {
  private Recipe() {}

  static byte[] made(Object recipe) {
    if (recipe instanceof String hex) {
      return HexFormat.of().parseHex(hex);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (recipe instanceof List<?> parts) {
      for (Object part : parts) {
        out.writeBytes(made(part));
      }
      return out.toByteArray();
    }
    Map<String, Object> many = Forms.map(recipe);
    int times = ((Long) many.get("times")).intValue();
    return many.containsKey("repeat")
        ? repeated(made(many.get("repeat")), times)
        : numbered(Forms.list(many.get("numbered")), times);
  }

  private static byte[] repeated(byte[] part, int times) {
    byte[] all = new byte[part.length * times];
    for (int at = 0; at < all.length; at += part.length) {
      System.arraycopy(part, 0, all, at, part.length);
    }
    return all;
  }

  private static byte[] numbered(List<Object> around, int times) {
    byte[] before = made(around.get(0));
    byte[] after = made(around.get(1));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int number = 0; number < times; number++) {
      out.writeBytes(before);
      out.writeBytes(numeral(number).getBytes(StandardCharsets.US_ASCII));
      out.writeBytes(after);
    }
    return out.toByteArray();
  }

  static String numeral(int number) {
    String digits = Integer.toString(number);
    return "0000000".substring(digits.length()) + digits;
  }
}
