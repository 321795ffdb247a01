package gdproto.client;

import gdproto.gd.Connection;
import gdproto.gd.DirtyException;
import gdproto.gd.Event;
import gdproto.gd.Message;
import gdproto.gd.ProtocolException;
import gdproto.gd.Role;
import gdproto.gd.Scope;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/**
 * One connection to an arbiter, with a thread that reads it.
 *
 * <p>Whoever asks writes by itself as much as the socket takes; the thread writes what is left. So
 * nobody waits for an arbiter that does not read, but for an answer, and that ends.
 */
final class Wire implements AutoCloseable {
  private static final int READ_BYTES = 64 * 1024;
  private static final long AGAIN_MS = 10;
  private static final String CANCEL = "cancel";

  private final SocketChannel channel;
  private final Selector selector;
  private final Thread reader;

  /** What follows is held by `this` while it is used. */
  private final Connection connection = new Connection(Role.CLIENT);

  private final Map<Long, Exchange> open = new HashMap<>();
  private final Deque<ByteBuffer> unsent = new ArrayDeque<>();
  private long lastId;
  private DirtyException over;

  /** The exchange that asks what the arbiter can do, and its answer; null before. */
  private Long asking;

  private Boolean canCancel;

  /** What was given up before that is known. */
  private final List<Long> toCancel = new ArrayList<>();

  /** Whether something runs on that was given up and cannot be cancelled. */
  private boolean isHeld;

  /** Whether something has come that is about the connection. */
  private boolean isEnding;

  /** Whether nothing more is asked here. */
  private boolean isLeft;

  /** Connects. Throws DirtyException where the arbiter takes nobody in time. */
  Wire(Path socket, Deadline deadline) throws IOException {
    channel = connected(UnixDomainSocketAddress.of(socket), deadline);
    try {
      selector = Selector.open();
      channel.register(selector, SelectionKey.OP_READ);
    } catch (IOException | RuntimeException problem) {
      channel.close();
      throw problem;
    }
    reader = new Thread(this::run, "gdproto-client");
    reader.setDaemon(true);
    reader.start();
  }

  private static SocketChannel connected(UnixDomainSocketAddress socket, Deadline deadline)
      throws IOException {
    while (true) {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.configureBlocking(false);
        channel.connect(socket);
        return channel;
      } catch (IOException | RuntimeException problem) {
        channel.close();
        if (!isFull(problem, socket)) {
          throw problem;
        }
      }
      if (deadline.leftNs() <= 0) {
        throw Failures.ofTimeout();
      }
      rest();
    }
  }

  /** Whether as many wait as the arbiter lets wait: Java has nothing but a text for it. */
  private static boolean isFull(Exception problem, UnixDomainSocketAddress socket) {
    return problem instanceof SocketException
        && !(problem instanceof ConnectException)
        && Files.isWritable(socket.getPath());
  }

  private static void rest() {
    try {
      Thread.sleep(AGAIN_MS);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw Failures.ofCancel();
    }
  }

  /** Whether nothing can be asked here any more. */
  synchronized boolean isOver() {
    return over != null;
  }

  /** Whether what is asked here waits behind nothing that was given up, and it goes on. */
  synchronized boolean isFree() {
    return over == null && !isEnding && !isHeld && toCancel.isEmpty();
  }

  /** Nothing more is asked here: it closes when all that is under way has been answered. */
  synchronized void leave() {
    isLeft = true;
    closeIfSpent();
  }

  private synchronized void closeIfSpent() {
    if (isLeft && open.isEmpty() && toCancel.isEmpty()) {
      close();
    }
  }

  /** Sends what opens an exchange. Throws DirtyException where it cannot be sent. */
  synchronized Exchange open(LongFunction<Message> opener, boolean isStream) {
    if (over != null) {
      throw over;
    }
    long requestId = ++lastId;
    Exchange exchange = new Exchange(requestId, isStream);
    send(opener.apply(requestId));
    open.put(requestId, exchange);
    return exchange;
  }

  /** Gives up an exchange; tells the arbiter, if that can cancel. */
  synchronized void giveUp(long requestId) {
    open.remove(requestId);
    if (over != null || !connection.isOpen(requestId)) {
      return;
    }
    connection.abandon(requestId);
    toCancel.add(requestId);
    if (canCancel != null) {
      cancel();
    } else if (asking == null) {
      asking = ++lastId;
      send(new Message.Status(asking));
    }
  }

  /** Cancels what was given up, where the arbiter can. */
  private void cancel() {
    for (long requestId : toCancel) {
      if (canCancel && connection.isOpen(requestId)) {
        send(new Message.Cancel(requestId));
      }
      isHeld |= connection.isOpen(requestId) && !canCancel;
    }
    toCancel.clear();
    closeIfSpent();
  }

  /** Closes it: what is open fails. */
  @Override
  public void close() {
    end(Failures.ofConnection("the client was closed"));
    reader.interrupt();
  }

  // --- writing ---

  private void send(Message message) {
    ByteBuffer frame;
    try {
      frame = ByteBuffer.wrap(connection.send(message));
    } catch (ProtocolException fault) {
      throw Failures.ofFault(fault);
    }
    unsent.add(frame);
    if (unsent.size() == 1) {
      write();
    }
  }

  /** Writes what the socket takes. */
  private synchronized void write() {
    try {
      while (!unsent.isEmpty()) {
        channel.write(unsent.peek());
        if (unsent.peek().hasRemaining()) {
          break;
        }
        unsent.remove();
      }
      int wanted = unsent.isEmpty() ? 0 : SelectionKey.OP_WRITE;
      SelectionKey key = channel.keyFor(selector);
      if (key != null && key.isValid() && key.interestOps() != (SelectionKey.OP_READ | wanted)) {
        key.interestOps(SelectionKey.OP_READ | wanted);
        selector.wakeup();
      }
    } catch (IOException lost) {
      // What has come is read first: it may say why. Then the reader finds the end.
      unsent.clear();
    }
  }

  // --- reading ---

  private void run() {
    try (channel;
        selector) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BYTES);
      byte[] bytes = new byte[READ_BYTES];
      while (!isOver()) {
        selector.select();
        int count = channel.read(buffer.clear());
        if (count < 0) {
          take(ended());
          end(Failures.ofConnection("the arbiter closed the connection"));
          return;
        }
        buffer.flip().get(bytes, 0, count);
        take(received(bytes, count));
        write();
      }
    } catch (IOException lost) {
      end(Failures.ofConnection("the connection was lost: " + lost.getMessage()));
    } catch (InterruptedException closed) {
      end(Failures.ofConnection("the client was closed"));
    }
  }

  private synchronized List<Event> received(byte[] bytes, int count) {
    List<Event> events = connection.receive(bytes, 0, count);
    // Who gets an answer that came together with that may call before it is that one's turn.
    isEnding |= events.stream().anyMatch(Wire::endsIt);
    return events;
  }

  /** Whether it is about the connection. */
  private static boolean endsIt(Event event) {
    return event instanceof Event.Received received
            && received.message() instanceof Message.Error
            && !received.ended()
        || event instanceof Event.Fault fault && fault.error().scope() == Scope.CONNECTION;
  }

  private synchronized List<Event> ended() {
    return connection.receiveEof();
  }

  private void take(List<Event> events) throws InterruptedException {
    for (Event event : events) {
      if (event instanceof Event.Received received) {
        take(received.message(), received.ended());
      } else if (event instanceof Event.Fault fault) {
        take(fault.error());
      }
    }
  }

  private void take(Message message, boolean ended) throws InterruptedException {
    Exchange exchange;
    synchronized (this) {
      if (asking != null && message.requestId() == asking) {
        learn(message);
        return;
      }
      exchange = ended ? open.remove(message.requestId()) : open.get(message.requestId());
    }
    if (exchange == null) {
      if (message instanceof Message.Error error && !ended) {
        // It is about the connection.
        end(Failures.of(error));
      }
    } else if (message instanceof Message.Chunk && !exchange.isStream) {
      giveUp(exchange.requestId);
      exchange.fail(Failures.ofConnection("the action streams: ask for its stream"));
    } else {
      exchange.give(message);
    }
    if (ended) {
      closeIfSpent();
    }
  }

  private void take(ProtocolException fault) {
    if (fault.scope() == Scope.CONNECTION) {
      end(Failures.ofFault(fault));
      return;
    }
    Exchange exchange;
    synchronized (this) {
      if (asking != null && fault.requestId() == asking) {
        learn(null);
        return;
      }
      exchange = open.remove(fault.requestId());
    }
    if (exchange != null) {
      exchange.fail(Failures.ofFault(fault));
      closeIfSpent();
    }
  }

  /** What the arbiter can do, by its answer to STATUS; null for one that nobody can read. */
  private void learn(Message message) {
    asking = null;
    canCancel =
        message instanceof Message.Response response
            && response.result() instanceof Map<?, ?> status
            && status.get("extensions") instanceof List<?> extensions
            && extensions.contains(CANCEL);
    cancel();
  }

  /** Nothing comes any more: what is open fails. */
  private void end(DirtyException why) {
    List<Exchange> left;
    synchronized (this) {
      if (over != null) {
        return;
      }
      over = why;
      left = List.copyOf(open.values());
      open.clear();
    }
    selector.wakeup();
    left.forEach(exchange -> exchange.fail(why));
  }
}
