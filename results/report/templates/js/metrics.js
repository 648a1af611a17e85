// Every part that was made by several metrics shows the one that is chosen; parts of one metric stay.
const metric = at("metric");
if (metric) {
  metric.addEventListener("change", () => {
    const verdict = at("verdict");
    if (verdict) verdict.dataset.by = metric.selectedIndex ? `By ${metric.options[0].value}: ` : "";  // it stays by the first metric
    for (const section of all("main > section")) {
      const views = all(":scope > .view", section);
      const wanted = views.find((view) => view.dataset.metric === metric.value) || views[0];
      for (const view of views) view.hidden = view !== wanted;
    }
  });
}
