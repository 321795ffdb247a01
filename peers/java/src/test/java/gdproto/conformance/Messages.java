package gdproto.conformance;

import gdproto.gd.Message;
import gdproto.gd.MessageType;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Messages in the JSON form of the testee contract: their records tell which fields there are. */
final class Messages {
  private static final String REQUEST_ID = "requestId";

  private Messages() {}

  /** The message of a form. */
  static Message message(Map<String, Object> form) {
    MessageType type = MessageType.valueOf((String) form.get("type"));
    Map<String, Object> fields = Forms.map(form.get("fields"));
    RecordComponent[] components = record(type).getRecordComponents();
    Object[] values = new Object[components.length];
    for (int at = 0; at < components.length; at++) {
      String name = components[at].getName();
      Object value =
          name.equals(REQUEST_ID)
              ? requestId((String) form.get("request_id"))
              : Forms.value(fields.get(snake(name)));
      values[at] = held(value, components[at]);
    }
    return made(record(type), components, values);
  }

  private static long requestId(String digits) {
    try {
      return Long.parseUnsignedLong(digits);
    } catch (NumberFormatException wide) {
      throw new Unsupported("a long has no request id " + digits);
    }
  }

  /** The value, if the component can hold it. */
  private static Object held(Object value, RecordComponent in) {
    Class<?> type = in.getType() == long.class ? Long.class : in.getType();
    if (value == null ? in.getType().isPrimitive() : !type.isInstance(value)) {
      String kind = value == null ? "null" : "a " + value.getClass().getSimpleName();
      throw new Unsupported(in.getName() + " cannot be " + kind);
    }
    return value;
  }

  private static Message made(Class<?> record, RecordComponent[] components, Object[] values) {
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    try {
      Constructor<?> constructor = record.getDeclaredConstructor(types);
      return (Message) constructor.newInstance(values);
    } catch (InvocationTargetException problem) {
      throw new IllegalStateException(problem.getCause());
    } catch (ReflectiveOperationException problem) {
      throw new IllegalStateException(problem);
    }
  }

  /** The form of a message that was read. */
  static Map<String, Object> form(Message message) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (RecordComponent component : message.getClass().getRecordComponents()) {
      if (!component.getName().equals(REQUEST_ID)) {
        try {
          Object value = component.getAccessor().invoke(message);
          fields.put(snake(component.getName()), Forms.form(value));
        } catch (ReflectiveOperationException problem) {
          throw new IllegalStateException(problem);
        }
      }
    }
    String id = Long.toUnsignedString(message.requestId());
    return Map.of("type", message.type().name(), "request_id", id, "fields", fields);
  }

  private static Class<?> record(MessageType type) {
    List<Class<?>> records = List.of(Message.class.getPermittedSubclasses());
    return records.stream()
        .filter(one -> one.getSimpleName().toUpperCase(Locale.ROOT).equals(type.name()))
        .findFirst()
        .orElseThrow();
  }

  /** The field's name; one that Java has taken stands there with a `_` behind it. */
  private static String snake(String name) {
    return name.replaceAll("([A-Z])", "_$1").replaceAll("_$", "").toLowerCase(Locale.ROOT);
  }
}
