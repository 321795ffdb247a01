/**
 * Measures the codec beside @msgpack/msgpack, in turns, on payloads of a folder: `node codec.js FOLDER`.
 *
 * Prints a line of JSON for each payload and direction, with nanoseconds for one value: the least of all
 * rounds. Dicts are Maps here and objects there, which is what each decodes to; integers are numbers on
 * both sides, which is theirs and our option `numbers`.
 */

import { Decoder, Encoder } from "@msgpack/msgpack";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { decode, encode, type Value } from "../src/gd/index.js";

const ROUNDS = 25;
const WARM_ROUNDS = 5;
const SAMPLE_NS = 4_000_000;
const OPTIONS = { numbers: true };
const ENDING = ".gd";

type Work = () => unknown;
// What was made last: nothing is left out because nobody wants it.
export let kept: unknown;

function measured(works: [Work, Work]): [number, number] {
  const best: [number, number] = [Infinity, Infinity];
  const turns = works.map(turnsOf);
  for (let round = 0; round < ROUNDS; round++) {
    works.forEach((work, which) => {
      best[which] = Math.min(best[which], timed(work, turns[which]) / turns[which]);
    });
  }
  return best;
}

/** How often the work is done in a sample; it is warm then. */
function turnsOf(work: Work): number {
  let turns = 1;
  while (timed(work, turns) < SAMPLE_NS) turns *= 2;
  return turns;
}

function timed(work: Work, turns: number): number {
  const began = process.hrtime.bigint();
  for (let turn = 0; turn < turns; turn++) kept = work();
  return Number(process.hrtime.bigint() - began);
}

/** As the other codec has it. */
function converted(value: Value): unknown {
  if (Array.isArray(value)) return value.map(converted);
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].map(([key, held]) => [key, converted(held)]));
}

/** What is measured of a payload, by direction. */
function worksOf(data: Uint8Array): Record<string, [Work, Work]> {
  const value = decode(data, OPTIONS);
  const theirs = converted(value);
  const [encoder, decoder] = [new Encoder(), new Decoder()];
  const packed = encoder.encode(theirs);
  assert.deepEqual(decoder.decode(packed), theirs);
  return {
    encode: [() => encode(value, OPTIONS), () => encoder.encode(theirs)],
    decode: [() => decode(data, OPTIONS), () => decoder.decode(packed)],
  };
}

const folder = process.argv.at(-1) ?? "";
const names = readdirSync(folder).filter((one) => one.endsWith(ENDING));
const all = names.map((name) => worksOf(new Uint8Array(readFileSync(join(folder, name)))));
// Both have seen all payloads, as in a program that runs: what is compiled for one alone is not measured.
for (let round = 0; round < WARM_ROUNDS; round++) {
  for (const works of all) Object.values(works).flat().forEach(turnsOf);
}
all.forEach((works, which) => {
  for (const [direction, both] of Object.entries(works)) {
    const [ours_ns, theirs_ns] = measured(both);
    const payload = basename(names[which], ENDING);
    console.log(JSON.stringify({ payload, direction, ours_ns, theirs_ns }));
  }
});
