"""What users write, for the type checker alone."""

from __future__ import annotations

import pathlib
from typing import Any

import reperio


def three_jobs(folder: pathlib.Path, progress: bool) -> float | None:
    """Read, train, score, explain, evaluate."""
    cohort = reperio.read(folder, metadata=folder / "labels.tsv", locus=["TRB"], min_length=7)
    few = cohort.select([name for name in cohort.ids if name != "bad"]).rarefy(clonotypes=1000)
    model = reperio.train(
        few,
        target="disease",
        positive="yes",
        parts=["kmers", "genes"],
        config={"training": {"members": 2}},
        threads=2,
        progress=progress,
    )
    scores: Any = model.score(cohort[:5], coverage=0.8).table()
    leading: Any = model.explain(cohort["patient7"], top=100).table("sequences", frame="pandas")
    evaluation = reperio.evaluate(few, target="disease", folds=3, permute_labels=True)
    interval: tuple[float, float] | None = evaluation.auc_ci
    print(scores, leading, interval, evaluation.verdicts, model.card, len(cohort))
    return evaluation.auc


def labels(cohort: reperio.Cohort) -> list[str | None]:
    """Labels, and a cohort with others."""
    other: reperio.Cohort = cohort.with_metadata({"age": [30, 40, None]})
    made = reperio.simulate(motif=["LDR", "CAS"], repertoires=40, seed=1, background=other)
    methods: list[dict[str, Any]] = reperio.compare(
        made.cohort, target="label", simulated=made, methods=["reperio", "burden"]
    ).methods
    print(methods, reperio.devices(), reperio.tables("polars"))
    return cohort.column("disease")


def shown(task: str, done: int, total: int, unit: str) -> None:
    """Progress of one's own."""
    print(task, done, total, unit)


def resumed(cohort: reperio.Cohort) -> pathlib.Path:
    """Save what was trained."""
    try:
        model = reperio.train(cohort, target="y", out="run", resume=True, progress=shown)
    except reperio.ReperioError as error:
        print(error)
        raise
    return model.save("model.safetensors")
