package gdproto.gd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A connection: exchanges from both ends, faults, and bytes in any portions. */
class ConnectionTest {
  private static final int ROUNDS = 300;

  @Test
  void aCallGoesThereAndBack() throws ProtocolException {
    Connection client = new Connection(Role.CLIENT);
    Connection arbiter = new Connection(Role.ARBITER);
    Message.Request request = new Message.Request(1, "demo:App", "add");
    assertEquals(
        List.of(new Event.Received(request, false)), arbiter.receive(client.send(request)));
    Message.Response answer = new Message.Response(1, 42L);
    assertEquals(List.of(new Event.Received(answer, true)), client.receive(arbiter.send(answer)));
    assertTrue(client.openExchanges().isEmpty() && arbiter.openExchanges().isEmpty());
  }

  @Test
  void whatIsGivenUpIsDiscardedToItsEnd() throws ProtocolException {
    Connection client = new Connection(Role.CLIENT);
    client.send(new Message.Request(7, "demo:App", "count"));
    client.abandon(7);
    assertEquals(List.of(), client.receive(new Message.Chunk(7, 1).toBytes()));
    List<Event> ended = client.receive(new Message.End(7).toBytes());
    assertEquals(List.of(new Event.Ended(7)), ended);
  }

  @Test
  void aRefusedMessageChangesNothing() throws ProtocolException {
    Connection client = new Connection(Role.CLIENT);
    Message bad = new Message.Request(1, "a:B", "c", List.of(new Object()), Map.of(), null, 0, null, null);
    ProtocolException fault = assertThrows(ProtocolException.class, () -> client.send(bad));
    assertEquals("unsupported_type in args[0]", fault.getMessage());
    assertEquals(1, fault.requestId());
    assertTrue(client.openExchanges().isEmpty());
    client.send(new Message.Request(1, "a:B", "c"));
    ProtocolException again =
        assertThrows(ProtocolException.class, () -> client.send(new Message.Status(1)));
    assertEquals(ErrorCode.DUPLICATE_REQUEST_ID, again.code());
  }

  @Test
  void portionsDoNotMatter() throws ProtocolException {
    Made made = new Made(4);
    for (int round = 0; round < ROUNDS; round++) {
      byte[] stream = stream(made);
      Connection whole = opened();
      List<Event> expected = new ArrayList<>(whole.receive(stream));
      expected.addAll(whole.receiveEof());
      assertEquals(told(expected), told(inPortions(stream, made)));
    }
  }

  private static Connection opened() throws ProtocolException {
    Connection client = new Connection(Role.CLIENT);
    for (long id = 1; id <= 3; id++) {
      client.send(new Message.Request(id, "a:B", "c"));
    }
    return client;
  }

  /** Frames for three exchanges, now and then with a byte of them changed, or an end too soon. */
  private static byte[] stream(Made made) throws ProtocolException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int left = made.below(8); left > 0; left--) {
      long id = 1 + made.below(3);
      Message chunk = new Message.Chunk(id, made.value(2));
      out.writeBytes((made.below(5) == 0 ? new Message.End(id) : chunk).toBytes());
    }
    byte[] all = out.toByteArray();
    if (all.length > 0 && made.below(2) == 0) {
      all[made.below(all.length)] ^= (byte) (1 << made.below(Byte.SIZE));
    }
    return made.below(3) == 0 ? Arrays.copyOf(all, made.below(all.length + 1)) : all;
  }

  private static List<Event> inPortions(byte[] stream, Made made) throws ProtocolException {
    Connection client = opened();
    List<Event> events = new ArrayList<>();
    for (int at = 0; at < stream.length; ) {
      int size = 1 + made.below(Math.min(stream.length - at, 40));
      events.addAll(client.receive(stream, at, size));
      at += size;
    }
    events.addAll(client.receiveEof());
    return events;
  }

  /** Events as texts: bytes are not equal by what they hold, nor are exceptions. */
  private static List<String> told(List<Event> events) throws ProtocolException {
    List<String> told = new ArrayList<>();
    for (Event event : events) {
      if (event instanceof Event.Received received) {
        told.add(Arrays.toString(received.message().toBytes()) + received.ended());
      } else if (event instanceof Event.Fault fault) {
        told.add(fault.error().getMessage() + fault.error().requestId());
      } else {
        told.add(event.toString());
      }
    }
    return told;
  }

  @Test
  void anEndInsideAFrameIsAFault() throws ProtocolException {
    Connection client = opened();
    client.receive(Arrays.copyOf(new Message.Response(2, "x").toBytes(), 20));
    Event.Fault fault = assertInstanceOf(Event.Fault.class, client.receiveEof().get(0));
    assertEquals(20, fault.error().offset().getAsInt());
    assertEquals(2, fault.error().requestId());
    assertEquals(List.of(), client.receiveEof());
  }
}
