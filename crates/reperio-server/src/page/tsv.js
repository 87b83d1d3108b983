// Tables as `reperio score` and `reperio explain` write them.

/** Fields of every line. A field in quotation marks may hold tabs, line ends and doubled quotation marks. */
export function parse(text) {
  const rows = [];
  let row = [];
  let field = "";
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const c = text[at];
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[at + 1] !== '"') quoted = false;
      else {
        field += c;
        at += 1;
      }
    } else if (c === '"' && field === "") quoted = true;
    else if (c === "\t" || c === "\n") {
      row.push(field);
      field = "";
      if (c === "\n") rows.push(row.splice(0));
    } else field += c;
  }
  if (field || row.length) rows.push([...row, field]);
  return rows;
}

/** Lines of fields as a table. */
export function write(rows) {
  const quote = (field) => (/["\t\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
  return rows.map((row) => `${row.map(quote).join("\t")}\n`).join("");
}

/**
 * What `scores.tsv` says, one object for each repertoire and target: `id`, `target`, `score` as the file has it, what it
 * is the score `of`, `called` (the class), `set`, `clonotypes`, `warnings`.
 *
 * @param targets what the model predicts; empty if the model is no longer there
 */
export function scores(text, targets) {
  const [names = [], ...lines] = parse(text);
  const rows = lines.map((line) => Object.fromEntries(names.map((name, i) => [name, line[i] ?? ""])));
  const found = names.includes("output") ? ofExplain(rows, targets) : ofScore(names, rows, targets);
  return found.map(({ row, ...own }) => ({
    id: row.repertoire_id,
    ...own,
    clonotypes: row.clonotypes,
    warnings: row.warnings,
  }));
}

/** The chance of what? */
const chance = (output) => (output ? `P(${output})` : "");

/** `reperio score`: a row per repertoire. With several targets, the columns of each begin with its name and a dot. */
function ofScore(names, rows, targets) {
  const end = "prediction_set";
  const prefixes = names.filter((name) => name.endsWith(end)).map((name) => name.slice(0, -end.length));
  const one = (row, prefix) => {
    const target = prefix ? prefix.slice(0, -1) : (targets[0]?.column ?? "");
    const field = (name) => row[prefix + name] ?? "";
    const own = { row, target, called: field("class"), set: field(end) };
    if (`${prefix}value` in row) return { ...own, score: field("value"), of: "" };
    if (`${prefix}probability` in row) {
      const positive = targets.find(({ column }) => column === target)?.outputs[0] ?? "positive";
      return { ...own, score: field("probability"), of: chance(positive) };
    }
    return { ...own, score: field(`probability_${own.called}`), of: chance(own.called) };
  };
  return rows.flatMap((row) => prefixes.map((prefix) => one(row, prefix)));
}

/** `reperio explain`: a row per repertoire and output. With several targets, the name of an output begins with its target's. */
function ofExplain(rows, targets) {
  const prefix = ({ column }) => (targets.length > 1 ? `${column}.` : "");
  const outputs = targets.flatMap((target) =>
    target.outputs.map((name) => [prefix(target) + name, { name, target: target.column }]),
  );
  const known = new Map(outputs);
  const found = new Map();
  for (const row of rows) {
    // Of an unknown target every output has a row of its own.
    const { name, target } = known.get(row.output) ?? { name: row.output, target: row.output };
    const key = JSON.stringify([row.repertoire_id, target]);
    // Of several classes, the score is that of the one which was called.
    if (found.has(key) && name !== row.class) continue;
    const [score, of] = row.probability ? [row.probability, chance(name)] : [row.value, ""];
    found.set(key, { row, target, called: row.class, set: row.prediction_set, score, of });
  }
  return [...found.values()];
}
