"""The examples that stand between Reperio and other programs."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import pathlib
import shutil
import subprocess
import sys
from types import ModuleType
from typing import Any

import anndata
import awkward
import numpy as np
import pandas
import pytest
import reperio
from conftest import TINY, command

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"


def example(name: str) -> ModuleType:
    """An example as a module."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(name: str, *arguments: object) -> str:
    """Runs an example as a person would; returns what it printed."""
    argv = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tiny_tables() -> dict[str, list[dict[str, str]]]:
    """The rows of the tables of ``tiny`` by repertoire."""
    found = {}
    for path in sorted((TINY / "repertoires").glob("*.tsv.gz")):
        with gzip.open(path, "rt", newline="") as file:
            found[path.name.removesuffix(".tsv.gz")] = list(csv.DictReader(file, delimiter="\t"))
    return found


def rows(path: pathlib.Path, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a table."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


@pytest.fixture
def dataset(tmp_path: pathlib.Path, tiny: reperio.Cohort) -> pathlib.Path:
    """``tiny`` as immuneML exports it: ids that are no file names, CDR3s without anchors."""
    folder = tmp_path / "dataset"
    (folder / "repertoires").mkdir(parents=True)
    labels = dict(zip(tiny.ids, tiny.column("label"), strict=True))
    lines = ["filename,identifier,subject_id,CMV"]
    people = dict(zip(tiny.ids, tiny.column("subject_id"), strict=True))
    for own, table in tiny_tables().items():
        path = folder / "repertoires" / f"{own}.tsv"
        kept = [f"{r['junction_aa'][1:-1]}\t{r['v_call']}*01\t{r['j_call']}*01" for r in table]
        path.write_text("\n".join(["cdr3_aa\tv_call\tj_call", *kept]) + "\n")
        (folder / "repertoires" / f"{own}_metadata.yaml").write_text(
            "type_dict_dynamic_fields: {}\n"
        )
        lines.append(f"repertoires/{own}.tsv,id-{own},{people[own]},{labels[own] == '1'}")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    (folder / "dataset.yaml").write_text("dataset_type: RepertoireDataset\n")
    return folder


COLUMNS = [
    "repertoire_file",
    "example_id",
    "CMV_predicted_class",
    "CMV_False_proba",
    "CMV_True_proba",
    "CMV_true_class",
]


def test_an_immuneml_dataset_gets_its_columns_of_predictions(
    dataset: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    out = tmp_path / "predictions.csv"
    run("immuneml_dataset.py", dataset, "--label", "CMV", "--out", out)
    found = rows(out)
    assert list(found[0]) == COLUMNS
    expected = {r["identifier"]: r for r in rows(dataset / "metadata.csv")}
    assert sorted(r["example_id"] for r in found) == sorted(expected)
    for row in found:
        metadata = expected[row["example_id"]]
        assert f"repertoires/{row['repertoire_file']}" == metadata["filename"]
        assert row["CMV_true_class"] == metadata["CMV"]
        negative, positive = float(row["CMV_False_proba"]), float(row["CMV_True_proba"])
        assert abs(negative + positive - 1.0) < 1e-9
        assert row["CMV_predicted_class"] == str(positive > negative)
    right = sum(r["CMV_predicted_class"] == r["CMV_true_class"] for r in found)
    assert right >= 50, "the motifs are found in repertoires that were held out"


def test_a_trained_model_predicts_an_immuneml_dataset(
    dataset: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    model = reperio.train(dataset, target="CMV", parts="kmers", progress=False)
    model.save(tmp_path / "model.safetensors")
    found = example("immuneml_dataset").predict(dataset, model=tmp_path / "model.safetensors")
    assert [list(row) for row in found] == [COLUMNS] * 60
    scores = model.score(dataset, progress=False).repertoires
    expected = {r["repertoire_id"]: r["targets"][0]["probabilities"][0] for r in scores}
    for row in found:
        assert abs(row["CMV_True_proba"] - expected[row["example_id"]]) < 1e-6


def test_several_classes_have_a_column_each(dataset: pathlib.Path) -> None:
    text = (dataset / "metadata.csv").read_text()
    (dataset / "metadata.csv").write_text(text.replace("subject1,True", "subject1,Other", 1))
    lines = (dataset / "metadata.csv").read_text().splitlines()
    changed = [lines[0]]
    for i, line in enumerate(lines[1:]):
        changed.append(line.replace("False", "Never") if i % 3 == 0 else line)
    text = "\n".join(changed).replace("Other", "True") + "\n"
    (dataset / "metadata.csv").write_text(text)
    found = example("immuneml_dataset").predict(dataset, label="CMV")
    classes = [f"CMV_{name}_proba" for name in ("False", "Never", "True")]
    for row in found:
        assert abs(sum(row[name] for name in classes) - 1.0) < 1e-6
        best = max(classes, key=lambda name: row[name])
        assert best == f"CMV_{row['CMV_predicted_class']}_proba"


def cells_of(tables: dict[str, list[dict[str, str]]]) -> Any:
    """Single cells with a beta chain each and one alpha chain; the last one has no sample."""
    airr, samples = [], []
    alpha = {"junction_aa": "CAVRDSNYQLIW", "v_call": "TRAV21", "j_call": "TRAJ33", "locus": "TRA"}
    for own, table in tables.items():
        for row in table:
            beta = {name: row[name] for name in ("junction_aa", "v_call", "j_call")}
            airr.append(
                [{**beta, "locus": "TRB", "productive": True}, {**alpha, "productive": True}]
            )
            samples.append(own)
    airr.append([{**alpha, "productive": True}])
    names = [f"cell{i}" for i in range(len(airr))]
    obs = pandas.DataFrame({"sample": pandas.Categorical([*samples, None])}, index=names)
    return anndata.AnnData(np.zeros((len(airr), 1)), obs=obs, obsm={"airr": awkward.Array(airr)})


def test_cells_get_the_score_of_their_sample(tiny: reperio.Cohort, tmp_path: pathlib.Path) -> None:
    tables = dict(list(tiny_tables().items())[:6])
    cells = cells_of(tables)
    model = reperio.train(tiny, target="label", parts="kmers", progress=False)
    assert example("anndata_scores").add_scores(cells, model, "sample", "TRB") == [
        "label_probability"
    ]
    # Counts of cells are one each in place of those of the tables; k-mers do not look at them.
    scores = model.score(tiny[:6], progress=False).repertoires
    for row in scores:
        own = cells.obs["label_probability"][cells.obs["sample"] == row["repertoire_id"]]
        assert len(own) == len(tables[row["repertoire_id"]])
        assert (own == row["targets"][0]["probabilities"][0]).all()
    assert cells.obs["label_probability"].isna().sum() == 1
    # The same from files.
    model.save(tmp_path / "model.safetensors")
    plain = cells_of(tables)
    plain.write_h5ad(tmp_path / "cells.h5ad")
    arguments = ["--model", tmp_path / "model.safetensors", "--sample-column", "sample"]
    out = tmp_path / "scored.h5ad"
    printed = run(
        "anndata_scores.py", tmp_path / "cells.h5ad", *arguments, "--locus", "TRB", "--out", out
    )
    assert printed == "label_probability\n"
    again = anndata.read_h5ad(out).obs["label_probability"]
    assert again.equals(cells.obs["label_probability"])


def test_classes_and_numbers_have_columns_of_their_own(tiny: reperio.Cohort) -> None:
    add_scores = example("anndata_scores").add_scores
    cells = cells_of(dict(list(tiny_tables().items())[:3]))
    order = range(60)
    several = tiny.with_metadata(
        {"kind": [f"k{i % 3}" for i in order], "age": [20 + i for i in order]}
    )
    model = reperio.train(several, target=["kind", "age"], parts="genes", progress=False)
    names = [*(f"kind_probability_k{i}" for i in range(3)), "age_value"]
    assert add_scores(cells, model, "sample", "TRB") == names
    known = cells.obs[cells.obs["sample"].notna()]
    assert abs(known[names[:3]].sum(axis=1) - 1.0).max() < 1e-6
    assert known["age_value"].between(0, 100).all()


R_SCRIPT = """
source(commandArgs(TRUE)[1])
frames <- lapply(list.files(commandArgs(TRUE)[2], full.names = TRUE), read.delim)
names(frames) <- paste0("patient ", seq_along(frames), "/a")
scores <- reperio_scores(list(data = frames), commandArgs(TRUE)[3], commandArgs(TRUE)[4])
write.table(scores, commandArgs(TRUE)[5], sep = "\\t", quote = FALSE, row.names = FALSE)
"""


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_an_immunarch_list_gets_scores(tiny: reperio.Cohort, tmp_path: pathlib.Path) -> None:
    # As immunarch has them: whole numbers, shares, and a column of nucleotides that is empty here.
    exports = tmp_path / "exports"
    exports.mkdir()
    tables = dict(list(tiny_tables().items())[:4])
    for own, table in tables.items():
        lines = ["Clones\tProportion\tCDR3.nt\tCDR3.aa\tV.name\tD.name\tJ.name"]
        for row in table:
            count = row["duplicate_count"]
            genes = f"{row['v_call']}\tNA\t{row['j_call']}"
            lines.append(f"{count}\t0.01\tNA\t{row['junction_aa']}\t{genes}")
        (exports / f"{own}.tsv").write_text("\n".join(lines) + "\n")
    model = reperio.train(tiny, target="label", parts=["kmers", "genes"], progress=False)
    model.save(tmp_path / "model.safetensors")
    script, out = tmp_path / "script.R", tmp_path / "scores.tsv"
    script.write_text(R_SCRIPT)
    inputs = [script, EXAMPLES / "immunarch.R", exports, tmp_path / "model.safetensors"]
    argv = ["Rscript", *map(str, inputs)]
    argv += [command(), str(out)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = rows(out, "\t")
    expected = model.score(tiny[:4], progress=False).table(frame="python")
    assert [row["Sample"] for row in found] == [f"patient {i}/a" for i in range(1, 5)]
    for row, own in zip(found, expected, strict=True):
        assert abs(float(row["logit"]) - own["logit"]) < 1e-5
        assert abs(float(row["probability"]) - own["probability"]) < 1e-5
        assert row["class"] == str(own["class"])
    argv[4] = str(script)  # No model.
    wrong = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert wrong.returncode != 0
    assert "reperio score failed" in wrong.stderr
