"""The command line of AIRR-ML-25 and its score."""

from __future__ import annotations

import csv
import gzip
import pathlib
import random
import subprocess
import sys

import pytest
import reperio
from reperio._airr import COLUMNS, Triple

NOTHING = "-999.0"


def rows(path: pathlib.Path) -> list[dict[str, str]]:
    """A table as dicts of text."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def validate(
    out: pathlib.Path, train: pathlib.Path, tests: list[pathlib.Path], most: int = 50_000
) -> None:
    """Check both files against the specification of AIRR-ML-25."""
    train_rows: set[Triple] = set()
    for table in train.glob("*.tsv"):
        train_rows |= {(r["junction_aa"], r["v_call"], r["j_call"]) for r in rows(table)}

    predictions = out / f"{train.name}_test_predictions.tsv"
    assert predictions.read_text().splitlines()[0] == "\t".join(COLUMNS)
    found = rows(predictions)
    wanted = [(t.stem, folder.name) for folder in tests for t in folder.glob("*.tsv")]
    assert sorted((r["ID"], r["dataset"]) for r in found) == sorted(wanted)
    for row in found:
        assert 0 <= float(row["label_positive_probability"]) <= 1
        assert [row[name] for name in ("junction_aa", "v_call", "j_call")] == [NOTHING] * 3

    sequences = out / f"{train.name}_important_sequences.tsv"
    assert sequences.read_text().splitlines()[0] == "\t".join(COLUMNS)
    found = rows(sequences)
    assert len(found) == min(most, len(train_rows))
    assert [r["ID"] for r in found] == [
        f"{train.name}_seq_top_{rank}" for rank in range(1, len(found) + 1)
    ]
    assert {r["dataset"] for r in found} == {train.name}
    assert {r["label_positive_probability"] for r in found} == {NOTHING}
    triples = [(r["junction_aa"], r["v_call"], r["j_call"]) for r in found]
    assert len(set(triples)) == len(triples)
    assert set(triples) <= train_rows


def layout(
    made: reperio.Simulation, folder: pathlib.Path, name: str, ids: list[str], labels: bool
) -> pathlib.Path:
    """Some repertoires of a simulation as a folder of AIRR-ML-25."""
    to = folder / name
    to.mkdir()
    for repertoire_id in ids:
        source = made.folder / "repertoires" / f"{repertoire_id}.tsv.gz"
        text = gzip.decompress(source.read_bytes()).decode().splitlines()
        # Genes with alleles, as the challenge's tables may have them.
        lines = [line.split("\t")[:3] for line in text]
        named = [lines[0], *([j, f"{v}*01", f"{g}*01"] for j, v, g in lines[1:])]
        (to / f"{repertoire_id}.tsv").write_text("".join("\t".join(f) + "\n" for f in named))
    if labels:
        positive = dict(zip(made.cohort.ids, made.cohort.column("label"), strict=True))
        with (to / "metadata.csv").open("w") as file:
            file.write("repertoire_id,filename,label_positive\n")
            file.writelines(f"{i},{i}.tsv,{positive[i] == '1'}\n" for i in ids)
    return to


@pytest.fixture(scope="module")
def challenge(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, reperio.Simulation]:
    """A training folder and two test folders, and where they are from."""
    folder = tmp_path_factory.mktemp("challenge")
    made = reperio.simulate(
        motif=["WNDR", "KP-HV"],
        witness_rate=0.05,
        repertoires=100,
        clonotypes=200,
        seed=5,
        progress=False,
    )
    ids = made.cohort.ids
    layout(made, folder, "set1", ids[:60], labels=True)
    layout(made, folder, "set1_test_1", ids[60:80], labels=False)
    layout(made, folder, "set1_test_2", ids[80:], labels=False)
    return folder, made


@pytest.fixture(scope="module")
def predicted(challenge: tuple[pathlib.Path, reperio.Simulation]) -> pathlib.Path:
    """The files that the command line writes."""
    folder, _ = challenge
    out = folder / "out"
    tests = [folder / "set1_test_1", folder / "set1_test_2"]
    subprocess.run(
        [
            *(sys.executable, "-m", "reperio.predict_airr", "--train_dir", str(folder / "set1")),
            *("--test_dirs", *map(str, tests), "--out_dir", str(out)),
            *("--n_jobs", "2", "--device", "cpu"),
        ],
        check=True,
        cwd="/",
    )
    return out


def test_the_files_are_as_specified(
    challenge: tuple[pathlib.Path, reperio.Simulation], predicted: pathlib.Path
) -> None:
    folder, _ = challenge
    validate(predicted, folder / "set1", [folder / "set1_test_1", folder / "set1_test_2"])


def test_what_was_implanted_is_predicted_and_found(
    challenge: tuple[pathlib.Path, reperio.Simulation], predicted: pathlib.Path
) -> None:
    _, made = challenge
    positive = dict(zip(made.cohort.ids, made.cohort.column("label"), strict=True))
    labels = {
        "set1_test_1": {i: positive[i] == "1" for i in made.cohort.ids[60:80]},
        "set1_test_2": {i: positive[i] == "1" for i in made.cohort.ids[80:]},
    }
    trained = set(made.cohort.ids[:60])
    implanted = {
        (r["junction_aa"], f"{r['v_call']}*01", f"{r['j_call']}*01")
        for r in made.table("truth", frame="python")
        if r["repertoire_id"] in trained
    }
    score = reperio.airr_score(
        predicted / "set1_test_predictions.tsv",
        predicted / "set1_important_sequences.tsv",
        labels,
        implanted,
    )
    assert set(score.auc) == set(labels)
    assert all(auc is not None and auc > 0.9 for auc in score.auc.values())
    assert score.jaccard > 0.4


def test_an_empty_repertoire_gets_the_class_share(
    challenge: tuple[pathlib.Path, reperio.Simulation], tmp_path: pathlib.Path
) -> None:
    from reperio import predict_airr

    folder, made = challenge
    test = layout(made, tmp_path, "odd", made.cohort.ids[60:62], labels=False)
    (test / "empty.tsv").write_text("junction_aa\tv_call\tj_call\nCAS*F\tTRBV9\tTRBJ1-1\n")
    path, _ = predict_airr.predict(str(folder / "set1"), [str(test)], str(tmp_path / "out"))
    found = {r["ID"]: float(r["label_positive_probability"]) for r in rows(pathlib.Path(path))}
    train_labels = made.cohort.column("label")[:60]
    assert found["empty"] == train_labels.count("1") / 60
    assert len(found) == 3


def test_a_folder_without_labels_is_an_error(tmp_path: pathlib.Path) -> None:
    from reperio import predict_airr

    argv = ["--train_dir", str(tmp_path), "--test_dirs", str(tmp_path), "--out_dir", str(tmp_path)]
    assert predict_airr.main(argv) == 1


def write(path: pathlib.Path, lines: list[tuple[object, ...]]) -> pathlib.Path:
    """A table in the format of the challenge."""
    text = ["\t".join(map(str, line)) for line in [COLUMNS, *lines]]
    path.write_text("\n".join(text) + "\n")
    return path


def test_the_score_is_that_of_its_definition(tmp_path: pathlib.Path) -> None:
    draw = random.Random(1)
    for case in range(20):
        names = [f"r{i}" for i in range(15)]
        values = {name: round(draw.random(), 1) for name in names}
        truth = {name: draw.random() < 0.5 for name in names}
        truth |= {"r0": True, "r1": False}
        predictions = write(
            tmp_path / f"p{case}.tsv",
            [(n, "t", v, NOTHING, NOTHING, NOTHING) for n, v in values.items()],
        )
        pool = [(f"CAS{a}F", f"TRBV{b}", "TRBJ1-1") for a in "ACDEFG" for b in range(3)]
        ranked = [draw.choice(pool) for _ in range(30)]
        sequences = write(
            tmp_path / f"s{case}.tsv",
            [(f"t_seq_top_{i}", "t", NOTHING, *triple) for i, triple in enumerate(ranked, 1)],
        )
        implanted = set(draw.sample(pool, 6))
        score = reperio.airr_score(predictions, sequences, {"t": truth}, implanted)

        pairs = [(values[p], values[n]) for p in names if truth[p] for n in names if not truth[n]]
        wins = sum(1.0 if p > n else 0.5 if p == n else 0.0 for p, n in pairs)
        first = set(list(dict.fromkeys(ranked))[:6])
        assert score.auc["t"] is not None
        assert abs(score.auc["t"] - wins / len(pairs)) < 1e-12
        assert score.jaccard == len(first & implanted) / len(first | implanted)


def test_a_missing_prediction_or_a_single_class(tmp_path: pathlib.Path) -> None:
    predictions = write(tmp_path / "p.tsv", [("a", "t", 0.5, NOTHING, NOTHING, NOTHING)])
    sequences = write(tmp_path / "s.tsv", [])
    one = reperio.airr_score(predictions, sequences, {"t": {"a": True}}, [("C", "V", "J")])
    assert one == ({"t": None}, 0.0)
    with pytest.raises(reperio.ReperioError, match="no row for b of t"):
        reperio.airr_score(predictions, sequences, {"t": {"a": True, "b": False}}, [])
    (tmp_path / "x.tsv").write_text("ID\tdataset\n")
    with pytest.raises(reperio.ReperioError, match=r"expected .*label_positive_probability"):
        reperio.airr_score(tmp_path / "x.tsv", sequences, {}, [])
