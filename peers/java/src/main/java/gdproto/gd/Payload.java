// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import java.util.List;
import java.util.Map;

/** A payload that was read, or a dict in it, of which the fields are judged one by one. */
final class Payload {
  private final byte[] data;
  private final int base;
  private final int at;
  private final int end;
  private final Map<?, ?> pairs;

  /** Reads the payload of a frame at {@code base}. */
  Payload(byte[] data, int base, int length) throws ProtocolException {
    this.data = data;
    this.base = base;
    this.at = base + Header.BYTES;
    this.end = at + length;
    ValueReader reader = new ValueReader(data, base, at, end);
    Object value = reader.value();
    reader.end();
    if (!(value instanceof Map<?, ?> pairs)) {
      throw ProtocolException.at(at - base, ErrorCode.PAYLOAD_NOT_DICT, Scope.EXCHANGE, 0);
    }
    this.pairs = pairs;
  }

  private Payload(Payload around, String name) throws ProtocolException {
    this.data = around.data;
    this.base = around.base;
    this.end = around.end;
    this.at = around.find(name);
    this.pairs = (Map<?, ?>) around.pairs.get(name);
  }

  /** The value of a field, judged; null where it is absent. */
  Object take(Field field) throws ProtocolException {
    Object value = pairs.get(field.name);
    if (value == null && !pairs.containsKey(field.name)) {
      if (field.required) {
        throw fault(field, ErrorCode.MISSING_FIELD, at);
      }
      return null;
    }
    ErrorCode wrong = field.wrong(value);
    if (wrong != null) {
      throw fault(field, wrong, find(field.name));
    }
    return value;
  }

  @SuppressWarnings("unchecked")
  static List<Object> list(Object value) {
    return (List<Object>) value;
  }

  @SuppressWarnings("unchecked")
  static Map<String, Object> map(Object value) {
    return (Map<String, Object>) value;
  }

  /** The fields of the dict that a field is. */
  Payload inside(Field field) throws ProtocolException {
    take(field);
    return new Payload(this, field.name);
  }

  private int find(String key) throws ProtocolException {
    return new ValueReader(data, base, at, end).find(key);
  }

  private ProtocolException fault(Field field, ErrorCode code, int where) {
    return field.within(ProtocolException.at(where - base, code, Scope.EXCHANGE, 0));
  }
}
