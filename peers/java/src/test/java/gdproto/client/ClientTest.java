package gdproto.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gdproto.gd.DirtyException;
import gdproto.gd.Message;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client, before a little arbiter that answers as each test says. */
@Timeout(60)
class ClientTest {
  @TempDir Path folder;
  private LittleArbiter arbiter;
  private Client client;

  @BeforeEach
  void start() throws Exception {
    arbiter = new LittleArbiter(folder);
    client = new Client(arbiter.socket);
  }

  @AfterEach
  void stop() {
    client.close();
    arbiter.close();
  }

  @Test
  void manyCallsShareAConnection() throws Exception {
    List<Pending> pending = new ArrayList<>();
    for (int number = 0; number < 50; number++) {
      pending.add(client.prepare("a:B", "echo", number).start());
    }
    List<LittleArbiter.Came> came = new ArrayList<>();
    for (int number = 0; number < 50; number++) {
      came.add(0, arbiter.next());
    }
    for (LittleArbiter.Came one : came) {
      assertSame(came.get(0).client(), one.client());
      Message.Request request = (Message.Request) one.message();
      one.answer(new Message.Response(request.requestId(), request.args()));
    }
    for (int number = 0; number < 50; number++) {
      assertEquals(List.of((long) number), pending.get(number).get());
    }
  }

  @Test
  void aCallTellsItsTraceAndItsPriority() throws Exception {
    Map<String, Object> trace = Map.of("traceparent", "00-1-2-01");
    client.prepare("a:B", "c").trace(trace).priority(3).start();
    Message.Request request = (Message.Request) arbiter.next().message();
    assertEquals(trace, request.trace());
    assertEquals(3, request.priority());
  }

  @Test
  void anErrorIsThrownByItsClass() throws Exception {
    Pending pending = client.prepare("a:B", "fail").start();
    LittleArbiter.Came asked = arbiter.next();
    long id = asked.message().requestId();
    asked.answer(new Message.Error(id, "DirtyAppNotFoundError", "no", Map.of("app_path", "a:B")));
    DirtyException.AppException thrown =
        assertThrows(DirtyException.AppException.class, pending::get);
    assertInstanceOf(DirtyException.AppNotFoundException.class, thrown);
    assertEquals("a:B", thrown.details().get("app_path"));
  }

  @Test
  void whatIsCancelledIsToldToAnArbiterThatCan() throws Exception {
    Pending pending = client.prepare("a:B", "sleep").start();
    LittleArbiter.Came asked = arbiter.next();
    pending.cancel();
    assertThrows(DirtyException.CancelledException.class, pending::get);
    LittleArbiter.Came status = arbiter.next();
    long id = assertInstanceOf(Message.Status.class, status.message()).requestId();
    status.answer(new Message.Response(id, Map.of("extensions", List.of("cancel"))));
    assertEquals(new Message.Cancel(asked.message().requestId()), arbiter.next().message());
    // The late answer is nobody's, and the connection goes on.
    asked.answer(new Message.Error(asked.message().requestId(), "DirtyCancelledError", "late"));
    assertGoesOn(asked);
  }

  @Test
  void whatIsLateIsGivenUp() throws Exception {
    Duration soon = Duration.ofMillis(50);
    Pending pending = client.prepare("a:B", "sleep").within(soon).start();
    LittleArbiter.Came asked = arbiter.next();
    assertEquals(0.05, ((Message.Request) asked.message()).timeout());
    assertThrows(DirtyException.TimeoutException.class, pending::get);
    LittleArbiter.Came status = arbiter.next();
    // Nobody knows yet whether it can be cancelled: no call waits behind it.
    Pending next = client.prepare("a:B", "next").start();
    LittleArbiter.Came other = arbiter.next();
    assertNotSame(asked.client(), other.client());
    // One that has no extensions is not sent a CANCEL: its connection ends.
    status.answer(new Message.Response(status.message().requestId(), Map.of()));
    arbiter.awaitClosed();
    other.answer(new Message.Response(other.message().requestId(), "well"));
    assertEquals("well", next.get());
  }

  @Test
  void noCallWaitsBehindOneThatCannotBeCancelled() throws Exception {
    Pending lasting = client.prepare("a:B", "last").start();
    LittleArbiter.Came first = arbiter.next();
    client.prepare("a:B", "sleep").start().cancel();
    arbiter.next();
    LittleArbiter.Came status = arbiter.next();
    status.answer(new Message.Response(status.message().requestId(), Map.of()));
    first.answer(new Message.Response(first.message().requestId(), "lasted"));
    assertEquals("lasted", lasting.get());
    Pending next = client.prepare("a:B", "next").start();
    arbiter.awaitClosed();
    LittleArbiter.Came other = arbiter.next();
    assertNotSame(first.client(), other.client());
    other.answer(new Message.Response(other.message().requestId(), "well"));
    assertEquals("well", next.get());
  }

  @Test
  void whatIsGivenUpEarlyIsCancelledBesideALongCall() throws Exception {
    Pending lasting = client.prepare("a:B", "last").start();
    LittleArbiter.Came first = arbiter.next();
    Pending one = client.prepare("a:B", "sleep").start();
    Pending two = client.prepare("a:B", "sleep").start();
    long oneId = arbiter.next().message().requestId();
    long twoId = arbiter.next().message().requestId();
    one.cancel();
    LittleArbiter.Came status = arbiter.next();
    two.cancel();
    // Asked before it is known what the arbiter can, so on another connection.
    Pending next = client.prepare("a:B", "next").start();
    LittleArbiter.Came other = arbiter.next();
    assertNotSame(first.client(), other.client());
    status.answer(
        new Message.Response(
            status.message().requestId(), Map.of("extensions", List.of("cancel"))));
    assertEquals(new Message.Cancel(oneId), arbiter.next().message());
    assertEquals(new Message.Cancel(twoId), arbiter.next().message());
    first.answer(new Message.Response(first.message().requestId(), "lasted"));
    assertEquals("lasted", lasting.get());
    arbiter.awaitClosed();
    other.answer(new Message.Response(other.message().requestId(), "well"));
    assertEquals("well", next.get());
  }

  private void assertGoesOn(LittleArbiter.Came before) throws Exception {
    Pending next = client.prepare("a:B", "next").start();
    LittleArbiter.Came asked = arbiter.next();
    assertSame(before.client(), asked.client());
    asked.answer(new Message.Response(asked.message().requestId(), "well"));
    assertEquals("well", next.get());
  }

  @Test
  void aLostCallFailsAndTheNextOneConnectsAgain() throws Exception {
    Pending lost = client.prepare("a:B", "one").start();
    LittleArbiter.Came first = arbiter.next();
    first.close();
    assertThrows(DirtyException.ConnectionException.class, lost::get);
    arbiter.awaitClosed();
    Pending again = client.prepare("a:B", "two").start();
    LittleArbiter.Came second = arbiter.next();
    assertEquals("two", ((Message.Request) second.message()).action());
    assertNotSame(first.client(), second.client());
    second.answer(new Message.Response(second.message().requestId(), 2));
    assertEquals(2L, again.get());
  }

  @Test
  void nobodyIsThere() {
    arbiter.close();
    assertThrows(DirtyException.ConnectionException.class, () -> client.call("a:B", "c"));
  }

  @Test
  void anArbiterThatTakesNobodyIsNotWaitedForTooLong() throws Exception {
    UnixDomainSocketAddress full = UnixDomainSocketAddress.of(folder.resolve("full.sock"));
    List<SocketChannel> before = new ArrayList<>();
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(full, 1);
      for (boolean isFull = false; !isFull; ) {
        SocketChannel one = SocketChannel.open(StandardProtocolFamily.UNIX);
        before.add(one);
        one.configureBlocking(false);
        try {
          one.connect(full);
        } catch (SocketException refused) {
          isFull = true;
        }
      }
      try (Client late = new Client(full.getPath(), Duration.ofMillis(100))) {
        assertThrows(DirtyException.TimeoutException.class, () -> late.call("a:B", "c"));
      }
    }
    for (SocketChannel one : before) {
      one.close();
    }
  }

  @Test
  void aStreamThatIsNotReadHoldsNothingElse() throws Exception {
    try (Items items = client.prepare("a:B", "count").stream()) {
      LittleArbiter.Came asked = arbiter.next();
      long id = asked.message().requestId();
      Thread sender =
          new Thread(
              () -> {
                try {
                  for (int number = 0; number < 5000; number++) {
                    asked.answer(new Message.Chunk(id, new byte[1000]));
                  }
                  asked.answer(new Message.End(id));
                } catch (Exception problem) {
                  throw new IllegalStateException(problem);
                }
              });
      sender.start();
      Pending call = client.prepare("a:B", "add").start();
      LittleArbiter.Came other = arbiter.next();
      other.answer(new Message.Response(other.message().requestId(), 3));
      assertEquals(3L, call.get());
      // More than was taken ahead: the sender waits for whoever reads.
      assertTrue(sender.isAlive());
      int count = 0;
      for (Object item : items) {
        count += ((byte[]) item).length / 1000;
      }
      assertEquals(5000, count);
      sender.join();
    }
  }

  @Test
  void aStreamThatIsClosedClosesItsConnection() throws Exception {
    Items items = client.prepare("a:B", "count").stream();
    LittleArbiter.Came asked = arbiter.next();
    for (int number = 0; number < 100; number++) {
      asked.answer(new Message.Chunk(asked.message().requestId(), number));
    }
    assertEquals(0L, items.next());
    items.close();
    arbiter.awaitClosed();
    assertEquals(false, items.hasNext());
  }

  @Test
  void aStreamTellsItemsBeforeTheFailureThatFollows() throws Exception {
    try (Items items = client.prepare("a:B", "count").stream()) {
      LittleArbiter.Came asked = arbiter.next();
      asked.answer(new Message.Chunk(asked.message().requestId(), "a")).close();
      assertEquals("a", items.next());
      assertThrows(DirtyException.ConnectionException.class, items::hasNext);
    }
  }

  @Test
  void aClosedClientFailsWhatIsOpen() throws Exception {
    Pending pending = client.prepare("a:B", "sleep").start();
    arbiter.next();
    client.close();
    assertThrows(DirtyException.ConnectionException.class, pending::get);
    arbiter.awaitClosed();
  }

  @Test
  void anInterruptGivesUp() throws Exception {
    Pending pending = client.prepare("a:B", "sleep").start();
    arbiter.next();
    Thread.currentThread().interrupt();
    assertThrows(DirtyException.CancelledException.class, pending::get);
    assertTrue(Thread.interrupted());
    assertInstanceOf(Message.Status.class, arbiter.next().message());
  }
}
