"""The command line of AIRR-ML-25.

    python -m reperio.predict_airr --train_dir DIR --test_dirs DIR... --out_dir DIR \\
        --n_jobs N --device cpu|cuda

Trains on ``train_dir``, which holds ``metadata.csv`` (``repertoire_id, filename, label_positive``)
and tables (``junction_aa, v_call, j_call``, sometimes ``templates``). Writes the probabilities of
all repertoires of all test folders to ``<train>_test_predictions.tsv``, and the 50,000 clonotypes
of the training folder with the highest evidence to ``<train>_important_sequences.tsv``.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from . import Cohort, Model, ReperioError, _airr, explain, read, train
from ._airr import NOT_APPLICABLE, Triple

TOP = 50_000
TARGET = "label_positive"
_METADATA = "metadata.csv"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parser().parse_args(argv)
    try:
        predict(
            options.train_dir,
            options.test_dirs,
            options.out_dir,
            n_jobs=options.n_jobs,
            device=options.device,
        )
    except ReperioError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def predict(
    train_dir: str,
    test_dirs: Sequence[str],
    out_dir: str,
    *,
    n_jobs: int | None = None,
    device: str = "cpu",
) -> tuple[str, str]:
    """Train, predict all test folders, and write both files. Returns their paths.

    A test repertoire without usable clonotypes gets the share of positives in training. Raises
    ``ReperioError`` if a folder lacks its files.
    """
    where: dict[str, Any] = {"threads": n_jobs, "device": "cuda:0" if device == "cuda" else device}
    files = _tables(train_dir)
    cohort = _cohort(train_dir, files)
    model = train(cohort, target=TARGET, no_report=True, **where)
    name = _name(train_dir)
    os.makedirs(out_dir, exist_ok=True)
    predictions = os.path.join(out_dir, f"{name}_test_predictions.tsv")
    _write(predictions, _predictions(model, test_dirs, where))
    important = os.path.join(out_dir, f"{name}_important_sequences.tsv")
    _write(important, _important(model, cohort, list(files.values()), name, where))
    return predictions, important


def _predictions(
    model: Model, test_dirs: Sequence[str], where: dict[str, Any]
) -> Iterator[list[object]]:
    for folder in test_dirs:
        files = _tables(folder)
        scores = model.score(_cohort(folder, files), no_report=True, **where)
        found = {r["repertoire_id"]: r["targets"][0]["probabilities"] for r in scores.repertoires}
        for repertoire_id in files:
            probabilities = found.get(repertoire_id)
            value = probabilities[0] if probabilities else _share_of_positives(model)
            yield [repertoire_id, _name(folder), value, *[NOT_APPLICABLE] * 3]


def _share_of_positives(model: Model) -> float:
    assert model.training is not None
    values: list[tuple[str, int]] = model.training["targets"][0]["values"]
    return values[0][1] / sum(count for _, count in values)


def _important(
    model: Model, cohort: Cohort, files: Sequence[str], name: str, where: dict[str, Any]
) -> Iterator[list[object]]:
    ranking = explain(model, cohort, top=TOP, no_report=True, **where)
    rows = ranking.table("sequences", frame="python")
    triples = [(r["junction_aa"], r["v_call"] or "", r["j_call"] or "") for r in rows[:TOP]]
    for rank, triple in enumerate(_as_in_files(triples, files), start=1):
        yield [f"{name}_seq_top_{rank}", name, NOT_APPLICABLE, *triple]


def _as_in_files(triples: Sequence[Triple], files: Sequence[str]) -> Iterator[Triple]:
    """The clonotypes with their genes named as the files name them.

    The program names genes by IMGT without alleles, but the score compares text. Of several names
    the most frequent one of the same gene is taken.
    """
    junctions = {triple[0] for triple in triples}
    named: dict[str, Counter[tuple[str, str]]] = {junction: Counter() for junction in junctions}
    for path in files:
        for junction, v_call, j_call in _rows(path):
            if junction in named:
                named[junction][v_call, j_call] += 1
    for junction, v_call, j_call in triples:
        known = named[junction].most_common()
        same = (g for g, _ in known if (_gene(g[0]), _gene(g[1])) == (v_call, j_call))
        yield (junction, *next(same, known[0][0] if len(known) == 1 else (v_call, j_call)))


def _gene(name: str) -> str:
    """The first gene of a call, without its allele."""
    return name.split(",")[0].split("*")[0].strip()


def _rows(path: str) -> Iterator[Triple]:
    with open(path, encoding="utf-8", newline="") as file:
        header = next(csv.reader(file, delimiter="\t"), [])
        try:
            at = [header.index(c) for c in ("junction_aa", "v_call", "j_call")]
        except ValueError as error:
            raise ReperioError(f"{path}:1: {error}, expected junction_aa, v_call, j_call") from None
        for line in file:
            fields = line.rstrip("\r\n").split("\t")
            if len(fields) > max(at):
                yield fields[at[0]], fields[at[1]], fields[at[2]]


def _cohort(folder: str, files: dict[str, str]) -> Cohort:
    metadata = os.path.join(folder, _METADATA)
    there = metadata if os.path.isfile(metadata) else None
    return read(list(files.values()), metadata=there)


def _tables(folder: str) -> dict[str, str]:
    """The tables of a folder by repertoire id: those that its metadata lists, else all, sorted."""
    metadata = os.path.join(folder, _METADATA)
    if os.path.isfile(metadata):
        with open(metadata, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        if not rows or not {"repertoire_id", "filename"} <= rows[0].keys():
            raise ReperioError(f"{metadata}: expected columns repertoire_id and filename")
        return {r["repertoire_id"]: os.path.join(folder, r["filename"]) for r in rows}
    try:
        names = sorted(n for n in os.listdir(folder) if n.endswith(".tsv"))
    except OSError as error:
        raise ReperioError(f"{folder}: {error.strerror}, expected a folder of tables") from None
    if not names:
        raise ReperioError(f"{folder}: no .tsv files")
    return {n.removesuffix(".tsv"): os.path.join(folder, n) for n in names}


def _write(path: str, rows: Iterable[Sequence[object]]) -> None:
    half = f"{path}.part"
    with open(half, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(_airr.COLUMNS)
        writer.writerows(rows)
    os.replace(half, path)


def _name(folder: str) -> str:
    return os.path.basename(os.path.normpath(folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reperio.predict_airr",
        description="Train on one folder, predict others, and rank the sequences behind it.",
    )
    parser.add_argument("--train_dir", required=True, help="tables and metadata.csv")
    parser.add_argument("--test_dirs", required=True, nargs="+", help="folders of tables")
    parser.add_argument("--out_dir", required=True, help="folder to write to")
    parser.add_argument("--n_jobs", type=int, default=None, help="threads [default: all cores]")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    return parser


if __name__ == "__main__":
    sys.exit(main())
