package gdproto.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** JSON: what is read, what is written, and what is none. */
class JsonTest {
  @Test
  void allFormsAreRead() {
    Object expected =
        Arrays.asList(1L, -2.5, true, null, "é\n\"\ud83d\ude00", Map.of("k", List.of()));
    String text = " [1, -2.5, true, null, \"é\\n\\\"\\ud83d\\ude00\", {\"k\" : [ ]} ] ";
    assertEquals(expected, Json.parse(text));
    assertEquals(BigInteger.ONE.shiftLeft(63), Json.parse("9223372036854775808"));
  }

  @Test
  void whatIsWrittenIsReadAgain() {
    Object value = List.of(Map.of("a\u0001\\", List.of(1L, 2.5)), "\ud800", false, Map.of());
    assertEquals(value, Json.parse(Json.write(value)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "[", "[1", "[1,]x", "{\"a\"}", "{1:2}", "tru", "\"", "1 2", "--1", "nil"})
  void whatIsNoneIsRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> Json.parse(text));
  }
}
