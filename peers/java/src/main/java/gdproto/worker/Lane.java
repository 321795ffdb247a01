package gdproto.worker;

import gdproto.gd.Connection;
import gdproto.gd.ErrorType;
import gdproto.gd.Event;
import gdproto.gd.Message;
import gdproto.gd.ProtocolException;
import gdproto.gd.Role;
import gdproto.gd.Scope;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.BaseStream;

/**
 * One lane of a worker: one thread reads it, another one runs what is called.
 *
 * <p>So a CANCEL, and the arbiter's end, are seen while a call runs. Between two items of a stream
 * the caller's will is looked at; a plain call is not interrupted, but may ask. Whatever an app
 * does, its exchange ends with exactly one terminal frame.
 */
final class Lane {
  private static final int READ_BYTES = 64 * 1024;
  private static final byte[] NOTHING = {};
  private static final Set<String> OUR_OWN = Set.of("", "init", "close");

  private final Descriptor descriptor;
  private final Apps apps;
  private final LinkedBlockingQueue<Call> calls = new LinkedBlockingQueue<>();

  /** Held while a frame is written: one that has begun is finished. */
  private final Object writing = new Object();

  /** Of both threads; held while it is asked, never while something is written. */
  private final Connection connection = new Connection(Role.WORKER);

  private Call running;
  private boolean hasFailed;

  Lane(Descriptor descriptor, Apps apps) {
    this.descriptor = descriptor;
    this.apps = apps;
  }

  /** Answers until the lane ends; the process ends with it during a call. */
  void serve(Map<String, Object> status, BootException failure) {
    Thread runner = new Thread(this::run, Thread.currentThread().getName() + "-calls");
    runner.setDaemon(true);
    runner.start();
    byte[] buffer = new byte[READ_BYTES];
    try {
      for (int count; !hasFailed && (count = descriptor.in.read(buffer)) >= 0; ) {
        for (Event event : received(buffer, count)) {
          take(event, status, failure);
        }
      }
    } catch (IOException lost) {
      leaveIfBusy();
    }
    leaveIfBusy();
    close();
  }

  private List<Event> received(byte[] buffer, int count) {
    synchronized (connection) {
      List<Event> events = connection.receive(buffer, 0, count);
      for (Event event : events) {
        if (event instanceof Event.Received received) {
          begin(received.message());
        } else if (event instanceof Event.Fault fault) {
          end(fault.error());
        }
      }
      return events;
    }
  }

  private void begin(Message message) {
    if (message instanceof Message.Request request) {
      running = new Call(request);
      calls.add(running);
    } else if (message instanceof Message.Cancel && running != null) {
      running.cancel();
    }
  }

  /** A fault in a frame of what runs has ended its exchange: nothing more is sent of it. */
  private void end(ProtocolException fault) {
    if (running != null
        && running.request().requestId() == fault.requestId()
        && !connection.isOpen(fault.requestId())) {
      running.end();
      running = null;
    }
  }

  private void leaveIfBusy() {
    synchronized (connection) {
      if (running != null) {
        Runtime.getRuntime().halt(Worker.ARBITER_GONE);
      }
    }
  }

  private void close() {
    synchronized (writing) {
      try {
        descriptor.in.close();
      } catch (IOException closed) {
        // There is nobody to tell.
        return;
      }
    }
  }

  // --- what comes ---

  private void take(Event event, Map<String, Object> status, BootException failure)
      throws IOException {
    if (event instanceof Event.Fault fault) {
      refuse(fault.error());
    } else if (event instanceof Event.Received received
        && received.message() instanceof Message.Status asked) {
      hasFailed = failure != null;
      write(
          encoded(
              hasFailed
                  ? Failure.ofBoot(failure, asked.requestId())
                  : new Message.Response(asked.requestId(), status)));
    }
  }

  private void refuse(ProtocolException fault) throws IOException {
    if (fault.scope() == Scope.CONNECTION) {
      System.err.println("a lane failed: " + fault.getMessage());
      Runtime.getRuntime().halt(Worker.AT_FAULT);
    }
    try {
      // It is part of no exchange.
      write(Failure.ofFault(fault).toBytes());
    } catch (ProtocolException impossible) {
      throw new AssertionError(impossible);
    }
  }

  // --- calls ---

  private void run() {
    while (true) {
      try {
        answer(calls.take());
      } catch (InterruptedException again) {
        // An app may have interrupted this thread; there is nobody else who would.
        continue;
      } catch (IOException lost) {
        Runtime.getRuntime().halt(Worker.ARBITER_GONE);
      }
    }
  }

  private void answer(Call call) throws IOException {
    Message.Request request = call.request();
    Object result;
    try {
      App app = apps.get(request.appPath());
      if (app == null) {
        String reason = "this worker does not serve app " + request.appPath();
        finish(Failure.refused(ErrorType.DIRTY_APP_NOT_FOUND_ERROR, request, reason), call);
        return;
      }
      if (request.action().startsWith("_") || OUR_OWN.contains(request.action())) {
        String reason = "action '" + request.action() + "' cannot be called from outside";
        finish(Failure.refused(ErrorType.DIRTY_APP_ERROR, request, reason), call);
        return;
      }
      result = app.call(call);
    } catch (Throwable thrown) {
      finish(Failure.ofApp(request, thrown), call);
      return;
    }
    if (result instanceof Iterator<?> items) {
      stream(call, items, items);
    } else if (result instanceof BaseStream<?, ?> items) {
      stream(call, items.iterator(), items);
    } else {
      finish(new Message.Response(request.requestId(), result), call);
    }
  }

  private void stream(Call call, Iterator<?> items, Object source) throws IOException {
    Message.Request request = call.request();
    Message last = new Message.End(request.requestId());
    try {
      while (!call.isCancelled() && items.hasNext()) {
        send(new Message.Chunk(request.requestId(), items.next()), call);
      }
    } catch (ProtocolException fault) {
      last = Failure.ofResult(request, fault);
    } catch (IOException lost) {
      throw lost;
    } catch (Throwable thrown) {
      last = Failure.ofApp(request, thrown);
    }
    if (call.isCancelled()) {
      String reason = "the caller gave up";
      last = Failure.of(ErrorType.DIRTY_CANCELLED_ERROR, request.requestId(), reason, Map.of());
    }
    try {
      if (source instanceof AutoCloseable closeable) {
        closeable.close();
      }
    } catch (Throwable thrown) {
      last = last instanceof Message.End ? Failure.ofApp(request, thrown) : last;
    }
    finish(last, call);
  }

  /** Sends the terminal frame; a result that has no bytes becomes an ERROR. */
  private void finish(Message last, Call call) throws IOException {
    synchronized (writing) {
      // What follows on the lane may come as soon as it is written.
      write(last(last, call));
    }
  }

  private byte[] last(Message last, Call call) {
    synchronized (connection) {
      if (call.isOver()) {
        return NOTHING;
      }
      running = null;
      try {
        return connection.send(last);
      } catch (ProtocolException fault) {
        return encoded(Failure.ofResult(call.request(), fault));
      }
    }
  }

  /** The frame of what has always bytes. */
  private byte[] encoded(Message message) {
    synchronized (connection) {
      try {
        return connection.send(message);
      } catch (ProtocolException impossible) {
        throw new AssertionError(impossible);
      }
    }
  }

  private void send(Message message, Call call) throws IOException, ProtocolException {
    byte[] frame;
    synchronized (connection) {
      frame = call.isOver() ? NOTHING : connection.send(message);
    }
    write(frame);
  }

  private void write(byte[] frame) throws IOException {
    synchronized (writing) {
      descriptor.out.write(frame);
    }
  }
}
