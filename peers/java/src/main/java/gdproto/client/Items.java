package gdproto.client;

import gdproto.gd.DirtyException;
import gdproto.gd.Message;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * The items of a stream, each as soon as it has come. Closing it gives the stream up.
 *
 * <p>{@link #hasNext} waits, and throws {@link DirtyException} for what went wrong.
 */
public final class Items implements Iterator<Object>, Iterable<Object>, AutoCloseable {
  private final Wire wire;
  private final Exchange exchange;
  private final Deadline deadline;
  private Object next;
  private boolean isThere;
  private boolean isOver;

  Items(Wire wire, Exchange exchange, Deadline deadline) {
    this.wire = wire;
    this.exchange = exchange;
    this.deadline = deadline;
  }

  @Override
  public boolean hasNext() {
    if (!isThere && !isOver) {
      look();
    }
    return isThere;
  }

  @Override
  public Object next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    isThere = false;
    return next;
  }

  /** Itself: a stream can be gone through once. */
  @Override
  public Iterator<Object> iterator() {
    return this;
  }

  @Override
  public void close() {
    isOver = true;
    // The arbiter cancels what is open on a connection that closes.
    wire.close();
  }

  private void look() {
    try {
      Message message = exchange.next(deadline);
      if (message instanceof Message.Chunk chunk) {
        there(chunk.data());
        return;
      }
      close();
      if (message instanceof Message.Response response) {
        there(response.result());
      } else if (message instanceof Message.Error error) {
        throw Failures.of(error);
      } else if (message == null) {
        throw Failures.ofTimeout();
      }
    } catch (InterruptedException stopped) {
      close();
      Thread.currentThread().interrupt();
      throw Failures.ofCancel();
    } catch (DirtyException failure) {
      close();
      throw failure;
    }
  }

  private void there(Object item) {
    next = item;
    isThere = true;
  }
}
