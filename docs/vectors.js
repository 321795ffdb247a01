/* Searches the vectors: words, area, requirement, message, outcome and code, all of which must fit.
   What is asked for stands in the address, so that it can be sent to others. */
"use strict";

(async () => {
  const MOST_SHOWN = 50;
  const place = document.getElementById("vector-search");
  const { chapters, cases } = await (await fetch(place.dataset.cases)).json();
  const all = cases.map(([id, area, result, codes, messages, requires, notes]) => {
    return { id, area, result, codes, messages, requires, notes };
  });
  const asked = new URLSearchParams(location.search);
  let shown = MOST_SHOWN;

  const FILTERS = [
    ["area", "Area", (one) => [one.area]],
    ["requirement", "Requirement", (one) => one.requires],
    ["message", "Message", (one) => one.messages],
    ["outcome", "Outcome", (one) => [one.result]],
    ["code", "Code", (one) => one.codes],
  ];

  function made(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function select([name, title, values]) {
    const counts = new Map();
    for (const value of all.flatMap(values)) counts.set(value, (counts.get(value) ?? 0) + 1);
    const options = [...counts.keys()].sort().map((value) => {
      return made("option", { value }, `${value} (${counts.get(value)})`);
    });
    const element = made("select", { name }, made("option", { value: "" }, "any"), ...options);
    element.value = counts.has(asked.get(name)) ? asked.get(name) : "";
    return made("label", {}, title, element);
  }

  const words = made("input", { type: "search", name: "words", value: asked.get("words") ?? "" });
  const form = made(
    "form",
    { class: "filters", role: "search", "aria-label": "Vectors" },
    made("label", { class: "words" }, "Words of the name or the notes", words),
    ...FILTERS.map(select),
    made("button", { type: "reset", class: "md-button" }, "Clear"),
  );
  const count = made("p", { role: "status" });
  const body = made("tbody");
  const head = ["case", "outcome", "messages", "requirements"].map((name) => {
    return made("th", { scope: "col" }, name);
  });
  const table = made("table", { class: "found" }, made("thead", {}, made("tr", {}, ...head)), body);
  const more = made("button", { type: "button", class: "md-button" }, "More");

  function fits(one, values) {
    const text = `${one.id} ${one.area} ${one.notes}`.toLowerCase();
    const wanted = values.words.toLowerCase().split(/\s+/);
    return (
      wanted.every((word) => text.includes(word)) &&
      FILTERS.every(([name, , of]) => !values[name] || of(one).includes(values[name]))
    );
  }

  function link(href, text) {
    return made("a", { href }, text);
  }

  function row(one) {
    const requires = one.requires.map((id) => link(`../spec/${chapters[id]}/#${id}`, id));
    const opened = link(`../playground/?vector=${one.area}/${one.id}`, "open");
    opened.setAttribute("aria-label", `open ${one.id} in the playground`);
    const cells = [
      [
        link(`${one.area}/#${one.id}`, one.id),
        " ",
        opened,
        one.notes && made("small", {}, one.notes),
      ],
      [made("span", { class: one.result }, one.result), " ", one.codes.join(", ")],
      [one.messages.join(", ")],
      requires.flatMap((element, index) => (index ? [" ", element] : [element])),
    ];
    return made("tr", {}, ...cells.map((cell) => made("td", {}, ...cell.filter(Boolean))));
  }

  function show() {
    const values = Object.fromEntries(new FormData(form));
    const found = all.filter((one) => fits(one, values));
    count.textContent = `${found.length} of ${all.length} cases`;
    body.replaceChildren(...found.slice(0, shown).map(row));
    more.hidden = found.length <= shown;
    table.hidden = !found.length;
    const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
    history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`);
  }

  form.addEventListener("input", () => {
    shown = MOST_SHOWN;
    show();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const element of form.elements) if (element.name) element.value = "";
    show();
  });
  more.addEventListener("click", () => {
    shown += MOST_SHOWN;
    show();
  });
  place.append(form, count, made("div", { class: "md-typeset__scrollwrap" }, table), more);
  show();
})();
