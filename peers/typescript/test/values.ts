/** Values by chance, the same for the same seed. */

import type { Value } from "../src/gd/index.js";

const EDGES = [0n, -1n, 2n ** 53n, -(2n ** 63n), 2n ** 63n - 1n];
const FLOATS = [0, -0, 1.5, -1e300, Infinity, -Infinity, NaN, 2 ** 53];
const TEXTS = [
  "",
  "a",
  "naïve",
  "色は匂へど",
  "𝄞 clef",
  "x".repeat(70),
  "é".repeat(70),
  "\ufeffbom",
];

export class Chance {
  constructor(private state: number) {}

  /** A number from 0 up to `below`, without it. */
  number(below: number): number {
    // A generator of Lehmer's: good enough to choose by.
    this.state = (this.state * 48_271) % 2_147_483_647;
    return this.state % below;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.number(choices.length)];
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.number(256));
  }

  value(depth = 4): Value {
    const makers: (() => Value)[] = [
      () => null,
      () => this.number(2) === 0,
      () => this.of(EDGES) / BigInt(1 + this.number(9)),
      () => this.of(FLOATS),
      () => this.bytes(this.number(90)),
      () => this.of(TEXTS) + this.of(TEXTS),
      () => Array.from({ length: this.number(5) }, () => this.value(depth - 1)),
      () => this.dict(depth),
    ];
    return this.of(depth ? makers : makers.slice(0, 6))();
  }

  /** A value with others beside it in each of so many containers. */
  deep(levels: number): Value {
    let value = this.value(1);
    for (let level = 0; level < levels; level++) {
      const [before, after] = [this.value(1), this.value(1)];
      value = this.number(2)
        ? [before, value, after]
        : new Map([
            ["a", before],
            ["b", value],
            ["c", after],
          ]);
    }
    return value;
  }

  private dict(depth: number): Value {
    const pairs = Array.from({ length: this.number(5) }, (): [string, Value] => [
      this.of(TEXTS) + String(this.number(30)),
      this.value(depth - 1),
    ]);
    return new Map(pairs);
  }
}
