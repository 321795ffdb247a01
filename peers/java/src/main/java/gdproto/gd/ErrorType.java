// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import java.util.List;

/** What became of a call, as an ERROR tells it. */
public enum ErrorType {
  /** Any failure; unknown names are read as this one. */
  DIRTY_ERROR("DirtyError", null),

  /** A deadline passed. */
  DIRTY_TIMEOUT_ERROR(
      "DirtyTimeoutError", DIRTY_ERROR, "timeout", "app_path", "action", "where", "waited"),

  /** The connection failed, was lost, or is let go of. */
  DIRTY_CONNECTION_ERROR("DirtyConnectionError", DIRTY_ERROR, "socket_path", "begun"),

  /** The worker died, was condemned or refused. */
  DIRTY_WORKER_ERROR("DirtyWorkerError", DIRTY_ERROR, "worker_id", "traceback"),

  /** The app raised, or its result cannot be encoded. */
  DIRTY_APP_ERROR(
      "DirtyAppError",
      DIRTY_ERROR,
      "app_path",
      "action",
      "traceback",
      "exception_type",
      "exception_bases"),

  /** The app cannot be found. */
  DIRTY_APP_NOT_FOUND_ERROR(
      "DirtyAppNotFoundError", DIRTY_APP_ERROR, "app_path", "action", "traceback"),

  /** No worker serves the app, or ever will. */
  DIRTY_NO_WORKERS_AVAILABLE_ERROR(
      "DirtyNoWorkersAvailableError", DIRTY_ERROR, "app_path", "reason", "begun"),

  /** Bytes or state were at fault. */
  DIRTY_PROTOCOL_ERROR("DirtyProtocolError", DIRTY_ERROR, "code", "offset", "path", "raw_data"),

  /** A queue is full. */
  DIRTY_OVERLOADED_ERROR("DirtyOverloadedError", DIRTY_ERROR, "app_path", "retry_after"),

  /** The exchange was cancelled. */
  DIRTY_CANCELLED_ERROR("DirtyCancelledError", DIRTY_ERROR),

  /** The peer may not do this. */
  DIRTY_PERMISSION_ERROR("DirtyPermissionError", DIRTY_ERROR),

  /** A stash operation failed. */
  STASH_ERROR("StashError", DIRTY_ERROR),

  /** The stash table does not exist. */
  STASH_TABLE_NOT_FOUND_ERROR("StashTableNotFoundError", STASH_ERROR, "table_name"),

  /** The stash table has no such key. */
  STASH_KEY_NOT_FOUND_ERROR("StashKeyNotFoundError", STASH_ERROR, "table_name", "key");

  private final String wire;
  private final ErrorType parent;
  private final List<String> details;

  ErrorType(String wire, ErrorType parent, String... details) {
    this.wire = wire;
    this.parent = parent;
    this.details = List.of(details);
  }

  /** The type as it travels. */
  public String wire() {
    return wire;
  }

  /** The type that this one specialises; null for the first. */
  public ErrorType parent() {
    return parent;
  }

  /** The names of the details that it may have. */
  public List<String> details() {
    return details;
  }

  /** The type of that name; the first one where nobody knows it. */
  public static ErrorType of(String wire) {
    for (ErrorType type : values()) {
      if (type.wire.equals(wire)) {
        return type;
      }
    }
    return DIRTY_ERROR;
  }
}
