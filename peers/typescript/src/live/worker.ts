/** A worker that serves the conformance app. */

import { serve } from "../worker.js";
import { App, Broken } from "./app.js";

await serve({
  "gdproto.conformance.live.app:App": () => new App(),
  "gdproto.conformance.live.app:Broken": () => new Broken(),
});
