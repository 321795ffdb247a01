import gdproto.gd.Values;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.msgpack.core.MessageBufferPacker;
import org.msgpack.core.MessagePack;
import org.msgpack.core.MessageUnpacker;

/**
 * Values and msgpack-java on the payloads of a folder, in turns: a line of JSON for each payload
 * and direction. Both make the same plain objects.
 */
public final class Codec {
  private static final long ROUND_NS = 100_000_000;
  private static final int WARM_ROUNDS = 5;
  private static final int ROUNDS = 9;

  /** What is made, so that nobody leaves it out. */
  private static Object made;

  public static void main(String[] words) throws Exception {
    List<Path> payloads;
    try (Stream<Path> files = Files.list(Path.of(words[0]))) {
      payloads = files.sorted().toList();
    }
    for (Path payload : payloads) {
      byte[] ours = Files.readAllBytes(payload);
      Object value = Values.decode(ours);
      byte[] theirs = pack(value);
      String name = payload.getFileName().toString().replace(".gd", "");
      tell(name, "encode", () -> Values.encode(value), () -> pack(value));
      tell(name, "decode", () -> Values.decode(ours), () -> unpack(theirs));
    }
  }

  private static void tell(
      String name, String direction, Callable<Object> us, Callable<Object> them) throws Exception {
    double ours = Double.MAX_VALUE;
    double theirs = Double.MAX_VALUE;
    for (int round = 0; round < WARM_ROUNDS + ROUNDS; round++) {
      double our = round(us);
      double their = round(them);
      if (round >= WARM_ROUNDS) {
        ours = Math.min(ours, our);
        theirs = Math.min(theirs, their);
      }
    }
    System.out.printf(
        "{\"payload\": \"%s\", \"direction\": \"%s\", \"ours_ns\": %.1f, \"theirs_ns\": %.1f}%n",
        name, direction, ours, theirs);
  }

  /** Nanoseconds of one, of as many as a round takes. */
  private static double round(Callable<Object> work) throws Exception {
    long startNs = System.nanoTime();
    long count = 0;
    while (System.nanoTime() - startNs < ROUND_NS) {
      for (int one = 0; one < 10; one++) {
        made = work.call();
      }
      count += 10;
    }
    return (double) (System.nanoTime() - startNs) / count;
  }

  // --- MessagePack ---

  private static byte[] pack(Object value) throws IOException {
    try (MessageBufferPacker packer = MessagePack.newDefaultBufferPacker()) {
      pack(packer, value);
      return packer.toByteArray();
    }
  }

  private static void pack(MessageBufferPacker packer, Object value) throws IOException {
    if (value instanceof String text) {
      packer.packString(text);
    } else if (value instanceof Long number) {
      packer.packLong(number);
    } else if (value instanceof Double number) {
      packer.packDouble(number);
    } else if (value instanceof Map<?, ?> pairs) {
      packer.packMapHeader(pairs.size());
      for (Map.Entry<?, ?> pair : pairs.entrySet()) {
        packer.packString((String) pair.getKey());
        pack(packer, pair.getValue());
      }
    } else if (value instanceof List<?> items) {
      packer.packArrayHeader(items.size());
      for (Object item : items) {
        pack(packer, item);
      }
    } else if (value == null) {
      packer.packNil();
    } else if (value instanceof Boolean is) {
      packer.packBoolean(is);
    } else {
      byte[] bytes = (byte[]) value;
      packer.packBinaryHeader(bytes.length);
      packer.writePayload(bytes);
    }
  }

  private static Object unpack(byte[] bytes) throws IOException {
    try (MessageUnpacker unpacker = MessagePack.newDefaultUnpacker(bytes)) {
      return unpack(unpacker);
    }
  }

  private static Object unpack(MessageUnpacker from) throws IOException {
    switch (from.getNextFormat().getValueType()) {
      case NIL:
        from.unpackNil();
        return null;
      case BOOLEAN:
        return from.unpackBoolean();
      case INTEGER:
        return from.unpackLong();
      case FLOAT:
        return from.unpackDouble();
      case STRING:
        return from.unpackString();
      case BINARY:
        return from.readPayload(from.unpackBinaryHeader());
      case ARRAY:
        int items = from.unpackArrayHeader();
        List<Object> list = new ArrayList<>(items);
        for (int left = items; left > 0; left--) {
          list.add(unpack(from));
        }
        return list;
      default:
        int pairs = from.unpackMapHeader();
        Map<String, Object> map = new LinkedHashMap<>(pairs + pairs / 3 + 1);
        for (int left = pairs; left > 0; left--) {
          map.put(from.unpackString(), unpack(from));
        }
        return map;
    }
  }
}
