package gdproto.gd;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Values made at random, of all types. */
final class Made {
  private static final int[] EDGES = {
    0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0x10ffff
  };
  private static final int KINDS = 8;
  private static final int SCALARS = 6;
  private final Random random;

  Made(long seed) {
    random = new Random(seed);
  }

  Object value(int depth) {
    switch (random.nextInt(depth > 0 ? KINDS : SCALARS)) {
      case 0:
        return null;
      case 1:
        return random.nextBoolean();
      case 2:
        return random.nextLong() >> random.nextInt(Long.SIZE);
      case 3:
        return Double.longBitsToDouble(random.nextLong());
      case 4:
        byte[] bytes = new byte[size()];
        random.nextBytes(bytes);
        return bytes;
      case 5:
        return text();
      case 6:
        List<Object> items = new ArrayList<>();
        for (int left = size(); left > 0; left--) {
          items.add(value(depth - 1));
        }
        return items;
      default:
        Map<String, Object> pairs = new LinkedHashMap<>();
        for (int left = size(); left > 0; left--) {
          pairs.put(text(), value(depth - 1));
        }
        return pairs;
    }
  }

  String text() {
    StringBuilder text = new StringBuilder();
    for (int left = size(); left > 0; left--) {
      boolean isEdge = random.nextInt(3) == 0;
      text.appendCodePoint(isEdge ? EDGES[random.nextInt(EDGES.length)] : 'a' + random.nextInt(26));
    }
    return text.toString();
  }

  int below(int bound) {
    return random.nextInt(bound);
  }

  private int size() {
    return random.nextInt(random.nextInt(20) == 0 ? 200 : 6);
  }
}
