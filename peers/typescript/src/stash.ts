/** A table of the stash: what all clients and workers of an arbiter share. */

import type { CallOptions } from "./client.js";
import {
  dict,
  DirtyError,
  StashKeyNotFoundError,
  type StashMessage,
  StashTableNotFoundError,
  type StashOp,
  type Value,
} from "./gd/index.js";

// How an arbiter of gunicorn tells it (GD-GUN-002).
const NO_KEY = "Key not found: ";
const NO_TABLE = "Table not found: ";

/** What an operation may be given. */
export type StashFields = Omit<ConstructorParameters<typeof StashMessage>[0], "requestId" | "op">;

/** Asks the arbiter for an operation. */
export type Ask = (
  operation: keyof typeof StashOp,
  given: StashFields,
  options?: CallOptions,
) => Promise<Value>;

export class Table {
  constructor(
    readonly name: string,
    private readonly asker: Ask,
  ) {}

  /** Has the table hold a value under a key, which is neither a list nor a dict. */
  async put(key: Value, value: Value, options?: CallOptions): Promise<void> {
    await this.ask("put", { key, value }, options);
  }

  /** The value under a key. Throws StashKeyNotFoundError where there is none. */
  get(key: Value, options?: CallOptions): Promise<Value> {
    return this.ask("get", { key }, options);
  }

  /** Removes a key; false when it was missing. */
  async delete(key: Value, options?: CallOptions): Promise<boolean> {
    return (await this.ask("delete", { key }, options)) as boolean;
  }

  /** The keys, or the text ones that match a glob. */
  async keys(pattern?: string, options?: CallOptions): Promise<Value[]> {
    return (await this.ask("keys", { pattern }, options)) as Value[];
  }

  /** Whether there is such a key. */
  async has(key: Value, options?: CallOptions): Promise<boolean> {
    return (await this.ask("exists", { key }, options)) as boolean;
  }

  /** Whether there is such a table. */
  async exists(options?: CallOptions): Promise<boolean> {
    return (await this.ask("exists", {}, options)) as boolean;
  }

  /** How large the table is. Throws StashTableNotFoundError. */
  async info(options?: CallOptions): Promise<Map<string, Value>> {
    return (await this.ask("info", {}, options)) as Map<string, Value>;
  }

  /** Has the table, if only empty. */
  async ensure(options?: CallOptions): Promise<void> {
    await this.ask("ensure", {}, options);
  }

  /** Removes all keys. */
  async clear(options?: CallOptions): Promise<void> {
    await this.ask("clear", {}, options);
  }

  /** Removes the table; false when it was missing. */
  async drop(options?: CallOptions): Promise<boolean> {
    return (await this.ask("delete_table", {}, options)) as boolean;
  }

  /** Any operation of the stash: `ask("incr", { key: "hits", value: 2n })`. */
  async ask(
    operation: keyof typeof StashOp,
    fields: Omit<StashFields, "table">,
    options?: CallOptions,
  ): Promise<Value> {
    const given = { ...fields, table: this.name };
    try {
      return await this.asker(operation, given, options);
    } catch (error) {
      throw error instanceof DirtyError ? notFound(error, given) : error;
    }
  }
}

/** The error, by its own type where it is told as any other. */
function notFound(error: DirtyError, { table, key = null }: StashFields): DirtyError {
  if (error.errorType !== DirtyError.errorType) return error;
  if (error.message.startsWith(NO_KEY)) {
    return new StashKeyNotFoundError(error.message, dict({ table_name: table, key }));
  }
  if (error.message.startsWith(NO_TABLE)) {
    return new StashTableNotFoundError(error.message, dict({ table_name: table }));
  }
  return error;
}
