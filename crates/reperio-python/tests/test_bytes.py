"""Results are those of the command line, to the byte."""

from __future__ import annotations

import pathlib

import pytest
import reperio
from conftest import TINY, Program

REPERTOIRES = TINY / "repertoires"
METADATA = TINY / "metadata.tsv"
# These say when, where and by which command they were made.
OF_THE_RUN = {"config.toml", "log.jsonl", "explanation.json", "report.html"}


def files(folder: pathlib.Path) -> dict[str, bytes]:
    """The results in a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in OF_THE_RUN and "tensorboard" not in path.parts
    }


def same(ours: pathlib.Path, theirs: pathlib.Path, expected: set[str]) -> None:
    """Both folders have the same files with the same bytes."""
    a, b = files(ours), files(theirs)
    assert expected <= set(a)
    assert sorted(a) == sorted(b)
    assert [name for name in a if a[name] != b[name]] == []


@pytest.fixture(scope="module")
def by_program(program: Program, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """What the command line makes."""
    out = tmp_path_factory.mktemp("program")
    program(
        *("train", "--cohort", REPERTOIRES, "--metadata", METADATA),
        *("--target", "label", "--epochs", 3, "--out", out / "run"),
    )
    program("score", "--model", out / "run", REPERTOIRES, "--out", out / "scores.tsv")
    program(
        *("explain", "--model", out / "run", REPERTOIRES, "--metadata", METADATA),
        *("--top", 50, "--out", out / "why"),
    )
    program(
        *("evaluate", "--cohort", REPERTOIRES, "--metadata", METADATA, "--target", "label"),
        *("--parts", "kmers,genes", "--out", out / "evaluation"),
    )
    return out


@pytest.mark.parametrize("in_memory", [False, True], ids=["files", "memory"])
def test_train_score_explain_and_evaluate(
    in_memory: bool, tiny: reperio.Cohort, by_program: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    data = tiny if in_memory else REPERTOIRES
    metadata = None if in_memory else METADATA
    model = reperio.train(
        data, metadata=metadata, target="label", epochs=3, out=tmp_path / "run", progress=False
    )
    same(tmp_path / "run", by_program / "run", {"model.safetensors", "sequences.tsv.gz"})

    model.score(data, out=tmp_path / "scores.tsv", progress=False)
    ours, theirs = tmp_path / "scores.tsv", by_program / "scores.tsv"
    assert ours.read_bytes() == theirs.read_bytes()

    model.explain(data, metadata=metadata, top=50, out=tmp_path / "why", progress=False)
    expected = {"sequences.tsv.gz", "cases.tsv", "repertoires/sim07/sequences.tsv.gz"}
    same(tmp_path / "why", by_program / "why", expected)

    out = tmp_path / "evaluation"
    reperio.evaluate(
        data,
        metadata=metadata,
        target="label",
        parts=["kmers", "genes"],
        out=out,
        progress=False,
    )
    same(out, by_program / "evaluation", {"metrics.json", "predictions.tsv"})


def test_one_repertoire_scores_the_same_alone(model: reperio.Model, tiny: reperio.Cohort) -> None:
    together = model.score(tiny, progress=False).repertoires
    alone = [model.score(one, progress=False).repertoires[0] for one in tiny[:3]]
    assert alone == together[:3]
