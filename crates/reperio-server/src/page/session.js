// Who is logged in, and the dialog that asks for a token. What is on the page stays there.

import { keepSession, once, setCsrf } from "./api.js";
import { announce, byId, setText } from "./dom.js";

let name = null;
let waiting = null;

/** The name of who is logged in. */
export const who = () => name;

/** Shows whose session it is; says whether it is another session than before. */
function welcome(session) {
  if (name !== null && name !== session.name) {
    // Somebody else: nothing of the one before may stay.
    location.reload();
    return false;
  }
  name = session.name;
  const open = session.csrf === "";
  setText(byId("name"), open ? "" : session.name);
  byId("log-out").hidden = open;
  byId("audit").hidden = session.role !== "admin";
  byId("who").hidden = false;
  return setCsrf(session.csrf);
}

/** Asks the server who is logged in. */
async function renew() {
  return welcome(await (await once("/session")).json());
}

/** Finds out who is logged in, or asks for a token. */
export async function begin() {
  try {
    await renew();
  } catch (error) {
    if (error.status !== 401) throw error;
    await logIn("");
  }
}

/** Asks for a token until the server takes one. Many callers may wait at once. */
function logIn(why) {
  waiting ??= ask(why).finally(() => {
    waiting = null;
  });
  return waiting;
}

function ask(why) {
  const [dialog, form, field, wrong] = ["login", "login-form", "token", "login-wrong"].map(byId);
  setText(byId("login-why"), name === null ? "Whoever runs this server has a token for you." : why);
  setText(wrong, "");
  dialog.showModal();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      const body = JSON.stringify({ token: field.value.trim() });
      try {
        const answer = await once("/session", {
          method: "POST",
          body,
          headers: { "Content-Type": "application/json" },
        });
        welcome(await answer.json());
      } catch (error) {
        setText(wrong, error.message);
        field.select();
        return;
      }
      field.value = "";
      resolve();
      dialog.close();
    };
  });
}

/** Prepares the dialog and the button that logs out. */
export function start() {
  keepSession({ logIn, renew });
  // Escape closes a dialog, but without a session the page can do nothing.
  byId("login").addEventListener("close", () => waiting && byId("login").showModal());
  byId("log-out").addEventListener("click", async () => {
    try {
      await once("/session", { method: "DELETE" });
      location.reload();
    } catch (error) {
      announce(error.message);
    }
  });
}
