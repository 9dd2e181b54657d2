"use strict";
// What the page adds where scripts run; without them everything is there, in the plan's order.
const UNITS = { "": 1, "%": 1, ms: 1, s: 1e3, min: 6e4, h: 36e5, days: 864e5, bytes: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, PiB: 2 ** 50 };
const FIGURE = /^[<>]?(-?[\d.,]+(?:e[-+]?\d+)?) ?(%|ms|s|min|h|days|bytes|[KMGTP]iB)?$/;

function make(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// The number that a cell shows, of a range its expectation; null where it is no figure.
function figure(text) {
  const expected = /\(expected (.+)\)$/.exec(text);
  const found = FIGURE.exec(expected ? expected[1] : text);
  return found ? Number(found[1].replaceAll(",", "")) * UNITS[found[2] || ""] : null;
}

function compare(a, b) {
  const x = figure(a), y = figure(b);
  if (x !== null && y !== null) return x - y;
  return a.localeCompare(b, "en");
}

function cells(row, column) { return row.cells[column] ? row.cells[column].textContent.trim() : ""; }

function sort(table, header) {
  const column = header.cellIndex, body = table.tBodies[0];
  const up = header.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", up ? "ascending" : "descending");
  const known = row => { const text = cells(row, column); return text !== "" && text !== "unknown"; };
  const rows = [...body.rows];
  rows.sort((a, b) => known(b) - known(a) || (up ? 1 : -1) * compare(cells(a, column), cells(b, column)));
  body.append(...rows);
}

function sortable(table) {
  for (const header of table.tHead.rows[0].cells) {
    const button = make("button", { type: "button" }, ...header.childNodes);
    button.addEventListener("click", () => sort(table, header));
    header.append(button);
  }
}

// A field that leaves only what holds its text, and says how much is left.
function searchable(items, noun, place, fits) {
  const field = make("input", { type: "search", placeholder: "Filter " + noun });
  field.setAttribute("aria-label", "Filter " + noun);
  const said = make("span", { className: "quiet" });
  said.setAttribute("role", "status");
  const apply = () => {
    const wanted = field.value.trim().toLowerCase();
    let left = 0;
    for (const item of items) {
      item.hidden = !(item.textContent.toLowerCase().includes(wanted) && fits(item));
      left += !item.hidden;
    }
    said.textContent = left === items.length ? "" : left + " of " + items.length;
  };
  field.addEventListener("input", apply);
  place.append(field, said);
  return apply;
}

function choice(items, key, label, place, changed) {
  const values = [...new Set(items.map(item => item.dataset[key]))].sort();
  const select = make("select", {}, make("option", { value: "" }, "every " + label), ...values.map(value => make("option", { value }, value)));
  select.setAttribute("aria-label", label);
  select.addEventListener("change", changed);
  if (values.length > 1) place.prepend(select);
  return item => !select.value || item.dataset[key] === select.value;
}

function copyable(block) {
  const button = make("button", { type: "button", textContent: "Copy" });
  button.setAttribute("aria-label", "Copy " + block.getAttribute("aria-label"));
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  block.before(button);
}

function theme() {
  const button = make("button", { type: "button" });
  const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { button.textContent = dark() ? "Light theme" : "Dark theme"; };
  button.addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; name(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  name();
  document.querySelector("nav").append(button);
}

function cards() {
  const items = [...document.querySelectorAll(".card")], place = document.querySelector("[data-filter-cards]");
  if (!place || items.length < 4) return;
  let fits = () => true;
  const apply = searchable(items, "changes", place, item => fits(item));
  const tests = [["confidence", "confidence"], ["kind", "kind"]].map(([key, label]) => choice(items, key, label, place, apply));
  fits = item => tests.every(test => test(item));
  place.hidden = false;
}

// Gives the tables and blocks of code inside `part` what they can do.
function enliven(part) {
  for (const table of part.querySelectorAll("table")) {
    if (table.tBodies[0].rows.length > 1) sortable(table);
    if (table.tBodies[0].rows.length > 15) {
      const place = make("div", { className: "filters" });
      searchable([...table.tBodies[0].rows], "rows", place, () => true);
      table.parentElement.before(place);
    }
  }
  for (const block of part.querySelectorAll("pre[data-copy]")) copyable(block);
}

// There may be hundreds of cards: each waits until it comes near the screen.
const near = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) { near.unobserve(entry.target); enliven(entry.target); }
}, { rootMargin: "800px" });

theme();
cards();
for (const part of document.querySelectorAll("[data-live]")) enliven(part);
for (const card of document.querySelectorAll(".card")) near.observe(card);
// Paper has no folds: everything is opened for printing and folded again afterwards.
addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details:not([open])")) { part.open = true; part.dataset.folded = ""; } });
addEventListener("afterprint", () => { for (const part of document.querySelectorAll("details[data-folded]")) { part.open = false; delete part.dataset.folded; } });
