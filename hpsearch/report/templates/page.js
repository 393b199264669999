// The page's own script: draws its charts, links one selection of trials through them and the table, sorts tables.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const all = (selector, below = document) => [...below.querySelectorAll(selector)];
  const trialOf = new Map(data.trials.map((trial) => [trial.trial, trial]));
  const views = []; // those of trials, each drawn from the same records
  let selected = [], hovered = -1;

  // Charts: light and dark are the page's; only colours that mean something come from the specification.
  const font = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
  const config = {
    background: null, font, view: {stroke: null}, aria: false,
    axis: {labelFontSize: 11, titleFontSize: 11, titleFontWeight: 400, tickSize: 4, labelPadding: 4},
  };

  async function draw(place) {
    const spec = structuredClone(data.specs[place.dataset.chart]);
    const ofTrials = spec.data && spec.data.name === "trials";
    if (ofTrials) spec.datasets = {trials: data.trials};
    if (matchMedia("(pointer: coarse)").matches) for (const layer of spec.layer) delete layer.params; // a finger scrolls
    const {view} = await vegaEmbed(place, {...spec, config}, {actions: false, renderer: "svg", tooltip: {theme: "page"}});
    if (!ofTrials) return;
    views.push(view);
    show(view);
    view.addEventListener("click", (_, item) => { if (trialUnder(item) >= 0) toggle(trialUnder(item)); });
    view.addEventListener("mouseover", (_, item) => hover(trialUnder(item)));
    view.addEventListener("mouseout", () => hover(-1));
    if ("brush" in view.getState().signals) view.addSignalListener("brush", (_, ranges) => brushed(ranges));
  }

  const trialUnder = (item) => (item && item.datum && Number.isInteger(item.datum.trial) ? item.datum.trial : -1);
  const show = (view) => view.signal("selected", selected).signal("hovered", hovered).runAsync();

  function brushed(ranges) {
    const fields = Object.entries(ranges);
    if (fields.length) select(data.trials.filter((trial) => inside(trial, ranges)).map((trial) => trial.trial));
    else if (selected.length > 1) select([]);
  }

  // Over parallel axes each axis has the range to itself; learning curves count from any of their epochs.
  function inside(trial, ranges) {
    const within = (value, [low, high]) => value !== null && value >= Math.min(low, high) && value <= Math.max(low, high);
    if (ranges.axis) return ranges.axis.every((key) => within(trial[key], ranges.at));
    if (ranges.epoch)
      return trial.curve.some((value, at) => within(at + 1, ranges.epoch) && within(value, ranges.value));
    return Object.entries(ranges).every(([field, range]) => within(trial[field], range));
  }

  const toggle = (trial) => select(selected.includes(trial) ? selected.filter((one) => one !== trial) : [...selected, trial]);

  // The address keeps the selection, so that a page that is renewed, or sent to somebody, shows the same.
  function keep() {
    try { history.replaceState(null, "", selected.length ? `#trials=${selected.join(",")}` : location.pathname + location.search); }
    catch { /* a copy of the page inside another has no address of its own */ }
  }

  function select(trials) {
    selected = trials;
    keep();
    for (const view of views) show(view);
    for (const row of all("tr[data-trial]")) {
      const on = selected.includes(Number(row.dataset.trial));
      row.setAttribute("aria-selected", on);
      row.classList.toggle("aside", selected.length > 0 && !on);
    }
    const said = document.querySelector(".selection");
    if (!said) return;
    said.hidden = !selected.length;
    const one = selected.length === 1 && trialOf.get(selected[0]);
    said.firstElementChild.textContent = one ? `Selected: ${one.name}, ${one.error === null ? "no error" : one.error.toFixed(2) + data.unit}, ${one.state}`
      : `${selected.length} of ${data.trials.length} trials selected`;
  }

  function hover(trial) {
    if (trial === hovered) return;
    hovered = trial;
    for (const view of views) view.signal("hovered", hovered).runAsync();
    for (const row of all("tr[data-trial]")) row.classList.toggle("hovered", Number(row.dataset.trial) === hovered);
  }

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
  addEventListener("keydown", (event) => { if (event.key === "Escape") select([]); });
  all(".selection button").forEach((button) => button.addEventListener("click", () => select([])));

  // Tables: a header sorts by its column, numbers by their value, and what is empty stays at the end.
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

  for (const filter of all(".filter")) filter.querySelector("input").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = all("table.trials tbody tr");
    for (const row of rows) {
      const cells = [...row.cells].map((cell) => cell.textContent.trim().toLowerCase());
      row.hidden = !words.every((word) => cells.some((cell) => cell === word || (Number.isNaN(Number(word)) && cell.includes(word))));
    }
    const kept = rows.filter((row) => !row.hidden);
    filter.querySelector("[role=status]").textContent = words.length ? `${kept.length} of ${rows.length}` : "";
    select(words.length ? kept.map((row) => Number(row.dataset.trial)) : []);
  });

  // What stands beside the page on disk is not there where MLflow shows a copy of it.
  if (location.protocol === "blob:" || location.protocol === "about:") all(".beside").forEach((link) => link.remove());

  const kept = /^#trials=([\d,]+)$/.exec(location.hash);
  if (kept) select(kept[1].split(",").map(Number).filter((trial) => trialOf.has(trial)));
  const renews_s = Number(document.body.dataset.renewsS);
  if (renews_s) setTimeout(() => location.reload(), 1000 * renews_s);

  // Vega is compiled after the first paint; then one chart follows the other, and the page answers meanwhile.
  const places = all("[data-chart]");
  const next = () => {
    const place = places.shift();
    if (place) draw(place).then(() => setTimeout(next));
    else document.body.dataset.drawn = "all";
  };
  const begin = () => {
    const vega = document.createElement("script");
    vega.textContent = document.getElementById("vega").textContent;
    document.body.append(vega);
    next();
  };
  if (places.length) setTimeout(begin, 50);
})();
