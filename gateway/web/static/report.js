// Comforts of the form and the receipt: a warning about identity numbers, and printing. Nothing here is needed.
"use strict";

(() => {
  // Sixteen digits in a row, with single spaces, dots or hyphens between them: an identity or card number.
  const CARD = /(?<!\d)\d(?:[ .-]?\d){15}(?!\d)/;
  const field = document.querySelector("textarea[data-nik]");
  const warning = field && document.getElementById(field.dataset.nik);
  if (warning) {
    let kept = "";
    const look = () => {
      const found = field.value.match(CARD);
      warning.hidden = !found || found[0] === kept;
    };
    field.addEventListener("input", look);
    warning.querySelector("[data-nik-remove]").addEventListener("click", () => {
      field.value = field.value.replace(CARD, "");
      look();
      field.focus();
    });
    warning.querySelector("[data-nik-keep]").addEventListener("click", () => {
      kept = field.value.match(CARD)[0];
      look();
      field.focus();
    });
    look();
  }
})();
