"""What the commands return: figures as attributes, tables by name, a page in notebooks."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ._folder import Folder, Output, classes
from ._types import Table

if TYPE_CHECKING:
    from ._cohort import Cohort


class Result(Folder):
    """What a command computed. ``json`` is what ``reperio COMMAND --json`` prints."""

    def __init__(self, json: dict[str, Any], folder: str, output: Output | None = None) -> None:
        super().__init__(folder, output)
        self.json = json

    def _text(self) -> Collection[str]:
        return classes(self.json.get("labels"))


class Evaluation(Result):
    """How good a classifier is on repertoires that it has not seen.

    Figures of the first target stand here; ``targets`` has those of all.
    """

    @property
    def auc(self) -> float | None:
        """Area under the ROC curve of all held-out predictions, from 0 to 1; None for a number."""
        return _number(self.json["auc"])

    @property
    def auc_ci(self) -> tuple[float, float] | None:
        """95 % interval of ``auc``."""
        return _pair(self.json["auc_ci"])

    @property
    def fold_auc(self) -> list[float | None]:
        """AUC of each fold; None where a fold has one class only."""
        return list(self.json["fold_auc"])

    @property
    def mean_fold_auc(self) -> float | None:
        """Mean of ``fold_auc``."""
        return _number(self.json["mean_fold_auc"])

    @property
    def control(self) -> float | None:
        """AUC of the control that sees only depth and V/J usage."""
        return _number(self.json["control"])

    @property
    def p_value(self) -> float | None:
        """P of an AUC this high without a signal."""
        return _number(self.targets[0].get("p_value")) if self.targets else None

    @property
    def repertoires(self) -> int:
        """Number of repertoires with a label."""
        return int(self.json["repertoires"])

    @property
    def targets(self) -> list[dict[str, Any]]:
        """All figures of each target."""
        return list(self.json["targets"])

    @property
    def verdicts(self) -> list[str]:
        """What the figures mean and what to do next, one sentence per target."""
        return list(self.json["verdicts"])

    @property
    def confounding(self) -> list[str]:
        """Whether depth, V/J usage or another column predicts the labels without sequences."""
        return list(self.json["confounding"])

    @property
    def seconds(self) -> float:
        """Time that it took."""
        return float(self.json["seconds"])

    def __repr__(self) -> str:
        return "\n".join([super().__repr__(), *self.verdicts])


class Comparison(Result):
    """Published methods beside Reperio on the same folds."""

    _page = "compare.html"

    @property
    def target(self) -> str:
        """What was predicted."""
        return str(self.json["target"])

    @property
    def methods(self) -> list[dict[str, Any]]:
        """All figures of each method."""
        return list(self.json["methods"])

    def table(self, name: str = "compare", frame: str | None = None) -> Table:
        """Read one of the tables; without a name, the one of the methods."""
        return super().table(name, frame)

    def _text(self) -> Collection[str]:
        return [self.target.split(":")[0]]


class Scores(Result):
    """Scores of repertoires: a table, and a page beside it."""

    def __init__(self, json: dict[str, Any], path: str, output: Output | None = None) -> None:
        super().__init__(json, os.path.dirname(path), output)
        self._path = path
        self._page = f"{_stem(path)}.html"

    @property
    def path(self) -> pathlib.Path:
        """The table."""
        return pathlib.Path(self._path)

    @property
    def tables(self) -> list[str]:
        """The name of the one table."""
        return [_stem(self._path)]

    def __fspath__(self) -> str:
        return self._path

    @property
    def repertoires(self) -> list[dict[str, Any]]:
        """Of each repertoire: logits, probabilities, class, prediction sets and warnings."""
        return list(self.json["repertoires"])

    @property
    def no_signal(self) -> list[str]:
        """Targets for which training found no signal."""
        return list(self.json["no_signal"])

    def table(self, name: str | None = None, frame: str | None = None) -> Table:
        """Read the scores: one row per repertoire."""
        return super().table(_stem(self._path) if name is None else name, frame)


class Explanation(Result):
    """Which sequences drove the scores of repertoires."""

    @property
    def sequences(self) -> list[dict[str, Any]]:
        """The first clonotypes of the common ranking; ``table("sequences")`` has all."""
        return list(self.json["sequences"])

    @property
    def heads(self) -> list[dict[str, Any]]:
        """How many sequences each attention head rests on."""
        return list(self.json["heads"])

    @property
    def empty(self) -> list[str]:
        """Repertoires without clonotypes, which have no score."""
        return list(self.json["empty"])

    @property
    def largest_difference(self) -> float:
        """Largest difference between a logit and its bias plus evidence."""
        return float(self.json["largest_difference"])

    def repertoire(self, repertoire_id: str, frame: str | None = None) -> Table:
        """Read the ranked clonotypes of one repertoire."""
        return self.table(f"repertoires/{repertoire_id}/sequences", frame)


class Description(Result):
    """What is in a cohort, and what predicts its labels without sequences."""

    @property
    def repertoires(self) -> list[dict[str, Any]]:
        """Rows, clonotypes, templates and dropped rows of each repertoire."""
        return list(self.json["repertoires"])

    @property
    def lengths(self) -> dict[int, int]:
        """Number of clonotypes by junction length, in residues."""
        return {int(length): count for length, count in self.json["lengths"].items()}

    @property
    def v_usage(self) -> dict[str, float]:
        """Share of clonotypes by V gene."""
        return dict(self.json["v_usage"])

    @property
    def j_usage(self) -> dict[str, float]:
        """Share of clonotypes by J gene."""
        return dict(self.json["j_usage"])

    @property
    def confounding(self) -> list[str]:
        """Whether depth, V/J usage or another column predicts the target without sequences."""
        return list(self.json.get("confounding") or ())


class Simulation(Result):
    """A simulated cohort with implanted signals, and the truth about them."""

    _page = "metadata.tsv"
    _cohort: Cohort | None = None

    @property
    def cohort(self) -> Cohort:
        """The repertoires with their labels."""
        from ._cohort import read

        if self._cohort is None:
            self._cohort = read(
                self.folder / "repertoires", metadata=self.folder / "metadata.tsv", progress=False
            )
        return self._cohort

    @property
    def truth(self) -> Table:
        """What was implanted where."""
        return self.table("truth")

    def _repr_html_(self) -> str:
        return self.cohort._repr_html_()


def _stem(path: str) -> str:
    return os.path.basename(path).removesuffix(".gz").removesuffix(".tsv")


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _pair(value: Any) -> tuple[float, float] | None:
    return None if value is None else (float(value[0]), float(value[1]))
