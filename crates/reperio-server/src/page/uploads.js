// Sends what the form asks for, one upload after the other, and tries again where that helps.

import { Aborted, Problem, Unreachable, patiently, request, upload } from "./api.js";
import { announce } from "./dom.js";

/** How often an upload is sent again after its connection broke. */
const TRIES = 3;

const lane = [];
let busy = false;

/** A name for an upload that no other has; `randomUUID` is only there where the page came by HTTPS. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Puts an entry of the queue in line. Its `wanted` says what to send, its `key` names it; `entry.local(state)` shows how
 * it is going, `entry.adopt(job)` takes the job that came of it.
 */
export async function enqueue(entry) {
  entry.abort = new AbortController();
  entry.local({ state: "waiting" });
  lane.push(entry);
  if (busy) return;
  busy = true;
  while (lane.length > 0) await send(lane.shift());
  busy = false;
}

/** Gives an entry up. */
export function giveUp(entry) {
  entry.abort.abort();
  const place = lane.indexOf(entry);
  if (place >= 0) lane.splice(place, 1);
  entry.local({ state: "cancelled" });
}

/** Whether something is not at the server yet. */
export const unsent = () => busy;

async function send(entry) {
  for (let broken = 0; ;) {
    try {
      entry.adopt(await sendOnce(entry));
      return;
    } catch (error) {
      if (entry.abort.signal.aborted) {
        entry.local({ state: "cancelled" });
        return;
      }
      const later = error instanceof Problem && (error.status === 429 || error.status === 503);
      if (later) {
        await countDown(entry, error.retryAfter ?? 5, error.message);
      } else if (error instanceof Unreachable && broken < TRIES) {
        broken += 1;
        entry.local({ state: "waiting", note: error.message });
        await stoppable(
          entry,
          patiently(() => request("/session")),
        );
      } else {
        refuse(entry, error);
        return;
      }
    }
  }
}

function sendOnce(entry) {
  const { signal } = entry.abort;
  if (signal.aborted) throw new Aborted();
  const { files, kind, query } = entry.wanted;
  const form = new FormData();
  for (const file of files) form.append("file", file, file.name);
  const onProgress = (share) => entry.local({ state: "sending", progress: share });
  onProgress(0);
  return upload(`/v1/${kind}?${query}`, form, { key: entry.key, onProgress, signal });
}

function refuse(entry, error) {
  const lost = error instanceof Unreachable;
  // The server remembers what it answered to a key, but not what never arrived.
  if (!lost) entry.key = newKey();
  const text = lost
    ? `The connection broke in ${TRIES + 1} tries. Were the files moved or changed since they were chosen?`
    : error.message;
  entry.local({ state: "refused", error: text, actions: ["Retry", "Dismiss"] });
  announce(`${entry.title()} was not sent: ${text}`);
}

/** Waits for `promise`, but not beyond a click on "Cancel". */
function stoppable(entry, promise) {
  const stop = new Promise((resolve) => entry.abort.signal.addEventListener("abort", resolve, { once: true }));
  return Promise.race([promise, stop]);
}

/** Counts seconds down, until they are over or somebody does not want to wait. */
async function countDown(entry, seconds, why) {
  announce(`${why}. Trying again in ${seconds} seconds.`);
  let timer;
  await stoppable(
    entry,
    new Promise((resolve) => {
      entry.hurry = resolve;
      let left = seconds;
      const tick = () => {
        entry.local({
          state: "waiting",
          error: why,
          note: `Trying again in ${left} s`,
          actions: ["Try now", "Cancel"],
        });
        left -= 1;
        if (left < 0) resolve();
      };
      tick();
      timer = setInterval(tick, 1000);
    }),
  );
  clearInterval(timer);
}
