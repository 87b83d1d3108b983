// The queue: uploads on their way and jobs at the server, which outlive the page.

import { Problem, json, patiently, request } from "./api.js";
import { card } from "./card.js";
import { announce, byId, counted, element, localTime, short, size } from "./dom.js";
import { downloads, link } from "./links.js";
import * as results from "./results.js";
import { who } from "./session.js";
import { enqueue, giveUp, newKey } from "./uploads.js";

const FIRST_POLL_MS = 400;
const LAST_POLL_MS = 3000;
const IDLE_POLL_MS = 30_000;
/** Most jobs that the server lists at once. */
const MOST = 1000;

/** Entries of jobs, by their ids. */
const known = new Map();
let limit = 25;
let resting = false;
let wake = () => {};
let poll = FIRST_POLL_MS;
let listed = false;

const live = (job) => job.state === "queued" || job.state === "running";
const named = (names) => (names.length > 1 ? `${names[0]} and ${names.length - 1} more` : (names[0] ?? ""));

/** Takes what the form asks for. */
export function submit(all) {
  const entries = all.map((wanted) => newEntry({ wanted, key: newKey() }));
  for (const entry of entries) {
    byId("jobs").prepend(entry.card.item);
    void enqueue(entry);
  }
  byId("idle").hidden = true;
  announce(`${counted(all.length, "job")} added to the queue.`);
}

function newEntry(fields) {
  const entry = { job: null, shown: "", ...fields };
  entry.title = () =>
    named(entry.job ? entry.job.inputs.map((own) => own.name) : entry.wanted.files.map((own) => own.name));
  entry.card = card({
    "Try now": () => entry.hurry(),
    Retry: () => (entry.job ? submit([entry.wanted]) : enqueue(entry)),
    Cancel: () => cancel(entry),
    Dismiss: () => takeAway(entry),
    Remove: () => remove(entry),
  });
  entry.local = (state) => entry.card.update(localView(entry, state));
  entry.adopt = (job) => {
    // The list may have been faster than the answer.
    const listed = known.get(job.id);
    if (listed && listed !== entry) listed.card.item.remove();
    known.set(job.id, entry);
    update(entry, job);
    poll = FIRST_POLL_MS;
    if (resting) wake();
  };
  return entry;
}

function localView(entry, { state, progress = null, note, error, actions }) {
  const { files, model, kind } = entry.wanted;
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const percent = progress === null ? "" : `${Math.round(progress * 100)} % of ${size(bytes)}`;
  return {
    title: entry.title(),
    state,
    facts: `${model} · ${kind} · ${size(bytes)}`,
    progress,
    note: note ?? percent,
    error,
    actions: actions ?? (state === "cancelled" ? ["Retry", "Dismiss"] : ["Cancel"]),
    links: [],
    files: null,
  };
}

function jobView(entry) {
  const { job } = entry;
  const bytes = job.inputs.reduce((sum, own) => sum + own.bytes, 0);
  const facts = [`${job.model} ${short(job.model_sha256)}`, job.kind, size(bytes), localTime(job.created)];
  if (job.owner !== who()) facts.push(job.owner);
  const again = entry.wanted && (job.state === "failed" || job.state === "cancelled");
  const done = job.state === "done";
  const files = () => job.files.map((file) => element("li", {}, link(job, file.path), ` ${size(file.bytes)}`));
  return {
    title: entry.title(),
    state: job.state,
    facts: facts.join(" · "),
    progress: shareOf(job),
    note: noteOf(entry),
    warnings: job.warnings.join("\n"),
    error: job.error,
    actions: live(job) ? ["Cancel"] : [...(again ? ["Retry"] : []), "Remove"],
    links: done ? downloads(job) : [],
    files: done ? files : null,
  };
}

/** The share that is done; undefined if nobody knows it, null of a job that does not run. */
function shareOf({ state, progress }) {
  if (state !== "running") return null;
  return progress?.total ? progress.done / progress.total : undefined;
}

function noteOf({ job, found }) {
  const { state, position, progress } = job;
  if (state === "done") return found;
  if (state === "queued" && position !== null) return position === 0 ? "next" : `${counted(position, "job")} before it`;
  if (state !== "running" || !progress) return "";
  const { task, done, total, unit } = progress;
  return `${task}: ${total ? `${done} of ${total}` : done} ${unit}`;
}

/** Shows a job as the server has it now. */
function update(entry, job) {
  const before = entry.job;
  entry.job = job;
  if ((before || entry.wanted) && before?.state !== job.state) {
    poll = FIRST_POLL_MS;
    announce(`${entry.title()}: ${job.error ? `${job.state}. ${job.error}` : job.state}.`);
  }
  if (job.state === "done" && before?.state !== "done") {
    results.read(job, (found) => {
      entry.found = found;
      entry.card.update(jobView(entry));
    });
  }
  const now = JSON.stringify(job);
  if (now !== entry.shown) entry.card.update(jobView(entry));
  entry.shown = now;
}

/** Takes jobs from the server, newest first. */
function merge(jobs) {
  const list = byId("jobs");
  const oldest = [...known.values()].reduce((least, { job }) => (job.created < least ? job.created : least), "~");
  const [older, newer] = [[], []];
  for (const job of jobs) {
    let entry = known.get(job.id);
    if (!entry) {
      entry = newEntry({ wanted: null });
      known.set(job.id, entry);
      (job.created < oldest && oldest !== "~" ? older : newer).push(entry.card.item);
    }
    update(entry, job);
  }
  list.prepend(...newer);
  list.append(...older);
  byId("idle").hidden = list.childElementCount > 0;
}

async function cancel(entry) {
  if (!entry.job) {
    giveUp(entry);
    return;
  }
  await changing(entry, async () => update(entry, await json(`/v1/jobs/${entry.job.id}/cancel`, { method: "POST" })));
}

async function remove(entry) {
  if (!confirm(`Remove ${entry.title()} and its results from the server?`)) return;
  await changing(entry, async () => {
    await request(`/v1/jobs/${entry.job.id}`, { method: "DELETE" });
    forget(entry);
  });
}

function forget(entry) {
  known.delete(entry.job.id);
  results.forget(entry.job.id);
  takeAway(entry);
}

/** Takes a card away. The keyboard goes on at the next one. */
function takeAway({ card: { item } }) {
  const next = item.nextElementSibling ?? item.previousElementSibling;
  const focused = item.contains(document.activeElement);
  item.remove();
  byId("idle").hidden = byId("jobs").childElementCount > 0;
  if (focused) (next?.querySelector("a, button:not([hidden])") ?? byId("files")).focus();
}

/** Does something to a job at the server; where that fails, its card says why. */
async function changing(entry, act) {
  try {
    await act();
  } catch (error) {
    if (error.status === 404) forget(entry);
    else entry.card.update({ ...jobView(entry), error: error.message });
  }
}

/** Asks how a job is. */
async function askOne(entry) {
  try {
    update(entry, await json(`/v1/jobs/${entry.job.id}`));
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    forget(entry);
  }
}

/** Asks for the one job that has not ended; for several, lists all down to the oldest of them. */
async function ask() {
  const all = [...known.values()];
  const active = all.filter(({ job }) => live(job));
  if (active.length === 1 && listed) {
    await askOne(active[0]);
    return;
  }
  const oldest = active.reduce((least, { job }) => (job.created < least ? job.created : least), "~");
  const since = all.filter(({ job }) => job.created >= oldest).length;
  const most = Math.min(MOST, listed && since > 0 ? since : Math.max(limit, since));
  const { jobs } = await json(`/v1/jobs?limit=${most}`);
  if (most >= limit) byId("older").hidden = jobs.length < most || most === MOST;
  listed = true;
  merge(jobs);
  const there = new Set(jobs.map(({ id }) => id));
  for (const entry of active) {
    if (!there.has(entry.job.id)) await askOne(entry);
  }
}

/** Follows the jobs as long as the page is open. */
export async function watch() {
  byId("older").addEventListener("click", () => {
    limit *= 2;
    listed = false;
    wake();
  });
  document.addEventListener("visibilitychange", () => !document.hidden && wake());
  for (;;) {
    try {
      await patiently(ask);
    } catch (error) {
      announce(error.message);
    }
    const active = [...known.values()].some(({ job }) => live(job));
    resting = !active || document.hidden;
    const nap = resting ? IDLE_POLL_MS : poll;
    poll = Math.min(poll * 1.3, LAST_POLL_MS);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, nap);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
