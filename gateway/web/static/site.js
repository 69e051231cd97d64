// Comforts for pages that work without: live changes, keys, counters, terms, copying. Nothing here is needed.
"use strict";

(() => {
  const POLL_MS = 15000;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Live: a stream says that something changed; the parts marked data-fresh (with an id) are fetched anew and put in
  // place. Whoever types or has rows ticked is only told. X-Fresh: a page that refreshes itself is nobody at work.
  const fresh = find("[data-live]");
  if (fresh) {
    const changed = find("[data-changed]", fresh);
    const offline = find("[data-offline]", fresh);
    let timer = 0;
    const isBusy = () => {
      const at = document.activeElement;
      const isTyping = at && at.matches("input:not([type=checkbox]), textarea, select") && at.value;
      return isTyping || find("dialog[open]") || all("[data-fresh] input:checked").length > 0;
    };
    const again = async () => {
      if (document.hidden) { return; }
      if (isBusy()) { changed.hidden = false; return; }
      try {
        const answer = await fetch(window.location.href, { headers: { "X-Fresh": "1" }, redirect: "error" });
        if (!answer.ok) { throw new Error(answer.status); }
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const focused = document.activeElement && document.activeElement.id;
        all("[data-fresh][id], [data-made-at]").forEach((part) => {
          const now = part.id ? page.getElementById(part.id) : find("[data-made-at]", page);
          if (now) { part.replaceWith(now); }
        });
        if (focused) { document.getElementById(focused)?.focus(); }
        changed.hidden = true;
        offline.hidden = true;
      } catch { offline.hidden = false; }
    };
    const soon = () => { window.clearTimeout(timer); timer = window.setTimeout(again, 1000); };
    const source = new EventSource(fresh.dataset.live);
    source.addEventListener("change", soon);
    source.addEventListener("reload", soon);
    let silent = 0;
    window.setInterval(() => {
      // A stream that is closed says nothing; one without a doorbell behind it may be open and silent.
      silent = (silent + 1) % 4;
      if (source.readyState === EventSource.CLOSED || silent === 0) { again(); }
    }, POLL_MS);
    window.addEventListener("pagehide", () => source.close());
    window.addEventListener("offline", () => { offline.hidden = false; });
    window.addEventListener("online", soon);
  }

  // Keys: j k Enter / ? and g + letter. Off in fields, with modifiers, and where somebody switched them off.
  const KEYS_OFF = "keys-off";
  const rows = () => all("[data-row]");
  let goes = false;
  const pick = (step) => {
    const list = rows();
    if (!list.length) { return; }
    const at = list.findIndex((row) => row.classList.contains("picked"));
    const next = list[Math.min(list.length - 1, Math.max(0, at + step))];
    list.forEach((row) => row.classList.remove("picked"));
    next.classList.add("picked");
    (find("a", next) || next).focus();
  };
  const keys = {
    j: () => pick(1),
    k: () => pick(-1),
    "/": () => { const search = find("[type=search]"); if (search) { search.focus(); } },
    "?": () => { const list = find("dialog[data-keys]"); if (list) { list.showModal(); } },
    g: () => { goes = true; },
  };
  const places = { k: "/admin/kanal", a: "/admin/aduan", l: "/admin/laporan" };
  const isOn = () => {
    try { return document.body.dataset.shortcuts === "on" && !window.localStorage.getItem(KEYS_OFF); } catch { return false; }
  };
  document.addEventListener("keydown", (event) => {
    if (!isOn() || event.ctrlKey || event.altKey || event.metaKey) { return; }
    // A field that is hidden no longer counts: for a moment the focus stays in a dialog that was just closed.
    if (event.target.closest("input, textarea, select, [contenteditable]")?.getClientRects().length) { return; }
    const place = goes && places[event.key];
    // Whatever key comes after g ends it: slow fingers, or a slow machine, are no reason to miss.
    goes = false;
    if (place) {
      const link = find(`a[href="${place}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    const marked = all("[data-key]").find((element) => element.dataset.key === event.key);
    if (marked) {
      event.preventDefault();
      if (marked.tagName === "DETAILS") { marked.open = true; find("textarea, input:not([type=hidden]), select, button", marked)?.focus(); } else { marked.click(); }
    } else if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  all("[data-keys-switch]").forEach((box) => {
    try { box.checked = !window.localStorage.getItem(KEYS_OFF); } catch { box.disabled = true; }
    box.addEventListener("change", () => {
      if (box.checked) { window.localStorage.removeItem(KEYS_OFF); } else { window.localStorage.setItem(KEYS_OFF, "1"); }
    });
  });

  // Counters: how many characters are left of maxlength, said aloud only when few are left.
  all("textarea[maxlength][data-count], input[maxlength][data-count]").forEach((field) => {
    const words = document.createElement("p");
    words.className = "count";
    field.after(words);
    const show = () => {
      words.textContent = `${field.value.length.toLocaleString("id")} / ${field.maxLength.toLocaleString("id")}`;
      words.setAttribute("aria-live", field.maxLength - field.value.length < 50 ? "polite" : "off");
    };
    field.addEventListener("input", show);
    show();
  });

  // A long text is not lost by a slip: leaving a page with unsent words asks first.
  all("form[data-guard]").forEach((form) => {
    let sent = false;
    form.addEventListener("submit", () => { sent = true; });
    window.addEventListener("beforeunload", (event) => {
      if (!sent && all("textarea", form).some((field) => field.value !== field.defaultValue)) { event.preventDefault(); }
    });
  });

  // Twice pressed is once meant.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button && !button.name) { window.setTimeout(() => { button.disabled = true; }, 0); }
  });
  window.addEventListener("pageshow", () => all("button[disabled][type=submit]").forEach((button) => { button.disabled = false; }));

  // Terms: the definition beside the word, on focus, hover or tap; Esc closes. The link leads to the glossary anyway.
  let open = null;
  const close = () => { if (open) { open.remove(); open = null; } };
  all("a.istilah[title]").forEach((term) => {
    const words = term.title;
    term.removeAttribute("title");
    const show = () => {
      close();
      open = document.createElement("span");
      open.className = "popover";
      open.setAttribute("role", "tooltip");
      open.textContent = words;
      term.after(open);
    };
    term.addEventListener("mouseenter", show);
    term.addEventListener("focus", show);
    term.addEventListener("mouseleave", close);
    term.addEventListener("blur", close);
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") { close(); } });

  // A part of the menu is shut by Esc, and by looking elsewhere.
  const parts = all("details.part");
  document.addEventListener("keydown", (event) => {
    const shown = event.key === "Escape" && parts.find((part) => part.open);
    if (shown) { shown.open = false; find("summary", shown).focus(); }
  });
  document.addEventListener("click", (event) => {
    parts.forEach((part) => { if (!part.contains(event.target)) { part.open = false; } });
  });

  // Copying a number or code, and choosing all rows of a table.
  all("[data-copy]").forEach((button) => {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.copied || button.textContent;
    });
  });
  all("[data-all]").forEach((box) => {
    box.addEventListener("change", () => all(`input[name="${box.dataset.all}"]`).forEach((one) => { one.checked = box.checked; }));
  });

  // Printing, which is also how a page becomes a PDF.
  all("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });

  // The place of this device, only when asked for.
  all("[data-locate]").forEach((button) => {
    button.hidden = !navigator.geolocation;
    button.addEventListener("click", () => navigator.geolocation.getCurrentPosition((place) => {
      const form = button.closest("form");
      find("[name=lat]", form).value = place.coords.latitude.toFixed(6);
      find("[name=lon]", form).value = place.coords.longitude.toFixed(6);
      button.textContent = button.dataset.located || button.textContent;
    }));
  });

  // What is wrong with a form is where reading goes on.
  find("#masalah")?.focus();
})();
