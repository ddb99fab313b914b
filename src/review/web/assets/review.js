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

  const send = async (form, button) => {
    const body = new URLSearchParams(new FormData(form));
    if (button && button.name) body.set(button.name, button.value);
    const answer = await fetch(form.action, {
      method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin",
    });
    if (!answer.ok) throw new Error((await answer.text()) || answer.statusText);
  };

  // Decisions are sent without leaving the page; where that fails, nothing on it changes.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.closest(".decide")) return;
    event.preventDefault();
    const button = event.submitter;
    try {
      await send(form, button);
    } catch (error) {
      say("Not saved: " + error.message);
      return;
    }
    const entry = form.closest("[data-id], .article");
    if (button && button.name === "status") {
      for (const other of form.querySelectorAll("button[name=status]"))
        other.setAttribute("aria-pressed", other === button ? "true" : "false");
      if (entry) entry.dataset.status = button.value;
      say(button.textContent.trim());
    } else {
      say("Saved");
      if (entry) entry.focus();
    }
  });

  const decide = (key) => {
    const item = current();
    const button = item && item.querySelector('button[data-key="' + key + '"]');
    if (!button) return false;
    button.click();
    if (key !== "u" && item.classList.contains("entry")) select(at + 1);
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
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    let used = true;
    switch (event.key) {
      case "/": search.focus(); search.select(); break;
      case "j": select(at + 1); break;
      case "k": select(at - 1); break;
      case "r": case "f": case "x": case "u": used = decide(event.key); break;
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
