package gdproto.conformance;

import gdproto.client.Client;
import gdproto.client.Items;
import gdproto.client.Prepared;
import gdproto.gd.DirtyException;
import gdproto.json.Json;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** The client that live scripts judge: see {@code conformance/live/clients.md}. */
public final class LiveClient {
  private LiveClient() {}

  /** Does the job of the second word, at the socket of the first. */
  public static void main(String[] words) {
    Map<String, Object> job = Forms.map(Json.parse(words[1]));
    double seconds = ((Number) job.get("timeout")).doubleValue();
    Duration timeout = Duration.ofNanos((long) (seconds * 1e9));
    try (Client client =
        words[0].isEmpty()
            ? Client.ofEnvironment(timeout)
            : new Client(Path.of(words[0]), timeout)) {
      List<Object> outcomes = new ArrayList<>();
      for (Object step : Forms.list(job.get("steps"))) {
        outcomes.add(atOnce(client, Forms.list(step)));
      }
      System.out.println(Json.write(Map.of("outcomes", outcomes)));
    } catch (Unsupported problem) {
      System.out.println(Json.write(Map.of("unsupported", problem.getMessage())));
    }
  }

  private static List<Map<String, Object>> atOnce(Client client, List<Object> calls) {
    if (calls.size() == 1) {
      return List.of(outcome(client, Forms.map(calls.get(0))));
    }
    List<CompletableFuture<Map<String, Object>>> started = new ArrayList<>();
    for (Object call : calls) {
      CompletableFuture<Map<String, Object>> outcome = new CompletableFuture<>();
      new Thread(() -> outcome.complete(outcome(client, Forms.map(call)))).start();
      started.add(outcome);
    }
    return started.stream().map(CompletableFuture::join).toList();
  }

  private static Map<String, Object> outcome(Client client, Map<String, Object> call) {
    Map<String, Object> outcome = new LinkedHashMap<>();
    try {
      switch ((String) call.get("do")) {
        case "call" -> outcome.put("result", prepared(client, call).call());
        case "stream" -> outcome.put("chunks", new ArrayList<>());
        case "status" -> outcome.put("result", client.status());
        case "stash" -> {
          String table = (String) call.get("table");
          outcome.put("result", client.stash().get(table, call.get("key")));
        }
        default -> throw new Unsupported("no way to do " + call.get("do"));
      }
      if (outcome.containsKey("chunks")) {
        stream(client, call, Forms.list(outcome.get("chunks")));
      }
    } catch (DirtyException failure) {
      outcome.put("error", error(failure));
    }
    return outcome;
  }

  private static void stream(Client client, Map<String, Object> call, List<Object> chunks) {
    Object take = call.get("take");
    try (Items items = prepared(client, call).stream()) {
      for (Object item : items) {
        chunks.add(item);
        if (take != null && chunks.size() == (Long) take) {
          return;
        }
      }
    }
  }

  private static Prepared prepared(Client client, Map<String, Object> call) {
    String appPath = (String) call.get("app_path");
    Object[] args = Forms.list(call.get("args")).toArray();
    Prepared prepared = client.prepare(appPath, (String) call.get("action"), args);
    if (call.get("kwargs") != null) {
      Forms.map(call.get("kwargs")).forEach(prepared::with);
    }
    return prepared;
  }

  private static Map<String, Object> error(DirtyException failure) {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("type", failure.type().wire());
    told.put("message", failure.getMessage());
    if (failure.details().get("code") instanceof String code) {
      told.put("code", code);
    }
    return told;
  }
}
