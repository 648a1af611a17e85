// Filters of the table of all places.
const form = at("filter"), rows = [...at("places").tBodies[0].rows];
const heads = [...at("places").tHead.rows[0].cells].map((head) => head.textContent);
const texts = new Map(rows.map((row) => [row, [...row.cells].map((cell) => cell.textContent)]));
const choose = () => {
  const wanted = ["experiment", "target", "source"].map((name) => [heads.indexOf(name), form.elements[name].value]);
  const search = form.elements.search.value.trim().toLowerCase(), best = form.elements.best.checked;
  let shown = 0;
  for (const [row, cells] of texts) {
    const fits = wanted.every(([place, value]) => value === "" || cells[place] === value)
      && (!best || row.classList.contains("best")) && (search === "" || cells.some((text) => text.toLowerCase().includes(search)));
    row.hidden = !fits;
    shown += fits;
  }
  at("count").textContent = `${shown} of ${rows.length} places shown`;
};
for (const kind of ["input", "change"]) form.addEventListener(kind, choose);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(choose));
form.hidden = false;
choose();
