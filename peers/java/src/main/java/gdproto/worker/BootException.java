package gdproto.worker;

import gdproto.gd.ErrorType;

/** An app that cannot be loaded or initialised. */
final class BootException extends Exception {
  private static final long serialVersionUID = 1;

  final ErrorType type;
  final String path;

  BootException(ErrorType type, String path, String reason, Throwable cause) {
    super("app " + path + ": " + reason, cause);
    this.type = type;
    this.path = path;
  }
}
