// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Bytes, a value or a peer's state that GD/1 does not permit. */
public final class ProtocolException extends Exception {
  private static final long serialVersionUID = 1;
  private static final int NOWHERE = -1;

  private final ErrorCode code;
  private final Scope scope;
  private final int offset;
  private final long requestId;

  /** What leads to the fault, the innermost first: keys, and indexes of lists. */
  private final transient List<Object> steps = new ArrayList<>();

  /** Whether it is of a payload as a whole, which has no path. */
  private boolean isWhole;

  private ProtocolException(ErrorCode code, Scope scope, int offset, long requestId) {
    // A fault is an answer, and peers can make many: no stack is kept.
    super(null, null, false, false);
    this.code = code;
    this.scope = scope;
    this.offset = offset;
    this.requestId = requestId;
  }

  static ProtocolException at(int offset, ErrorCode code, Scope scope, long requestId) {
    return new ProtocolException(code, scope, offset, requestId);
  }

  static ProtocolException of(ErrorCode code, Scope scope, long requestId) {
    return new ProtocolException(code, scope, NOWHERE, requestId);
  }

  /** Tells that the fault is in the value of this key, or of this index; null for no other. */
  ProtocolException within(Object step) {
    if (step != null && !isWhole) {
      steps.add(step);
    }
    return this;
  }

  /** Tells that it is no fault of a place. */
  ProtocolException whole() {
    isWhole = true;
    return this;
  }

  /** The same fault, of an exchange. */
  ProtocolException of(long requestId) {
    ProtocolException known = new ProtocolException(code, scope, offset, requestId);
    known.steps.addAll(steps);
    return known;
  }

  /** The portable code. */
  public ErrorCode code() {
    return code;
  }

  /** How much dies of it. */
  public Scope scope() {
    return scope;
  }

  /** Where it is in the bytes that were handed in; absent where there are none. */
  public OptionalInt offset() {
    return offset == NOWHERE ? OptionalInt.empty() : OptionalInt.of(offset);
  }

  /** Where it is in the value, such as {@code kwargs.model[3]}; empty for the root. */
  public String path() {
    return Paths.text(steps);
  }

  /** The exchange of the frame, as far as it is known. */
  public long requestId() {
    return requestId;
  }

  @Override
  public String getMessage() {
    String at = offset == NOWHERE ? "" : " at byte " + offset;
    String path = path();
    return code.wire() + at + (path.isEmpty() ? "" : " in " + path);
  }
}
