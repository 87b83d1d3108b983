"""The command line of AIRR-ML-25 on folders that are not as simple as they could be."""

from __future__ import annotations

import csv
import gzip
import pathlib
from typing import Any

import pytest
import reperio
from reperio._airr import COLUMNS
from reperio.predict_airr import _genes, main, predict
from test_airr import validate


def lay_out(simulated: pathlib.Path, folder: pathlib.Path, *, labels: bool) -> dict[str, bool]:
    """A simulated cohort as a folder of the challenge; returns the labels."""
    folder.mkdir(parents=True)
    with (simulated / "metadata.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    truth = {row["repertoire_id"]: row["label"] == "1" for row in rows}
    for own in truth:
        with gzip.open(simulated / "repertoires" / f"{own}.tsv.gz", "rt", newline="") as source:
            lines = [line.rstrip("\n").split("\t")[:3] for line in source]
        (folder / f"{own}.tsv").write_text("".join("\t".join(line) + "\n" for line in lines))
    if labels:
        text = "".join(f"{own},{own}.tsv,{label}\n" for own, label in truth.items())
        (folder / "metadata.csv").write_text("repertoire_id,filename,label_positive\n" + text)
    return truth


def spelt(folder: pathlib.Path, columns: dict[int, str]) -> None:
    """Writes genes of all tables in another way: the text of a column by its place."""
    for path in folder.glob("*.tsv"):
        header, *lines = path.read_text().splitlines()
        rows = [line.split("\t") for line in lines]
        for place, text in columns.items():
            for row in rows:
                row[place] = text.format(row[place])
        path.write_text("\n".join([header, *map("\t".join, rows)]) + "\n")


def clonotypes(folder: pathlib.Path, ids: list[str]) -> set[str]:
    """The lines of these tables."""
    return {line for own in ids for line in (folder / f"{own}.tsv").read_text().splitlines()[1:]}


def important(out: pathlib.Path, train: str) -> list[str]:
    """The clonotypes of a file of important sequences, as lines of a table."""
    lines = (out / f"{train}_important_sequences.tsv").read_text().splitlines()[1:]
    return ["\t".join(line.split("\t")[3:]) for line in lines]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """60 repertoires of 150 clonotypes with a motif."""
    out = tmp_path_factory.mktemp("simulated") / "made"
    how: dict[str, Any] = {"motif": "WNDR", "witness_rate": 0.05, "seed": 2, "progress": False}
    reperio.simulate(out=out, repertoires=60, clonotypes=150, **how)
    return out


def test_genes_are_spelt_as_in_the_training_tables(
    simulated: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    train, test = tmp_path / "train", tmp_path / "test"
    lay_out(simulated, train, labels=True)
    lay_out(simulated, test, labels=False)
    spelt(train, {1: "{}*01", 2: "Homsap {}*01 F"})
    spelt(test, {1: "{}*02"})
    predict(train, [test], tmp_path / "out", parts=["kmers"], seed=1)
    validate(tmp_path / "out", train, [test])  # All of its clonotypes are those of the tables.


def test_the_program_says_what_it_calls_a_gene() -> None:
    known = {
        ("TRBV6-2*01", "TRBJ2-3"): ("TRBV6-2", "TRBJ2-3"),
        ("TCRBV06-02*01", "TCRBJ02-03*01"): ("TRBV6-2", "TRBJ2-3"),
        ("TRBV6", "TRBJ2-3*01"): ("TRBV6", "TRBJ2-3"),
        ("", "unresolved"): ("", ""),
    }
    assert _genes(set(known)) == known


def test_positive_repertoires_come_first_and_the_rest_is_cut(
    simulated: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, test = tmp_path / "train", tmp_path / "test"
    labels = lay_out(simulated, train, labels=True)
    lay_out(simulated, test, labels=False)
    positive = clonotypes(train, [own for own, label in labels.items() if label])
    every = clonotypes(train, list(labels))
    assert len(positive) < len(every)
    for most in (len(positive) - 100, len(positive) + 100, 50_000):
        monkeypatch.setattr("reperio.predict_airr.TOP", most)
        out = tmp_path / f"out{most}"
        predict(train, [test], out, parts=["kmers"])
        validate(out, train, [test], most)
        found = important(out, "train")
        first = set(found[: len(positive)])
        assert first <= positive if most < len(positive) else first == positive
        assert sum("WNDR" in own for own in found[:100]) > 90


def test_threads_change_nothing(simulated: pathlib.Path, tmp_path: pathlib.Path) -> None:
    train, test = tmp_path / "train", tmp_path / "test"
    lay_out(simulated, train, labels=True)
    lay_out(simulated, test, labels=False)
    found = []
    for n_jobs in (1, 2):
        paths = predict(train, [test], tmp_path / f"{n_jobs}", n_jobs=n_jobs, epochs=2)
        found.append([pathlib.Path(path).read_bytes() for path in paths])
    assert found[0] == found[1]


def test_what_cannot_be_used_is_an_error_before_anything_is_trained(
    simulated: pathlib.Path,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train, test, out = tmp_path / "train", tmp_path / "test", tmp_path / "out"
    lay_out(simulated, train, labels=True)
    lay_out(simulated, test, labels=False)
    metadata = train / "metadata.csv"
    text = metadata.read_text()

    def untouched(*_: object, **__: object) -> None:
        raise AssertionError("it trained")

    monkeypatch.setattr("reperio.predict_airr.train", untouched)

    def told(*tests: object, to: pathlib.Path = out) -> str:
        argv = ["--train_dir", str(train), "--test_dirs", *map(str, tests), "--out_dir", str(to)]
        assert main(argv) == 1
        assert not out.exists()
        return capsys.readouterr().err

    assert "two test folders are called test" in told(test, f"{test}/")
    assert f"{test} is read, expected another folder" in told(test, to=test)
    assert f"{tmp_path}/none" in told(test, tmp_path / "none")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.tsv").write_text("junction_aa\tv_call\tj_call\nCASSF\n")
    assert "a.tsv:2" in told(test, tmp_path / "bad")
    metadata.write_text(text.replace("True", "Maybe", 5))
    assert f"{metadata}: label_positive 'Maybe', expected True or False" in told(test)
    metadata.write_text(text.replace("label_positive", "label"))
    assert f"{metadata}: expected a column label_positive" in told(test)
    metadata.write_text(text.replace("filename", "file"))
    assert "expected columns repertoire_id and filename" in told(test)
    metadata.unlink()
    assert f"{metadata}: expected a column label_positive" in told(test)


def test_labels_of_ones_and_zeros_and_missing_ones(
    simulated: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    train, test = tmp_path / "train", tmp_path / "test"
    labels = lay_out(simulated, train, labels=True)
    lay_out(simulated, test, labels=False)
    (test / "empty.tsv").write_text("junction_aa\tv_call\tj_call\nCAS*F\tTRBV9\tTRBJ2-3\n")
    metadata = train / "metadata.csv"
    lines = metadata.read_text().replace("True", "1").replace("False", "0").splitlines()
    unknown = lines[1].split(",")[0]
    lines[1] = f"{unknown},{unknown}.tsv,"
    metadata.write_text("\n".join(lines) + "\n")
    path, _ = predict(train, [test], tmp_path / "out", parts=["kmers"])
    validate(tmp_path / "out", train, [test])
    with open(path, newline="") as file:
        found = {r["ID"]: float(r[COLUMNS[2]]) for r in csv.DictReader(file, delimiter="\t")}
    known = [label for own, label in labels.items() if own != unknown]
    assert found.pop("empty") == sum(known) / len(known)
    positive = [found[own] for own, label in labels.items() if label]
    negative = [found[own] for own, label in labels.items() if not label]
    assert min(positive) > max(negative)
