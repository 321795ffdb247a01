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
import { type Given, type StashFields, TableOperations } from "./operations.js";

// How an arbiter of gunicorn tells it (GD-GUN-002).
const NO_KEY = "Key not found: ";
const NO_TABLE = "Table not found: ";

/** Asks the arbiter for an operation. */
export type Ask = (
  operation: keyof typeof StashOp,
  given: StashFields,
  options?: CallOptions,
) => Promise<Value>;

export class Table extends TableOperations {
  constructor(
    readonly name: string,
    private readonly asker: Ask,
  ) {
    super();
  }

  /** The keys, or the text ones that match a glob. */
  override keys(pattern: string | Given<"pattern"> = {}, options?: CallOptions): Promise<Value[]> {
    return super.keys(typeof pattern === "string" ? { ...options, pattern } : pattern);
  }

  /** Whether there is such a key. */
  has(key: Value, options?: CallOptions): Promise<boolean> {
    return this.exists({ ...options, key });
  }

  /** Removes the table; false when it was missing. */
  drop(options?: CallOptions): Promise<boolean> {
    return this.deleteTable(options);
  }

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
