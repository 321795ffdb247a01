/**
 * A worker: it serves apps on the lanes that an arbiter hands to it.
 *
 * Rules: calls of several lanes run side by side, as far as they wait. A result that is an iterator, of
 * values or of promises, is streamed, and closed when its caller gives up. Node sets close-on-exec on
 * every descriptor that it inherits (GD-ROLE-009).
 */

import { once } from "node:events";
import { Socket } from "node:net";
import * as gd from "./gd/index.js";

/** What an action is called with. */
export interface Call {
  readonly args: gd.Value[];
  /** Arguments by keyword. */
  readonly kwargs: Map<string, gd.Value>;
  /** The trace that the caller takes part in, as headers of HTTP would tell it. */
  readonly trace: Map<string, gd.Value> | null;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/**
 * What is served under one path: its methods are the actions, each takes a `Call`, and gives a value, a
 * promise of one, or an iterator. `init` is awaited before anything is served, and `close` at the end;
 * neither they nor what begins with an underscore can be called from outside.
 */
export type App = object;

/** Makes an app. */
export type Factory = () => App | Promise<App>;

const BROKEN_PEER = 1;
const BOOT_FAILED = 3;
const ARBITER_GONE = 4;
const TURN_MS = 5;
// The longest text of an error.
const MAX_TEXT_BYTES = 65_536;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const PRIVATE = new Set(["constructor", "init", "close"]);

type Action = (call: Call) => unknown;
type Life = { init?: () => unknown; close?: () => unknown };

class Cancelled extends Error {}

/** What the worker does not do, of itself: no error of the app. */
class Refused extends Error {
  constructor(
    message: string,
    readonly kind: typeof gd.DirtyAppError,
  ) {
    super(message);
  }
}

/** Why no app is served: told on each lane. */
interface Failure {
  readonly errorType: string;
  readonly message: string;
  readonly appPath: string;
}

/**
 * Serves until the arbiter has closed all lanes; the process ends then.
 *
 * @param factories of the apps, by their paths
 */
export async function serve(factories: Readonly<Record<string, Factory>>): Promise<void> {
  // An arbiter says by its lanes when a worker is to end; a terminal's Ctrl-C reaches every process.
  for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => {});
  const numbers = variable("GD_WORKER_FDS").split(",").map(Number);
  const paths = JSON.parse(variable("GD_WORKER_APPS")) as string[];
  const apps = new Map<string, App>();
  const failure = await boot(factories, paths, apps);
  await Promise.all(numbers.map((fd) => new Lane(fd, apps, failure, numbers.length).ended));
  if (failure) process.exit(BOOT_FAILED);
  for (const app of [...apps.values()].reverse()) await (app as Life).close?.();
  process.exit(0);
}

function variable(name: string): string {
  const held = process.env[name];
  if (held === undefined) throw new Error(`${name} is not set: an arbiter starts workers`);
  return held;
}

/** Makes and initialises the apps; tells what failed. */
async function boot(
  factories: Readonly<Record<string, Factory>>,
  paths: readonly string[],
  apps: Map<string, App>,
): Promise<Failure | undefined> {
  for (const appPath of paths) {
    if (!Object.hasOwn(factories, appPath)) {
      const message = `there is no app ${appPath}; there are ${Object.keys(factories).join(", ")}`;
      return { errorType: gd.DirtyAppNotFoundError.errorType, message, appPath };
    }
    try {
      const app = await factories[appPath]();
      apps.set(appPath, app);
      await (app as Life).init?.();
    } catch (thrown) {
      return { errorType: gd.DirtyAppError.errorType, message: textOf(thrown), appPath };
    }
  }
  return undefined;
}

/** A call that runs. */
interface Running {
  readonly requestId: bigint;
  readonly controller: AbortController;
  /** Whether its exchange has ended already, by a fault: nothing more is sent. */
  isOver: boolean;
}

class Lane {
  /** Kept when the lane has ended. */
  readonly ended: Promise<void>;
  private readonly connection = new gd.Connection("worker");
  private readonly socket: Socket;
  /** The exchange that runs. */
  private running: Running | undefined;

  constructor(
    fd: number,
    private readonly apps: ReadonlyMap<string, App>,
    private readonly failure: Failure | undefined,
    private readonly concurrency: number,
  ) {
    this.socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    this.ended = new Promise((done) => this.socket.on("close", () => done()));
    this.socket.on("data", (bytes) => this.take(this.connection.receive(bytes)));
    this.socket.on("end", () => this.eof());
    this.socket.on("error", () => process.exit(ARBITER_GONE));
  }

  private eof(): void {
    if (this.running) process.exit(ARBITER_GONE);
    this.take(this.connection.eof());
    this.socket.end();
  }

  private take(events: gd.Event[]): void {
    for (const event of events) {
      if (event.event === "error") this.refuse(event.error, event.requestId);
      if (event.event !== "message") continue;
      const { message } = event;
      if (message.type === "STATUS") this.tell(message.requestId);
      if (message.type === "REQUEST") void this.answer(message);
      if (message.type === "CANCEL") this.cancel();
    }
  }

  private cancel(): void {
    this.running?.controller.abort(new Cancelled("the caller gave up"));
  }

  /** Answers what the arbiter may not do. */
  private refuse(fault: gd.ProtocolError, requestId: bigint): void {
    if (fault.scope === "connection") process.exit(BROKEN_PEER);
    if (this.running?.requestId === requestId) {
      this.running.isOver = true;
      this.cancel();
      this.running = undefined;
    }
    const details: gd.Details = new Map([["code", fault.code]]);
    if (fault.offset !== undefined) details.set("offset", BigInt(fault.offset));
    if (fault.path) details.set("path", fault.path);
    if (fault.rawData) details.set("raw_data", Buffer.from(fault.rawData).toString("hex"));
    const errorType = gd.DirtyProtocolError.errorType;
    const { message } = fault;
    this.socket.write(
      gd.serialize(new gd.ErrorMessage({ requestId, errorType, message, details })),
    );
  }

  /** Answers STATUS (GD-ROLE-011, GD-ROLE-012). */
  private tell(requestId: bigint): void {
    if (this.failure) {
      const { errorType, message, appPath } = this.failure;
      const details = gd.dict({ app_path: appPath });
      const told = new gd.ErrorMessage({ requestId, errorType, message, details });
      this.socket.end(this.connection.send(told), () => this.socket.destroy());
      return;
    }
    const result = gd.dict({
      pid: BigInt(process.pid),
      apps: [...this.apps.keys()],
      version: "1",
      extensions: Object.values(gd.EXTENSIONS),
      concurrency: BigInt(this.concurrency),
    });
    this.send(new gd.ResponseMessage({ requestId, result }));
  }

  private async answer(request: gd.RequestMessage): Promise<void> {
    const { requestId, args, kwargs, trace } = request;
    const running = { requestId, controller: new AbortController(), isOver: false };
    this.running = running;
    const { signal } = running.controller;
    try {
      const result = await this.action(request)({ args, kwargs, trace, signal });
      if (isIterator(result)) {
        await this.stream(requestId, result, signal);
        if (!running.isOver) this.send(new gd.EndMessage({ requestId }));
      } else if (!running.isOver) {
        this.give(new gd.ResponseMessage({ requestId, result: (result ?? null) as gd.Value }));
      }
    } catch (thrown) {
      if (!running.isOver) this.send(failed(request, thrown));
    }
    if (this.running === running) this.running = undefined;
  }

  /** What is to be called. */
  private action({ appPath, action: name }: gd.RequestMessage): Action {
    const app = this.apps.get(appPath);
    if (!app) throw new Refused(`this worker does not serve ${appPath}`, gd.DirtyAppNotFoundError);
    const action: unknown = (app as Record<string, unknown>)[name];
    const isInherited = name in Object.prototype;
    if (name.startsWith("_") || PRIVATE.has(name) || isInherited || typeof action !== "function") {
      throw new Refused(`${appPath} has no action ${name}`, gd.DirtyAppError);
    }
    return (call) => action.call(app, call);
  }

  private async stream(
    requestId: bigint,
    items: AsyncIterable<unknown> | Iterable<unknown>,
    signal: AbortSignal,
  ): Promise<void> {
    let turnEnds = performance.now() + TURN_MS;
    // Leaving the loop closes the iterator.
    for await (const item of items) {
      if (performance.now() >= turnEnds) {
        // What has come meanwhile is read in a turn of the event loop only.
        await new Promise(setImmediate);
        turnEnds = performance.now() + TURN_MS;
      }
      signal.throwIfAborted();
      const chunk = new gd.ChunkMessage({ requestId, data: item as gd.Value });
      if (!this.give(chunk)) await once(this.socket, "drain");
    }
  }

  /** As `send`. Throws Refused for a result that has no bytes: no error of the app's. */
  private give(message: gd.Message): boolean {
    try {
      return this.send(message);
    } catch (fault) {
      if (!(fault instanceof gd.ProtocolError)) throw fault;
      throw new Refused(`the result cannot be encoded: ${fault.message}`, gd.DirtyAppError);
    }
  }

  /** Sends a message; tells whether the next may follow at once. Throws ProtocolError. */
  private send(message: gd.Message): boolean {
    return this.socket.write(this.connection.send(message));
  }
}

function isIterator(result: unknown): result is AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof result !== "object" || result === null) return false;
  return Symbol.asyncIterator in result || ("next" in result && Symbol.iterator in result);
}

/** The answer to a call of which nothing came. */
function failed({ requestId, appPath, action }: gd.RequestMessage, thrown: unknown): gd.Message {
  const message = textOf(thrown);
  if (thrown instanceof Cancelled) {
    return new gd.ErrorMessage({ requestId, errorType: gd.DirtyCancelledError.errorType, message });
  }
  const details = gd.dict({
    app_path: cut(appPath),
    action: cut(action),
    ...classOf(thrown),
  });
  const { errorType } = thrown instanceof Refused ? thrown.kind : gd.DirtyAppError;
  return new gd.ErrorMessage({ requestId, errorType, message, details });
}

/** What an app has thrown, by the names of its classes (GD-ERR-026, GD-ERR-027). */
function classOf(thrown: unknown): Record<string, gd.Value> {
  if (!(thrown instanceof Error) || thrown instanceof Refused) return {};
  const names: string[] = [];
  let prototype: object = Object.getPrototypeOf(thrown);
  for (; prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype)) {
    names.push(prototype.constructor.name);
  }
  const [exception_type, ...exception_bases] = names;
  return { exception_type, exception_bases };
}

/** What was thrown as a text that can be encoded, and fits (GD-ERR-019). */
function textOf(thrown: unknown): string {
  const text = String(thrown instanceof Error ? thrown.message : thrown).slice(0, MAX_TEXT_BYTES);
  const escaped = text.replace(LONE_SURROGATE, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
  return cut(escaped || "failed");
}

/** As much of a text as an ERROR may tell, in whole characters (GD-ERR-034). */
function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_TEXT_BYTES) return text;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return decoder.decode(bytes.subarray(0, MAX_TEXT_BYTES), { stream: true });
}
