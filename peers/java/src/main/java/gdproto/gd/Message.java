// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import java.util.List;
import java.util.Map;

/** A message of GD/1; request ids are numbers of 64 bits without a sign. */
public sealed interface Message {
  /** The exchange that the message is part of. */
  long requestId();

  /** Which message this is. */
  MessageType type();

  /** The message as one frame. */
  default byte[] toBytes() throws ProtocolException {
    return Payloads.frame(this);
  }

  /** The message of these bytes, which are one whole frame. */
  static Message parse(byte[] frame) throws ProtocolException {
    return Payloads.parse(frame);
  }

  /**
   * Call an action of an app.
   *
   * @param requestId of the exchange
   * @param appPath the app, as module:Class
   * @param action what to call on it
   * @param args positional arguments
   * @param kwargs keyword arguments
   * @param timeout seconds from arrival at the arbiter, queueing included
   * @param priority 0 is usual; of requests that wait, the higher goes first
   * @param trace the trace that the caller takes part in, as headers of HTTP would tell it
   * @param extensions the extensions that the caller takes in the answer
   */
  record Request(
      long requestId,
      String appPath,
      String action,
      List<Object> args,
      Map<String, Object> kwargs,
      Number timeout,
      long priority,
      Map<String, Object> trace,
      List<Object> extensions)
      implements Message {
    public Request {
      args = args == null ? List.of() : args;
      kwargs = kwargs == null ? Map.of() : kwargs;
    }

    /** Call an action of an app. All else is as where it is absent. */
    public Request(long requestId, String appPath, String action) {
      this(requestId, appPath, action, List.of(), Map.of(), null, 0, null, null);
    }

    @Override
    public MessageType type() {
      return MessageType.REQUEST;
    }
  }

  /**
   * The result of an exchange.
   *
   * @param requestId of the exchange
   * @param result the result
   */
  record Response(long requestId, Object result) implements Message {
    @Override
    public MessageType type() {
      return MessageType.RESPONSE;
    }
  }

  /**
   * The failure of an exchange, or with id 0 of the connection.
   *
   * @param requestId of the exchange
   * @param errorType a name from the table of error types
   * @param message one line for a person
   * @param details facts by name
   */
  record Error(long requestId, String errorType, String message, Map<String, Object> details)
      implements Message {
    public Error {
      details = details == null ? Map.of() : details;
    }

    /**
     * The failure of an exchange, or with id 0 of the connection. All else is as where it is
     * absent.
     */
    public Error(long requestId, String errorType, String message) {
      this(requestId, errorType, message, Map.of());
    }

    @Override
    public MessageType type() {
      return MessageType.ERROR;
    }
  }

  /**
   * A piece of a stream.
   *
   * @param requestId of the exchange
   * @param data one piece
   */
  record Chunk(long requestId, Object data) implements Message {
    @Override
    public MessageType type() {
      return MessageType.CHUNK;
    }
  }

  /**
   * The end of a stream.
   *
   * @param requestId of the exchange
   */
  record End(long requestId) implements Message {
    @Override
    public MessageType type() {
      return MessageType.END;
    }
  }

  /**
   * An operation on the arbiter's shared tables.
   *
   * @param requestId of the exchange
   * @param op the operation
   * @param table the table's name
   * @param key the key
   * @param value the value
   * @param pattern a glob over string keys
   * @param ttl seconds that the key lives
   * @param initial the number to begin with
   * @param version the version that is expected
   * @param count how many keys at most
   * @param after where a page ended
   * @param wait_ seconds to wait for what is asked for
   */
  record Stash(
      long requestId,
      long op,
      String table,
      Object key,
      Object value,
      String pattern,
      Number ttl,
      Number initial,
      Long version,
      Long count,
      Object after,
      Number wait_)
      implements Message {
    /** An operation on the arbiter's shared tables. All else is as where it is absent. */
    public Stash(long requestId, long op, String table) {
      this(requestId, op, table, null, null, null, null, null, null, null, null, null);
    }

    @Override
    public MessageType type() {
      return MessageType.STASH;
    }
  }

  /**
   * Ask for the state of the arbiter or worker.
   *
   * @param requestId of the exchange
   */
  record Status(long requestId) implements Message {
    @Override
    public MessageType type() {
      return MessageType.STATUS;
    }
  }

  /**
   * Change the workers, or look at what they do.
   *
   * @param requestId of the exchange
   * @param op the operation
   * @param count how many workers
   * @param slot the place of one worker
   * @param call the arbiter's number of one request
   */
  record Manage(long requestId, long op, long count, Long slot, Long call) implements Message {
    /** Change the workers, or look at what they do. All else is as where it is absent. */
    public Manage(long requestId, long op) {
      this(requestId, op, 1, null, null);
    }

    @Override
    public MessageType type() {
      return MessageType.MANAGE;
    }
  }

  /**
   * Give up an open exchange.
   *
   * @param requestId of the exchange
   */
  record Cancel(long requestId) implements Message {
    @Override
    public MessageType type() {
      return MessageType.CANCEL;
    }
  }

  /**
   * Ask for no CHUNKs of an exchange for now.
   *
   * @param requestId of the exchange
   */
  record Pause(long requestId) implements Message {
    @Override
    public MessageType type() {
      return MessageType.PAUSE;
    }
  }

  /**
   * Ask for the CHUNKs of an exchange again.
   *
   * @param requestId of the exchange
   */
  record Resume(long requestId) implements Message {
    @Override
    public MessageType type() {
      return MessageType.RESUME;
    }
  }
}
