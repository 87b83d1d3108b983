"""The commands as functions. Options have the names of the command line, with `_` for `-`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _reperio
from ._arguments import definition, words
from ._call import Folder, run
from ._cohort import read
from ._model import NAME, Model
from ._progress import Progress
from ._results import Comparison, Description, Evaluation, Explanation, Scores, Simulation

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import (
        CompareOptions,
        DescribeOptions,
        EvaluateOptions,
        ExplainOptions,
        ScoreOptions,
        SimulateOptions,
        TrainOptions,
    )

    PathLike = str | os.PathLike[str]

# Stands for a cohort in memory where the command line has a path.
_GIVEN = "cohort in memory"

# Options of `describe` that are not about reading.
_NOT_OF_READING = {
    "columns", "out", "overwrite", "no_report", "inputs", "positive", "regression", "group", "target"
}  # fmt: skip


def _input(data: Any, options: dict[str, Any]) -> tuple[str, dict[str, _reperio.Cohort]]:
    """What the command is told of its input, and the cohort that this means. What is no path is read here, with the
    `options` of reading, which it takes out."""
    metadata = options.get("metadata")
    if isinstance(data, (str, os.PathLike)) and _is_path(metadata):
        return os.fspath(data), {}
    reading = {"metadata", *definition("describe")} - _NOT_OF_READING
    own = {name: options.pop(name) for name in list(options) if name in reading}
    return _GIVEN, {_GIVEN: read(data, **own)}


def _inputs(data: Any, options: dict[str, Any]) -> tuple[list[str], dict[str, _reperio.Cohort]]:
    """The same for a command that takes several inputs."""
    if isinstance(data, Sequence) and not isinstance(data, str) and len(data) > 0:
        if all(isinstance(own, (str, os.PathLike)) for own in data):
            if _is_path(options.get("metadata")):
                return [os.fspath(own) for own in data], {}
    path, given = _input(data, options)
    return [path], given


def _is_path(metadata: Any) -> bool:
    return metadata is None or isinstance(metadata, (str, os.PathLike))


def train(
    cohort: Any,
    *,
    target: str | Sequence[str],
    out: PathLike | None = None,
    progress: Progress = True,
    threads: int | None = None,
    **options: Unpack[TrainOptions],
) -> Model:
    """Trains a classifier, as `reperio train` does.

    `cohort` is a cohort, a path, or whatever `read` takes. `target` is the column to predict, or several. `out` is the
    run folder; without it, a temporary one that lives as long as the model. After an interruption (Ctrl-C), the same
    call with `resume=True` goes on and gives the same bytes.

    Raises `ReperioError`; an interruption raises `KeyboardInterrupt` once what was done is saved.

    >>> model = reperio.train(cohort, target="disease", parts=["kmers", "clones"], seed=1, out="run")
    """
    folder = Folder(out)
    rest: dict[str, Any] = dict(options)
    path, given = _input(cohort, rest)
    all_options = {"cohort": path, "target": target, "out": folder.path, **rest}
    found = run("train", all_options, given=given, progress=progress, threads=threads)
    return Model(folder.path / NAME, folder, found)


def evaluate(
    cohort: Any,
    *,
    target: str | Sequence[str] | None = None,
    model: Model | PathLike | None = None,
    out: PathLike | None = None,
    progress: Progress = True,
    threads: int | None = None,
    **options: Unpack[EvaluateOptions],
) -> Evaluation:
    """Cross-validates a classifier, or tests a trained `model`, as `reperio evaluate` does.

    >>> reperio.evaluate(cohort, target="disease", folds=5).auc
    >>> reperio.evaluate(others, model=model)
    """
    folder = Folder(out)
    rest: dict[str, Any] = dict(options)
    path, given = _input(cohort, rest)
    file = model.path if isinstance(model, Model) else model
    all_options = {"cohort": path, "target": target, "model": file, "out": folder.path, **rest}
    found = run("evaluate", all_options, given=given, progress=progress, threads=threads)
    return Evaluation(found, folder)


def compare(
    cohort: Any,
    *,
    target: str,
    out: PathLike | None = None,
    progress: Progress = True,
    threads: int | None = None,
    **options: Unpack[CompareOptions],
) -> Comparison:
    """Compares Reperio with published methods on the same folds, as `reperio compare` does.

    >>> reperio.compare(cohort, target="disease", methods=["reperio", "burden"]).table("comparison")
    """
    folder = Folder(out)
    rest: dict[str, Any] = dict(options)
    path, given = _input(cohort, rest)
    all_options = {"cohort": path, "target": target, "out": folder.path, **rest}
    found = run("compare", all_options, given=given, progress=progress, threads=threads)
    return Comparison(found, folder)


def score(
    model: Model | PathLike,
    data: Any,
    *,
    out: PathLike | None = None,
    progress: Progress = True,
    threads: int | None = None,
    **options: Unpack[ScoreOptions],
) -> Scores:
    """Scores repertoires with a trained model, as `reperio score` does. `out` is the table to write.

    >>> reperio.score("run", "new_patients/").to_frame()
    """
    if out is None:
        folder = Folder(None)
        table = folder.path / "scores.tsv"
    else:
        table = Path(out)
        folder = Folder(table.parent)
    rest: dict[str, Any] = dict(options)
    inputs, given = _inputs(data, rest)
    file = model.path if isinstance(model, Model) else model
    all_options = {"model": file, "out": table, **rest}
    found = run("score", all_options, given=given, inputs=inputs, progress=progress, threads=threads)
    return Scores(found, folder, table)


def explain(
    model: Model | PathLike,
    data: Any,
    *,
    out: PathLike | None = None,
    progress: Progress = True,
    threads: int | None = None,
    **options: Unpack[ExplainOptions],
) -> Explanation:
    """Ranks the sequences that drove the scores, as `reperio explain` does.

    >>> reperio.explain(model, "new_patients/", annotate=["vdjdb.txt"]).sequences
    """
    folder = Folder(out)
    rest: dict[str, Any] = dict(options)
    inputs, given = _inputs(data, rest)
    # Of its run folder, where the training patients are, if there is one.
    file = model.folder if isinstance(model, Model) and model.path.name == NAME else model
    file = file.path if isinstance(file, Model) else file
    all_options = {"model": file, "out": folder.path, **rest}
    found = run(
        "explain", all_options, given=given, inputs=inputs, progress=progress, threads=threads
    )
    return Explanation(found, folder)


def describe(
    data: Any,
    *,
    target: str | Sequence[str] | None = None,
    out: PathLike | None = None,
    progress: Progress = True,
    threads: int | None = None,
    **options: Unpack[DescribeOptions],
) -> Description:
    """Shows what is in repertoires, and what predicts the target without any sequence, as `reperio describe` does.

    >>> reperio.describe(cohort, target="disease").confounding
    """
    folder = Folder(out)
    rest: dict[str, Any] = dict(options)
    inputs, given = _inputs(data, rest)
    all_options = {"target": target, "out": folder.path, **rest}
    found = run(
        "describe", all_options, given=given, inputs=inputs, progress=progress, threads=threads
    )
    return Description(found, folder)


def simulate(
    *,
    out: PathLike | None = None,
    progress: Progress = True,
    threads: int | None = None,
    **options: Unpack[SimulateOptions],
) -> Simulation:
    """Simulates labelled repertoires with implanted motifs, as `reperio simulate` does.

    >>> cohort = reperio.simulate(repertoires=60, clonotypes=500, motif=["WNDR"], seed=1).cohort
    """
    folder = Folder(out)
    found = run("simulate", {"out": folder.path, **options}, progress=progress, threads=threads)
    return Simulation(found, folder)


def report(folder: PathLike) -> Path:
    """Makes the page of a folder of results again, as `reperio report` does; returns its path."""
    found = run("report", {}, inputs=[os.fspath(folder)], progress=False)
    return Path(str(found["pages"][0]))


def command_line(command: str, **options: Any) -> str:
    """The command line of a call with these options, to paste into a shell.

    >>> reperio.command_line("train", cohort="cohort", target="disease", out="run")
    'reperio train --cohort=cohort --target=disease --out=run'
    """
    import shlex

    return shlex.join(["reperio", command, *words(command, options)])
