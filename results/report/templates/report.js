"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const make = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    if (text !== null) made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };

  // Theme: what the system asks for, until the button says otherwise. A file may be denied storage.
  const root = document.documentElement, theme = at("theme");
  const remembered = () => { try { return localStorage.getItem("cats-theme"); } catch { return null; } };
  const remember = (name) => { try { localStorage.setItem("cats-theme", name); } catch { /* asked again next time */ } };
  const current = () => root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const label = () => { theme.textContent = current() === "dark" ? "Light theme" : "Dark theme"; };
  if (["dark", "light"].includes(remembered())) root.dataset.theme = remembered();
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = current() === "dark" ? "light" : "dark";
    remember(root.dataset.theme);
    label();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", label);
  label();

  const data = JSON.parse(at("data").textContent);
  if (!data) return;

  // The browser of cells. A row holds a place in `words` for each column of words, then figures.
  const PAGE = 100, texts = data.columns.length, [VALUE, SECONDS, WH, MISSING, DETAIL] = [0, 1, 2, 3, 4].map((i) => texts + i);
  const heads = [...data.columns.slice(0, -1), data.metric, "seconds", "Wh", "reason"];
  const places = [...data.columns.slice(0, -1).keys(), VALUE, SECONDS, WH, texts - 1];
  const column = Object.fromEntries(data.columns.map((name, i) => [name, i]));
  const collator = new Intl.Collator("en", { numeric: true });
  const order = new Map([...data.words.keys()].sort((a, b) => collator.compare(data.words[a], data.words[b])).map((w, i) => [w, i]));
  const lower = data.words.map((word) => word.toLowerCase());
  const state = { sorted: null, down: false, page: 0, rows: data.rows };
  const shown = (value, digits) => (value === null ? "–" : value.toFixed(digits));
  const energy = (row) => (row[WH] === null ? "missing" : (row[MISSING] ? "≥ " : "") + String(row[WH]));

  const cellsOf = (row) => {
    const figures = { [VALUE]: shown(row[VALUE], 4), [SECONDS]: shown(row[SECONDS], 1), [WH]: energy(row) };
    return places.map((place) => (place < texts ? data.words[row[place]] : figures[place]));
  };
  const drawRow = (row) => {
    const line = make("tr", null), open = row[DETAIL] >= 0;
    cellsOf(row).forEach((text, i) => {
      const cell = make("td", null, places[i] < texts ? {} : { class: "n" });
      if (open && places[i] === column.source) {
        const button = make("button", text, { type: "button", "aria-haspopup": "dialog" });
        button.setAttribute("aria-label", `${data.details[row[DETAIL]].title}: curves and ROC`);
        cell.append(button);
      } else cell.textContent = text;
      line.append(cell);
    });
    if (open) {
      line.className = "open";
      line.addEventListener("click", () => openDetail(data.details[row[DETAIL]], line.querySelector("button")));
    }
    return line;
  };
  const draw = () => {
    const pages = Math.max(1, Math.ceil(state.rows.length / PAGE));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const first = state.page * PAGE, part = state.rows.slice(first, first + PAGE);
    at("browser").tBodies[0].replaceChildren(...part.map(drawRow));
    const which = part.length ? `${first + 1}–${first + part.length} of ` : "";
    at("count").textContent = `${which}${state.rows.length} shown; ${data.rows.length} in all`;
    at("before").disabled = state.page === 0;
    at("after").disabled = state.page === pages - 1;
  };

  const compare = (place) => (a, b) => {
    if (place < texts) return order.get(a[place]) - order.get(b[place]);
    return a[place] - b[place];
  };
  const choose = () => {
    const wanted = ["source", "target", "status"].map((name) => [column[name], at(`by-${name}`).value]).filter(([, v]) => v !== "");
    const search = at("search").value.trim().toLowerCase();
    const hits = search ? new Set(lower.flatMap((word, i) => (word.includes(search) ? [i] : []))) : null;
    state.rows = data.rows.filter((row) => wanted.every(([place, v]) => row[place] === Number(v))
      && (!hits || row.slice(0, texts).some((word) => hits.has(word))));
    if (state.sorted !== null) {
      const place = places[state.sorted], by = compare(place);
      const known = state.rows.filter((row) => row[place] !== null), rest = state.rows.filter((row) => row[place] === null);
      known.sort(state.down ? (a, b) => by(b, a) : by);
      state.rows = [...known, ...rest];  // what is unknown is neither most nor least
    }
    state.page = 0;
    draw();
  };
  heads.forEach((name, i) => {
    const head = make("th", null, { scope: "col", "aria-sort": "none" });
    if (places[i] >= texts) head.className = "n";
    const button = make("button", `${name} ↕`, { type: "button" });
    button.addEventListener("click", () => {
      state.down = state.sorted === i && !state.down;
      state.sorted = i;
      for (const [j, other] of [...at("browser").tHead.rows[0].cells].entries()) {
        other.setAttribute("aria-sort", j !== i ? "none" : state.down ? "descending" : "ascending");
        other.firstChild.textContent = `${heads[j]} ${j !== i ? "↕" : state.down ? "↓" : "↑"}`;
      }
      choose();
    });
    head.append(button);
    at("browser").tHead.rows[0].append(head);
  });
  for (const name of ["source", "target", "status"]) {
    const used = [...new Set(data.rows.map((row) => row[column[name]]))].filter((word) => data.words[word] !== "");
    used.sort((a, b) => order.get(a) - order.get(b));
    at(`by-${name}`).append(make("option", "all", { value: "" }), ...used.map((w) => make("option", data.words[w], { value: w })));
    at(`by-${name}`).addEventListener("change", choose);
  }
  at("search").addEventListener("input", choose);
  at("filter").addEventListener("submit", (event) => event.preventDefault());
  at("filter").addEventListener("reset", () => setTimeout(choose));
  at("before").addEventListener("click", () => { state.page -= 1; draw(); });
  at("after").addEventListener("click", () => { state.page += 1; draw(); });
  for (const id of ["filter", "browser", "pages"]) at(id).hidden = false;
  draw();

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
    put(svg, "text", { x: W / 2, y: H - 4, "text-anchor": "middle", "font-size": 12 }, axes);
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
    figure.append(list);
    return figure;
  };
  const curves = (detail) => {
    const groups = new Map();  // train_loss and val_loss share an axis
    for (const name of Object.keys(detail.curves)) {
      const kind = name.split("_").pop();
      groups.set(kind, [...(groups.get(kind) || []), name]);
    }
    return [...groups].map(([kind, names]) => {
      const series = names.map((name) => {
        const y = detail.curves[name], x = detail.epochs[name];
        return { name, x, y, text: `${name}: ${nice(y[0])} in the first epoch, ${nice(y[y.length - 1])} in the last` };
      });
      const every = series.flatMap((s) => s.y), epochs = series.flatMap((s) => s.x);
      const box = { left: Math.min(...epochs), right: Math.max(...epochs), low: Math.min(...every), high: Math.max(...every) };
      return lines(`${names.length > 1 ? kind : names[0]} in each epoch`, series, box, "epoch");
    });
  };
  const openDetail = (detail, from) => {
    at("detail-title").textContent = detail.title;
    const drawings = make("div", null, { class: "drawings" });
    drawings.append(...curves(detail));
    if (detail.rocs.length) {
      const series = detail.rocs.map((r) => ({ name: r.name, x: r.wrong, y: r.right, text: `${r.name}: area ${r.area.toFixed(3)}` }));
      const box = { left: 0, right: 1, low: 0, high: 1 };
      drawings.append(lines("ROC of each class against the rest: true against false positive rate", series, box, "false positive rate"));
    } else drawings.append(make("p", "The run has no predictions, so there is no ROC."));
    at("detail-body").replaceChildren(drawings);
    at("detail").addEventListener("close", () => from.focus(), { once: true });
    at("detail").showModal();
  };
})();
