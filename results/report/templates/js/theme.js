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
