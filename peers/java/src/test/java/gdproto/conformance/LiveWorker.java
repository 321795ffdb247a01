package gdproto.conformance;

import gdproto.worker.Worker;
import java.util.Map;

/** The worker that live scripts judge. */
public final class LiveWorker {
  private LiveWorker() {}

  /** Serves the conformance app. */
  public static void main(String[] words) {
    String module = "gdproto.conformance.live.app:";
    Worker.serve(
        Map.of(module + "App", ConformanceApp::new, module + "Broken", ConformanceApp.Broken::new));
  }
}
