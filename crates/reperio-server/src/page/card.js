// One entry of the queue: an upload, and then the job that it became. The elements stay the same while the entry
// changes, so that the keyboard's focus is never lost.

import { element, setText, show } from "./dom.js";

const WORDS = {
  waiting: "waiting to be sent",
  sending: "sending",
  refused: "not sent",
  queued: "queued",
  running: "running",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
};

/** A card with nothing in it yet; `actions` are the names of the buttons it may have and what they do. */
export function card(actions) {
  const state = element("span", { class: "state" });
  const title = element("h3", {});
  const facts = element("p", { class: "muted" });
  const bar = element("progress", { max: "1" });
  const note = element("p", { class: "note" });
  const warnings = element("p", { class: "warnings" });
  const error = element("p", { class: "error" });
  const links = element("span", { class: "links" });
  const buttons = new Map(
    Object.entries(actions).map(([name, act]) => [
      name,
      element("button", { type: "button", class: "plain", hidden: true, onclick: act }, name),
    ]),
  );
  const list = element("ul", {});
  const files = element(
    "details",
    { hidden: true, ontoggle: () => listFiles() },
    element("summary", {}, "All files"),
    list,
  );
  let listFiles = () => {};
  const item = element(
    "li",
    { class: "job" },
    element("div", { class: "line" }, title, state),
    facts,
    bar,
    note,
    warnings,
    error,
    element("div", { class: "actions" }, links, files, ...buttons.values()),
  );

  /**
   * Shows `view`: `title`, `state`, `facts`, `progress` (null: none; undefined: of unknown length; else a share), `note`,
   * `warnings`, `error`, `actions` (names of the buttons), `links` (elements), `files` (a function that
   * makes list items, or null).
   */
  function update(view) {
    item.dataset.state = view.state;
    setText(title, view.title);
    setText(state, WORDS[view.state] ?? view.state);
    show(facts, view.facts);
    bar.hidden = view.progress === null;
    bar.setAttribute("aria-label", `Progress of ${view.title}`);
    if (view.progress === undefined) bar.removeAttribute("value");
    else bar.value = view.progress ?? 0;
    show(note, view.note);
    show(warnings, view.warnings);
    show(error, view.error);
    const held = [...buttons.values()].includes(document.activeElement);
    for (const [name, button] of buttons) {
      button.hidden = !view.actions.includes(name);
      button.setAttribute("aria-label", `${name}: ${view.title}`);
    }
    if (links.childElementCount !== view.links.length) links.replaceChildren(...view.links);
    files.hidden = view.files === null;
    // There may be thousands: they are listed when somebody looks.
    listFiles = () => list.replaceChildren(...(files.open && view.files ? view.files() : []));
    if (held && document.activeElement.hidden !== false) {
      const next = links.querySelector("a") ?? [...buttons.values()].find((button) => !button.hidden);
      next?.focus();
    }
  }

  return { item, update };
}
