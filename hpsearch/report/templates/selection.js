// One selection of trials, and one trial below the mouse, run through all charts of trials and their table.
const data = JSON.parse(document.getElementById("data").textContent);
const all = (selector, below = document) => [...below.querySelectorAll(selector)];
const trialOf = new Map(data.trials.map((trial) => [trial.trial, trial]));
const drawn = []; // {name, place, view, spec, ofTrials}: the charts, each of trials drawn from the same records
const ranges = new Map(); // what was dragged over: its axis or chart -> {trials, box}; a trial must lie in all of them
let selected = [], hovered = -1;

const show = ({view}) => view.signal("selected", selected).signal("hovered", hovered).runAsync();

const toggle = (trial) => select(selected.includes(trial) ? selected.filter((one) => one !== trial) : [...selected, trial]);

// The address keeps the selection, so that a page that is renewed, or sent to somebody, shows the same.
function keep() {
  try { history.replaceState(null, "", selected.length ? `#trials=${selected.join(",")}` : location.pathname + location.search); }
  catch { /* a copy of the page inside another has no address of its own */ }
}

function forgetRanges() {
  for (const {box} of ranges.values()) box.remove();
  ranges.clear();
}

function narrow(key, range) {
  if (ranges.has(key)) ranges.get(key).box.remove();
  if (range) ranges.set(key, range); else ranges.delete(key);
  const kept = data.trials.map((trial) => trial.trial).filter((trial) => [...ranges.values()].every(({trials}) => trials.has(trial)));
  select(ranges.size ? kept : [], true);
}

function select(trials, byRanges = false) {
  if (!byRanges) forgetRanges();
  selected = trials;
  keep();
  for (const chart of drawn) if (chart.ofTrials) show(chart);
  for (const row of all("tr[data-trial]")) {
    const on = selected.includes(Number(row.dataset.trial));
    row.setAttribute("aria-selected", on);
    row.classList.toggle("aside", selected.length > 0 && !on);
  }
  const said = document.querySelector(".selection");
  if (!said) return;
  const one = selected.length === 1 && trialOf.get(selected[0]);
  said.firstElementChild.textContent = one ? `${one.name}: ${one.error === null ? "no error" : one.error.toFixed(2) + data.unit}, ${one.state}`
    : selected.length || ranges.size ? `${selected.length} of ${data.trials.length} trials selected` : "No trial is selected";
  said.querySelector("button").disabled = !selected.length && !ranges.size;
}

function hover(trial) {
  if (trial === hovered) return;
  hovered = trial;
  for (const {view, ofTrials} of drawn) if (ofTrials) view.signal("hovered", hovered).runAsync();
  for (const row of all("tr[data-trial]")) row.classList.toggle("hovered", Number(row.dataset.trial) === hovered);
}

addEventListener("keydown", (event) => { if (event.key === "Escape") select([]); });
all(".selection button").forEach((button) => button.addEventListener("click", () => select([])));
