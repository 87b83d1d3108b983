// The page of the server. Each part of it has a module of its own:
//
//   session.js  who is logged in            models.js   which model
//   form.js     which tables                uploads.js  their way to the server
//   queue.js    jobs, each a card (card.js)  results.js  the table (tsv.js, links.js)
//   api.js      requests                    dom.js      elements and texts

import { patiently } from "./api.js";
import { announce, byId } from "./dom.js";
import * as form from "./form.js";
import * as models from "./models.js";
import * as queue from "./queue.js";
import * as results from "./results.js";
import * as session from "./session.js";
import { unsent } from "./uploads.js";

const MODELS_MS = 30_000;

async function refreshModels() {
  try {
    await patiently(models.refresh);
  } catch (error) {
    announce(error.message);
  }
}

session.start();
results.start();
form.start(queue.submit);
addEventListener("beforeunload", (event) => unsent() && event.preventDefault());

await patiently(session.begin);
await refreshModels();
byId("send").disabled = false;
setInterval(() => document.hidden || refreshModels(), MODELS_MS);
await queue.watch();
