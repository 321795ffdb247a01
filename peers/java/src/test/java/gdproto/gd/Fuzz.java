package gdproto.gd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * A stand-in for a fuzzer: what was written is changed at random and read, for so many seconds.
 *
 * <p>What is read is written again as the same bytes, all else is a fault within the bytes, and a
 * connection tells the same events of any portions. It prints what it tried; anything else ends it
 * with a trace, after the seed and the bytes.
 */
public final class Fuzz {
  private static final int KEPT = 400;
  private static final byte[] CODES = {
    0x00, 0x01, 0x05, 0x06, 0x10, 0x11, 0x20, 0x21, 0x7f, (byte) 0xff
  };

  private final Random random;
  private final Made made;
  private final List<byte[]> corpus = new ArrayList<>();
  private long tried;

  private Fuzz(long seed) {
    random = new Random(seed);
    made = new Made(seed);
  }

  /** Tries for the seconds of the first word; the second is a seed. */
  public static void main(String[] words) throws Exception {
    long seconds = Long.parseLong(words[0]);
    long seed = words.length > 1 ? Long.parseLong(words[1]) : System.nanoTime();
    Fuzz fuzz = new Fuzz(seed);
    byte[] bytes = {};
    try {
      long endNs = System.nanoTime() + seconds * 1_000_000_000L;
      while (System.nanoTime() < endNs) {
        bytes = fuzz.next();
        fuzz.value(bytes);
        fuzz.frame(bytes);
        fuzz.stream(bytes);
        fuzz.tried++;
      }
    } catch (Throwable found) {
      System.err.println("seed " + seed + ": " + Arrays.toString(bytes));
      throw found;
    }
    System.out.println(fuzz.tried + " inputs, " + fuzz.corpus.size() + " kept, seed " + seed);
  }

  /** Bytes that were read well, or fresh ones, changed a little. */
  private byte[] next() throws ProtocolException {
    byte[] bytes = corpus.isEmpty() || random.nextInt(8) == 0 ? fresh() : kept();
    for (int changes = random.nextInt(4); changes > 0; changes--) {
      bytes = changed(bytes);
    }
    return bytes;
  }

  private byte[] kept() {
    return corpus.get(random.nextInt(corpus.size()));
  }

  private byte[] fresh() throws ProtocolException {
    long id = random.nextInt(4);
    Object value = made.value(3);
    return switch (random.nextInt(6)) {
      case 0 -> Values.encode(value);
      case 1 -> new Message.Response(id, value).toBytes();
      case 2 -> new Message.Chunk(id, value).toBytes();
      case 3 -> new Message.Error(id, made.text(), made.text()).toBytes();
      case 4 -> new Message.Request(id, made.text(), made.text()).toBytes();
      default -> new Message.Stash(id, 1 + random.nextInt(10), made.text()).toBytes();
    };
  }

  private byte[] changed(byte[] bytes) {
    int at = random.nextInt(bytes.length + 1);
    switch (random.nextInt(5)) {
      case 0:
        return Arrays.copyOf(bytes, at);
      case 1:
        byte[] other = kept(bytes);
        byte[] joined = Arrays.copyOf(bytes, at + other.length);
        System.arraycopy(other, 0, joined, at, other.length);
        return joined.length > 4096 ? bytes : joined;
      default:
        byte[] same = bytes.clone();
        if (at < same.length) {
          boolean isCode = random.nextBoolean();
          same[at] = isCode ? CODES[random.nextInt(CODES.length)] : (byte) random.nextInt();
        }
        return same;
    }
  }

  private byte[] kept(byte[] otherwise) {
    return corpus.isEmpty() ? otherwise : kept();
  }

  private void keep(byte[] bytes) {
    if (corpus.size() < KEPT) {
      corpus.add(bytes);
    } else if (random.nextInt(20) == 0) {
      corpus.set(random.nextInt(KEPT), bytes);
    }
  }

  // --- what has to be ---

  private void value(byte[] bytes) throws ProtocolException {
    Object value;
    try {
      value = Values.decode(bytes);
    } catch (ProtocolException fault) {
      check(fault, bytes);
      return;
    }
    if (!Arrays.equals(bytes, Values.encode(value))) {
      throw new AssertionError("other bytes for the same value");
    }
    keep(bytes);
  }

  private void frame(byte[] bytes) throws ProtocolException {
    Message message;
    try {
      message = Message.parse(bytes);
    } catch (ProtocolException fault) {
      check(fault, bytes);
      return;
    }
    // Fields may have come in another order, and others beside them.
    byte[] again = message.toBytes();
    if (!Arrays.equals(again, Message.parse(again).toBytes())) {
      throw new AssertionError("other bytes for the same message");
    }
    keep(bytes);
  }

  private static void check(ProtocolException fault, byte[] bytes) {
    int offset = fault.offset().getAsInt();
    if (offset < 0 || offset > bytes.length || fault.path().codePoints().count() > 200) {
      throw new AssertionError(fault);
    }
  }

  private void stream(byte[] bytes) throws ProtocolException {
    Role role = Role.values()[random.nextInt(Role.values().length)];
    Connection whole = new Connection(role);
    Connection parts = new Connection(role);
    if (role == Role.CLIENT) {
      whole.send(new Message.Request(1, "a:B", "c"));
      parts.send(new Message.Request(1, "a:B", "c"));
    }
    List<Event> expected = new ArrayList<>(whole.receive(bytes));
    expected.addAll(whole.receiveEof());
    List<Event> came = new ArrayList<>();
    for (int at = 0; at < bytes.length; ) {
      int size = 1 + random.nextInt(bytes.length - at);
      came.addAll(parts.receive(bytes, at, size));
      at += size;
    }
    came.addAll(parts.receiveEof());
    if (!told(expected).equals(told(came))) {
      throw new AssertionError(told(expected) + " or in parts " + told(came));
    }
  }

  private static List<String> told(List<Event> events) throws ProtocolException {
    List<String> told = new ArrayList<>();
    for (Event event : events) {
      if (event instanceof Event.Received received) {
        told.add(Arrays.toString(received.message().toBytes()) + received.ended());
      } else if (event instanceof Event.Fault fault) {
        told.add(fault.error().getMessage() + " " + fault.error().requestId());
      } else {
        told.add(event.toString());
      }
    }
    return told;
  }
}
