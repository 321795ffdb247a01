// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import java.util.Map;

/** What became of a call that did not go well: one class for each error type. */
public class DirtyException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ErrorType type;
  private final transient Map<String, Object> details;

  protected DirtyException(ErrorType type, String message, Map<String, Object> details) {
    super(message);
    this.type = type;
    this.details = details;
  }

  /** The type, by which it travels. */
  public ErrorType type() {
    return type;
  }

  /** Facts by name; there may be more than the type lists. */
  public Map<String, Object> details() {
    return details;
  }

  /** The exception of a type. */
  public static DirtyException of(ErrorType type, String message, Map<String, Object> details) {
    return switch (type) {
      case DIRTY_ERROR -> new DirtyException(type, message, details);
      case DIRTY_TIMEOUT_ERROR -> new TimeoutException(type, message, details);
      case DIRTY_CONNECTION_ERROR -> new ConnectionException(type, message, details);
      case DIRTY_WORKER_ERROR -> new WorkerException(type, message, details);
      case DIRTY_APP_ERROR -> new AppException(type, message, details);
      case DIRTY_APP_NOT_FOUND_ERROR -> new AppNotFoundException(type, message, details);
      case DIRTY_NO_WORKERS_AVAILABLE_ERROR ->
          new NoWorkersAvailableException(type, message, details);
      case DIRTY_PROTOCOL_ERROR -> new ProtocolException(type, message, details);
      case DIRTY_OVERLOADED_ERROR -> new OverloadedException(type, message, details);
      case DIRTY_CANCELLED_ERROR -> new CancelledException(type, message, details);
      case DIRTY_PERMISSION_ERROR -> new PermissionException(type, message, details);
      case STASH_ERROR -> new StashException(type, message, details);
      case STASH_TABLE_NOT_FOUND_ERROR -> new StashTableNotFoundException(type, message, details);
      case STASH_KEY_NOT_FOUND_ERROR -> new StashKeyNotFoundException(type, message, details);
    };
  }

  /** A deadline passed. */
  public static class TimeoutException extends DirtyException {
    private static final long serialVersionUID = 1;

    protected TimeoutException(ErrorType type, String message, Map<String, Object> details) {
      super(type, message, details);
    }
  }

  /** The connection failed, was lost, or is let go of. */
  public static class ConnectionException extends DirtyException {
    private static final long serialVersionUID = 1;

    protected ConnectionException(ErrorType type, String message, Map<String, Object> details) {
      super(type, message, details);
    }
  }

  /** The worker died, was condemned or refused. */
  public static class WorkerException extends DirtyException {
    private static final long serialVersionUID = 1;

    protected WorkerException(ErrorType type, String message, Map<String, Object> details) {
      super(type, message, details);
    }
  }

  /** The app raised, or its result cannot be encoded. */
  public static class AppException extends DirtyException {
    private static final long serialVersionUID = 1;

    protected AppException(ErrorType type, String message, Map<String, Object> details) {
      super(type, message, details);
    }
  }

  /** The app cannot be found. */
  public static class AppNotFoundException extends AppException {
    private static final long serialVersionUID = 1;

    protected AppNotFoundException(ErrorType type, String message, Map<String, Object> details) {
      super(type, message, details);
    }
  }

  /** No worker serves the app, or ever will. */
  public static class NoWorkersAvailableException extends DirtyException {
    private static final long serialVersionUID = 1;

    protected NoWorkersAvailableException(
        ErrorType type, String message, Map<String, Object> details) {
      super(type, message, details);
    }
  }

  /** Bytes or state were at fault. */
  public static class ProtocolException extends DirtyException {
    private static final long serialVersionUID = 1;

    protected ProtocolException(ErrorType type, String message, Map<String, Object> details) {
      super(type, message, details);
    }
  }

  /** A queue is full. */
  public static class OverloadedException extends DirtyException {
    private static final long serialVersionUID = 1;

    protected OverloadedException(ErrorType type, String message, Map<String, Object> details) {
      super(type, message, details);
    }
  }

  /** The exchange was cancelled. */
  public static class CancelledException extends DirtyException {
    private static final long serialVersionUID = 1;

    protected CancelledException(ErrorType type, String message, Map<String, Object> details) {
      super(type, message, details);
    }
  }

  /** The peer may not do this. */
  public static class PermissionException extends DirtyException {
    private static final long serialVersionUID = 1;

    protected PermissionException(ErrorType type, String message, Map<String, Object> details) {
      super(type, message, details);
    }
  }

  /** A stash operation failed. */
  public static class StashException extends DirtyException {
    private static final long serialVersionUID = 1;

    protected StashException(ErrorType type, String message, Map<String, Object> details) {
      super(type, message, details);
    }
  }

  /** The stash table does not exist. */
  public static class StashTableNotFoundException extends StashException {
    private static final long serialVersionUID = 1;

    protected StashTableNotFoundException(
        ErrorType type, String message, Map<String, Object> details) {
      super(type, message, details);
    }
  }

  /** The stash table has no such key. */
  public static class StashKeyNotFoundException extends StashException {
    private static final long serialVersionUID = 1;

    protected StashKeyNotFoundException(
        ErrorType type, String message, Map<String, Object> details) {
      super(type, message, details);
    }
  }
}
