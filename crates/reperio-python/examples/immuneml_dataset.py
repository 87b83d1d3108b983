"""Predictions for an immuneML dataset, in immuneML's own columns.

    python immuneml_dataset.py DATASET --label CMV --out predictions.csv
    python immuneml_dataset.py DATASET --model RUN --out predictions.csv

DATASET is a folder as immuneML exports it: ``metadata.csv`` (``filename``, ``identifier``, labels)
and the tables. Without a model, each repertoire is predicted by a classifier that has not seen it
(cross-validation). The columns are those of immuneML's ``predictions.csv``: ``repertoire_file``,
``example_id``, ``CMV_predicted_class``, ``CMV_<class>_proba`` for each class, and, where labels are
known, ``CMV_true_class``.
"""

from __future__ import annotations

import argparse
import csv
import math
import pathlib
from typing import Any

import reperio


def probabilities(row: dict[str, Any], classes: list[str]) -> dict[str, float]:
    """The probability of each class, of a row of scores or of held-out predictions.

    Of two classes, negative and positive, a row has one logit, else one for each.
    """
    logits = [0.0, row["logit"]] if "logit" in row else [row[f"logit_{name}"] for name in classes]
    highest = max(logits)
    weights = [math.exp(logit - highest) for logit in logits]
    return {name: own / sum(weights) for name, own in zip(classes, weights, strict=True)}


def predict(
    dataset: pathlib.Path, *, label: str | None = None, model: pathlib.Path | None = None
) -> list[dict[str, object]]:
    """Rows of predictions, one per repertoire of the dataset that has any clonotypes.

    Give either ``label``, a column of ``metadata.csv`` to cross-validate, or a trained ``model``.

    >>> predict(pathlib.Path("dataset"), label="CMV")[0]["CMV_predicted_class"]
    """
    metadata = dataset / "metadata.csv"
    with metadata.open(newline="", encoding="utf-8") as file:
        tables = [dataset / row["filename"] for row in csv.DictReader(file)]
    cohort = reperio.read(tables, metadata=metadata, progress=False)
    if model is not None:
        trained = reperio.Model.load(model)
        target = trained.info["targets"][0]
        binary = target["kind"] == "binary"
        classes = [target["negative"], target["positive"]] if binary else target["classes"]
        scores = trained.score(cohort, progress=False).table(frame="python")
        table = [row for row in scores if row["clonotypes"] > 0]  # Others get no score.
    elif label is not None:
        found = reperio.evaluate(cohort, target=label, progress=False)
        [target] = found.json["labels"]
        classes = sorted(name for name, _ in target["values"])
        if target["kind"] == "binary":
            classes = [name for name, _ in reversed(target["values"])]  # The positive one last.
        table = found.table("predictions", frame="python")
    else:
        raise SystemExit("error: give --label or --model")
    name = target["column"]
    known = {row["repertoire_id"]: row for row in cohort.metadata_table("python")}
    rows: list[dict[str, object]] = []
    for row in table:
        own = probabilities(row, classes)
        labels = known[row["repertoire_id"]]
        rows.append(
            {
                "repertoire_file": pathlib.PurePath(labels["filename"]).name,
                "example_id": row["repertoire_id"],
                f"{name}_predicted_class": max(own, key=lambda key: own[key]),
                **{f"{name}_{key}_proba": value for key, value in own.items()},
                **({f"{name}_true_class": labels[name]} if name in labels else {}),
            }
        )
    return rows


def main() -> None:
    """Reads the arguments and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dataset", type=pathlib.Path)
    parser.add_argument("--label")
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    given = parser.parse_args()
    rows = predict(given.dataset, label=given.label, model=given.model)
    with given.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
