// The form: files that are chosen, dropped or pasted, and what is to become of them.

import { announce, byId, counted, element, setText, size } from "./dom.js";
import { chosen as chosenModel } from "./models.js";

/** Fields that go into the address where they are filled in. */
const OPTIONS = ["format", "species", "repertoire_column", "count_column"];

let files = [];

function redraw() {
  const items = files.map((file, i) =>
    element(
      "li",
      {},
      element("span", {}, file.name, " ", element("span", { class: "muted" }, size(file.size))),
      element(
        "button",
        { type: "button", class: "plain", "aria-label": `Leave out ${file.name}`, onclick: () => leaveOut(i) },
        "Leave out",
      ),
    ),
  );
  byId("chosen").replaceChildren(...items);
}

function leaveOut(i) {
  files.splice(i, 1);
  redraw();
  const left = byId("chosen").querySelectorAll("button");
  (left[Math.min(i, left.length - 1)] ?? byId("files")).focus();
}

function add(more) {
  files.push(...more);
  redraw();
  setText(byId("wrong"), "");
  if (more.length) announce(`${counted(more.length, "file")} chosen.`);
}

function drop(event) {
  event.preventDefault();
  document.body.classList.remove("over");
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
  const plain = [...event.dataTransfer.files].filter((_, i) => !entries[i]?.isDirectory);
  add(plain);
  if (plain.length < entries.length) setText(byId("wrong"), "Folders cannot be dropped; drop the files in them.");
}

/** What the form asks for, or a text that says what is missing. */
function read() {
  const pasted = byId("pasted").value;
  const all = pasted.trim() ? [...files, new File([pasted], "pasted.tsv")] : files;
  const model = chosenModel();
  if (model === null) return "There is no model to score with.";
  if (all.length === 0) return "Choose, drop or paste a table first.";
  const query = new URLSearchParams({ model });
  for (const name of OPTIONS) {
    const value = byId(name).value.trim();
    if (value) query.append(name, value);
  }
  for (const line of byId("column").value.split("\n")) {
    if (line.trim()) query.append("column", line.trim());
  }
  const kind = byId("explain").checked ? "explain" : "score";
  const groups = byId("apart").checked ? all.map((file) => [file]) : [all];
  return groups.map((group) => ({ files: group, kind, model, query: query.toString() }));
}

/** Prepares the form; `submit` gets the jobs that it asks for. */
export function start(submit) {
  byId("files").addEventListener("change", (event) => {
    add([...event.target.files]);
    event.target.value = "";
  });
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("over");
  });
  document.addEventListener("drop", drop);
  byId("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = read();
    if (typeof wanted === "string") {
      setText(byId("wrong"), wanted);
      return;
    }
    files = [];
    byId("pasted").value = "";
    redraw();
    setText(byId("wrong"), "");
    submit(wanted);
  });
}
