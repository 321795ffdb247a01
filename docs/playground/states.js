/* The transition table, and in it what a step has done: the states of an exchange at both ends before
   and after, the cells that were taken, and which sentences say so. */

import * as gd from "./gd/index.js";
import { element, replaceWith } from "./elements.js";

const STATES = Object.keys(gd.TRANSITIONS.opener);
const NAMES = Object.keys(gd.MESSAGES);

export class States {
  head = element("thead");
  body = element("tbody");
  told = element("div", { id: "moves", role: "status" });

  /** @param sentences what is said of moves and codes; @param requirement a link to one, @param prose its text */
  constructor(sentences, requirement, prose) {
    Object.assign(this, { sentences, requirement, prose });
    this.opened = element("table", { class: "open", tabindex: 0 }, element("caption", {}, "Exchanges after this step"));
    const table = element("table", { class: "states", tabindex: 0 }, element("caption", {}, "The transition table"), this.head, this.body);
    this.place = element("div", {}, this.told, this.opened, table);
  }

  /**
   * Show a step.
   *
   * @param near the role of the end that the steps are told from
   * @param step what `played` gives; nothing where there is no step
   */
  show(near, step) {
    const far = gd.ROLES[near].peer;
    const moves = step ? [...step.near.moves, ...step.far.moves] : [];
    replaceWith(this.told, ...moves.map((move) => this.explained(move)));
    const states = step?.states ?? [];
    replaceWith(this.opened, this.opened.caption, rowOf("th", ["request id", near, far]));
    this.opened.append(...states.map((one) => rowOf("td", [one.id, one.near, one.far])));
    this.opened.hidden = !states.length;
    const shown = states.find((one) => one.id === moves.at(-1)?.id);
    this.draw(near, far, moves, shown);
  }

  draw(near, far, moves, shown) {
    const now = (state) => {
      const roles = [shown?.near === state && near, shown?.far === state && far].filter(Boolean);
      return element("th", { scope: "col", class: roles.length ? "now" : "" }, state, ...mark(roles, "now"));
    };
    const corner = element("th", { scope: "col" }, shown ? `exchange ${shown.id}` : "message");
    replaceWith(this.head, element("tr", {}, corner, ...STATES.map(now)));
    const openers = gd.ROLES[near].side === "opener" ? [near, far] : [far, near];
    const groups = Object.keys(gd.TRANSITIONS).map((sender, index) => this.group(sender, openers[index], moves));
    replaceWith(this.body, ...groups.flat());
  }

  group(sender, role, moves) {
    const title = element("th", { colspan: STATES.length + 1, scope: "colgroup" }, `sent by the ${role}, the ${sender}`);
    const rows = NAMES.map((name) => {
      const cells = STATES.map((state) => cellOf(sender, state, name, moves));
      return element("tr", {}, element("th", { scope: "row" }, name), ...cells);
    });
    return [element("tr", { class: "sender" }, title), ...rows];
  }

  /** A move in words, and the sentence that says so. */
  explained(move) {
    const ids = this.why(move);
    const said = ids.slice(0, 2).map((id) => {
      const { text } = this.sentences.requirements[id];
      return element("p", { class: "why" }, this.requirement(id), " ", ...this.prose(text));
    });
    const isGood = move.how === "deliver" || move.how === "discard" || move.how === "notice" || move.how === "given up";
    return element("div", {}, element("p", { class: isGood ? "good" : "bad" }, worded(move)), ...said);
  }

  why({ how, sender, state, message, code, isUnsent, isForced }) {
    const { beside, moves, codes } = this.sentences;
    const sending = isUnsent || isForced ? [beside.sending] : [];
    if (how === "notice") return [beside.notice];
    if (how === "given up") return [beside.given_up];
    if (how === "not opened") return [beside.not_opened, ...sending];
    if (how === "fault") return codes[code] ?? [];
    return [...(moves[sender][state][message] ?? []).slice(0, 1), ...sending];
  }
}

function rowOf(kind, texts) {
  return element("tr", {}, ...texts.map((text) => element(kind, kind === "th" ? { scope: "col" } : {}, text)));
}

function mark(roles, word) {
  return roles.length ? [element("small", {}, `${word}: ${roles.join(", ")}`)] : [];
}

function cellOf(sender, state, name, moves) {
  const { next, outcome, scope } = gd.TRANSITIONS[sender][state][name];
  const isHere = (one) => one.sender === sender && one.state === state && one.message === name;
  const roles = moves.filter(isHere).map((one) => one.role);
  const kind = scope ? "refuse" : outcome;
  const text = scope ? `✗ ${scope}` : outcome === "discard" ? `dropped → ${next}` : `→ ${next}`;
  const lit = roles.length ? { "aria-current": "true" } : {};
  return element("td", { class: `${kind}${roles.length ? " taken" : ""}`, ...lit }, text, ...mark([...new Set(roles)], "taken"));
}

/** What happened at one end, in a sentence. */
function worded({ role, sender, message, id, state, next, how, code, scope, isUnsent, isForced }) {
  if (how === "given up") return `The ${role} gives up exchange ${id}: ${next}.`;
  const isSender = gd.ROLES[role].side === sender;
  const what = `${message ?? "a frame"} ${id}`;
  const before = `In ${state}, the ${role} ${isSender ? "sends" : "receives"} ${what}`;
  if (how === "deliver" || how === "notice") {
    if (how === "notice") return `The ${role} receives ${what}, which is about the connection.`;
    return next === state ? `${before}, and stays there.` : `${before}, and is in ${next}.`;
  }
  if (how === "discard") return `${before}, which is dropped; then it is ${next}.`;
  if (isForced) return `In ${state}, the codec of the ${role} would refuse to send ${what}: ${code}. It goes all the same.`;
  if (isUnsent) return `In ${state}, the ${role} may not send ${what}: ${code}, of scope ${scope}.`;
  const of = how === "not opened" ? ", which opens no exchange here" : "";
  const then = scope === "connection" ? "the connection is over" : `then it is ${next}`;
  return `${before}${of}: ${code}, of scope ${scope}; ${then}.`;
}
