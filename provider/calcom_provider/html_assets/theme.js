"use strict";
// Light or dark: as Airflow shows itself where the page stands in it, else as the system does or the reader chose.
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  let host = null;
  let chosen = null;
  try {
    if (parent !== window) host = parent.document.documentElement;
  } catch (error) {
    host = null;
  }
  const around = () => (host && host.classList.contains("dark") ? true : host && host.classList.contains("light") ? false : null);
  const dark = () => (chosen ?? around() ?? system.matches);

  function apply() {
    root.dataset.theme = dark() ? "dark" : "light";
    if (button) button.textContent = dark() ? "Light mode" : "Dark mode";
    document.dispatchEvent(new CustomEvent("themed"));
  }

  if (host && around() !== null) {
    new MutationObserver(apply).observe(host, { attributes: true, attributeFilter: ["class"] });
    if (button) button.hidden = true;
  }
  if (button) button.addEventListener("click", () => { chosen = !dark(); apply(); });
  system.addEventListener("change", apply);
  // Airflow's own pages are opened by Airflow: a frame in it may not leave for them, nor show them inside of itself.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-airflow]");
    if (!link || !host || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const outside = parent.document.createElement("a");
    outside.href = link.href;
    outside.click();
  });
  apply();
})();
