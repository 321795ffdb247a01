/** The client as the live scripts run it: `node client.js SOCKET JOB`. */

import { Client } from "../client.js";
import { DirtyError, type Value } from "../gd/index.js";

type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };
type Asked = {
  do: string;
  app_path: string;
  action: string;
  args?: Json[];
  kwargs?: { [key: string]: Json };
  take?: bigint;
  table: string;
  key: Json;
};
type Outcome = { result?: Json; chunks?: Json[]; error?: { [key: string]: Json } };

function fromJson(json: Json): Value {
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json !== "object" || json === null) return json;
  return new Map(Object.entries(json).map(([key, held]) => [key, fromJson(held)]));
}

function toJson(value: Value): Json {
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, held]) => [key, toJson(held)]));
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return value;
}

async function outcome(client: Client, asked: Asked): Promise<Outcome> {
  const chunks: Json[] | undefined = asked.do === "stream" ? [] : undefined;
  try {
    if (!chunks) return { result: toJson(await result(client, asked)) };
    for await (const item of client.stream(...words(asked))) {
      chunks.push(toJson(item));
      if (BigInt(chunks.length) === asked.take) break;
    }
    return { chunks };
  } catch (thrown) {
    if (!(thrown instanceof DirtyError)) throw thrown;
    const { errorType: type, message, details } = thrown;
    const code = details.has("code") && { code: toJson(details.get("code") ?? null) };
    return { error: { type, message, ...code }, ...(chunks && { chunks }) };
  }
}

function result(client: Client, asked: Asked): Promise<Value> {
  if (asked.do === "status") return client.status();
  if (asked.do === "stash") return client.table(asked.table).get(fromJson(asked.key));
  return client.call(...words(asked));
}

function words(asked: Asked): [string, string, Value[], { kwargs: Map<string, Value> }] {
  const kwargs = fromJson(asked.kwargs ?? {}) as Map<string, Value>;
  return [asked.app_path, asked.action, (asked.args ?? []).map(fromJson), { kwargs }];
}

// The language's own reader of JSON takes an integer for a float, and its writer has none.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
const MARK = "\0int64:";

function parse(text: string): unknown {
  const marked = text.replace(TOKEN, (token) => {
    return /^-?\d+$/.test(token) ? JSON.stringify(MARK + token) : token;
  });
  return JSON.parse(marked, (_, held: unknown) => {
    const isMarked = typeof held === "string" && held.startsWith(MARK);
    return isMarked ? BigInt(held.slice(MARK.length)) : held;
  });
}

function print(value: unknown): string {
  const marked = JSON.stringify(value, (_, held: unknown) => {
    return typeof held === "bigint" ? `${MARK}${held}` : held;
  });
  return marked.replace(/"\\u0000int64:(-?\d+)"/g, "$1");
}

const [socketPath, text] = process.argv.slice(2);
const job = parse(text) as { timeout: number | bigint; steps: Asked[][] };
const client = new Client({
  ...(socketPath && { socketPath }),
  timeout: Number(job.timeout) * 1000,
});
const outcomes: Outcome[][] = [];
for (const step of job.steps) {
  outcomes.push(await Promise.all(step.map((asked) => outcome(client, asked))));
}
client.close();
process.stdout.write(print({ outcomes }));
