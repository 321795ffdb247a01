// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/**
 * Single values: null, {@link Boolean}, {@link Long}, {@link Double}, byte[], {@link String},
 * {@link List} and {@link Map}. Other integers and {@link Float} may be written too; a {@link
 * BigInteger} is read only where no long holds the number.
 */
public final class Values {
  private Values() {}

  /** The value of these bytes, all of them. Lists and dicts are the caller's to change. */
  public static Object decode(byte[] data) throws ProtocolException {
    ValueReader reader = new ValueReader(data, 0, 0, data.length);
    Object value = reader.value();
    reader.end();
    return value;
  }

  /** The bytes of a value. */
  public static byte[] encode(Object value) throws ProtocolException {
    ValueWriter writer = new ValueWriter(0, Limits.MAX_VALUE_BYTES);
    writer.value(value);
    return writer.bytes();
  }
}
