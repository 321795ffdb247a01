package gdproto.conformance;

import gdproto.gd.Connection;
import gdproto.gd.Event;
import gdproto.gd.Message;
import gdproto.gd.ProtocolException;
import gdproto.gd.Role;
import gdproto.gd.Values;
import gdproto.json.Json;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The codec as a testee of the conformance suite, on stdin and stdout. */
public final class Testee {
  private static final Map<String, Object> DECLARATION =
      Map.of(
          "contract",
          1,
          "name",
          "java",
          "language",
          "Java " + Runtime.version().feature(),
          "version",
          "1",
          "operations",
          List.of("decode", "encode", "parse", "serialize", "session"),
          "roles",
          Arrays.stream(Role.values()).map(Role::wire).toList(),
          "reports",
          List.of("scope", "offset", "path"),
          "policies",
          Map.of("non-string-keys", "refused", "nan-payload", "kept"));

  private Testee() {}

  /** Answers commands until there are no more. */
  public static void main(String[] words) throws IOException {
    DataInputStream in = new DataInputStream(System.in);
    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out));
    while (true) {
      Map<String, Object> command = next(in);
      if (command == null || command.get("do").equals("stop")) {
        return;
      }
      Map<String, Object> answer = new LinkedHashMap<>(answer(command));
      answer.put("n", command.get("n"));
      byte[] text = Json.write(answer).getBytes(StandardCharsets.UTF_8);
      out.writeInt(text.length);
      out.write(text);
      out.flush();
    }
  }

  private static Map<String, Object> next(DataInputStream in) throws IOException {
    int length;
    try {
      length = in.readInt();
    } catch (EOFException end) {
      return null;
    }
    byte[] text = new byte[length];
    in.readFully(text);
    return Forms.map(Json.parse(new String(text, StandardCharsets.UTF_8)));
  }

  private static Map<String, Object> answer(Map<String, Object> command) {
    if (command.get("do").equals("start")) {
      return DECLARATION;
    }
    try {
      return carriedOut(command);
    } catch (ProtocolException fault) {
      return Map.of("error", fault(fault));
    } catch (Unsupported problem) {
      return Map.of("unsupported", problem.getMessage());
    }
  }

  private static Map<String, Object> carriedOut(Map<String, Object> command)
      throws ProtocolException {
    boolean digest = Boolean.TRUE.equals(command.get("digest"));
    switch ((String) command.get("op")) {
      case "decode":
        Object value = Values.decode(Forms.made(command.get("bytes")));
        return digest ? sha(Values.encode(value)) : Map.of("value", Forms.form(value));
      case "encode":
        return written(Values.encode(Forms.value(command.get("value"))), digest);
      case "parse":
        Message message = Message.parse(Forms.made(command.get("bytes")));
        return digest ? sha(message.toBytes()) : Map.of("message", Messages.form(message));
      case "serialize":
        return written(Messages.message(Forms.map(command.get("message"))).toBytes(), digest);
      case "session":
        return Map.of("steps", session(command));
      default:
        throw new Unsupported("no operation " + command.get("op"));
    }
  }

  private static Map<String, Object> written(byte[] bytes, boolean digest) {
    return digest ? sha(bytes) : Map.of("bytes", Forms.hex(bytes));
  }

  private static Map<String, Object> sha(byte[] bytes) {
    try {
      return Map.of("sha256", Forms.hex(MessageDigest.getInstance("SHA-256").digest(bytes)));
    } catch (NoSuchAlgorithmException none) {
      throw new IllegalStateException(none);
    }
  }

  // --- sessions ---

  private static List<Object> session(Map<String, Object> command) {
    Role role =
        Arrays.stream(Role.values())
            .filter(one -> one.wire().equals(command.get("role")))
            .findFirst()
            .orElseThrow();
    Connection connection = new Connection(role);
    List<Object> answers = new ArrayList<>();
    for (Object step : Forms.list(command.get("steps"))) {
      answers.add(done(connection, Forms.map(step)));
    }
    return answers;
  }

  private static Map<String, Object> done(Connection connection, Map<String, Object> step) {
    if (step.containsKey("send")) {
      try {
        Message message = Messages.message(Forms.map(step.get("send")));
        return Map.of("bytes", Forms.hex(connection.send(message)));
      } catch (ProtocolException fault) {
        return Map.of("error", fault(fault));
      }
    }
    List<Event> events = List.of();
    if (step.containsKey("receive")) {
      events = connection.receive(Forms.made(step.get("receive")));
    } else if (step.containsKey("abandon")) {
      connection.abandon(Long.parseUnsignedLong((String) step.get("abandon")));
    } else if (step.containsKey("permit")) {
      connection.permit(Integer.parseInt((String) step.get("permit")));
    } else {
      events = connection.receiveEof();
    }
    return Map.of("events", events.stream().map(Testee::told).toList());
  }

  private static Map<String, Object> told(Event event) {
    if (event instanceof Event.Received received) {
      Map<String, Object> message = Messages.form(received.message());
      return Map.of("event", "message", "message", message, "ended", received.ended());
    } else if (event instanceof Event.Ended ended) {
      return Map.of("event", "ended", "request_id", Long.toUnsignedString(ended.requestId()));
    } else if (event instanceof Event.Fault fault) {
      Map<String, Object> told = new LinkedHashMap<>(fault(fault.error()));
      told.put("event", "error");
      told.put("request_id", Long.toUnsignedString(fault.error().requestId()));
      return told;
    }
    return Map.of("event", "closed");
  }

  private static Map<String, Object> fault(ProtocolException fault) {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("code", fault.code().wire());
    told.put("scope", fault.scope().wire());
    told.put("path", fault.path());
    fault.offset().ifPresent(offset -> told.put("offset", offset));
    return told;
  }
}
