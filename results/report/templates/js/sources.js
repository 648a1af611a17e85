// Sources across all tables and drawings: one is highlighted wherever it is, several can be hidden, ties can be coloured.
// Rules of a style sheet do it, so that the time does not grow with the number of rows.
const rules = make("style", "");
document.head.append(rules);
const lit = make("style", "");
document.head.append(lit);
const light = (number) => {
  const wanted = number === null ? "" : `[data-s="${number}"], [data-s="${number}"] > th { background: var(--hot) !important; }
[data-s="${number}"] .plot line, [data-s="${number}"] .plot circle { stroke-width: 4; } g[data-s="${number}"] { stroke-width: 3; font-weight: 700; }`;
  if (lit.textContent !== wanted) lit.textContent = wanted;
};
const sourceAt = (event) => {
  const row = event.target.closest ? event.target.closest("[data-s]") : null;
  return row && row.dataset.s !== "" ? row.dataset.s : null;
};
document.addEventListener("pointerover", (event) => light(sourceAt(event)));
document.addEventListener("focusin", (event) => light(sourceAt(event)));

const boxes = all("#hide input");
const hideSources = () => {
  const gone = boxes.filter((box) => !box.checked).map((box) => `[data-s="${box.value}"]`);
  rules.textContent = gone.length ? `${gone.join(",")} { display: none; }` : "";
  at("hidden-count").textContent = gone.length ? `(${gone.length} hidden)` : "";
  document.dispatchEvent(new Event("sources"));
};
const checkAll = (checked) => { for (const box of boxes) box.checked = checked; hideSources(); };
if (boxes.length) {
  at("hide").addEventListener("change", hideSources);
  at("all-sources").addEventListener("click", () => checkAll(true));
  at("no-sources").addEventListener("click", () => checkAll(false));
  at("ties").addEventListener("change", () => root.toggleAttribute("data-ties", at("ties").checked));
}
