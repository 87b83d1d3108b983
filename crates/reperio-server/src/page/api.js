// Requests to the server: sessions, errors, uploads.

import { byId, show } from "./dom.js";

/** An answer that is an error; the message is the text of the server. */
export class Problem extends Error {
  constructor(status, message, retryAfter) {
    super(message);
    this.status = status;
    /** Seconds after which another try may succeed; null where the server names none. */
    this.retryAfter = retryAfter;
  }
}

/** No answer at all. */
export class Unreachable extends Error {
  constructor() {
    super("The server could not be reached.");
  }
}

/** Given up by the user. */
export class Aborted extends Error {}

let csrf = "";

/** The token that shows that a change comes from this page. Says whether it is another one than before. */
export function setCsrf(value) {
  const other = csrf !== value;
  csrf = value;
  return other;
}

let session = { logIn: () => {}, renew: () => false };

/** What to do where the session has ended (`logIn`), or where another tab began one (`renew`). */
export function keepSession(how) {
  session = how;
}

function problem(status, title, body, retryAfter) {
  let detail = "";
  try {
    detail = JSON.parse(body).detail ?? "";
  } catch {
    // Not one of the server's own errors: perhaps of a proxy.
  }
  const seconds = Number.parseInt(retryAfter ?? "", 10);
  return new Problem(
    status,
    detail || `The server answered ${status} ${title}.`,
    Number.isFinite(seconds) ? seconds : null,
  );
}

/** Says whether the server answers; it is asked again by whoever waits for it. */
function reachable(answers) {
  show(
    byId("offline"),
    answers ? "" : "The server cannot be reached. Nothing is lost: this page goes on when it answers again.",
  );
}

/** One request, with the session as it is. */
export async function once(path, { method = "GET", body, headers = {} } = {}) {
  const change = method === "GET" ? {} : { "X-CSRF-Token": csrf };
  let response;
  try {
    response = await fetch(path, { method, body, headers: { ...change, ...headers }, cache: "no-store" });
  } catch {
    reachable(false);
    throw new Unreachable();
  }
  reachable(true);
  if (response.ok) return response;
  throw problem(response.status, response.statusText, await response.text(), response.headers.get("Retry-After"));
}

/** Does `call` again after a log-in, as often as the session has ended. */
async function withSession(call) {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (error.status === 401) await session.logIn(error.message);
      else if (error.status !== 403 || !(await session.renew())) throw error;
    }
  }
}

/** A request; where the session has ended, the user logs in first. */
export const request = (path, options) => withSession(() => once(path, options));

/** A request whose answer is JSON. */
export const json = async (path, options) => (await request(path, options)).json();

/** Waits. */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Does `call` until the server answers it and has time for it. */
export async function patiently(call) {
  for (let wait = 1000; ; wait = Math.min(wait * 2, 15_000)) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Unreachable) && error.status !== 429 && error.status !== 503) throw error;
      const online = new Promise((resolve) => addEventListener("online", resolve, { once: true }));
      await Promise.race([pause(error.retryAfter ? error.retryAfter * 1000 : wait), online]);
    }
  }
}

/**
 * Posts a form and returns the job that the server made of it.
 *
 * @param key the same for each try, so that no second job comes of a try whose answer was lost
 * @param onProgress called with the share of the bytes that were sent
 */
export const upload = (path, form, options) => withSession(() => uploadOnce(path, form, options));

function uploadOnce(path, form, { key, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", path);
    xhr.setRequestHeader("Accept", "application/json");
    xhr.setRequestHeader("Idempotency-Key", key);
    xhr.setRequestHeader("Prefer", "respond-async");
    xhr.setRequestHeader("X-CSRF-Token", csrf);
    xhr.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable && event.total > 0) onProgress(event.loaded / event.total);
    });
    xhr.addEventListener("abort", () => reject(new Aborted()));
    xhr.addEventListener("error", () => {
      reachable(false);
      reject(new Unreachable());
    });
    xhr.addEventListener("load", () => {
      reachable(true);
      answered(xhr).then(resolve, reject);
    });
    if (signal.aborted) {
      reject(new Aborted());
      return;
    }
    signal.addEventListener("abort", () => xhr.abort());
    xhr.send(form);
  });
}

/** The job that the server made of an upload. */
async function answered(xhr) {
  if (xhr.status === 202) return JSON.parse(xhr.responseText);
  const id = xhr.getResponseHeader("Reperio-Job");
  // An earlier try already has its result.
  if (xhr.status === 200 && id) return json(`/v1/jobs/${id}`);
  throw problem(xhr.status, xhr.statusText, xhr.responseText, xhr.getResponseHeader("Retry-After"));
}
