/* The playground: bytes and what they say, side by side; each follows the other.

   Rules: there is one state, the bytes and what is wrong with them; everything shown is made from it
   anew. Nothing is asked of a server but the files of this page. */

import * as gd from "./gd/index.js";
import { answered } from "./conformance/answers.js";
import { hex, made as bytesMade, toTyped, toTypedFault, toTypedMessage } from "./conformance/forms.js";
import { Captured } from "./captured.js";
import { isCapture } from "./capture.js";
import { bytesOf, written } from "./inputs.js";
import { parts } from "./parts.js";
import { Session } from "./session.js";
import { element, replaceWith } from "./elements.js";

const MOST_DRAWN = 2048;
const FIRST = { type: "REQUEST", request_id: "7", fields: { app_path: "story:Story", action: "tell" } };
const SPEC = await (await fetch("../api/spec.json")).json();
const SENTENCES = await (await fetch("sentences.json")).json();

const place = document.getElementById("workbench");
const bytesText = element("textarea", { id: "bytes-text", rows: 4, spellcheck: "false" });
const jsonText = element("textarea", { id: "json-text", rows: 4, spellcheck: "false" });
const outcome = element("div", { id: "outcome", role: "status" });
const grid = element("div", { class: "bytes-grid", role: "group", "aria-label": "The bytes" });
const rows = element("tbody");
const sentence = element("div", { id: "sentence", "aria-live": "polite" });
const vectorNote = element("div", { id: "vector", role: "status" });
const link = element("button", { type: "button", class: "md-button" }, "Copy a link to this");
const download = element("button", { type: "button", class: "md-button" }, "Download as a vector");
const session = new Session(
  () => state.bytes,
  () => state.form,
  show,
  { sentences: SENTENCES, requirement, prose },
  (text) => history.replaceState(null, "", `${location.pathname}#session=${text}`),
);
const captured = new Captured(SPEC, (bytes) => show(bytes), attempt);

const state = { bytes: new Uint8Array(), form: null, fault: null, parts: [], half: null };

// --- from what is written to the state ---

function read() {
  state.form = state.fault = null;
  state.parts = parts(state.bytes, SPEC);
  const isFrame = state.bytes[0] === 0x47;
  try {
    if (isFrame) state.form = toTypedMessage(gd.parse(state.bytes));
    else state.form = toTyped(gd.decode(state.bytes));
  } catch (problem) {
    if (!(problem instanceof gd.ProtocolError)) throw problem;
    state.fault = toTypedFault(problem);
    const { offset = 0 } = state.fault;
    const isBefore = (one) => one.offset <= offset || one.offset < SPEC.header_bytes * isFrame;
    const text = told(state.fault);
    const part = { offset, length: offset < state.bytes.length ? 1 : 0, depth: 0, text, fault: true };
    state.parts = [...state.parts.filter(isBefore), part];
  }
}

function told({ code, offset, path }) {
  return code + (offset === undefined ? "" : ` at byte ${offset}`) + (path ? ` in ${path}` : "");
}

/** Show these bytes; the text that they were read from is left as it is. */
function show(bytes, from = null) {
  state.bytes = bytes;
  read();
  if (from !== bytesText) {
    bytesText.value = bytes.length > MOST_DRAWN ? "" : hex(bytes).replace(/../g, "$& ").trim();
  }
  if (from !== jsonText) jsonText.value = state.form === null ? "" : shownForm();
  draw();
  if (bytes.length <= MOST_DRAWN) history.replaceState(null, "", `${location.search}#hex=${hex(bytes)}`);
}

function shownForm() {
  const text = JSON.stringify(state.form, null, 1);
  return text.length > 20000 ? "" : text;
}

bytesText.addEventListener("input", () => {
  attempt(() => {
    const bytes = bytesOf(bytesText.value);
    if (isCapture(bytes)) captured.open(bytes);
    else show(bytes, bytesText);
  });
});
jsonText.addEventListener("input", () => attempt(() => show(written(jsonText.value), jsonText)));

/** Do it; what the text cannot mean is told, and what it last meant goes. */
function attempt(work) {
  try {
    work();
  } catch (problem) {
    state.fault = problem instanceof gd.ProtocolError ? toTypedFault(problem) : null;
    state.bytes = new Uint8Array();
    state.parts = [];
    draw();
    if (state.fault) return;
    replaceWith(outcome, element("p", { class: "bad" }, `Not read: ${problem.message}`));
  }
}

// --- from the state to the page ---

function draw() {
  replaceWith(outcome, ...verdict());
  replaceWith(grid, ...[...state.bytes.slice(0, MOST_DRAWN)].map(byteButton));
  if (state.bytes.length > MOST_DRAWN) {
    grid.append(` … ${state.bytes.length - MOST_DRAWN} bytes more`);
  }
  replaceWith(rows, ...state.parts.slice(0, MOST_DRAWN).map(partRow));
  replaceWith(sentence, element("p", {}, "Point at a byte or a row, or go there by keys, to see its sentence."));
  light(state.parts.findIndex((one) => one.fault));
}

function verdict() {
  if (state.fault) {
    const { code, scope } = state.fault;
    const about = SENTENCES.codes[code] ?? [];
    return [
      element("p", { class: "bad" }, element("strong", {}, told(state.fault)), ` – ${gd.CODE_MEANINGS[code]}`),
      element(
        "p",
        {},
        `What dies of it: the ${scope}. `,
        element("a", { href: `../api/errors/#${code}` }, code),
        ...about.slice(0, 4).flatMap((id) => [", ", requirement(id)]),
      ),
    ];
  }
  if (!state.bytes.length) return [element("p", {}, "Nothing yet.")];
  const what = state.form?.type ? `a ${state.form.type}` : "a value";
  return [element("p", { class: "good" }, `Valid: ${what}, ${state.bytes.length} bytes.`)];
}

function requirement(id) {
  return element("a", { href: `../spec/${SENTENCES.requirements[id].chapter}/#${id}` }, id);
}

function byteButton(byte, index) {
  const part = partAt(index);
  const label = `byte ${index}, ${byte.toString(16).padStart(2, "0")}: ${state.parts[part]?.text ?? "not read"}`;
  return element(
    "button",
    {
      type: "button",
      "data-index": index,
      tabindex: index ? -1 : 0,
      "aria-label": label,
      class: part < 0 ? "unread" : state.parts[part].fault ? "fault" : `tone${part % 4}`,
    },
    byte.toString(16).padStart(2, "0"),
  );
}

/** The part that the byte belongs to: the fault's where there is one; -1 for none. */
function partAt(index) {
  return state.parts.findLastIndex((one) => one.offset <= index && index < one.offset + one.length);
}

function partRow(part, index) {
  const raw = state.bytes.subarray(part.offset, part.offset + Math.min(part.length, 16));
  const shown = hex(raw).replace(/../g, "$& ") + (part.length > 16 ? "…" : "");
  const name = element("td", { style: `padding-left: ${part.depth + 0.5}em` }, part.text);
  return element(
    "tr",
    { "data-part": index, ...(part.fault && { class: "fault" }) },
    element("td", {}, String(part.offset)),
    element("td", {}, element("code", {}, shown)),
    name,
  );
}

// --- what belongs together ---

function light(index) {
  const part = state.parts[index];
  for (const row of rows.children) row.classList.toggle("lit", Number(row.dataset.part) === index);
  for (const button of grid.children) {
    const at = Number(button.dataset.index);
    const isLit = part && at >= part.offset && at < part.offset + part.length;
    button.classList.toggle("lit", Boolean(isLit));
  }
  if (!part) return;
  const ids = part.fault ? SENTENCES.codes[state.fault.code] : [SENTENCES.parts[part.about]];
  const told = ids.map((id) => {
    return element("p", {}, requirement(id), " ", ...prose(SENTENCES.requirements[id].text));
  });
  replaceWith(sentence, ...told);
}

/** A sentence; what stands in backticks is code. */
function prose(text) {
  return text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

for (const kind of ["mouseover", "focusin"]) {
  grid.addEventListener(kind, ({ target }) => {
    if (target.dataset.index !== undefined) light(partAt(Number(target.dataset.index)));
  });
}
rows.addEventListener("mouseover", ({ target }) => light(Number(target.closest("tr").dataset.part)));

// --- one byte edited ---

function goTo(index) {
  const most = Math.min(state.bytes.length, MOST_DRAWN) - 1;
  const button = grid.children[Math.max(0, Math.min(index, most))];
  for (const one of grid.children) one.tabIndex = one === button ? 0 : -1;
  button?.focus();
}

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -16, ArrowDown: 16, Home: -Infinity, End: Infinity };

grid.addEventListener("keydown", (event) => {
  const index = Number(event.target.dataset.index);
  if (event.ctrlKey || event.metaKey || event.altKey || Number.isNaN(index)) return;
  if (event.key in STEPS) {
    state.half = null;
    goTo(index + STEPS[event.key]);
  } else if (/^[0-9a-fA-F]$/.test(event.key)) write(index, Number.parseInt(event.key, 16));
  else if (event.key === "Delete") {
    show(Uint8Array.from([...state.bytes].toSpliced(index, 1)));
    goTo(index);
  } else if (event.key === "Insert") {
    show(Uint8Array.from([...state.bytes].toSpliced(index, 0, 0)));
    goTo(index);
  } else return;
  event.preventDefault();
});

/** The first digit is the byte's upper half, the second its lower, and the next byte follows. */
function write(index, digit) {
  const bytes = state.bytes.slice();
  const isSecond = state.half === index;
  bytes[index] = isSecond ? (bytes[index] & 0xf0) | digit : (digit << 4) | (bytes[index] & 0x0f);
  show(bytes);
  state.half = isSecond ? null : index;
  goTo(isSecond ? index + 1 : index);
}

// --- vectors, links, files ---

async function openVector(name) {
  const [area, id] = name.split("/");
  const file = await (await fetch(`vectors/${area}.json`)).json();
  const vector = file.cases.find((one) => one.id === id);
  if (!vector) throw new Error(`no vector ${name}`);
  const requires = vector.requires.flatMap((one) => [" ", requirement(one)]);
  const title = element("a", { href: `../vectors/${area}/#${id}` }, id);
  replaceWith(vectorNote, element("p", {}, "Vector ", title, `, ${vector.result}:`, ...requires));
  if (vector.notes) vectorNote.append(element("p", {}, vector.notes));
  if (vector.kind === "session" || vector.kind === "stream") session.open(vector);
  else openBytes(vector);
}

function openBytes(vector) {
  const held = vector.message ?? vector.value;
  if (vector.bytes !== undefined) show(bytesMade(vector.bytes));
  else {
    jsonText.value = JSON.stringify(held, null, 1);
    attempt(() => show(written(jsonText.value), jsonText));
  }
  if (vector.result === "permitted") return;
  const expected = vector.error ? told(vector.error) : "no fault";
  const got = state.fault ? told(state.fault) : "no fault";
  const fits = vector.error
    ? vector.error.code === state.fault?.code && (vector.error.offset ?? state.fault.offset) === state.fault.offset
    : !state.fault;
  const words = fits ? `As it expects: ${expected}.` : `It expects ${expected}; here comes ${got}.`;
  vectorNote.append(element("p", { class: fits ? "good" : "bad" }, words));
}

for (const kind of ["dragenter", "dragover"]) {
  place.addEventListener(kind, (event) => {
    if (event.dataTransfer.types.includes("Files")) event.preventDefault();
  });
}
place.addEventListener("drop", (event) => {
  const [file] = event.dataTransfer.files;
  if (!file) return;
  event.preventDefault();
  captured.openFile(file);
});

link.addEventListener("click", async () => {
  await navigator.clipboard.writeText(location.href);
  link.textContent = "Copied";
  setTimeout(() => (link.textContent = "Copy a link to this"), 2000);
});

/** What is shown, in the form of the vectors. */
function vectorOf() {
  const isFrame = state.bytes[0] === 0x47;
  const means = state.fault
    ? { error: state.fault }
    : { [isFrame ? "message" : "value"]: state.form };
  return {
    id: "mine",
    requires: state.fault ? (SENTENCES.codes[state.fault.code] ?? []).slice(0, 1) : [],
    level: "MUST",
    kind: isFrame ? "message" : "value",
    result: state.fault ? "invalid" : "valid",
    bytes: hex(state.bytes),
    ...means,
  };
}

download.addEventListener("click", () => {
  const file = new Blob([`${JSON.stringify(vectorOf(), null, 2)}\n`], { type: "application/json" });
  const anchor = element("a", { href: URL.createObjectURL(file), download: "vector.json" });
  anchor.click();
  URL.revokeObjectURL(anchor.href);
});

function head(...names) {
  return element("thead", {}, element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name))));
}

replaceWith(
  place,
  vectorNote,
  element(
    "div",
    { class: "panes" },
    element("label", {}, "Bytes, in hex or base64", bytesText),
    element("label", {}, "Value or message, in JSON", jsonText),
  ),
  captured.place,
  outcome,
  grid,
  sentence,
  element("table", { class: "parts", tabindex: 0 }, head("offset", "bytes", "what they are"), rows),
  element("p", { class: "buttons" }, link, download),
  session.place,
);
// What the tests ask, vector by vector.
globalThis.playground = { answered, hex };

/** Open what the address names: a vector, bytes or a session. */
async function openAddress() {
  const vector = new URLSearchParams(location.search).get("vector");
  const shared = new URLSearchParams(location.hash.slice(1));
  const [hexed, talk] = [shared.get("hex"), shared.get("session")];
  if (talk !== null) openSession(talk);
  else if (vector) await openVector(vector).catch((problem) => replaceWith(vectorNote, String(problem.message)));
  else if (hexed !== null) attempt(() => show(bytesOf(hexed)));
  else show(written(JSON.stringify(FIRST)));
}

function openSession(text) {
  show(written(JSON.stringify(FIRST)));
  history.replaceState(null, "", `${location.pathname}#session=${text}`);
  try {
    session.openLink(text);
    session.place.scrollIntoView();
  } catch (problem) {
    const told = element("p", { class: "bad" }, `This link opens no session: ${problem.message}.`);
    replaceWith(vectorNote, told);
  }
}

await openAddress();
window.addEventListener("hashchange", openAddress);
place.dataset.ready = "true";
