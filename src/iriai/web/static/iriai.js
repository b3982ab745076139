/* Small conveniences; every page works without them.
   htmx gets the one Trusted Types policy of this hub: it parses pages of this hub and nothing else. */
(() => {
  "use strict";
  const policy = window.trustedTypes?.createPolicy("iriai", { createHTML: (html) => html });
  if (policy) {
    htmx.registerExtension("iriai", {
      init: (api) => api.initSecurity({
        createHTML: (html) => policy.createHTML(html),
        createScript: () => { throw new TypeError("Pages of this hub run no script of their own."); },
      }),
    });
  }

  /* A menu closes when one looks elsewhere, and on Escape. */
  const openMenus = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("click", (event) => {
    openMenus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    openMenus().forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
  });

  /* A button with data-copy copies the text of the element it names. */
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(source.innerText.trim());
    const said = button.textContent;
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = said; }, 1500);
  });
  document.documentElement.dataset.script = "";
})();
