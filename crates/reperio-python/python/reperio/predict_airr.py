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
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from . import Cohort, Model, ReperioError, _airr, _reperio, explain, read, train
from ._airr import NOT_APPLICABLE, Triple
from ._types import Path

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
    except (ReperioError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def predict(
    train_dir: Path,
    test_dirs: Sequence[Path],
    out_dir: Path,
    *,
    n_jobs: int | None = None,
    device: str = "cpu",
    **options: Any,
) -> tuple[str, str]:
    """Train, predict all test folders, and write both files. Returns their paths.

    ``options`` are further ones of ``reperio.train``, such as ``seed`` or ``parts``. A test
    repertoire without usable clonotypes gets the share of positives in training. The clonotypes of
    positive repertoires come first, by their highest evidence for the positive class; where these
    are fewer than 50,000, those of the others follow in the same order. Genes are spelt as in the
    training tables.

    Raises ``ReperioError`` if a folder lacks its files, two test folders have one name, or a label
    is neither True nor False.
    """
    where: dict[str, Any] = {"threads": n_jobs, "device": "cuda:0" if device == "cuda" else device}
    name = _name(train_dir)
    _check([train_dir, *test_dirs], out_dir)
    # All is read before the long part begins.
    files = _tables(train_dir)
    cohort = _labelled(train_dir, _cohort(train_dir, files))
    tests = {_name(folder): _cohort(folder, _tables(folder)) for folder in test_dirs}
    how = {"positive": "True", "no_report": True, **where, **options}
    model = train(cohort, target=TARGET, **how)
    os.makedirs(out_dir, exist_ok=True)
    predictions = os.path.join(out_dir, f"{name}_test_predictions.tsv")
    important = os.path.join(out_dir, f"{name}_important_sequences.tsv")
    share = _share_of_positives(cohort)
    found = list(_predictions(model, tests, share, where))
    sequences = list(_important(model, cohort, list(files.values()), name, where))
    _write(predictions, found)
    _write(important, sequences)
    return predictions, important


def _check(folders: Sequence[Path], out_dir: Path) -> None:
    names = [_name(folder) for folder in folders[1:]]
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise ReperioError(f"two test folders are called {twice[0]}, expected different names")
    if os.path.realpath(out_dir) in map(os.path.realpath, folders):
        raise ReperioError(f"{os.fspath(out_dir)} is read, expected another folder to write to")


def _labelled(folder: Path, cohort: Cohort) -> Cohort:
    """The cohort with its labels as True and False."""
    texts = cohort._native.metadata.get(TARGET)
    if texts is None:
        raise ReperioError(f"{os.path.join(folder, _METADATA)}: expected a column {TARGET}")
    known = {"true": "True", "1": "True", "false": "False", "0": "False"}
    wrong = sorted({text for text in texts if text is not None and text.lower() not in known})
    if wrong:
        metadata = os.path.join(folder, _METADATA)
        raise ReperioError(f"{metadata}: {TARGET} {wrong[0]!r}, expected True or False")
    labels = [None if text is None else known[text.lower()] for text in texts]
    return cohort.with_metadata({**cohort._native.metadata, TARGET: labels})


def _predictions(
    model: Model, tests: Mapping[str, Cohort], share: float, where: dict[str, Any]
) -> Iterator[list[object]]:
    for name, cohort in tests.items():
        scores = model.score(cohort, no_report=True, **where)
        found = {r["repertoire_id"]: r["targets"][0]["probabilities"] for r in scores.repertoires}
        for repertoire_id in cohort.ids:
            probabilities = found.get(repertoire_id)
            value = probabilities[0] if probabilities else share
            yield [repertoire_id, name, value, *[NOT_APPLICABLE] * 3]


def _share_of_positives(cohort: Cohort) -> float:
    labels = cohort.column(TARGET)
    return labels.count("True") / (len(labels) - labels.count(None))


def _important(
    model: Model, cohort: Cohort, files: Sequence[str], name: str, where: dict[str, Any]
) -> Iterator[list[object]]:
    positive = [label == "True" for label in cohort.column(TARGET)]
    triples: dict[Triple, None] = {}
    for part in (positive, [not own for own in positive]):
        if len(triples) < TOP and any(part):
            # To explain the others too would take twice as long.
            ranking = explain(model, cohort.select(part), top=TOP, no_report=True, **where)
            for row in ranking.table("sequences", frame="python"):
                triples[row["junction_aa"], row["v_call"] or "", row["j_call"] or ""] = None
    for rank, triple in enumerate(_as_in_files(list(triples)[:TOP], files), start=1):
        yield [f"{name}_seq_top_{rank}", name, NOT_APPLICABLE, *triple]


def _as_in_files(triples: Sequence[Triple], files: Sequence[str]) -> Iterator[Triple]:
    """The clonotypes with their genes named as the files name them.

    The program names genes by IMGT without alleles, but the score compares text. Of several names
    of a gene the most frequent one is taken.
    """
    junctions = {triple[0] for triple in triples}
    seen: Counter[Triple] = Counter()
    for path in files:
        seen.update(row for row in _rows(path) if row[0] in junctions)
    genes = _genes({(v_call, j_call) for _, v_call, j_call in seen})
    named: dict[Triple, Triple] = {}
    for triple in sorted(seen, key=lambda own: (-seen[own], own)):
        named.setdefault((triple[0], *genes[triple[1:]]), triple)
    return (named.get(triple, triple) for triple in triples)


def _genes(pairs: set[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """What the program calls these V and J genes: "" is unknown."""
    ordered = sorted(pairs)
    with tempfile.TemporaryDirectory(prefix="reperio-") as folder:
        path = os.path.join(folder, "pairs.tsv")
        with open(path, "w", encoding="utf-8") as file:
            file.write("repertoire_id\tjunction_aa\tv_call\tj_call\n")
            # A repertoire for each pair; its junction does not matter.
            file.writelines(f"{i:08}\tCASSF\t{v}\t{j}\n" for i, (v, j) in enumerate(ordered))
        cohort = read(path, progress=False)
    found = _reperio.features(cohort._native, "clones", json.dumps({"min_repertoires": 1}))
    clones = [name.split(" ") for name in found["names"]]  # "CASSF TRBV9 TRBJ2-3"
    columns = memoryview(found["indices"]).cast("q")  # A row has one column: its clonotype.
    return {pair: (clones[i][1], clones[i][2]) for pair, i in zip(ordered, columns, strict=True)}


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


def _cohort(folder: Path, files: dict[str, str]) -> Cohort:
    metadata = os.path.join(folder, _METADATA)
    there = metadata if os.path.isfile(metadata) else None
    return read(list(files.values()), metadata=there)


def _tables(folder: Path) -> dict[str, str]:
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
        raise ReperioError(
            f"{os.fspath(folder)}: {error.strerror}, expected a folder of tables"
        ) from None
    if not names:
        raise ReperioError(f"{os.fspath(folder)}: no .tsv files")
    return {n.removesuffix(".tsv"): os.path.join(folder, n) for n in names}


def _write(path: str, rows: Iterable[Sequence[object]]) -> None:
    half = f"{path}.part"
    with open(half, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(_airr.COLUMNS)
        writer.writerows(rows)
    os.replace(half, path)


def _name(folder: Path) -> str:
    return os.path.basename(os.path.abspath(folder))


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
