// The models: a card each, one of them chosen.

import { json } from "./api.js";
import { byId, counted, element, short } from "./dom.js";

let shown = "";
/** What the models predict, by hash: those that are gone since still say what their results are. */
const targets = new Map();

/** What the model with this hash predicts. */
export const targetsOf = (hash) => targets.get(hash) ?? [];

/** The name of the chosen model. */
export const chosen = () => byId("models").querySelector("input:checked")?.value ?? null;

/** Asks which models there are, and shows them if they have changed. */
export async function refresh() {
  const { models } = await json("/v1/models");
  const now = JSON.stringify(models);
  if (now === shown) return;
  shown = now;
  for (const model of models) targets.set(model.sha256, model.targets);
  const before = chosen();
  const focused = document.activeElement?.name === "model" ? document.activeElement.value : null;
  const usable = models.filter((model) => !model.error);
  const pick = usable.some((model) => model.name === before) ? before : usable[0]?.name;
  const cards = models.map((model) => card(model, model.name === pick));
  byId("models").replaceChildren(
    ...(cards.length ? cards : [element("p", { class: "muted" }, "There is no model yet.")]),
  );
  byId("models")
    .querySelector(`input[value="${CSS.escape(focused ?? "")}"]`)
    ?.focus();
}

function card(model, checked) {
  const usable = !model.error;
  return element(
    "label",
    { class: usable ? "model" : "model broken" },
    element("input", {
      type: "radio",
      name: "model",
      value: model.name,
      checked: checked && usable,
      disabled: !usable,
    }),
    element(
      "span",
      {},
      element("b", {}, model.name),
      " ",
      element("code", { title: model.sha256 }, short(model.sha256)),
      element("span", { class: usable ? "muted" : "error" }, model.error ?? predicts(model)),
    ),
  );
}

function predicts({ targets: all, trained_on: n }) {
  const texts = all.map(({ column, kind, outputs }) => {
    if (kind === "regression") return `${column}: a number`;
    return kind === "binary" ? `${column}: ${outputs[0]} or not` : `${column}: ${outputs.join(", ")}`;
  });
  return `Predicts ${texts.join("; ")}. Trained on ${counted(n, "repertoire")}.`;
}
