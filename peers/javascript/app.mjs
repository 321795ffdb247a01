// The conformance app in JavaScript: see `conformance/live/app.md`.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";

const BOOT_MS = 300;
const EXIT_STATUS = 7;
const CHILD_S = "5";

const rest = ms => new Promise(done => setTimeout(done, ms));

class App {
  constructor() {
    Object.assign(this, { notes: new Map(), produced: 0n, ended: 0n, marker: null });
  }

  init() { return rest(BOOT_MS); }

  close() { if (this.marker) writeFileSync(this.marker, "closed"); }

  call(action, args, kwargs) {
    if (!Object.hasOwn(ACTIONS, action)) throw new Error(`there is no action ${action}`);
    return ACTIONS[action].call(this, ...args, kwargs);
  }
}

const ACTIONS = {
  // --- answers ---

  echo(...all) { return new Map([["args", all.slice(0, -1)], ["kwargs", all.at(-1)]]); },
  add(a, b) { return typeof a === typeof b ? a + b : Number(a) + Number(b); },
  blob(size) { return Buffer.alloc(Number(size), "x"); },
  deep(levels) {
    let value = [];
    for (let level = 1n; level < levels; level += 1n) value = [value];
    return value;
  },
  async sleep(seconds) { await rest(Number(seconds) * 1000); return seconds; },
  environment(name) { return process.env[name] ?? null; },

  // --- streams ---

  *count(stop) { for (let number = 0n; number < stop; number += 1n) yield number; },
  *count_and_fail(stop) {
    yield* ACTIONS.count(stop);
    throw new Error("after the items");
  },
  async *tick(times, every) {
    try {
      for (let number = 0n; number < times; number += 1n) {
        await rest(Number(every) * 1000);
        yield number;
      }
    } finally {
      this.ended += 1n;
    }
  },
  *blobs(times, size) {
    for (let number = 0n; number < times; number += 1n) {
      this.produced += 1n;
      yield Buffer.alloc(Number(size), "x");
    }
  },

  // --- failures ---

  fail(text) { throw new Error(text); },
  fail_oddly() { throw new Error("\ud800" + "x".repeat(200_000)); },
  unencodable() { return Symbol("foreign"); },
  die() { process.exit(EXIT_STATUS); },
  die_and_leave_a_child() {
    const lanes = process.env.GD_WORKER_FDS.split(",").map(Number);
    spawn("sleep", [CHILD_S], { stdio: ["ignore", "ignore", "ignore", ...lanes] });
    process.kill(process.pid, "SIGKILL");
  },
  spawn() { return BigInt(spawn("sleep", [CHILD_S], { stdio: "ignore" }).pid); },

  // --- what happened ---

  note(name) {
    this.notes.set(name, (this.notes.get(name) ?? 0n) + 1n);
    return this.notes.get(name);
  },
  noted(name) { return this.notes.get(name) ?? 0n; },
  counters() { return new Map([["produced", this.produced], ["ended", this.ended]]); },
  mark_when_closed(path) { this.marker = path; },
  _hidden() { return "reached"; },
};

/** An app that cannot be initialised. */
class Broken extends App {
  init() { throw new Error("this app cannot be initialised"); }
}

export const apps = {
  "gdproto.conformance.live.app:App": App,
  "gdproto.conformance.live.app:Broken": Broken,
};
