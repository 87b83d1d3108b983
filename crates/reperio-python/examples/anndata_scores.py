"""Scores of samples in an AnnData of single cells, as scirpy keeps their receptors.

    python anndata_scores.py cells.h5ad --model RUN --sample-column sample --out scored.h5ad

The receptors of the cells of a sample are one repertoire. Its score goes into ``obs`` of each of
its cells: ``<target>_probability`` (of the positive class; of several classes
``<target>_probability_<class>``), or ``<target>_value`` of a regression. Cells without a sample,
and samples without usable receptors, have NaN.
"""

from __future__ import annotations

import argparse
from typing import Any

import reperio


def add_scores(
    cells: Any, model: reperio.Model, sample_column: str, locus: str = "TRB"
) -> list[str]:
    """Adds the columns to ``cells.obs``, (cells,) each, and returns their names.

    ``cells`` is an AnnData with ``obsm["airr"]`` (``scirpy.io``), ``sample_column`` the column of
    its ``obs`` that names the sample of each cell, ``locus`` that of the model's training.

    >>> add_scores(cells, reperio.Model.load("run"), "sample")
    ['disease_probability']
    """
    cohort = reperio.read(cells, sample_column=sample_column, locus=locus, progress=False)
    samples = cells.obs[sample_column].astype("object")
    columns: dict[str, dict[str, float]] = {}
    for row in model.score(cohort, progress=False).repertoires:
        for target, of in zip(row["targets"], model.info["targets"], strict=True):
            name = target["column"]
            if of["kind"] == "regression":
                values = {f"{name}_value": target["value"]}
            elif of["kind"] == "binary":
                values = {f"{name}_probability": next(iter(target["probabilities"]), None)}
            else:
                names = [f"{name}_probability_{own}" for own in of["classes"]]
                values = dict(zip(names, target["probabilities"], strict=False))
            for key, value in values.items():
                columns.setdefault(key, {})
                if value is not None:
                    columns[key][row["repertoire_id"]] = value
    for key, by_sample in columns.items():
        cells.obs[key] = samples.map(by_sample, na_action="ignore").astype("float64")
    return list(columns)


def main() -> None:
    """Reads the arguments, the cells and the model, and writes the cells with their scores."""
    import anndata

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cells", help="AnnData with obsm['airr'] (.h5ad)")
    parser.add_argument("--model", required=True, help="run folder or model file")
    parser.add_argument("--sample-column", required=True)
    parser.add_argument("--locus", default="TRB")
    parser.add_argument("--out", required=True)
    given = parser.parse_args()
    cells = anndata.read_h5ad(given.cells)
    model = reperio.Model.load(given.model)
    for name in add_scores(cells, model, given.sample_column, given.locus):
        print(name)
    cells.write_h5ad(given.out)


if __name__ == "__main__":
    main()
