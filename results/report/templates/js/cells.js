const data = JSON.parse(at("data").textContent);
if (!data) return;

// The browser of cells. A row holds a place in `words` for each column of words, then figures.
const PAGE = 100, texts = data.columns.length, [VALUE, SECONDS, WH, MISSING, DETAIL] = [0, 1, 2, 3, 4].map((i) => texts + i);
const heads = data.heads;
const places = [...data.columns.slice(0, -1).keys(), VALUE, SECONDS, WH, texts - 1];
const column = Object.fromEntries(data.columns.map((name, i) => [name, i]));
const order = new Map([...data.words.keys()].sort((a, b) => collator.compare(data.words[a], data.words[b])).map((w, i) => [w, i]));
const lower = data.words.map((word) => word.toLowerCase());
const state = { sorted: null, down: false, page: 0, rows: data.rows };
const shown = (value, digits) => (value === null ? "–" : value.toFixed(digits));
const energy = (row) => (row[WH] === null ? "missing" : (row[MISSING] ? "≥ " : "") + String(row[WH]));

const cellsOf = (row) => {
  const figures = { [VALUE]: shown(row[VALUE], 4), [SECONDS]: shown(row[SECONDS], 1), [WH]: energy(row) };
  return places.map((place) => (place < texts ? data.words[row[place]] : figures[place]));
};
// A source with several backbones is several on the page, and its attempts then belong to none of them.
const numbers = new Map(boxes.map((box) => [box.parentElement.textContent.trim(), box]));
const boxOf = (row) => numbers.get(data.words[row[column.source]]);
const drawRow = (row) => {
  const line = make("tr", null), open = row[DETAIL] >= 0, box = boxOf(row);
  if (box) line.dataset.s = box.value;
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
  const gone = new Set(boxes.filter((box) => !box.checked));
  state.rows = data.rows.filter((row) => !gone.has(boxOf(row)) && wanted.every(([place, v]) => row[place] === Number(v))
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
  const head = make("th", null, { scope: "col", "aria-sort": "none", title: data.tips[i] });
  if (places[i] >= texts) head.className = "n";
  const button = make("button", name, { type: "button", class: "sort" });
  button.addEventListener("click", () => {
    state.down = state.sorted === i && !state.down;
    state.sorted = i;
    markSorted(at("browser"), head, state.down);
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
document.addEventListener("sources", choose);
at("filter").addEventListener("submit", (event) => event.preventDefault());
at("filter").addEventListener("reset", () => setTimeout(choose));
at("before").addEventListener("click", () => { state.page -= 1; draw(); });
at("after").addEventListener("click", () => { state.page += 1; draw(); });
for (const id of ["filter", "browser", "pages"]) at(id).hidden = false;
draw();

