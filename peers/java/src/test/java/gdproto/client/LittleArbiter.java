package gdproto.client;

import gdproto.gd.Connection;
import gdproto.gd.Event;
import gdproto.gd.Message;
import gdproto.gd.ProtocolException;
import gdproto.gd.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** The other end of a client: a test says what it answers. */
final class LittleArbiter implements AutoCloseable {
  private static final long PATIENCE_S = 20;

  final Path socket;
  private final ServerSocketChannel server;
  private final LinkedBlockingQueue<Came> come = new LinkedBlockingQueue<>();
  private final Semaphore closed = new Semaphore(0);

  LittleArbiter(Path folder) throws IOException {
    socket = folder.resolve("gd.sock");
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    started(this::accept);
  }

  /** A message that came, and the client that sent it. */
  record Came(Message message, SocketChannel client, Connection connection) {
    /** Answers it; then its client may be closed. */
    Came answer(Message... answers) throws IOException, ProtocolException {
      for (Message answer : answers) {
        ByteBuffer frame;
        synchronized (connection) {
          frame = ByteBuffer.wrap(connection.send(answer));
        }
        while (frame.hasRemaining()) {
          client.write(frame);
        }
      }
      return this;
    }

    void close() throws IOException {
      client.close();
    }
  }

  /** The next message. */
  Came next() throws InterruptedException {
    Came next = come.poll(PATIENCE_S, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("no message came");
    }
    return next;
  }

  /** Waits until a client has closed a connection. */
  void awaitClosed() throws InterruptedException {
    if (!closed.tryAcquire(PATIENCE_S, TimeUnit.SECONDS)) {
      throw new AssertionError("no end came");
    }
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel client = server.accept();
        started(() -> read(client));
      }
    } catch (IOException closed) {
      return;
    }
  }

  private void read(SocketChannel client) {
    Connection connection = new Connection(Role.ARBITER);
    ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
    try {
      while (client.read(buffer.clear()) >= 0) {
        synchronized (connection) {
          for (Event event : connection.receive(buffer.array(), 0, buffer.position())) {
            if (event instanceof Event.Received received) {
              come.add(new Came(received.message(), client, connection));
            }
          }
        }
      }
    } catch (IOException ended) {
      // It is closed, too.
    }
    closed.release();
  }

  private static void started(Runnable work) {
    Thread thread = new Thread(work, "little-arbiter");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    try {
      server.close();
      Files.deleteIfExists(socket);
    } catch (IOException problem) {
      throw new UncheckedIOException(problem);
    }
  }
}
