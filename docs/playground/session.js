/* A session: the two ends of a connection, what goes between them step by step, and what comes of it.

   Rules: the steps are all that is kept; after each change they run anew on a fresh connection. */

import * as gd from "./gd/index.js";
import { fromTypedMessage, hex as hexOf, made } from "./conformance/forms.js";
import { element, replaceWith } from "./elements.js";
import { played } from "./ends.js";
import { linked, unlinked } from "./link.js";
import { States } from "./states.js";

const SHOWN = 60;

export class Session {
  steps = [];
  expected = [];
  at = -1;
  rows = element("tbody");
  head = element("tr");
  role = select(...Object.keys(gd.ROLES));
  sender = select();
  message = select(...Object.keys(gd.MESSAGES));
  id = element("input", { inputmode: "numeric", value: "1", size: 5 });
  forced = element("input", { type: "checkbox" });
  problem = element("p", { class: "problem", role: "status" });
  back = button("Step back", () => this.go(this.at - 1));
  on = button("Step on", () => this.go(this.at + 1));

  /**
   * @param bytes gives the bytes that are shown now
   * @param form gives the message that they say, or null
   * @param show shows bytes
   * @param known what the page knows: `sentences`, and how to show a `requirement` and its `prose`
   * @param moved is called with the link's text when the session was changed by hand
   */
  constructor(bytes, form, show, known, moved) {
    Object.assign(this, { show, samples: known.sentences.samples, moved });
    this.states = new States(known.sentences, known.requirement, known.prose);
    const add = (name, step) => button(name, () => this.add(step()));
    this.role.addEventListener("change", () => this.change([], []));
    this.copy = button("Copy a link to this session", () => this.copyLink());
    const labelled = (name, input) => element("label", {}, name, " ", input);
    this.place = element(
      "section",
      { class: "session", "aria-labelledby": "session-title" },
      element("h2", { id: "session-title" }, "A session"),
      element(
        "div",
        { class: "say", role: "group", "aria-label": "What is said" },
        labelled("Seen as", this.role),
        labelled("Who", this.sender),
        labelled("sends", this.message),
        labelled("with id", this.id),
        button("Send it", () => this.add(this.said())),
        labelled("Also what its codec refuses", this.forced),
      ),
      element(
        "p",
        { class: "buttons" },
        add("It receives the bytes", () => ({ receive: hexOf(bytes()) })),
        add("It sends the message", () => form()?.type && { send: form() }),
        add("The stream ends", () => ({ eof: true })),
        add("It gives up the exchange", () => this.isNumber() && { abandon: this.id.value }),
        button("Start anew", () => this.change([], [])),
      ),
      this.problem,
      element("table", { class: "steps", tabindex: 0 }, element("thead", {}, this.head), this.rows),
      element("p", { class: "buttons" }, this.back, this.on, this.copy),
      this.states.place,
    );
    this.draw();
  }

  /** Take the steps of a vector. */
  open(vector) {
    const steps = [...(vector.setup ?? []), ...(vector.steps ?? [])];
    if (vector.receives !== undefined) {
      const expect = { events: vector.events ?? [] };
      steps.push({ receive: vector.receives, expect });
      if (vector.eof) steps.push({ eof: true });
    }
    const asked = steps.map(({ expect: _, ...step }) => step);
    this.take({ role: vector.role, steps: asked, at: asked.length - 1 }, steps.map((one) => one.expect));
    const first = asked.find((one) => one.receive !== undefined);
    if (first) this.show(made(first.receive));
  }

  /** Take the session of a link. Throws an Error for one that cannot be. */
  openLink(text) {
    const held = unlinked(text);
    played(held.role, held.steps);
    this.take(held, []);
  }

  take({ role, steps, at }, expected) {
    Object.assign(this, { steps, expected, at });
    this.role.value = role;
    this.draw();
  }

  /** The message that is chosen, from whom it is chosen; nothing without a number for its id. */
  said() {
    if (!this.isNumber()) return null;
    const message = { ...this.samples[this.message.value], request_id: this.id.value };
    const isNear = this.sender.value === this.role.value;
    if (!this.forced.checked) return isNear ? { send: message } : { reply: message };
    return isNear ? { send: message, forced: true } : { receive: hexOf(gd.serialize(fromTypedMessage(message))) };
  }

  isNumber() {
    const isOne = /^[0-9]{1,20}$/.test(this.id.value) && BigInt(this.id.value) < 2n ** 64n;
    this.problem.textContent = isOne ? "" : "An id is a number below 2 to the 64th.";
    return isOne;
  }

  add(step) {
    if (step) this.change([...this.steps, step], this.expected);
  }

  change(steps, expected) {
    this.take({ role: this.role.value, steps, at: steps.length - 1 }, expected);
    this.tell();
  }

  go(at) {
    this.at = Math.max(0, Math.min(at, this.steps.length - 1));
    this.draw();
    this.tell();
  }

  /** The text of its link; nothing where it is too long for one. */
  link() {
    try {
      return linked({ role: this.role.value, steps: this.steps, at: this.at });
    } catch (problem) {
      this.problem.textContent = `No link: ${problem.message}.`;
      return null;
    }
  }

  tell() {
    this.problem.textContent = "";
    const text = this.link();
    if (text) this.moved(text);
  }

  async copyLink() {
    const text = this.link();
    if (!text) return;
    this.moved(text);
    await navigator.clipboard.writeText(location.href);
    this.copy.textContent = "Copied";
    setTimeout(() => (this.copy.textContent = "Copy a link to this session"), 2000);
  }

  draw() {
    const near = this.role.value;
    const far = gd.ROLES[near].peer;
    const chosen = this.sender.value;
    replaceWith(this.sender, ...[near, far].map((name) => element("option", {}, name)));
    this.sender.value = chosen === far ? far : near;
    replaceWith(this.head, ...["step", "what", `at the ${near}`, `at the ${far}`].map((name) => element("th", { scope: "col" }, name)));
    const results = played(near, this.steps);
    replaceWith(this.rows, ...this.steps.map((step, index) => this.row(step, results[index], index, { near, far })));
    this.back.disabled = this.at <= 0;
    this.on.disabled = this.at >= this.steps.length - 1;
    this.states.show(near, results[this.at]);
  }

  row(step, { near, far }, index, roles) {
    const what = element("td", {}, `${saidBy(step, roles)} ${shown(step)}`);
    if (step.receive !== undefined) {
      const look = element("button", { type: "button" }, "look at them");
      look.addEventListener("click", () => this.show(made(step.receive)));
      what.append(" ", look);
    }
    const told = cell(outcomes(near));
    const expected = this.expected[index];
    if (expected) {
      const isSo = fits(near, expected);
      const words = isSo ? "as the vector expects" : "the vector expects otherwise";
      told.append(element("small", { class: isSo ? "good" : "bad" }, words));
    }
    const isHere = index === this.at;
    const choose = element("button", { type: "button", "aria-label": `step ${index + 1}` }, String(index + 1));
    if (isHere) choose.setAttribute("aria-current", "step");
    choose.addEventListener("click", () => {
      this.go(index);
      this.rows.children[index].querySelector("button").focus();
    });
    return element("tr", isHere ? { class: "lit" } : {}, element("td", {}, choose), what, told, cell(seen(far)));
  }
}

function select(...names) {
  return element("select", {}, ...names.map((name) => element("option", {}, name)));
}

function button(name, does) {
  const made = element("button", { type: "button", class: "md-button" }, name);
  made.addEventListener("click", does);
  return made;
}

function cell(lines) {
  return element("td", {}, ...lines.flatMap((line) => [line, element("br")]));
}

function saidBy(step, { near, far }) {
  if (step.send) return `${near} sends`;
  if (step.reply) return `${far} sends`;
  if (step.receive !== undefined) return `${near} receives`;
  if (step.eof) return "end of stream";
  return `${near} ${step.abandon !== undefined ? "gives up" : "is permitted"}`;
}

function shown(step) {
  const message = step.send ?? step.reply;
  if (message) return `${message.type} ${message.request_id}${step.forced ? " all the same" : ""}`;
  if (step.receive !== undefined) {
    const text = typeof step.receive === "string" ? step.receive : JSON.stringify(step.receive);
    return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  }
  return step.abandon ?? step.permit ?? "";
}

/** What came of a step at the end that it is told from, a line for each thing. */
function outcomes({ events, error, bytes }) {
  if (error) return [`refused: ${faultOf(error)}`];
  if (bytes !== undefined) return ["written"];
  return events?.length ? events.map(eventOf) : ["nothing"];
}

/** Whether it is what a vector expects, in all that the vector tells. */
function fits(got, expected) {
  const told = (have, want) => {
    return Object.fromEntries(Object.entries(have).filter(([name]) => want && name in want));
  };
  const ofVector = {
    ...got,
    ...(got.error && { error: told(got.error, expected.error) }),
    ...(got.events && { events: got.events.map((one, index) => told(one, expected.events?.[index])) }),
  };
  return String(outcomes(ofVector)) === String(outcomes(expected));
}

/** The same of the other end, which may have written bytes that its codec would refuse. */
function seen(far) {
  if (far.events || far.error || far.bytes !== undefined) return outcomes(far);
  return far.moves.map(({ isForced, code }) => (isForced ? `its codec would refuse it: ${code}` : "written"));
}

function eventOf(event) {
  if (event.event === "message") {
    const { type, request_id } = event.message;
    return `${type} ${request_id}${event.ended ? ", and the exchange ends" : ""}`;
  }
  if (event.event === "closed") return "the connection is closed";
  if (event.event === "ended") return `exchange ${event.request_id}, which was given up, has ended`;
  return `fault in exchange ${event.request_id}: ${faultOf(event)}`;
}

function faultOf({ code, offset, path, scope }) {
  const place = `${offset === undefined ? "" : ` at ${offset}`}${path ? ` in ${path}` : ""}`;
  return `${code}${place}${scope === undefined ? "" : `, of scope ${scope}`}`;
}
