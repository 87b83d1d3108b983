// The table of results: a row for each repertoire and target of the jobs that are done.

import { patiently, pause, request } from "./api.js";
import { byId, counted, element, localTime, save, setText, short } from "./dom.js";
import { link, pageOf, tables } from "./links.js";
import { targetsOf } from "./models.js";
import * as tsv from "./tsv.js";

/** Rows that are shown at first, and with each click on "more". */
const STEP = 200;
/** Between two requests for results, so that many old jobs do not use up the requests that a token has. */
const BETWEEN_MS = 60;

const COLUMNS = [
  { title: "Repertoire", text: (row) => row.id },
  { title: "Target", text: (row) => row.target },
  { title: "Score", text: (row) => row.score, number: true },
  { title: "Class", text: (row) => row.called },
  { title: "Prediction set", text: (row) => row.set },
  { title: "Warnings", text: (row) => row.warnings, type: "text long" },
  { title: "Clonotypes", text: (row) => row.clonotypes, number: true },
  { title: "Model", text: ({ job }) => `${job.model} ${short(job.model_sha256)}`, type: "text word" },
  { title: "When", text: ({ job }) => localTime(job.finished), type: "text word" },
];

/** Rows by job, in the order in which the jobs were made, the newest first. */
const found = new Map();
const waiting = [];
let reading = false;
let shown = STEP;
let sort = { column: null, down: false };

/** Reads the results of a job; `noted` is told how many there are. */
export async function read(job, noted) {
  waiting.push({ job, noted });
  if (reading) return;
  reading = true;
  while (waiting.length > 0) {
    // The newest first: it is what somebody waits for.
    waiting.sort((a, b) => newestFirst(a.job, b.job));
    await readOne(waiting.shift());
    if (waiting.length > 0) await pause(BETWEEN_MS);
  }
  reading = false;
}

async function readOne({ job, noted }) {
  try {
    const answer = await patiently(() => request(`/v1/jobs/${job.id}/result?as=tsv`));
    const rows = tsv.scores(await answer.text(), targetsOf(job.model_sha256));
    found.set(job.id, { job, rows: rows.map((row) => ({ ...row, job })) });
    draw();
    noted(counted(new Set(rows.map((row) => row.id)).size, "repertoire"));
  } catch (error) {
    noted(`The results could not be read: ${error.message}`);
  }
}

/** Takes the rows of a job away. */
export function forget(id) {
  if (found.delete(id)) draw();
}

function compare(a, b, { number }) {
  if (number) return Number(a) - Number(b);
  return a.localeCompare(b, undefined, { numeric: true });
}

/** The order of jobs; those of one second stand in the order of their files. */
function newestFirst(a, b) {
  if (a.created !== b.created) return a.created < b.created ? 1 : -1;
  return (a.inputs[0]?.name ?? "").localeCompare(b.inputs[0]?.name ?? "", undefined, { numeric: true });
}

/** All rows that match the filter, sorted. What is empty stands last, whichever way they are sorted. */
function wanted() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const jobs = [...found.values()].sort((a, b) => newestFirst(a.job, b.job));
  const all = jobs.flatMap(({ rows }) => rows);
  const text = (row) =>
    COLUMNS.map((column) => column.text(row))
      .join("\t")
      .toLowerCase();
  const rows = all.filter((row) => words.length === 0 || words.every((word) => text(row).includes(word)));
  const column = COLUMNS[sort.column];
  if (column) {
    rows.sort((a, b) => {
      const [left, right] = [column.text(a), column.text(b)];
      if (left === "" || right === "") return (left === "") - (right === "");
      return sort.down ? compare(right, left, column) : compare(left, right, column);
    });
  }
  return { rows, total: all.length };
}

function draw() {
  const { rows, total } = wanted();
  byId("rows").replaceChildren(...rows.slice(0, shown).map(line));
  const some = rows.length < total ? `${rows.length} of ${counted(total, "row")}` : counted(total, "row");
  setText(byId("count"), total === 0 ? "No results yet." : some);
  byId("save").disabled = rows.length === 0;
  byId("more").hidden = rows.length <= shown;
  setText(byId("more"), `Show ${Math.min(STEP, rows.length - shown)} more rows`);
}

function line(row) {
  const { job, id } = row;
  const page = pageOf(job, id);
  const cells = COLUMNS.map((column, i) => {
    const text = column.text(row);
    if (i === 0) return element("th", { scope: "row" }, page ? link(job, page, text) : text);
    if (column.title === "Score") return element("td", {}, score(row));
    return element("td", { class: column.number ? null : (column.type ?? "text") }, text);
  });
  const files = element("td", { class: "text word" }, ...tables(job).flatMap((one) => [one, " "]));
  return element("tr", { onclick: open }, ...cells, files);
}

/** A click anywhere in a row opens its page, unless it was to mark some text. */
function open(event) {
  if (event.target.closest("a") || !getSelection().isCollapsed) return;
  event.currentTarget.querySelector("th a")?.click();
}

function score({ score: text, of, warnings }) {
  const warned = warnings
    ? element("small", { class: "warned" }, counted(warnings.split("; ").length, "warning"))
    : null;
  if (text === "") return element("span", { class: "muted" }, "no score", warned);
  const number = Number(text);
  const small = number !== 0 && Math.abs(number) < 1e-3;
  const rounded = small ? number.toExponential(1) : number.toFixed(4);
  return element("span", {}, element("data", { value: text, title: text }, rounded), element("small", {}, of), warned);
}

function sortBy(i) {
  sort = { column: i, down: sort.column === i && !sort.down };
  drawHeads();
  draw();
  byId("heads").querySelectorAll("button")[i].focus();
}

function drawHeads() {
  const heads = COLUMNS.map(({ title, number }, i) => {
    const own = sort.column === i;
    const arrow = element("span", { "aria-hidden": "true" }, own ? (sort.down ? "▼" : "▲") : "");
    const button = element("button", { type: "button", class: "head", onclick: () => sortBy(i) }, title, " ", arrow);
    return element(
      "th",
      {
        scope: "col",
        class: number ? null : "text",
        "aria-sort": own ? (sort.down ? "descending" : "ascending") : null,
      },
      button,
    );
  });
  byId("heads").replaceChildren(...heads, element("th", { scope: "col", class: "text" }, "Files"));
}

/** The rows as they are shown, with whole numbers, as a table of text. */
function saveRows() {
  const lines = wanted().rows.map((row) => [...COLUMNS.map((column) => column.text(row)), row.job.id]);
  const table = tsv.write([[...COLUMNS.map(({ title }) => title), "Job"], ...lines]);
  save(new Blob([table], { type: "text/tab-separated-values" }), "results.tsv");
}

/** Prepares the table. */
export function start() {
  drawHeads();
  draw();
  byId("filter").addEventListener("input", () => {
    shown = STEP;
    draw();
  });
  byId("more").addEventListener("click", () => {
    shown += STEP;
    draw();
  });
  byId("save").addEventListener("click", saveRows);
}
