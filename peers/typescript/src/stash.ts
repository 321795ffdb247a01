/** A table of the stash: what all clients and workers of an arbiter share. */

import type { CallOptions } from "./client.js";
import {
  dict,
  DirtyError,
  StashKeyNotFoundError,
  StashTableNotFoundError,
  type StashOp,
  type Value,
} from "./gd/index.js";

// How an arbiter of gunicorn tells it (GD-GUN-002).
const NO_KEY = "Key not found: ";
const NO_TABLE = "Table not found: ";

type Given = { table: string; key?: Value; value?: Value; pattern?: string };

/** Asks the arbiter for an operation. */
export type Ask = (
  operation: keyof typeof StashOp,
  given: Given,
  options?: CallOptions,
) => Promise<Value>;

export class Table {
  constructor(
    readonly name: string,
    private readonly asker: Ask,
  ) {}

  /** Has the table hold a value under a key, which is neither a list nor a dict. */
  async put(key: Value, value: Value, options?: CallOptions): Promise<void> {
    await this.ask("put", { table: this.name, key, value }, options);
  }

  /** The value under a key. Throws StashKeyNotFoundError where there is none. */
  get(key: Value, options?: CallOptions): Promise<Value> {
    return this.ask("get", { table: this.name, key }, options);
  }

  /** Removes a key; false when it was missing. */
  async delete(key: Value, options?: CallOptions): Promise<boolean> {
    return (await this.ask("delete", { table: this.name, key }, options)) as boolean;
  }

  /** The keys, or the text ones that match a glob. */
  async keys(pattern?: string, options?: CallOptions): Promise<Value[]> {
    return (await this.ask("keys", { table: this.name, pattern }, options)) as Value[];
  }

  /** Whether there is such a key. */
  async has(key: Value, options?: CallOptions): Promise<boolean> {
    return (await this.ask("exists", { table: this.name, key }, options)) as boolean;
  }

  /** Whether there is such a table. */
  async exists(options?: CallOptions): Promise<boolean> {
    return (await this.ask("exists", { table: this.name }, options)) as boolean;
  }

  /** How large the table is. Throws StashTableNotFoundError. */
  async info(options?: CallOptions): Promise<Map<string, Value>> {
    return (await this.ask("info", { table: this.name }, options)) as Map<string, Value>;
  }

  /** Has the table, if only empty. */
  async ensure(options?: CallOptions): Promise<void> {
    await this.ask("ensure", { table: this.name }, options);
  }

  /** Removes all keys. */
  async clear(options?: CallOptions): Promise<void> {
    await this.ask("clear", { table: this.name }, options);
  }

  /** Removes the table; false when it was missing. */
  async drop(options?: CallOptions): Promise<boolean> {
    return (await this.ask("delete_table", { table: this.name }, options)) as boolean;
  }

  private async ask(
    operation: keyof typeof StashOp,
    given: Given,
    options?: CallOptions,
  ): Promise<Value> {
    try {
      return await this.asker(operation, given, options);
    } catch (error) {
      throw error instanceof DirtyError ? notFound(error, given) : error;
    }
  }
}

/** The error, by its own type where it is told as any other. */
function notFound(error: DirtyError, { table, key = null }: Given): DirtyError {
  if (error.errorType !== DirtyError.errorType) return error;
  if (error.message.startsWith(NO_KEY)) {
    return new StashKeyNotFoundError(error.message, dict({ table_name: table, key }));
  }
  if (error.message.startsWith(NO_TABLE)) {
    return new StashTableNotFoundError(error.message, dict({ table_name: table }));
  }
  return error;
}
