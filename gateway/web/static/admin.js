// Comforts for the screens of staff beside site.js: how long an action can still be taken back. Nothing here is needed.
"use strict";

(() => {
  const SECOND_MS = 1000;
  document.querySelectorAll("[data-until]").forEach((form) => {
    const words = form.querySelector("[data-countdown]");
    // The server's own time stands on the page: a phone's clock may be minutes off.
    const began = Date.now();
    const left = Date.parse(form.dataset.until) - Date.parse(form.dataset.now);
    const show = () => {
      const seconds = Math.max(0, Math.round((left - (Date.now() - began)) / SECOND_MS));
      words.textContent = `${Math.floor(seconds / 60)}.${String(seconds % 60).padStart(2, "0")}`;
      if (!seconds) { form.hidden = true; }
    };
    show();
    window.setInterval(show, SECOND_MS);
  });
})();
