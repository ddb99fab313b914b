// Keys for the review. Everything here can also be done with links and buttons.
"use strict";
(() => {
  const search = document.getElementById("q");
  const isTyping = (target) =>
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
  const items = () => Array.from(document.querySelectorAll(".queue > .entry, .cards > .card"));
  let at = -1;

  const select = (index, scroll = true) => {
    const all = items();
    if (!all.length) return;
    at = Math.max(0, Math.min(index, all.length - 1));
    for (const item of all) item.classList.remove("at");
    const item = all[at];
    item.classList.add("at");
    if (!item.hasAttribute("tabindex")) item.setAttribute("tabindex", "-1");
    item.focus({ preventScroll: true });
    if (scroll) item.scrollIntoView({ block: item.classList.contains("entry") ? "start" : "nearest" });
  };
  const current = () => items()[at] || document.querySelector(".article") || null;

  const say = (text) => {
    let toast = document.getElementById("toast");
    if (!toast) {
      toast = document.createElement("p");
      toast.id = "toast";
      toast.setAttribute("role", "status");
      document.body.append(toast);
    }
    toast.textContent = text;
    toast.classList.add("shown");
    clearTimeout(say.timer);
    say.timer = setTimeout(() => toast.classList.remove("shown"), 2500);
  };

  const send = async (form, name, value) => {
    const body = new URLSearchParams(new FormData(form));
    if (name) body.set(name, value);
    const answer = await fetch(form.action, {
      method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin", keepalive: true,
    });
    if (!answer.ok) throw new Error((await answer.text()) || answer.statusText);
  };

  // One after the other: what was decided last must be what is written last.
  let turn = Promise.resolve();
  let unsent = 0;
  const inTurn = (work) => {
    unsent += 1;
    turn = turn.then(work).catch((error) => say("Not saved: " + error.message)).then(() => {
      unsent -= 1;
      recount();
    });
  };

  // The queue's counts, as they are once all is sent. Without an answer they stay.
  const recount = async () => {
    if (unsent || !document.querySelector(".queue")) return;
    const answer = await fetch(location.pathname + location.search, { credentials: "same-origin" }).catch(() => null);
    if (!answer || !answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [old, fresh] = [document, page].map((of) => of.querySelector("main > .head"));
    if (old && fresh && !unsent && !old.contains(document.activeElement)) old.replaceWith(fresh);
  };

  const pressed = (form) => form.querySelector("button[name=status][aria-pressed=true]");
  const show = (form, status) => {
    for (const button of form.querySelectorAll("button[name=status]"))
      button.setAttribute("aria-pressed", button.value === status ? "true" : "false");
    const entry = form.closest("[data-id]");
    if (entry) entry.dataset.status = status;
  };

  // What was decided on this page and not taken back: the form, and the status before.
  const decided = [];
  const setStatus = (form, button) => inTurn(async () => {
    const before = pressed(form);
    await send(form, button.name, button.value);
    decided.push({ form, before: before ? before.value : "open" });
    show(form, button.value);
    say(button.textContent.trim());
  });
  const undo = () => inTurn(async () => {
    const last = decided.at(-1);
    if (!last) return say("Nothing was decided on this page.");
    await send(last.form, "status", last.before);
    decided.pop();
    show(last.form, last.before);
    const entry = last.form.closest(".entry");
    if (entry) select(items().indexOf(entry));
    say("Taken back: " + pressed(last.form).textContent.trim());
  });

  // A note and a rating are saved when they are left, or sent.
  const content = (form) => new URLSearchParams(new FormData(form)).toString();
  const saved = new Map();
  for (const form of document.querySelectorAll(".decide form.note")) saved.set(form, content(form));
  const isChanged = (form) => saved.get(form) !== content(form);
  const saveNote = (form) => inTurn(async () => {
    const now = content(form);
    if (saved.get(form) === now) return;
    await send(form);
    saved.set(form, now);
    say("Saved");
  });

  // Decisions are sent without leaving the page; where that fails, nothing on it changes.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.closest(".decide")) return;
    event.preventDefault();
    if (form.matches(".note")) {
      saveNote(form);
      const entry = form.closest("[data-id], .article");
      if (entry) entry.focus();
    } else if (event.submitter) setStatus(form, event.submitter);
  });
  document.addEventListener("focusout", (event) => {
    const form = event.target instanceof Element && event.target.closest(".decide form.note");
    if (form && !form.contains(event.relatedTarget) && isChanged(form)) saveNote(form);
  });
  // What is on its way arrives, also where the page is left.
  addEventListener("beforeunload", (event) => {
    if (unsent > 1 || (!unsent && [...saved.keys()].some(isChanged))) event.preventDefault();
  });

  const decide = (key) => {
    const item = current();
    const button = item && item.querySelector('button[data-key="' + key + '"]');
    if (!button) return false;
    button.click();
    if (item.classList.contains("entry")) select(at + 1);
    return true;
  };

  let mark = 0;
  const toMark = (step) => {
    const marks = document.querySelectorAll("mark[id]");
    if (!marks.length) return false;
    mark = (mark + step - 1 + marks.length) % marks.length + 1;
    location.hash = "m" + mark;
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target)) {
      const note = event.target.closest(".decide form.note");
      if (event.key === "Escape") event.target.blur();
      else if (note && event.key === "Enter" && (event.ctrlKey || event.metaKey)) note.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    let used = true;
    switch (event.key) {
      case "/": search.focus(); search.select(); break;
      case "j": select(at + 1); break;
      case "k": select(at - 1); break;
      case "r": case "f": case "x": used = decide(event.key); break;
      case "u": if (document.querySelector(".decide")) undo(); else used = false; break;
      case "n": {
        const item = current();
        const details = item && item.querySelector(".decide details");
        if (details) {
          details.open = true;
          details.querySelector("textarea").focus();
        } else used = false;
        break;
      }
      case "Enter": {
        const link = items()[at] && event.target === items()[at] && items()[at].querySelector("h2 a, h3 a");
        if (link) link.click(); else used = false;
        break;
      }
      case ".": used = toMark(1); break;
      case ",": used = toMark(-1); break;
      default: used = false;
    }
    if (used) event.preventDefault();
  });

  if (document.querySelector(".queue > .entry")) {
    const wanted = location.hash && document.getElementById(location.hash.slice(1));
    select(Math.max(0, items().indexOf(wanted)), Boolean(wanted));
  }
  // On a narrow screen the filters begin closed.
  const filters = document.querySelector(".facets > details");
  if (filters && matchMedia("(max-width: 60rem)").matches) filters.open = false;
})();
