// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
/** The operations of the stash, as methods. */

import { booleanOf, integerOf, listOf, mapOf, numberOf, textsOf } from "./answers.js";
import type { CallOptions } from "./client.js";
import type { StashMessage, StashOp, Value } from "./gd/index.js";

/** What an operation may be given. */
export type StashFields = Omit<StashMessageInit, "requestId" | "op">;
type StashMessageInit = ConstructorParameters<typeof StashMessage>[0];

/** What an operation need not be given, beside what any call may have. */
export type Given<Names extends keyof StashFields> = CallOptions & Pick<StashFields, Names>;

/** Asks the arbiter for an operation. */
export type Ask = (
  operation: keyof typeof StashOp,
  fields: Omit<StashFields, "table">,
  options?: CallOptions,
) => Promise<Value>;

/** The names of all tables. */
export async function tables(ask: Ask, options?: CallOptions): Promise<string[]> {
  return textsOf(await ask("tables", {}, options));
}

/** What can be asked of a table. */
export abstract class TableOperations {
  /** Any operation of the stash: `ask("incr", { key: "hits", value: 2n })`. */
  abstract ask(...asked: Parameters<Ask>): Promise<Value>;

  /**
   * Store `value` under `key`.
   *
   * @throws {StashError} there is no room
   */
  async put(key: Value, value: Value, given: Given<"ttl"> = {}): Promise<boolean> {
    const { ttl } = given;
    return booleanOf(await this.ask("put", { key, value, ttl }, given));
  }

  /**
   * The value of `key`.
   *
   * @throws {StashKeyNotFoundError} the key or the table is missing
   */
  async get(key: Value, options?: CallOptions): Promise<Value> {
    return await this.ask("get", { key }, options);
  }

  /** Remove `key`; false when it was missing. */
  async delete(key: Value, options?: CallOptions): Promise<boolean> {
    return booleanOf(await this.ask("delete", { key }, options));
  }

  /** The keys, or those strings among them that match `* ? [seq] [!seq]`. */
  async keys(given: Given<"pattern"> = {}): Promise<Value[]> {
    const { pattern } = given;
    return listOf(await this.ask("keys", { pattern }, given));
  }

  /** Remove every key of the table. */
  async clear(options?: CallOptions): Promise<boolean> {
    return booleanOf(await this.ask("clear", {}, options));
  }

  /**
   * How large the table is.
   *
   * @throws {StashTableNotFoundError} the table is missing
   */
  async info(options?: CallOptions): Promise<Map<string, Value>> {
    return mapOf(await this.ask("info", {}, options));
  }

  /**
   * Have the table, if only empty.
   *
   * @throws {StashError} there is no room
   */
  async ensure(options?: CallOptions): Promise<boolean> {
    return booleanOf(await this.ask("ensure", {}, options));
  }

  /** Remove the table; false when it was missing. */
  async deleteTable(options?: CallOptions): Promise<boolean> {
    return booleanOf(await this.ask("delete_table", {}, options));
  }

  /** Whether the table has `key`; without a key, whether there is such a table. */
  async exists(given: Given<"key"> = {}): Promise<boolean> {
    const { key } = given;
    return booleanOf(await this.ask("exists", { key }, given));
  }

  /**
   * Store `value` under `key`, if it is missing; false when it was there.
   *
   * @throws {StashError} there is no room
   */
  async putIfAbsent(key: Value, value: Value, given: Given<"ttl"> = {}): Promise<boolean> {
    const { ttl } = given;
    return booleanOf(await this.ask("put_if_absent", { key, value, ttl }, given));
  }

  /**
   * Take out `key`: its value.
   *
   * @throws {StashKeyNotFoundError} the key or the table is missing
   */
  async pop(key: Value, options?: CallOptions): Promise<Value> {
    return await this.ask("pop", { key }, options);
  }

  /**
   * Add `value`, or 1, to the number of `key`, or to `initial`, or 0, when it is missing.
   *
   * @throws {StashError} there is no number, it would be too large, or there is no room
   */
  async incr(key: Value, given: Given<"value" | "initial" | "ttl"> = {}): Promise<bigint | number> {
    const { value, initial, ttl } = given;
    return numberOf(await this.ask("incr", { key, value, initial, ttl }, given));
  }

  /**
   * Let `key` live `ttl` seconds from now, or for ever; false when it was missing.
   *
   * @throws {StashError} there is no room
   */
  async touch(key: Value, given: Given<"ttl"> = {}): Promise<boolean> {
    const { ttl } = given;
    return booleanOf(await this.ask("touch", { key, ttl }, given));
  }

  /**
   * How long `key` lives: seconds, or none.
   *
   * @throws {StashKeyNotFoundError} the key or the table is missing
   */
  async ttl(key: Value, options?: CallOptions): Promise<Value> {
    return await this.ask("ttl", { key }, options);
  }

  /**
   * The value of `key`, with its version.
   *
   * @throws {StashKeyNotFoundError} the key or the table is missing
   *
   * @throws {StashError} there is no room
   */
  async entry(key: Value, options?: CallOptions): Promise<Map<string, Value>> {
    return mapOf(await this.ask("entry", { key }, options));
  }

  /**
   * Store `value` under `key` if that has `version`, 0 for one that is missing. The new version, or
   * 0.
   *
   * @throws {StashError} there is no room
   */
  async swap(
    key: Value,
    value: Value,
    given: Given<"version" | "ttl"> = {},
  ): Promise<bigint | number> {
    const { version, ttl } = given;
    return integerOf(await this.ask("swap", { key, value, version, ttl }, given));
  }

  /** A list of key and value for each key of the list `value` that is there. */
  async getMany(value: Value, options?: CallOptions): Promise<Value[]> {
    return listOf(await this.ask("get_many", { value }, options));
  }

  /**
   * Store what the list `value` has lists of, a key and its value: all of it, or nothing.
   *
   * @throws {StashError} there is no room
   */
  async putMany(value: Value, given: Given<"ttl"> = {}): Promise<boolean> {
    const { ttl } = given;
    return booleanOf(await this.ask("put_many", { value, ttl }, given));
  }

  /** Up to `count` of the keys, as of `keys`, behind those of the page that names `after`. */
  async page(given: Given<"pattern" | "after" | "count"> = {}): Promise<Map<string, Value>> {
    const { pattern, after, count } = given;
    return mapOf(await this.ask("page", { pattern, after, count }, given));
  }

  /**
   * Add `value` before all items of the list `key`. How many it has then.
   *
   * @throws {StashError} there is no room
   */
  async pushLeft(key: Value, value: Value, options?: CallOptions): Promise<bigint | number> {
    return integerOf(await this.ask("push_left", { key, value }, options));
  }

  /**
   * Add `value` behind all items of the list `key`. How many it has then.
   *
   * @throws {StashError} there is no room
   */
  async pushRight(key: Value, value: Value, options?: CallOptions): Promise<bigint | number> {
    return integerOf(await this.ask("push_right", { key, value }, options));
  }

  /**
   * Take out the first item of the list `key`; wait up to `wait` seconds for one.
   *
   * @throws {StashKeyNotFoundError} the list has no items
   */
  async popLeft(key: Value, given: Given<"wait"> = {}): Promise<Value> {
    const { wait } = given;
    return await this.ask("pop_left", { key, wait }, given);
  }

  /**
   * Take out the last item of the list `key`; wait up to `wait` seconds for one.
   *
   * @throws {StashKeyNotFoundError} the list has no items
   */
  async popRight(key: Value, given: Given<"wait"> = {}): Promise<Value> {
    const { wait } = given;
    return await this.ask("pop_right", { key, wait }, given);
  }

  /** How many items the list `key` has, 0 where it is missing. */
  async length(key: Value, options?: CallOptions): Promise<bigint | number> {
    return integerOf(await this.ask("length", { key }, options));
  }

  /**
   * Up to `count` changes of the table behind the place `after`, of keys and lists as of `keys`;
   * wait up to `wait` seconds for one.
   *
   * @throws {StashError} too many tables are watched
   */
  async changes(
    given: Given<"pattern" | "after" | "count" | "wait"> = {},
  ): Promise<Map<string, Value>> {
    const { pattern, after, count, wait } = given;
    return mapOf(await this.ask("changes", { pattern, after, count, wait }, given));
  }
}
