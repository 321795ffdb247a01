/**
 * A client: calls of apps, streams, the stash and orders, through an arbiter.
 *
 * Rules: any number of calls may be under way at once, each on a connection of its own; connections are
 * used again. A call that is given up closes its connection, by which the arbiter cancels it. What may
 * have begun is never sent a second time.
 */

import { broken, Channel, failureOf, type Place } from "./channel.js";
import * as gd from "./gd/index.js";
import { Limit } from "./limit.js";
import { type StashFields, tables } from "./operations.js";
import { Table } from "./stash.js";

const TIMEOUT_MS = 30_000;
const MOST_IDLE = 16;
const VARIABLES = ["DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET"];
const MAX_ID = 2n ** 63n;

export interface ClientOptions extends gd.Options {
  /** Path of the arbiter's socket; without it the environment tells. */
  readonly socketPath?: string;
  /** How long a call may take, in milliseconds. */
  readonly timeout?: number;
}

export interface CallOptions {
  /** Arguments by keyword. */
  readonly kwargs?: Readonly<Record<string, gd.Value>> | Map<string, gd.Value>;
  /** In milliseconds: how long the call may take, told to the arbiter too. */
  readonly timeout?: number;
  /** Gives the call up when it is aborted; its reason is thrown. */
  readonly signal?: AbortSignal;
  /** 0 is usual; of requests that wait, the higher goes first. */
  readonly priority?: number;
  /** The trace that the call takes part in, as headers of HTTP would tell it. */
  readonly trace?: Readonly<Record<string, gd.Value>> | Map<string, gd.Value>;
}

/** What an answer to a question is: its fields, by name. */
export type Answer = Map<string, gd.Value>;

export class Client {
  private readonly place: Place;
  private readonly timeout: number;
  private readonly channels = new Set<Channel>();
  private readonly idle: Channel[] = [];
  private lastId = 0n;

  constructor(options: ClientOptions = {}) {
    const socketPath = options.socketPath ?? socketPathOf(process.env);
    this.place = { socketPath, numbers: options.numbers };
    this.timeout = options.timeout ?? TIMEOUT_MS;
  }

  /**
   * Calls an action of an app.
   *
   * @throws {gd.DirtyError} there is no result, and why
   */
  async call(
    appPath: string,
    action: string,
    args: gd.Value[] = [],
    options: CallOptions = {},
  ): Promise<gd.Value> {
    const timeout = options.timeout ?? this.timeout;
    const limit = new Limit(timeout, options.signal, `${appPath} ${action}`);
    const request = this.request(appPath, action, args, { ...options, timeout });
    return this.ask(request, limit);
  }

  /**
   * What an action streams, item by item; leaving the loop gives the call up. A plain result is the only
   * item. Without a timeout, the client's own is for each item.
   *
   * @throws {gd.DirtyError} the stream does not come to its end, and why
   */
  async *stream(
    appPath: string,
    action: string,
    args: gd.Value[] = [],
    options: CallOptions = {},
  ): AsyncGenerator<gd.Value, void, undefined> {
    const what = `${appPath} ${action}`;
    const limit = new Limit(options.timeout ?? this.timeout, options.signal, what);
    const within = () => (options.timeout === undefined ? limit.again() : limit);
    const request = this.request(appPath, action, args, options);
    const [channel, first] = await this.begin(request, limit);
    try {
      let message = first;
      while (message.type === "CHUNK") {
        yield message.data;
        options.signal?.throwIfAborted();
        message = await channel.next(within());
      }
      if (message.type !== "END") yield resultOf(message);
    } finally {
      this.release(channel);
    }
  }

  /** The state of the arbiter. */
  async status(options: CallOptions = {}): Promise<Answer> {
    const message = new gd.StatusMessage({ requestId: this.nextId() });
    return (await this.question(message, options)) as Answer;
  }

  /** Has the number of workers changed, or the workers replaced. */
  async manage(
    operation: keyof typeof gd.ManageOp,
    count = 1,
    options: CallOptions = {},
  ): Promise<Answer> {
    const op = gd.ManageOp[operation];
    const init = { requestId: this.nextId(), op, count: BigInt(count) };
    return (await this.question(new gd.ManageMessage(init), options)) as Answer;
  }

  /** A table of the stash. */
  table(name: string): Table {
    return new Table(name, (operation, given, options) => this.stash(operation, given, options));
  }

  /** The names of all tables of the stash. */
  tables(options: CallOptions = {}): Promise<string[]> {
    return tables((op, given, more) => this.stash(op, { ...given, table: "" }, more), options);
  }

  /** Closes; whatever is under way fails. */
  close(): void {
    for (const channel of [...this.channels]) channel.close();
  }

  private request(
    appPath: string,
    action: string,
    args: gd.Value[],
    { kwargs = {}, timeout, priority = 0, trace }: CallOptions,
  ): gd.RequestMessage {
    return new gd.RequestMessage({
      requestId: this.nextId(),
      appPath,
      action,
      args,
      kwargs: dictOf(kwargs),
      timeout: timeout === undefined || timeout === Infinity ? null : timeout / 1000,
      priority: BigInt(priority),
      trace: trace && dictOf(trace),
    });
  }

  private stash(
    operation: keyof typeof gd.StashOp,
    given: StashFields,
    options: CallOptions = {},
  ): Promise<gd.Value> {
    const op = gd.StashOp[operation];
    return this.question(new gd.StashMessage({ requestId: this.nextId(), op, ...given }), options);
  }

  private question(message: gd.Message, { timeout, signal }: CallOptions): Promise<gd.Value> {
    return this.ask(message, new Limit(timeout ?? this.timeout, signal, message.type));
  }

  private async ask(message: gd.Message, limit: Limit): Promise<gd.Value> {
    const [channel, answer] = await this.begin(message, limit);
    this.release(channel);
    return resultOf(answer);
  }

  /** Sends what opens an exchange; its channel, and the first message that answers. */
  private async begin(message: gd.Message, limit: Limit): Promise<[Channel, gd.Message]> {
    try {
      return await this.attempt(message, limit);
    } catch (error) {
      if (!saysNothingBegan(error)) throw error;
      // It can be sent again, where there is somebody who takes it.
      return await this.attempt(message, limit).catch((second: unknown) => {
        throw second instanceof gd.DirtyConnectionError ? error : second;
      });
    }
  }

  private async attempt(message: gd.Message, limit: Limit): Promise<[Channel, gd.Message]> {
    limit.throwIfAborted();
    const channel = await this.channel(limit);
    try {
      channel.begin(message);
      const answer = await channel.next(limit);
      if (answer.type === "ERROR" && saysNothingBegan(failureOf(answer))) throw failureOf(answer);
      return [channel, answer];
    } catch (error) {
      channel.isUsable ? this.release(channel) : channel.close();
      throw error instanceof gd.ProtocolError ? broken(error) : error;
    }
  }

  private async channel(limit: Limit): Promise<Channel> {
    if (this.idle.length) {
      // An end that has come already is seen in a whole turn of the event loop.
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      const channel = this.idle.pop();
      if (channel) return channel;
    }
    const opened = await Channel.open(this.place, limit, (channel) => this.forget(channel));
    this.channels.add(opened);
    return opened;
  }

  private release(channel: Channel): void {
    if (this.idle.length >= MOST_IDLE) channel.close();
    else if (channel.rest()) this.idle.push(channel);
  }

  private forget(channel: Channel): void {
    this.channels.delete(channel);
    const place = this.idle.indexOf(channel);
    if (place >= 0) this.idle.splice(place, 1);
  }

  private nextId(): bigint {
    this.lastId = (this.lastId % MAX_ID) + 1n;
    return this.lastId;
  }
}

function socketPathOf(environment: NodeJS.ProcessEnv): string {
  const told = VARIABLES.map((name) => environment[name]).find(Boolean);
  if (told) return told;
  throw new gd.DirtyError(`no socket: give socketPath, or set ${VARIABLES[0]}`);
}

function dictOf(
  given: Readonly<Record<string, gd.Value>> | Map<string, gd.Value>,
): Map<string, gd.Value> {
  return given instanceof Map ? given : gd.dict(given as Record<string, gd.Value>);
}

/** The result of a plain call. Throws DirtyError when there is none. */
function resultOf(message: gd.Message): gd.Value {
  if (message.type === "RESPONSE") return message.result;
  if (message.type === "ERROR") throw failureOf(message);
  throw new gd.DirtyError("the action streams its result: call it with stream()");
}

/** Whether it is told that nothing of the exchange has begun (GD-ROLE-026). */
function saysNothingBegan(error: unknown): boolean {
  return error instanceof gd.DirtyError && error.details.get("begun") === false;
}
