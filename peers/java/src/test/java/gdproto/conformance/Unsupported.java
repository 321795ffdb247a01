package gdproto.conformance;

/** Something for which Java has no way. */
final class Unsupported extends RuntimeException {
  private static final long serialVersionUID = 1;

  Unsupported(String why) {
    super(why);
  }
}
