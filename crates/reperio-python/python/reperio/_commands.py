"""The commands of the program as functions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _reperio
from ._call import run
from ._cohort import Cohort, inputs
from ._folder import Output
from ._model import Model
from ._results import (
    Comparison,
    Description,
    Evaluation,
    Explanation,
    Scores,
    Simulation,
)
from ._types import Metadata, Path, Progress

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import (
        CompareOptions,
        DescribeOptions,
        EvaluateOptions,
        ExplainOptions,
        FitGeneratorOptions,
        ScoreOptions,
        SimulateOptions,
        TrainOptions,
    )


def train(
    cohort: object,
    *,
    target: str | Sequence[str],
    out: Path | None = None,
    metadata: Metadata | None = None,
    progress: Progress = True,
    **options: Unpack[TrainOptions],
) -> Model:
    """Train a classifier to predict the column ``target`` of the labels.

    ``cohort`` is a ``Cohort`` or anything that ``reperio.read`` takes. The run folder is ``out``;
    None is a temporary folder that lives as long as the model. Only with ``out`` can an interrupted
    training go on: ``train(..., resume=True)`` gives the same bytes.

    Raises ``ReperioError`` if the target is not there, a class is too small, or ``out`` has
    results.

    >>> model = reperio.train(cohort, target="disease", positive="yes", parts=["kmers", "genes"])
    """
    output = Output(out)
    keywords: dict[str, object] = {**options, "target": target}
    result = _on_cohort("train", cohort, metadata, output, keywords, progress)
    return Model(output.path, output=output, training=result)


def evaluate(
    cohort: object,
    *,
    target: str | Sequence[str] | None = None,
    model: Path | None = None,
    out: Path | None = None,
    metadata: Metadata | None = None,
    progress: Progress = True,
    **options: Unpack[EvaluateOptions],
) -> Evaluation:
    """Cross-validate a classifier, or test a trained ``model`` on repertoires of its own.

    >>> reperio.evaluate(cohort, target="disease", folds=5).auc
    """
    output = Output(out)
    keywords: dict[str, object] = {**options, "target": target, "model": model}
    result = _on_cohort("evaluate", cohort, metadata, output, keywords, progress)
    return Evaluation(result, output.path, output)


def compare(
    cohort: object,
    *,
    target: str | Sequence[str],
    out: Path | None = None,
    metadata: Metadata | None = None,
    progress: Progress = True,
    **options: Unpack[CompareOptions],
) -> Comparison:
    """Compare published methods with Reperio on the same folds.

    >>> reperio.compare(cohort, target="disease", methods=["reperio", "burden"]).table()
    """
    output = Output(out)
    keywords: dict[str, object] = {**options, "target": target}
    result = _on_cohort("compare", cohort, metadata, output, keywords, progress)
    return Comparison(result, output.path, output)


def score(
    model: Path,
    cohort: object,
    *,
    out: Path | None = None,
    metadata: Metadata | None = None,
    progress: Progress = True,
    **options: Unpack[ScoreOptions],
) -> Scores:
    """Score repertoires with a trained model: a ``Model``, a run folder or a model file.

    ``out`` is the table to write (.tsv, .tsv.gz); its page lies beside it. None keeps both as long
    as the scores.

    >>> reperio.score("run", "new_patients/").table()
    """
    output = Output(out, "scores.tsv")
    keywords: dict[str, object] = {**options, "model": model, "out": output.path}
    paths, cohorts = inputs(cohort, metadata, keywords, progress)
    keywords["inputs"] = paths
    result = run("score", keywords, cohorts=cohorts, progress=progress)
    return Scores(result, output.path, output)


def explain(
    model: Path,
    cohort: object,
    *,
    out: Path | None = None,
    metadata: Metadata | None = None,
    progress: Progress = True,
    **options: Unpack[ExplainOptions],
) -> Explanation:
    """Rank the sequences that drove a model's scores.

    >>> reperio.explain("run", "patient7.tsv.gz", top=100).table("sequences")
    """
    output = Output(out)
    keywords: dict[str, object] = {**options, "model": model, "out": output.path}
    paths, cohorts = inputs(cohort, metadata, keywords, progress)
    keywords["inputs"] = paths
    result = run("explain", keywords, cohorts=cohorts, progress=progress)
    return Explanation(result, output.path, output)


def describe(
    cohort: object,
    *,
    target: str | Sequence[str] | None = None,
    out: Path | None = None,
    metadata: Metadata | None = None,
    progress: Progress = True,
    **options: Unpack[DescribeOptions],
) -> Description:
    """Show what is in repertoires, and what predicts ``target`` without sequences.

    >>> reperio.describe("exports/", metadata="labels.tsv", target="disease").confounding
    """
    output = Output(out)
    keywords: dict[str, object] = {**options, "target": target, "out": output.path}
    paths, cohorts = inputs(cohort, metadata, keywords, progress)
    keywords["inputs"] = paths
    result = run("describe", keywords, cohorts=cohorts, progress=progress)
    return Description(result, output.path, output)


def simulate(
    *,
    out: Path | None = None,
    background: object = None,
    progress: Progress = True,
    **options: Unpack[SimulateOptions],
) -> Simulation:
    """Simulate a cohort with implanted signals.

    ``background`` has the rows to implant them in: a ``Cohort``, a path, or a list of them; None is
    the built-in generator of human TCR beta.

    >>> made = reperio.simulate(motif="LDR", witness_rate=0.001, repertoires=300, seed=1)
    >>> made.cohort, made.truth
    """
    output = Output(out)
    given = background if isinstance(background, (list, tuple)) else [background]
    cohorts: dict[str, _reperio.Cohort] = {}
    paths: list[str] = []
    for item in given:
        if isinstance(item, Cohort):
            paths.append(f"<background {len(cohorts) + 1}>")
            cohorts[paths[-1]] = item._native
        elif item is not None:
            paths.append(os.fspath(item))  # type: ignore[arg-type]
    keywords: dict[str, object] = {**options, "out": output.path, "background": paths or None}
    result = run("simulate", keywords, cohorts=cohorts, progress=progress)
    return Simulation(result, output.path, output)


def fit_generator(
    projects: Path | Sequence[Path],
    *,
    out: Path,
    progress: Progress = True,
    **options: Unpack[FitGeneratorOptions],
) -> dict[str, Any]:
    """Fit the background generator of ``simulate`` to real repertoires, one path per project."""
    keywords: dict[str, object] = {**options, "out": out, "inputs": projects}
    return run("fit-generator", keywords, progress=progress)


def report(results: Path | Sequence[Path]) -> dict[str, Any]:
    """Make the pages of results again, from their tables alone.

    >>> reperio.report("evaluation")
    """
    return run("report", {"paths": results}, progress=False)


def devices() -> list[dict[str, str]]:
    """List the devices that networks run on: names for ``device`` and what they are."""
    found: list[dict[str, str]] = run("devices", {}, progress=False)["devices"]
    return found


def _on_cohort(
    command: str,
    cohort: object,
    metadata: Metadata | None,
    output: Output,
    options: Mapping[str, object],
    progress: Progress,
) -> dict[str, Any]:
    """Run a command that takes one ``--cohort``."""
    keywords = {**options, "out": output.path}
    if isinstance(cohort, (list, tuple)):
        # Several files are one cohort only once they are read.
        from ._arguments import reading
        from ._cohort import read

        for_reading: Any = {n: keywords.pop(n) for n in list(keywords) if n in reading()}
        cohort = read(cohort, metadata=metadata, progress=progress, **for_reading)
        metadata = None
    paths, cohorts = inputs(cohort, metadata, keywords, progress)
    keywords["cohort"] = paths[0]
    return run(command, keywords, cohorts=cohorts, progress=progress)
