// Where the results of a job are.

import { element } from "./dom.js";

/** The address of a result file. */
export const fileUrl = (job, path) => `/v1/jobs/${job.id}/files/${path.split("/").map(encodeURIComponent).join("/")}`;

/** What downloads of a job are called: by its first file, without the endings. */
const stem = (job) => (job.inputs[0]?.name ?? job.id).replace(/\.(gz|zst|xz|bz2|zip)$/i, "").replace(/\.[a-z]+$/i, "");

/** The name of the folder of a repertoire, as the command line makes it. */
function folderName(id) {
  const bytes = [...new TextEncoder().encode(id)];
  const plain = (c, i) => /[A-Za-z0-9_-]/.test(c) || (c === "." && i > 0);
  return bytes
    .map((byte, i) => {
      const c = String.fromCharCode(byte);
      return plain(c, i) ? c : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

/** The page of a repertoire, or of the job if it has only one; null if there is none. */
export function pageOf(job, id) {
  const own = id === undefined ? [] : [`repertoires/${folderName(id)}/report.html`];
  return [...own, "report.html", "scores.html"].find((path) => job.files.some((file) => file.path === path)) ?? null;
}

/** A link that opens a page, or saves any other file. */
export function link(job, path, text = path) {
  const name = `${stem(job)}-${path.replaceAll("/", "-")}`;
  const way = path.endsWith(".html") ? { target: "_blank", rel: "noopener" } : { download: name };
  return element("a", { href: fileUrl(job, path), ...way }, text);
}

/** The table, as JSON and as it is. */
export function tables(job) {
  const json = element(
    "a",
    { href: `/v1/jobs/${job.id}/result?as=json`, download: `${stem(job)}-${job.kind}.json` },
    "JSON",
  );
  return [link(job, "scores.tsv", "TSV"), json];
}

/** The page and the tables of a job that is done. */
export function downloads(job) {
  const page = pageOf(job);
  return [...(page ? [link(job, page, "Page")] : []), ...tables(job)];
}
