/** What answers of the arbiter are read as; each throws DirtyProtocolError for what is something else. */

import { DirtyProtocolError, type Value } from "./gd/index.js";

export function booleanOf(value: Value): boolean {
  return typeof value === "boolean" ? value : refuse("boolean");
}

/** With the option `numbers`, integers are numbers. */
export function integerOf(value: Value): bigint | number {
  if (typeof value === "bigint") return value;
  return Number.isInteger(value) ? (value as number) : refuse("integer");
}

export function numberOf(value: Value): bigint | number {
  return typeof value === "bigint" || typeof value === "number" ? value : refuse("number");
}

export function listOf(value: Value): Value[] {
  return Array.isArray(value) ? value : refuse("list");
}

export function textsOf(value: Value): string[] {
  const are = listOf(value).every((item) => typeof item === "string");
  return are ? (value as string[]) : refuse("list of strings");
}

export function mapOf(value: Value): Map<string, Value> {
  return value instanceof Map ? value : refuse("dict");
}

function refuse(kind: string): never {
  throw new DirtyProtocolError(`the answer is no ${kind}`);
}
