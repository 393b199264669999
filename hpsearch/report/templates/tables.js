// Tables: rows select their trial, a header sorts by its column, and the filter takes what the page itself writes.
for (const row of all("tr[data-trial]")) {
  const trial = Number(row.dataset.trial);
  row.tabIndex = 0;
  row.setAttribute("aria-selected", false);
  row.addEventListener("click", () => { if (!String(getSelection())) toggle(trial); });
  row.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); toggle(trial); }
  });
  row.addEventListener("mouseenter", () => hover(trial));
  row.addEventListener("mouseleave", () => hover(-1));
}

// Numbers sort by their value, and what is empty stays at the end.
const valueOf = (row, column) => {
  const cell = row.cells[column], text = cell.dataset.value ?? cell.textContent.trim();
  const number = Number.parseFloat(text.replace("−", "-"));
  return text === "" ? null : Number.isNaN(number) ? text : number;
};
const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b
  : typeof a === typeof b ? String(a).localeCompare(String(b)) : typeof a === "number" ? -1 : 1);

function sort(table, head, column) {
  const up = head.getAttribute("aria-sort") !== "ascending", body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({row, value: valueOf(row, column)}));
  rows.sort((a, b) => (a.value === null || b.value === null ? (a.value === null) - (b.value === null)
    : (up ? 1 : -1) * compare(a.value, b.value)));
  body.append(...rows.map(({row}) => row));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
}

for (const table of all("table.sortable")) [...table.tHead.rows[0].cells].forEach((head, column) => {
  if (!head.textContent.trim()) return;
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => sort(table, head, column));
});

// The filter: `flag 3`, `flag=3` and `ssl_weight=1` mean that column; another word, a whole word of any column, or a
// part of one where no trial has it whole. What stands between values in titles and names of trials is left out.
const plain = (text) => text.trim().toLowerCase().replaceAll("-", "_");
const same = (cell, word) => cell === word || (cell !== "" && word !== "" && Number(cell) === Number(word));

function conditions(query, columns) {
  const words = plain(query).replaceAll(/[·,:]/g, " ").replaceAll(/\s*=\s*/g, "=").split(/\s+/).filter(Boolean), found = [];
  while (words.length) {
    const [name, ...rest] = words.shift().split("=");
    const column = columns.indexOf(name), given = rest.length > 0;
    if (column >= 0 && (given || words.length)) found.push({column, word: given ? rest.join("=") : words.shift()});
    else found.push({column: -1, word: [name, ...rest].join("=")});
  }
  return found;
}

function keeps({column, word}, rows) {
  const whole = (cells) => (column >= 0 ? same(cells[column], word) : cells.some((cell) => same(cell, word) || cell.split(/[^\w.]+/).includes(word)));
  if (rows.some(whole)) return whole;
  if (!Number.isNaN(Number(word))) return () => false;
  return (cells) => (column >= 0 ? [cells[column]] : cells).some((cell) => cell.includes(word));
}

for (const filter of all(".filter")) filter.querySelector("input").addEventListener("input", (event) => {
  const table = document.querySelector("table.trials"), rows = [...table.tBodies[0].rows];
  const columns = [...table.tHead.rows[0].cells].map((head) => plain(head.textContent));
  const texts = rows.map((row) => [...row.cells].map((cell) => plain(cell.textContent)));
  const kept = conditions(event.target.value, columns).map((one) => keeps(one, texts));
  rows.forEach((row, place) => { row.hidden = !kept.every((keep) => keep(texts[place])); });
  const shown = rows.filter((row) => !row.hidden);
  filter.querySelector("[role=status]").textContent = kept.length ? `${shown.length} of ${rows.length}` : "";
  select(kept.length ? shown.map((row) => Number(row.dataset.trial)).filter((trial) => trialOf.has(trial)) : []);
});

// What stands beside the page on disk is not there where MLflow shows a copy of it.
if (location.protocol === "blob:" || location.protocol === "about:") all(".beside").forEach((link) => link.remove());

const kept = /^#trials=([\d,]+)$/.exec(location.hash);
if (kept) select(kept[1].split(",").map(Number).filter((trial) => trialOf.has(trial)));
const renews_s = Number(document.body.dataset.renewsS);
if (renews_s) setTimeout(() => location.reload(), 1000 * renews_s);
