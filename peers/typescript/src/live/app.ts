/** The conformance app: see `conformance/live/app.md`. */

import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as rest } from "node:timers/promises";
import type { Value } from "../gd/index.js";
import type { Call } from "../worker.js";

const BOOT_MS = 300;
const EXIT_STATUS = 7;
const CHILD_S = "5";
const LOOK_MS = 10;
const CLOSED = "closed";

type Number_ = bigint | number;

function blobOf(size: Value): Uint8Array {
  return new Uint8Array(Number(size)).fill("x".charCodeAt(0));
}

export class App {
  private readonly notes = new Map<Value, bigint>();
  private produced = 0n;
  private ended = 0n;
  private marker: string | undefined;

  async init(): Promise<void> {
    await rest(BOOT_MS);
  }

  close(): void {
    if (this.marker) writeFileSync(this.marker, CLOSED);
  }

  // --- answers ---

  echo({ args, kwargs }: Call): Value {
    return new Map<string, Value>([
      ["args", args],
      ["kwargs", kwargs],
    ]);
  }

  add({ args }: Call): Value {
    const [a, b] = args as [Number_, Number_];
    return typeof a === "bigint" && typeof b === "bigint" ? a + b : Number(a) + Number(b);
  }

  blob({ args: [size] }: Call): Value {
    return blobOf(size);
  }

  deep({ args: [levels] }: Call): Value {
    let value: Value = [];
    for (let level = 1; level < Number(levels); level++) value = [value];
    return value;
  }

  async sleep({ args: [seconds] }: Call): Promise<Value> {
    await rest(Number(seconds) * 1000);
    return seconds;
  }

  environment({ args: [name] }: Call): Value {
    return process.env[name as string] ?? null;
  }

  // --- streams ---

  *count({ args: [stop] }: Call): Generator<Value> {
    for (let number = 0n; number < (stop as bigint); number++) yield number;
  }

  *count_and_fail(call: Call): Generator<Value> {
    yield* this.count(call);
    throw new Error("after the items");
  }

  async *tick({ args: [times, every] }: Call): AsyncGenerator<Value> {
    try {
      for (let number = 0n; number < (times as bigint); number++) {
        await rest(Number(every) * 1000);
        yield number;
      }
    } finally {
      this.ended++;
    }
  }

  *blobs({ args: [times, size] }: Call): Generator<Value> {
    for (let number = 0n; number < (times as bigint); number++) {
      this.produced++;
      yield blobOf(size);
    }
  }

  // --- failures ---

  fail({ args: [text] }: Call): never {
    throw new Error(text as string);
  }

  fail_oddly(): never {
    throw new Error("\ud800".repeat(200_000));
  }

  unencodable(): symbol {
    return Symbol("foreign");
  }

  die(): never {
    process.exit(EXIT_STATUS);
  }

  die_and_leave_a_child(): void {
    const lanes = (process.env.GD_WORKER_FDS ?? "").split(",").map(Number);
    spawn("sleep", [CHILD_S], { stdio: ["ignore", "ignore", "ignore", ...lanes] });
    process.kill(process.pid, "SIGKILL");
  }

  blob_and_die({ args: [size, path] }: Call): Value {
    setInterval(() => existsSync(path as string) && process.kill(process.pid, "SIGKILL"), LOOK_MS);
    return blobOf(size);
  }

  spawn(): Value {
    return BigInt(spawn("sleep", [CHILD_S], { stdio: "ignore" }).pid ?? 0);
  }

  // --- what happened ---

  note({ args: [name] }: Call): Value {
    this.notes.set(name, (this.notes.get(name) ?? 0n) + 1n);
    return this.notes.get(name) ?? 0n;
  }

  noted({ args: [name] }: Call): Value {
    return this.notes.get(name) ?? 0n;
  }

  counters(): Value {
    return new Map<string, Value>([
      ["produced", this.produced],
      ["ended", this.ended],
    ]);
  }

  mark_when_closed({ args: [path] }: Call): void {
    this.marker = path as string;
  }

  _hidden(): Value {
    return "reached";
  }
}

/** An app that cannot be initialised. */
export class Broken extends App {
  override async init(): Promise<void> {
    throw new Error("this app cannot be initialised");
  }
}
