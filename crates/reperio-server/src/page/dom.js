// Small helpers for elements and texts. Text always becomes a text node: nothing that a file, a table or the server says
// is ever read as HTML.

/** The element of the page with this id. */
export const byId = (id) => document.getElementById(id);

/** A new element. `on…` attributes are listeners; `true` sets an attribute without a value, `false` and null leave it out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      made.addEventListener(name.slice(2), value);
    } else if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? "" : value);
    }
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Sets a text only where it changes, so that nothing is read out twice. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Shows a text, or hides its element if there is none. */
export function show(node, text) {
  setText(node, text ?? "");
  node.hidden = !text;
}

/** Says something to those who cannot see the page. */
export function announce(text) {
  byId("status").textContent = text;
}

/** "1 job", "2 jobs". */
export const counted = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

/** A number of bytes in a unit that a person reads. */
export function size(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)}\u00a0${units[unit]}`;
}

/** A time of the server in the time zone of the reader, in an order that also sorts. */
export function localTime(text) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return "";
  const two = (n) => String(n).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The beginning of a hash. */
export const short = (hash) => (hash ?? "").slice(0, 8);

/** Gives `blob` to the browser as a download. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
