// Texts that explain a column head, a cell or a figure: shown beside it while the pointer or the focus is on it.
const tip = at("tip");
const textOf = (element) => {
  if (element.title) {  // the browser would show a second one
    element.dataset.tip = element.title;
    element.removeAttribute("title");
  }
  return element.dataset.tip || "";
};
const hideTip = () => {
  tip.hidden = true;
  for (const one of all("[aria-describedby=tip]")) one.removeAttribute("aria-describedby");
};
const showTip = (element) => {
  const text = element && textOf(element);
  if (!text) { hideTip(); return; }
  tip.textContent = text;
  tip.hidden = false;
  const box = element.getBoundingClientRect(), own = tip.getBoundingClientRect();
  const above = box.top - own.height - 6;
  tip.style.left = `${Math.max(4, Math.min(box.left, innerWidth - own.width - 4))}px`;
  tip.style.top = `${above > 0 ? above : box.bottom + 6}px`;
};
const explained = (event) => (event.target.closest ? event.target.closest("[title], [data-tip]") : null);
document.addEventListener("pointerover", (event) => showTip(explained(event)));
document.addEventListener("focusin", (event) => {
  const element = explained(event);
  showTip(element);
  if (element && !tip.hidden) event.target.setAttribute("aria-describedby", "tip");
});
document.addEventListener("focusout", hideTip);
document.addEventListener("scroll", hideTip, { passive: true });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
