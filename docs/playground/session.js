/* A session: one end of a connection, what it sends and receives step by step, and what comes of it.

   Rules: the steps are all that is kept; after each change they run anew on a fresh connection. */

import * as gd from "./gd/index.js";
import { answered } from "./conformance/answers.js";
import { made } from "./conformance/forms.js";
import { element, replaceWith } from "./elements.js";

const SHOWN = 60;

export class Session {
  steps = [];
  expected = [];
  rows = element("tbody");
  role = element("select", {}, ...Object.keys(gd.ROLES).map((name) => element("option", {}, name)));

  /**
   * @param bytes gives the bytes that are shown now
   * @param form gives the message that they say, or null
   * @param show shows bytes
   */
  constructor(bytes, form, show) {
    this.show = show;
    const add = (name, step) => {
      const button = element("button", { type: "button", class: "md-button" }, name);
      button.addEventListener("click", () => {
        const made = step();
        if (made) this.change([...this.steps, made], this.expected);
      });
      return button;
    };
    const anew = element("button", { type: "button", class: "md-button" }, "Start anew");
    anew.addEventListener("click", () => this.change([], []));
    this.role.addEventListener("change", () => this.change([], []));
    this.place = element(
      "section",
      { class: "session" },
      element("h2", {}, "A session"),
      element("label", {}, "As ", this.role),
      element(
        "p",
        { class: "buttons" },
        add("It receives the bytes", () => ({ receive: hexOf(bytes()) })),
        add("It sends the message", () => form()?.type && { send: form() }),
        add("The stream ends", () => ({ eof: true })),
        anew,
      ),
      element("table", { class: "steps", tabindex: 0 }, heads("step", "what", "what comes of it"), this.rows),
    );
  }

  /** Take the steps of a vector. */
  open(vector) {
    const steps = [...(vector.setup ?? []), ...(vector.steps ?? [])];
    if (vector.receives !== undefined) {
      const expect = { events: vector.events ?? [] };
      steps.push({ receive: vector.receives, expect });
      if (vector.eof) steps.push({ eof: true });
    }
    this.role.value = vector.role;
    const asked = steps.map(({ expect: _, ...step }) => step);
    this.change(asked, steps.map((one) => one.expect));
    const first = asked.find((one) => one.receive !== undefined);
    if (first) this.show(made(first.receive));
  }

  change(steps, expected) {
    this.steps = steps;
    this.expected = expected;
    const answer = answered({ op: "session", role: this.role.value, steps });
    replaceWith(this.rows, ...steps.map((step, index) => this.row(step, answer.steps[index], expected[index])));
  }

  row(step, got, expected) {
    const [does] = Object.keys(step);
    const what = element("td", {}, shown(step));
    if (step.receive !== undefined) {
      const look = element("button", { type: "button" }, "look at them");
      look.addEventListener("click", () => this.show(made(step.receive)));
      what.append(" ", look);
    }
    const told = element("td", {}, ...outcomes(got).flatMap((line) => [line, element("br")]));
    if (expected) {
      const fits = String(outcomes(got)) === String(outcomes(expected));
      told.append(element("small", { class: fits ? "good" : "bad" }, fits ? "as the vector expects" : "the vector expects otherwise"));
    }
    return element("tr", {}, element("td", {}, does === "eof" ? "end of stream" : does), what, told);
  }
}

function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function heads(...names) {
  return element("thead", {}, element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name))));
}

function shown(step) {
  if (step.send) return `${step.send.type} ${step.send.request_id}`;
  if (step.receive !== undefined) {
    const text = typeof step.receive === "string" ? step.receive : JSON.stringify(step.receive);
    return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  }
  return step.abandon ?? step.permit ?? "";
}

/** What came of a step, a line for each thing. */
function outcomes({ events, error, bytes }) {
  if (error) return [`refused: ${faultOf(error)}`];
  if (bytes !== undefined) return ["written"];
  return events?.length ? events.map(eventOf) : ["nothing"];
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
  return `${code}${offset === undefined ? "" : ` at ${offset}`}${path ? ` in ${path}` : ""}, of scope ${scope}`;
}
