// Every table can be sorted by each column and searched from the bar; tables of more than a few rows get a search of their own.
const FEW = 6;
const numberOf = (text) => {
  const found = text.replace(/^[≥≈]\s*/, "").match(/^[-−+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?/i);
  return found ? Number(found[0].replace("−", "-").replaceAll(",", "")) : null;
};
const markSorted = (table, head, down) => {
  for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", other !== head ? "none" : down ? "descending" : "ascending");
};
const sortTable = (table, head, words) => {
  const place = head.cellIndex, down = head.getAttribute("aria-sort") === "ascending";
  const rows = [...table.tBodies[0].rows].map((row) => {
    const text = row.cells[place].textContent.trim();
    return { row, value: words ? text : numberOf(text) };
  });
  const known = rows.filter((one) => one.value !== null), rest = rows.filter((one) => one.value === null);
  known.sort((a, b) => (words ? collator.compare(a.value, b.value) : a.value - b.value) * (down ? -1 : 1));
  table.tBodies[0].append(...[...known, ...rest].map((one) => one.row));  // what is unknown is neither most nor least
  markSorted(table, head, down);
};
const keep = (rows, text, mark) => {
  const wanted = text.trim().toLowerCase();
  for (const row of rows) row.classList.toggle(mark, wanted !== "" && !row.textContent.toLowerCase().includes(wanted));
};
const searchable = (table) => {
  const holder = make("label", "Find ", { class: "find" }), field = make("input", null, { type: "search", autocomplete: "off" });
  holder.append(field);
  field.addEventListener("input", () => keep(table.tBodies[0].rows, field.value, "unfound"));
  table.parentElement.before(holder);
};
if (at("find")) at("find").addEventListener("input", () => keep(all(".listed > tbody > tr, .heat > tbody > tr"), at("find").value, "unasked"));
for (const table of all("table.listed, table.heat")) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 2) continue;
  for (const head of table.tHead.rows[0].cells) {
    const button = make("button", head.textContent, { type: "button", class: "sort" }), words = !head.classList.contains("n");
    head.setAttribute("aria-sort", "none");
    head.replaceChildren(button);
    button.addEventListener("click", () => sortTable(table, head, words));
  }
  if (rows.length > FEW && table.dataset.search !== "own") searchable(table);
}
