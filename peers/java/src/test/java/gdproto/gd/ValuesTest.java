package gdproto.gd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Values: what is written is read again, and what is no value is refused by a fault alone. */
class ValuesTest {
  private static final int ROUNDS = 2000;
  private static final long SMALL_STACK_BYTES = 256 * 1024;

  @Test
  void whatIsWrittenIsReadAgain() throws ProtocolException {
    Made made = new Made(1);
    for (int round = 0; round < ROUNDS; round++) {
      byte[] bytes = Values.encode(made.value(4));
      assertArrayEquals(bytes, Values.encode(Values.decode(bytes)));
    }
  }

  @Test
  void whatIsCutIsTruncated() throws ProtocolException {
    Made made = new Made(2);
    for (int round = 0; round < ROUNDS; round++) {
      byte[] bytes = Values.encode(made.value(3));
      byte[] cut = Arrays.copyOf(bytes, made.below(bytes.length));
      assertEquals(ErrorCode.TRUNCATED, refusal(cut).code());
    }
  }

  @Test
  void whatIsChangedIsReadOrRefused() throws ProtocolException {
    Made made = new Made(3);
    for (int round = 0; round < ROUNDS; round++) {
      byte[] bytes = Values.encode(made.value(3));
      bytes[made.below(bytes.length)] ^= (byte) (1 << made.below(Byte.SIZE));
      try {
        assertArrayEquals(bytes, Values.encode(Values.decode(bytes)));
      } catch (ProtocolException fault) {
        assertTrue(fault.offset().getAsInt() <= bytes.length);
      }
    }
  }

  @Test
  void integersAndFloatsOfJavaAreWritten() throws ProtocolException {
    for (Object seven : List.of((byte) 7, (short) 7, 7, 7L, BigInteger.valueOf(7))) {
      assertEquals(7L, Values.decode(Values.encode(seven)));
    }
    assertEquals(0.5, Values.decode(Values.encode(0.5f)));
    byte[] bytes = (byte[]) Values.decode(Values.encode(ByteBuffer.wrap(new byte[] {1, 2})));
    assertArrayEquals(new byte[] {1, 2}, bytes);
  }

  @Test
  void whatHasNoBytesIsRefusedWithItsPlace() {
    BigInteger wide = BigInteger.ONE.shiftLeft(63);
    assertRefused(ErrorCode.INT_OUT_OF_RANGE, "a[1]", Map.of("a", List.of(1, wide)));
    assertRefused(ErrorCode.INVALID_TEXT, "[0]", List.of("\ud800"));
    assertRefused(ErrorCode.UNSUPPORTED_TYPE, "", 'c');
    assertRefused(ErrorCode.KEY_NOT_STRING, "[0]", List.of(Map.of(1, 2)));
    Map<String, Object> twice = new IdentityHashMap<>();
    twice.put(new String("k"), 1);
    twice.put(new String("k"), 2);
    assertRefused(ErrorCode.DUPLICATE_KEY, "k", twice);
    List<Object> itself = new ArrayList<>();
    itself.add(itself);
    String path = "[0]".repeat(66) + "[…";
    assertRefused(ErrorCode.NESTING_TOO_DEEP, path, itself);
    assertRefused(ErrorCode.TOO_MANY_ITEMS, "", Collections.nCopies(Limits.MAX_ITEMS + 1, null));
  }

  @Test
  void aSmallStackHoldsTheDeepestValue() throws InterruptedException {
    AtomicReference<Object> came = new AtomicReference<>();
    Runnable both =
        () -> {
          try {
            Object value = List.of();
            for (int level = 1; level < Limits.MAX_DEPTH; level++) {
              value = List.of(value);
            }
            came.set(Values.decode(Values.encode(value)));
          } catch (ProtocolException | StackOverflowError problem) {
            came.set(problem);
          }
        };
    Thread thread = new Thread(null, both, "small", SMALL_STACK_BYTES);
    thread.start();
    thread.join();
    assertTrue(came.get() instanceof List, () -> "came " + came.get());
  }

  @Test
  void whatIsClaimedIsNotReserved() {
    // Each of 500 lists claims a million items; a millionth of that is there.
    byte[] bytes = HexFormat.of().parseHex("2000100000".repeat(500) + "00".repeat(2_000_000));
    assertEquals(ErrorCode.TRUNCATED, refusal(bytes).code());
    assertEquals(6, refusal(bytes).offset().getAsInt());
  }

  private static ProtocolException refusal(byte[] bytes) {
    return assertThrows(ProtocolException.class, () -> Values.decode(bytes));
  }

  private static void assertRefused(ErrorCode code, String path, Object value) {
    ProtocolException fault =
        assertThrows(ProtocolException.class, () -> Values.encode(value), code.wire());
    assertEquals(code, fault.code());
    assertEquals(path, fault.path());
    assertTrue(fault.offset().isEmpty());
  }
}
