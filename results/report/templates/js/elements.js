// Short ways to find and to make elements; every file of the page's script uses them.
const at = (id) => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const make = (tag, text, attributes = {}) => {
  const made = document.createElement(tag);
  if (text !== null) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
const collator = new Intl.Collator("en", { numeric: true });
for (const one of all(".scripted")) one.hidden = false;
