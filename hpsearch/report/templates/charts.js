// Charts: drawn after the first paint, they name what is nearest to the mouse, select what is dragged over, and zoom.
// Light and dark are the page's; only colours that mean something come from the specification.
const font = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const config = {
  background: null, font, view: {stroke: null}, aria: false,
  axis: {labelFontSize: 11, titleFontSize: 11, titleFontWeight: 400, tickSize: 4, labelPadding: 4},
};
const NEAR_PX = 18, CLICK_PX = 4, AXIS_PX = 9, ZOOM = 1.2;
const axis = {range: "bulk", log: null}; // of errors, in all charts; log null: as each chart begins

async function draw(place) {
  const spec = prepared(data.specs[place.dataset.chart]);
  const {view} = await vegaEmbed(place, {...spec, config}, {actions: false, renderer: "svg", tooltip: false});
  const chart = {name: place.dataset.chart, place, view, spec, ofTrials: spec.data?.name === "trials", marks: null};
  const old = drawn.findIndex(({name}) => name === chart.name);
  if (old >= 0) drawn.splice(old, 1)[0].view.finalize();
  drawn.push(chart);
  view.addResizeListener(() => { chart.marks = null; });
  if (chart.ofTrials) show(chart);
  if (old < 0) listen(place, () => drawn.find(({name}) => name === chart.name));
}

// A chart with an axis of errors shows the range and the scale that were chosen.
function prepared(given) {
  const spec = structuredClone(given), errors = spec.usermeta?.errors;
  if (spec.data?.name === "trials") spec.datasets = {trials: data.trials};
  if (!errors) return spec;
  const [low, high] = rangeOf(errors, spec.data?.name === "trials");
  const logarithmic = low > 0 && (axis.log ?? errors.logarithmic), values = {low, high, logarithmic};
  for (const param of spec.params) if (param.name in values) param.value = values[param.name];
  for (const layer of spec.layer) if (layer.encoding.y?.scale?.domainMin) layer.encoding.y.scale.type = logarithmic ? "log" : "linear";
  return spec;
}

function rangeOf(errors, ofTrials) {
  if (axis.range !== "selected") return errors[axis.range];
  const chosen = selected.map((trial) => trialOf.get(trial).error).filter((error) => error !== null);
  if (!ofTrials || !chosen.length) return errors.bulk;
  const low = Math.min(...chosen), high = Math.max(...chosen), room = high > low ? 0 : 0.05 * Math.abs(low) || 0.5;
  return [low - room, high + room];
}

function choose(change) {
  Object.assign(axis, change);
  for (const button of all("[data-range]")) button.setAttribute("aria-pressed", button.dataset.range === axis.range);
  for (const button of all("[data-log]")) button.setAttribute("aria-pressed", button.dataset.log === String(axis.log ?? ""));
  for (const {box} of ranges.values()) box.hidden = true; // they lie where the old axis had them
  for (const {place, spec} of [...drawn]) if (spec.usermeta?.errors) draw(place);
}
all("[data-range]").forEach((button) => button.addEventListener("click", () => choose({range: button.dataset.range})));
all("[data-log]").forEach((button) => button.addEventListener("click", () => choose({log: {true: true, false: false}[button.dataset.log] ?? null})));

// All dots and lines of a chart with their places in pixels, as Vega has drawn them.
function marksOf(chart) {
  if (chart.marks) return chart.marks;
  const dots = [], lines = [];
  const walk = (mark, dx, dy) => {
    if (mark.marktype === "group") for (const group of mark.items) for (const inner of group.items) walk(inner, dx + (group.x || 0), dy + (group.y || 0));
    else if (mark.role === "mark" && mark.marktype === "symbol") for (const item of mark.items) dots.push({item, x: dx + item.x, y: dy + item.y});
    else if (mark.role === "mark" && mark.marktype === "rect") for (const item of mark.items)
      lines.push([0, item.width].map((along) => ({item, x: dx + item.x + along, y: dy + item.y + item.height / 2})));
    else if (mark.role === "mark" && mark.marktype === "line") lines.push(mark.items.map((item) => ({item, x: dx + item.x, y: dy + item.y})));
  };
  walk(chart.view.scenegraph().root, 0, 0);
  return chart.marks = {dots, lines};
}

function nearest(chart, x, y) {
  const {dots, lines} = marksOf(chart);
  let best = null, least = NEAR_PX;
  const offer = (item, distance) => { if (distance < least && item.tooltip) { best = item; least = distance; } };
  for (const dot of dots) offer(dot.item, Math.hypot(dot.x - x, dot.y - y) - 2); // before a line that ends in it
  for (const line of lines) for (let place = 1; place < line.length; place++) {
    const a = line[place - 1], b = line[place], long = (b.x - a.x) ** 2 + (b.y - a.y) ** 2;
    const share = long ? Math.max(0, Math.min(1, ((x - a.x) * (b.x - a.x) + (y - a.y) * (b.y - a.y)) / long)) : 0;
    offer(share < 0.5 ? a.item : b.item, Math.hypot(a.x + share * (b.x - a.x) - x, a.y + share * (b.y - a.y) - y));
  }
  return best;
}

const inChart = ({place}, event) => {
  const root = place.querySelector("g.root"), at = new DOMPoint(event.clientX, event.clientY);
  return root ? at.matrixTransform(root.getScreenCTM().inverse()) : at;
};

const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);

function tell(item, event) {
  tip.hidden = !item;
  if (!item) return;
  tip.replaceChildren(...Object.entries(item.tooltip).map(([key, value]) => {
    const line = document.createElement("div"), name = document.createElement("span");
    name.textContent = key;
    line.append(name, ` ${value}`);
    return line;
  }));
  const {offsetWidth: wide, offsetHeight: high} = tip;
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - wide - 8))}px`;
  tip.style.top = `${event.clientY + 18 + high > innerHeight ? event.clientY - high - 12 : event.clientY + 18}px`;
}

const trialUnder = (item) => (item && Number.isInteger(item.datum.trial) ? item.datum.trial : -1);

function listen(place, current) {
  let from = null, box = null;
  const leave = () => { tell(null); if (current().ofTrials) hover(-1); };
  place.addEventListener("pointermove", (event) => {
    const chart = current(), at = inChart(chart, event);
    if (from && chart.ofTrials) { box = boxOver(chart, from, at, box); return; }
    const item = nearest(chart, at.x, at.y);
    tell(item, event);
    if (chart.ofTrials) hover(trialUnder(item));
  });
  place.addEventListener("pointerleave", () => { if (!from) leave(); });
  place.addEventListener("pointerdown", (event) => {
    if (event.button || event.pointerType !== "mouse") return; // a finger scrolls
    event.preventDefault();
    place.setPointerCapture(event.pointerId);
    from = inChart(current(), event);
    tell(null);
  });
  place.addEventListener("pointerup", (event) => {
    const chart = current(), at = inChart(chart, event), start = from;
    from = null;
    if (!chart.ofTrials) return;
    if (start && box) within(chart, start, at, box);
    else clicked(chart, at);
    box = null;
  });
  place.addEventListener("wheel", (event) => zoom(current(), event), {passive: false});
  place.addEventListener("dblclick", () => { if (current().spec.usermeta?.errors) draw(place); });
}

function clicked(chart, at) {
  const trial = trialUnder(nearest(chart, at.x, at.y)), key = keyOf(chart, at);
  if (trial >= 0) toggle(trial);
  else if (ranges.has(key)) narrow(key, null);
}

// The axis of parallel coordinates nearest to where a drag began; other charts are one area.
function axisAt(chart, at) {
  if (chart.name !== "parallel") return null;
  let best = null;
  for (const line of marksOf(chart).lines.slice(0, 1)) for (const {item, x} of line)
    if (!best || Math.abs(x - at.x) < Math.abs(best.x - at.x)) best = {key: item.datum.axis, x};
  return best;
}
const keyOf = (chart, at) => `${chart.name}/${axisAt(chart, at)?.key ?? ""}`;

function edges(chart, from, to) {
  const one = axisAt(chart, from);
  const xs = one ? [one.x - AXIS_PX, one.x + AXIS_PX] : [Math.min(from.x, to.x), Math.max(from.x, to.x)];
  return {one, xs, ys: [Math.min(from.y, to.y), Math.max(from.y, to.y)]};
}

function boxOver(chart, from, to, box) {
  if (!box && Math.hypot(from.x - to.x, from.y - to.y) < CLICK_PX) return null;
  if (!box) {
    box = document.createElement("div");
    box.className = "range";
    chart.place.append(box);
  }
  const {xs, ys} = edges(chart, from, to), root = chart.place.querySelector("g.root").getScreenCTM(), outer = chart.place.getBoundingClientRect();
  const a = new DOMPoint(xs[0], ys[0]).matrixTransform(root), b = new DOMPoint(xs[1], ys[1]).matrixTransform(root);
  Object.assign(box.style, {left: `${a.x - outer.left}px`, top: `${a.y - outer.top}px`, width: `${b.x - a.x}px`, height: `${b.y - a.y}px`});
  return box;
}

function within(chart, from, to, box) {
  const {one, xs, ys} = edges(chart, from, to), {dots, lines} = marksOf(chart), trials = new Set();
  const inside = ({item, x, y}) => (one ? item.datum.axis === one.key : x >= xs[0] && x <= xs[1]) && y >= ys[0] && y <= ys[1];
  for (const mark of [...dots, ...lines.flat()]) if (inside(mark) && trialUnder(mark.item) >= 0) trials.add(mark.item.datum.trial);
  narrow(keyOf(chart, from), {trials, box});
}

// Ctrl and the wheel, or two fingers apart, zoom the errors around the mouse; the wheel alone scrolls the page.
function zoom(chart, event) {
  if (!event.ctrlKey || !chart.spec.usermeta?.errors) return;
  event.preventDefault();
  const {low, high, logarithmic} = chart.view.getState().signals, to = logarithmic ? Math.log : Number, back = logarithmic ? Math.exp : Number;
  const share = Math.max(0, Math.min(1, 1 - inChart(chart, event).y / chart.view.height()));
  const middle = to(low) + share * (to(high) - to(low)), by = event.deltaY < 0 ? 1 / ZOOM : ZOOM;
  const [from, until] = [to(low), to(high)].map((end) => back(middle + by * (end - middle)));
  chart.view.signal("low", from).signal("high", until).runAsync().then(() => { chart.marks = null; });
}

// What a chart shows, to keep: as a picture, and as the numbers it is drawn from.
const harmless = (text) => (/^[=+\-@]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text); // no formula for a spreadsheet
const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
const csv = (rows) => rows.map((row) => row.map((value) => quoted(harmless(String(value ?? "")))).join(",")).join("\n") + "\n";

function numbers({name, spec, ofTrials}) {
  if (name === "curves") {
    const step = spec.usermeta.curve_step;
    return [["trial", "epoch", "value"], ...data.trials.flatMap(({trial, curve, epochs}) => curve.map((value, at) => [trial, Math.min(1 + step * at, epochs), value]))];
  }
  if (name === "progress") {
    const fields = ["trial", "asked", "ended", "trained", "waited", "state", "error"];
    return [fields, ...data.trials.map((trial) => fields.map((field) => trial[field]))];
  }
  if (name === "timeline") return [["trial", "worker", "from", "until", "frozen", "state"],
    ...data.trials.flatMap(({trial, bars, state}) => bars.map((bar) => [trial, ...bar, state]))];
  if (ofTrials) return all("table.trials tr").map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
  const fields = Object.keys(spec.data.values[0] ?? {});
  return [fields, ...spec.data.values.map((row) => fields.map((field) => row[field]))];
}

async function save(chart, kind) {
  const link = document.createElement("a");
  link.download = `${document.title}-${chart.name}.${kind}`;
  if (kind === "csv") link.href = URL.createObjectURL(new Blob([csv(numbers(chart))], {type: "text/csv"}));
  else {
    chart.view.background("white");
    link.href = await chart.view.toImageURL(kind, kind === "png" ? 2 : 1);
    chart.view.background(null);
  }
  link.click();
}

for (const place of all("[data-chart]")) {
  const saving = document.createElement("span");
  saving.className = "saving screen";
  for (const kind of ["svg", "png", "csv"]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = kind.toUpperCase();
    button.title = `Download this chart as ${kind.toUpperCase()}`;
    button.addEventListener("click", () => { const chart = drawn.find(({name}) => name === place.dataset.chart); if (chart) save(chart, kind); });
    saving.append(button);
  }
  place.closest("figure").firstElementChild.append(saving);
}

// Vega is compiled after the first paint; then one chart follows the other, and the page answers meanwhile.
const places = all("[data-chart]");
const next = () => {
  const place = places.shift();
  if (place) draw(place).then(() => setTimeout(next));
  else document.body.dataset.drawn = "all";
};
if (places.length) setTimeout(() => {
  const vega = document.createElement("script");
  vega.textContent = document.getElementById("vega").textContent;
  document.body.append(vega);
  next();
}, 50);
