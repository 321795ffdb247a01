import gdproto.client.Client;
import java.nio.file.Path;
import java.util.Arrays;

/** The median of the round trips of a small call: SOCKET APP_PATH ACTION COUNT, of a sum. */
public final class Caller {
  public static void main(String[] words) {
    long[] took = new long[Integer.parseInt(words[3])];
    try (Client client = new Client(Path.of(words[0]))) {
      for (int one = 0; one < took.length; one++) {
        long beganNs = System.nanoTime();
        Object sum = client.call(words[1], words[2], 1L, 2L);
        took[one] = System.nanoTime() - beganNs;
        if (!sum.equals(3L)) {
          throw new IllegalStateException("a sum of " + sum);
        }
      }
    }
    Arrays.sort(took);
    System.out.println("{\"round_trip_ns\": " + took[took.length / 2] + "}");
  }
}
