/* A session in a link: all of it, in the fragment, so that nobody keeps it and everybody can open it.

   Rules: a version comes first, and another one is refused. What a link may hold is bounded, for it
   comes from anybody: its length, its steps, and no recipe that makes much of little. */

import * as gd from "./gd/index.js";

const VERSION = "1";
const MOST_CHARS = 16384;
const MOST_STEPS = 200;
const HEX = /^([0-9a-f]{2})*$/;
const NUMBER = /^[0-9]{1,20}$/;

/** The text of a session: its role, its steps, and the step that is looked at. Throws for one that is too large. */
export function linked({ role, steps, at }) {
  const raw = new TextEncoder().encode(JSON.stringify({ role, at, steps }, withoutRecipe));
  const packed = btoa(Array.from(raw, (byte) => String.fromCharCode(byte)).join(""));
  const text = `${VERSION}.${packed.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
  const length = text.length > MOST_CHARS ? `${text.length} characters, and ${MOST_CHARS} are the most` : "";
  const count = steps.length > MOST_STEPS ? `${steps.length} steps, and ${MOST_STEPS} are the most` : "";
  if (length || count) throw new Error(`this session is too long for a link: ${length || count}`);
  return text;
}

/** The session of a text. Throws an Error that says what is wrong with it. */
export function unlinked(text) {
  const [version, packed = ""] = text.split(".");
  if (version !== VERSION) throw new Error(`a session of version ${version.slice(0, 20)}; this page reads ${VERSION}`);
  if (text.length > MOST_CHARS) throw new Error(`longer than ${MOST_CHARS} characters`);
  const held = parsed(packed);
  const isSession = held && Object.hasOwn(gd.ROLES, held.role) && Array.isArray(held.steps);
  if (!isSession) throw new Error("no role, or no steps");
  if (held.steps.length > MOST_STEPS) throw new Error(`more than ${MOST_STEPS} steps`);
  const wrong = held.steps.findIndex((step) => !isStep(step));
  if (wrong >= 0) throw new Error(`step ${wrong + 1} is none`);
  const at = Number.isInteger(held.at) ? Math.min(Math.max(held.at, 0), held.steps.length - 1) : held.steps.length - 1;
  return { role: held.role, steps: held.steps, at };
}

function parsed(packed) {
  let text;
  try {
    const raw = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
    text = new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(raw, (unit) => unit.charCodeAt(0)));
  } catch {
    throw new Error("cut off, or changed on its way");
  }
  try {
    return JSON.parse(text, withoutRecipe);
  } catch (problem) {
    throw new Error(problem instanceof SyntaxError ? "cut off, or changed on its way" : problem.message);
  }
}

function withoutRecipe(key, held) {
  if (key === "times") throw new Error("it holds a recipe, which no link may");
  return held;
}

const STEPS = {
  send: isMessage,
  reply: isMessage,
  receive: (held) => typeof held === "string" && HEX.test(held),
  eof: (held) => held === true,
  abandon: (held) => NUMBER.test(held),
  permit: (held) => NUMBER.test(held),
};

function isStep(step) {
  if (step === null || typeof step !== "object") return false;
  const { forced, ...rest } = step;
  const [[does, held] = [], ...more] = Object.entries(rest);
  const isForced = forced === undefined || (forced === true && does === "send");
  return isForced && !more.length && Object.hasOwn(STEPS, does) && STEPS[does](held);
}

function isMessage(held) {
  if (held === null || typeof held !== "object") return false;
  const { type, request_id: id, fields } = held;
  const isObject = fields !== null && typeof fields === "object" && !Array.isArray(fields);
  return Object.hasOwn(gd.MESSAGES, type) && NUMBER.test(id) && isObject;
}
