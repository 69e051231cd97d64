// Saves the reloading: sends forms in the background and looks for news every 1.5 seconds. Nothing here is needed.
"use strict";

const LOOK_EVERY_MS = 1500;
let tag = "";

document.documentElement.classList.add("js");

function isBusy(part) {
  const field = document.activeElement;
  return part.contains(field) && field.matches("input:not([type=hidden]), textarea") && field.value !== "";
}

function openDetails(part) {
  return new Map([...part.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
}

function typedIn(part) {
  return new Map([...part.querySelectorAll("input[id], textarea[id]")].map((one) => [one.id, one.value]));
}

function renew(page) {
  for (const part of document.querySelectorAll("[data-live][id]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || part.dataset.seen === fresh.innerHTML || isBusy(part)) continue;
    if (!part.dataset.seen && part.innerHTML === fresh.innerHTML) continue;
    const open = openDetails(part);
    const typed = typedIn(part);
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    part.replaceChildren(...document.importNode(fresh, true).childNodes);
    part.dataset.seen = fresh.innerHTML;
    for (const [id, was] of open) {
      const one = document.getElementById(id);
      if (one) one.open = was;
    }
    for (const [id, value] of typed) {
      const one = document.getElementById(id);
      if (one && !one.value) one.value = value;
    }
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
}

async function show(response) {
  if (response.status === 304) return;
  if (!response.ok) throw new Error(String(response.status));
  tag = response.headers.get("ETag") || "";
  renew(new DOMParser().parseFromString(await response.text(), "text/html"));
}

async function look() {
  try {
    await show(await fetch(location.pathname + location.search, { headers: { "If-None-Match": tag }, cache: "no-store" }));
  } catch (problem) {
    tag = "";
  }
}

async function send(form, button) {
  const fields = new URLSearchParams(new FormData(form, button));
  if (form.dataset.clear !== undefined) {
    for (const field of form.querySelectorAll("textarea, input:not([type=hidden])")) field.value = "";
  }
  for (const details of form.querySelectorAll("details")) details.open = false;
  form.closest("details.menu")?.removeAttribute("open");
  if (button) button.blur();
  await show(await fetch(form.action, { method: "POST", body: fields }));
  for (const later of [300, 900]) setTimeout(look, later);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-quiet]")) return;
  event.preventDefault();
  send(form, event.submitter).catch(() => form.submit());
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && event.target.matches(".composer textarea")) {
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector(".send"));
  }
});

document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  const field = document.querySelector("[data-keypad]");
  if (key && field) {
    field.value = key.dataset.key === "erase" ? field.value.slice(0, -1) : field.value + key.dataset.key;
    field.focus();
  }
});

setInterval(() => { if (!document.hidden) look(); }, LOOK_EVERY_MS);
