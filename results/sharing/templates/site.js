"use strict";
(() => {
  const at = (id) => document.getElementById(id), root = document.documentElement;
  const collator = new Intl.Collator("en", { numeric: true });

  // Theme: as the system has it, until the reader chooses.
  const theme = at("theme"), prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
  const nameTheme = () => { theme.textContent = isDark() ? "Light theme" : "Dark theme"; };
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; nameTheme(); });
  prefersDark.addEventListener("change", nameTheme);
  nameTheme();
  theme.hidden = false;

  // Every table is sorted by its headings; what is no figure comes last in a column of figures.
  const figure = (text) => { const value = parseFloat(text); return Number.isNaN(value) ? null : value; };
  for (const table of document.querySelectorAll("table.listed")) {
    [...table.tHead.rows[0].cells].forEach((head, place) => {
      const button = document.createElement("button"), numbers = head.classList.contains("n");
      button.type = "button";
      button.className = "sort";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending", body = table.tBodies[0];
        for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const value = (row) => row.cells[place].textContent, sign = down ? -1 : 1;
        const by = (a, b) => {
          if (!numbers) return sign * collator.compare(value(a), value(b));
          const one = figure(value(a)), other = figure(value(b));
          if (one === null || other === null) return (one === null) - (other === null);
          return sign * (one - other);
        };
        body.replaceChildren(...[...body.rows].sort(by));
      });
    });
  }

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
})();
