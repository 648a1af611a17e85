// Drawings of one cell. Lines differ by colour and by dash, and the list below names each.
const holder = make("div", null);
holder.innerHTML = "<svg></svg>";
const SVG = holder.firstChild.namespaceURI, COLOURS = ["--accent", "--ink", "--soft"], W = 420, H = 260;
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "1 4", "12 4", "5 2 1 2 1 2"];
const put = (parent, tag, attributes, text = null) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== null) made.textContent = text;
  parent.append(made);
  return made;
};
const nice = (value) => Number(value.toPrecision(3)).toString();
// The figures of a drawing as a table, which is made when a reader asks for it.
const figures = (title, series, axes) => {
  const folded = make("details", null, { class: "figures" }), table = make("table", null, { class: "named" });
  folded.append(make("summary", "Figures"), table);
  folded.addEventListener("toggle", () => {
    table.append(make("caption", title));
    const head = table.createTHead().insertRow(), body = table.createTBody();
    for (const [name, kind] of [["line", ""], [axes[0], "n"], [axes[1], "n"]]) head.append(make("th", name, { scope: "col", class: kind }));
    for (const one of series) one.x.forEach((x, k) => {
      const row = body.insertRow();
      row.append(make("td", one.name), make("td", nice(x), { class: "n" }), make("td", nice(one.y[k]), { class: "n" }));
    });
  }, { once: true });
  return folded;
};
const lines = (title, series, box, axes) => {
  const figure = make("figure", null), { left, right, low, high } = box;
  const x = (v) => 52 + (right > left ? (v - left) / (right - left) : 0.5) * (W - 66);
  const y = (v) => H - 40 - (high > low ? (v - low) / (high - low) : 0.5) * (H - 56);
  const names = series.map((s) => s.name).join(", ");
  const svg = put(figure, "svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${title}: ${names}` });
  for (const v of [low, (low + high) / 2, high]) {
    put(svg, "line", { x1: 52, x2: W - 14, y1: y(v), y2: y(v), stroke: "var(--grid)" });
    put(svg, "text", { x: 46, y: y(v) + 4, "text-anchor": "end", "font-size": 12 }, nice(v));
  }
  for (const v of [left, right]) put(svg, "text", { x: x(v), y: H - 22, "text-anchor": "middle", "font-size": 12 }, nice(v));
  put(svg, "text", { x: W / 2, y: H - 4, "text-anchor": "middle", "font-size": 12 }, axes[0]);
  const list = make("ul", null, { class: "notes" });
  series.forEach((one, i) => {
    const style = { stroke: `var(${COLOURS[i % 3]})`, "stroke-dasharray": DASHES[i % DASHES.length], "stroke-width": 2, fill: "none" };
    if (one.x.length > 1) put(svg, "polyline", { ...style, points: one.x.map((v, k) => `${x(v)},${y(one.y[k])}`).join(" ") });
    else put(svg, "circle", { cx: x(one.x[0]), cy: y(one.y[0]), r: 4, fill: `var(${COLOURS[i % 3]})` });
    const item = make("li", null), key = put(item, "svg", { viewBox: "0 0 40 8", style: "display:inline;width:40px;min-width:0", "aria-hidden": "true" });
    put(key, "line", { ...style, x1: 0, x2: 40, y1: 4, y2: 4 });
    item.append(` ${one.text}`);
    list.append(item);
  });
  const caption = make("figcaption", title);
  figure.prepend(caption);
  figure.append(list, figures(title, series, axes));
  return figure;
};
const curves = (detail) => {
  const groups = new Map();  // train_loss and val_loss share an axis
  for (const name of Object.keys(detail.curves)) {
    const kind = name.split("_").pop();
    groups.set(kind, [...(groups.get(kind) || []), name]);
  }
  const losses = (one) => Number(one[0] === "loss");  // come last: the figure of the question is of more interest
  return [...groups].sort((a, b) => losses(a) - losses(b)).map(([kind, names]) => {
    const series = names.map((name) => {
      const y = detail.curves[name], x = detail.epochs[name] || detail.epochs[""];
      return { name, x, y, text: `${name}: ${nice(y[0])} in the first epoch, ${nice(y[y.length - 1])} in the last` };
    });
    const every = series.flatMap((s) => s.y), epochs = series.flatMap((s) => s.x);
    const box = { left: Math.min(...epochs), right: Math.max(...epochs), low: Math.min(...every), high: Math.max(...every) };
    return lines(`${names.length > 1 ? kind : names[0]} in each epoch`, series, box, ["epoch", "value"]);
  });
};
const openDetail = (detail, from) => {
  at("detail-title").textContent = detail.title;
  const drawings = make("div", null, { class: "drawings" });
  drawings.append(...curves(detail));
  if (detail.rocs.length) {
    const series = detail.rocs.map((r) => ({ name: r.name, x: r.wrong, y: r.right, text: `${r.name}: area ${r.area.toFixed(3)}${r.against ? ` against ${r.against}` : ""}` }));
    const box = { left: 0, right: 1, low: 0, high: 1 };
    drawings.append(lines("ROC of each class against the rest: true against false positive rate", series, box, ["false positive rate", "true positive rate"]));
  } else drawings.append(make("p", "The run has no predictions, so there is no ROC."));
  at("detail-body").replaceChildren(drawings);
  at("detail").addEventListener("close", () => from.focus(), { once: true });
  at("detail").showModal();
};
