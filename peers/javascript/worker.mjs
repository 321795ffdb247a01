// A worker in JavaScript, written from the text: it serves the apps of a module on inherited lanes.
//
//     dirty serve --worker-command "node worker.mjs SPEC.json APPS.mjs" ...
//
// SPEC.json is what `gdproto spec --json` prints. APPS.mjs exports `apps`, an object of classes by
// app path; an instance has `init`, `close`, and `call(action, args, kwargs)`.
//
// Rules: calls of several lanes run side by side, as far as they wait. A result that is an iterator,
// of values or of promises, is streamed, and closed when the caller gives up. Node sets
// close-on-exec on every descriptor that it inherits (GD-ROLE-009).

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Codec, Fault } from "./codec.mjs";
import { Connection } from "./connection.mjs";

const AT_FAULT = 1;
const BOOT_FAILED = 3;
const ARBITER_GONE = 4;
const TURN_MS = 5;
const MAX_TEXT = 16_384;

const [specPath, appsPath] = process.argv.slice(2);
const spec = JSON.parse(readFileSync(specPath));
const codec = new Codec(spec);

class Cancelled extends Error {}

class NotFound extends Error {
  error_type = "DirtyAppNotFoundError";
}

/** What an app has thrown, by the names of its classes (GD-ERR-026, GD-ERR-027). */
function classOf(thrown) {
  if (!(thrown instanceof Error)) return {};
  const names = [];
  for (let at = Object.getPrototypeOf(thrown); at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    names.push(at.constructor.name);
  }
  const [exception_type, ...exception_bases] = names;
  return { exception_type, exception_bases };
}

class Lane {
  /** Args: its descriptor, the instances of apps by path, why there are none, and who is told of its end. */
  constructor(fd, apps, failure, left) {
    Object.assign(this, { apps, failure });
    this.connection = new Connection(codec, spec, "worker");
    // The exchange that runs.
    this.running = null;
    this.socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    this.socket.on("data", bytes => this.connection.receive(bytes).forEach(event => this.take(event)));
    this.socket.on("end", () => (this.running ? process.exit(ARBITER_GONE) : this.socket.end()));
    this.socket.on("error", () => process.exit(ARBITER_GONE));
    this.socket.on("close", () => left(this));
  }

  take({ event, message, fault, requestId }) {
    if (event === "error") this.refuse(fault, requestId);
    if (event !== "message") return;
    if (message.type === "STATUS") this.tell(message.requestId);
    if (message.type === "REQUEST") this.answer(message);
    if (message.type === "CANCEL" && this.running) this.running.isCancelled = true;
  }

  refuse(fault, requestId) {
    if (fault.scope === "connection") process.exit(AT_FAULT);
    const { code, offset, path } = fault;
    const details = { code, ...(offset !== undefined && { offset: BigInt(offset) }), ...(path && { path }) };
    this.socket.write(codec.serialize(errorOf(requestId, "DirtyProtocolError", code, details)));
  }

  /** Answers STATUS (GD-ROLE-011, GD-ROLE-012). */
  tell(requestId) {
    if (this.failure) {
      const { error_type: type = "DirtyAppError", message, app_path } = this.failure;
      const answer = this.connection.send(errorOf(requestId, type, textOf(message), { app_path }));
      this.socket.end(answer, () => this.socket.destroy());
      return;
    }
    const about = { pid: BigInt(process.pid), apps: [...this.apps.keys()], version: "1", extensions: ["cancel"] };
    this.send("RESPONSE", requestId, { result: new Map(Object.entries(about)) });
  }

  async answer({ requestId, fields }) {
    const running = { isCancelled: false };
    this.running = running;
    const [app_path, action] = [fields.get("app_path"), fields.get("action")];
    try {
      const result = await this.call(app_path, action, fields.get("args") ?? [], fields.get("kwargs") ?? new Map());
      if (typeof result?.next === "function") {
        await this.stream(requestId, result, running);
        this.send("END", requestId, {});
      } else this.send("RESPONSE", requestId, { result: result ?? null });
    } catch (problem) {
      const isOver = problem instanceof Cancelled;
      const type = isOver ? "DirtyCancelledError" : "DirtyAppError";
      const details = isOver ? {} : { app_path, action, ...classOf(problem) };
      this.socket.write(this.connection.send(errorOf(requestId, type, textOf(problem.message), details)));
    }
    this.running = null;
  }

  call(path, action, args, kwargs) {
    const app = this.apps.get(path);
    if (!app) throw new Error(`this worker does not serve ${path}`);
    if (action.startsWith("_") || action === "init" || action === "close") {
      throw new Error(`${action} cannot be called from outside`);
    }
    return app.call(action, args, kwargs);
  }

  async stream(requestId, items, running) {
    let turnAt = performance.now() + TURN_MS;
    // Leaving the loop closes the iterator.
    for await (const item of items) {
      if (performance.now() >= turnAt) {
        // What has come meanwhile is read in a turn of the event loop only.
        await new Promise(setImmediate);
        turnAt = performance.now() + TURN_MS;
      }
      if (running.isCancelled) throw new Cancelled("the caller gave up");
      if (!this.send("CHUNK", requestId, { data: item })) await once(this.socket, "drain");
    }
  }

  /** Sends a message; whether the next may follow at once. Throws Fault when it cannot be encoded. */
  send(type, requestId, fields) {
    return this.socket.write(this.connection.send({ type, requestId, fields: new Map(Object.entries(fields)) }));
  }
}

function errorOf(requestId, type, message, details) {
  const error = { error_type: type, message, details: new Map(Object.entries(details)) };
  return { type: "ERROR", requestId, fields: new Map(Object.entries(error)) };
}

/** A text that can be encoded, and fits (GD-ERR-020). */
function textOf(text) {
  return String(text).slice(0, MAX_TEXT).toWellFormed() || "failed";
}

/** The instances of the apps, initialised. Throws what failed, with the path of its app. */
async function boot(paths) {
  const { apps: classes } = await import(pathToFileURL(resolve(appsPath)));
  const apps = new Map();
  for (const path of paths) {
    try {
      if (!Object.hasOwn(classes, path)) throw new NotFound(`app ${path}: there is none in ${appsPath}`);
      apps.set(path, new classes[path]());
      await apps.get(path).init();
    } catch (problem) {
      throw Object.assign(problem, { app_path: path });
    }
  }
  return apps;
}

// An arbiter says by its lanes when a worker is to end; a terminal's Ctrl-C reaches every process.
for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => {});

let apps = new Map();
let failure = null;
try {
  apps = await boot(JSON.parse(process.env.GD_WORKER_APPS));
} catch (problem) {
  failure = { app_path: "", ...problem, message: problem.message };
}

const open = new Set();
for (const fd of process.env.GD_WORKER_FDS.split(",")) {
  open.add(new Lane(Number(fd), apps, failure, left));
}

async function left(lane) {
  open.delete(lane);
  if (open.size) return;
  if (failure) process.exit(BOOT_FAILED);
  for (const app of [...apps.values()].reverse()) await app.close();
  process.exit(0);
}
