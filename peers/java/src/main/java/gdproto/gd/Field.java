// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import java.util.List;
import java.util.Map;

/** What the value of a field may be, and when it is written. */
final class Field {
  /** Kinds of values. */
  enum Kind {
    NONE,
    BOOL,
    INTEGER,
    FLOAT,
    BYTES,
    STRING,
    LIST,
    DICT;

    /** The kind of a value; of what has no bytes any. */
    static Kind of(Object value) {
      if (value instanceof String) {
        return STRING;
      } else if (value == null) {
        return NONE;
      } else if (value instanceof Double || value instanceof Float) {
        return FLOAT;
      } else if (value instanceof Number) {
        return INTEGER;
      } else if (value instanceof Map) {
        return DICT;
      } else if (value instanceof List) {
        return LIST;
      }
      return value instanceof Boolean ? BOOL : BYTES;
    }
  }

  final String name;

  /** The key as it stands in the payload. */
  final byte[] key;

  final boolean required;
  private final List<Kind> kinds;
  private double minimum = Double.NEGATIVE_INFINITY;
  private double maximum = Double.POSITIVE_INFINITY;
  private boolean finite;
  private boolean scalar;
  private List<Long> choices = List.of();
  private Object unwritten;
  private String around;

  /** Of one of the kinds; of any if there are none. */
  Field(String name, boolean required, Kind... kinds) {
    this.name = name;
    this.key = keyOf(name);
    this.required = required;
    this.kinds = List.of(kinds);
  }

  Field from(double least) {
    this.minimum = least;
    return this;
  }

  Field to(double most) {
    this.maximum = most;
    return this;
  }

  Field finite() {
    this.finite = true;
    return this;
  }

  Field scalar() {
    this.scalar = true;
    return this;
  }

  Field oneOf(Long... codes) {
    this.choices = List.of(codes);
    return this;
  }

  /** It is not written where it has this value. */
  Field unless(Object value) {
    this.unwritten = value;
    return this;
  }

  /** It is a field of the dict that is this field. */
  Field in(String name) {
    this.around = name;
    return this;
  }

  /** Whether a value is left out. */
  boolean leavesOut(Object value) {
    return value == null ? !required : value.equals(unwritten);
  }

  /** What is wrong with a value that is there; null for nothing. */
  ErrorCode wrong(Object value) {
    if (value == null && !required || kinds.isEmpty() && !scalar) {
      return null;
    }
    Kind kind = Kind.of(value);
    if (!kinds.isEmpty() && !kinds.contains(kind)) {
      return ErrorCode.WRONG_FIELD_TYPE;
    }
    return isPossible(value, kind) ? null : ErrorCode.INVALID_FIELD_VALUE;
  }

  private boolean isPossible(Object value, Kind kind) {
    if (scalar) {
      return kind != Kind.LIST && kind != Kind.DICT;
    }
    if (!(value instanceof Number number)) {
      return true;
    }
    double size = number.doubleValue();
    boolean isBound = !(size < minimum || size > maximum);
    boolean isChoice = choices.isEmpty() || choices.stream().anyMatch(one -> one == size);
    // Every integer is finite, also one that no double is as large as.
    boolean isFinite = !finite || kind != Kind.FLOAT || Double.isFinite(size);
    return isBound && isChoice && isFinite;
  }

  /** Judges a value that is to be written. */
  void judge(Object value) throws ProtocolException {
    ErrorCode wrong = wrong(value);
    if (wrong != null) {
      throw within(ProtocolException.of(wrong, Scope.EXCHANGE, 0));
    }
  }

  /** The fault of what is in the field. */
  ProtocolException within(ProtocolException fault) {
    fault.within(name);
    return around == null ? fault : fault.within(around);
  }

  private static byte[] keyOf(String name) {
    try {
      return Values.encode(name);
    } catch (ProtocolException fault) {
      throw new AssertionError(fault);
    }
  }
}
