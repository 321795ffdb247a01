/**
 * A connection of a client, which has one exchange at a time.
 *
 * Rules: what comes while nobody reads stays in the socket. A channel is used again only where its last
 * exchange ended and nothing came after it. One on which nothing is under way keeps no process alive.
 */

import { createConnection, type Socket } from "node:net";
import { setTimeout as rest } from "node:timers/promises";
import * as gd from "./gd/index.js";
import type { Limit } from "./limit.js";

const CONNECT_PAUSE_MS = 5;
const BUSY = "EAGAIN";
const UNWRITTEN = "EPIPE";

/** Where an arbiter listens, and how its values are read. */
export interface Place extends gd.Options {
  readonly socketPath: string;
}

export class Channel {
  private readonly connection: gd.Connection;
  private readonly events: gd.Event[] = [];
  private failure: gd.DirtyError | undefined;
  private wake: (() => void) | undefined;
  private isBetween = true;

  private constructor(
    private readonly place: Place,
    private readonly socket: Socket,
    private readonly over: (channel: Channel) => void,
  ) {
    this.connection = new gd.Connection("client", place);
    socket.on("data", (bytes) => this.take(this.connection.receive(bytes)));
    socket.on("end", () => this.take(this.connection.eof()));
    socket.on("error", (error) => this.fail(lost(place, error)));
    socket.on("close", () => this.fail(closed(place, "it is closed")));
  }

  /**
   * A channel to an arbiter.
   *
   * @param over told when the channel ends
   * @throws {gd.DirtyError} nobody is to be reached
   */
  static async open(
    place: Place,
    limit: Limit,
    over: (channel: Channel) => void,
  ): Promise<Channel> {
    for (;;) {
      const socket = createConnection(place.socketPath);
      try {
        await limit.of(connected(socket));
        return new Channel(place, socket, over);
      } catch (error) {
        socket.destroy();
        if ((error as NodeJS.ErrnoException).code !== BUSY) throw unreachable(place, error);
        await rest(CONNECT_PAUSE_MS);
      }
    }
  }

  /** Whether another exchange may begin on it. */
  get isUsable(): boolean {
    return !this.failure && this.isBetween && !this.events.length;
  }

  /** Sends what opens an exchange. Throws ProtocolError where it cannot be written. */
  begin(message: gd.Message): void {
    const frame = this.connection.send(message);
    this.isBetween = false;
    this.socket.ref();
    this.socket.write(frame);
  }

  /**
   * The next message of the exchange.
   *
   * @throws {gd.DirtyError} there is none
   */
  async next(limit: Limit): Promise<gd.Message> {
    for (;;) {
      const event = this.events.shift();
      if (!event && this.failure) throw this.failure;
      if (event?.event === "error") throw broken(event.error);
      if (event?.event === "closed") throw closed(this.place, "it closed before it answered");
      if (event?.event === "message") {
        if (isNotice(event)) throw failureOf(event.message as gd.ErrorMessage);
        this.isBetween = event.ended;
        return event.message;
      }
      if (!event) {
        this.socket.resume();
        await limit.of(new Promise<void>((done) => (this.wake = done)));
      }
    }
  }

  /** Ends the exchange: tells whether the channel can be used again. */
  rest(): boolean {
    if (!this.isUsable) {
      this.close();
      return false;
    }
    this.socket.resume();
    this.socket.unref();
    return true;
  }

  /** Closes; whatever is under way is given up by it. */
  close(error = closed(this.place, "the client closed it")): void {
    this.fail(error);
    this.socket.destroy();
  }

  private take(events: gd.Event[]): void {
    this.events.push(...events);
    if (!events.length) return;
    // What nobody waits for, between two exchanges, is about the connection.
    if (this.isBetween) this.close();
    else this.socket.pause();
    this.notify();
  }

  private fail(error: gd.DirtyError): void {
    this.failure ??= error;
    this.over(this);
    this.notify();
  }

  private notify(): void {
    this.wake?.();
    this.wake = undefined;
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((done, failed) => socket.once("connect", done).once("error", failed));
}

function isNotice({ message }: { message: gd.Message }): boolean {
  return message.type === "ERROR" && message.requestId === gd.CONNECTION_REQUEST_ID;
}

/** The failure that an ERROR tells. */
export function failureOf({ errorType, message, details }: gd.ErrorMessage): gd.DirtyError {
  return gd.failureOf(errorType, message, details);
}

/** What a caller is told of a fault. An answer that breaks off has lost its worker. */
export function broken(fault: gd.ProtocolError): gd.DirtyError {
  if (fault.code === "truncated" && fault.scope === "connection") {
    return new gd.DirtyWorkerError(
      "the answer breaks off: whoever gave it died in the middle of it",
    );
  }
  const details: gd.Details = new Map([["code", fault.code]]);
  if (fault.offset !== undefined) details.set("offset", BigInt(fault.offset));
  if (fault.path) details.set("path", fault.path);
  return new gd.DirtyProtocolError(fault.message, details);
}

function closed({ socketPath }: Place, why: string): gd.DirtyError {
  const details = gd.dict({ socket_path: socketPath });
  return new gd.DirtyConnectionError(`the connection to ${socketPath}: ${why}`, details);
}

/** What a caller is told when the connection fails. What was not written whole has not begun. */
function lost(place: Place, error: NodeJS.ErrnoException): gd.DirtyError {
  const failure = closed(place, error.message);
  if (error.code === UNWRITTEN) failure.details.set("begun", false);
  return failure;
}

function unreachable({ socketPath }: Place, error: unknown): unknown {
  if (!(error instanceof Error) || !("syscall" in error)) return error;
  const details = gd.dict({ socket_path: socketPath });
  return new gd.DirtyConnectionError(
    `no arbiter answers at ${socketPath}: ${error.message}`,
    details,
  );
}
