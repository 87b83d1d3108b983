"""Classifier and regressor of repertoires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ._cohort import Cohort
from ._commands import train
from ._model import Model
from ._repertoires import GROUP, InvalidInputError, checked, cohort_of, labelled
from ._types import Path

# With more different numbers than this, the program takes a column for a quantity.
_MOST_NUMBERS = 10


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """What both have in common: the options of ``reperio.train``, and scores of a model."""

    model_: Model

    def _train(self, cohort: Cohort, texts: Sequence[str], groups: Any, **how: Any) -> None:
        if groups is not None:
            groups = checked(groups, len(cohort), "groups").tolist()
        cohort, target = labelled(cohort, texts, groups)
        names = ("parts", "epochs", "seed", "config", "use_depth", "device", "threads")
        options: dict[str, Any] = {name: getattr(self, name) for name in names}
        options |= {"group": GROUP} if groups is not None else {}
        options |= {**how, **(self.options or {})}
        # A page for every fold of a cross-validation would cost more than it says.
        options.setdefault("no_report", True)
        options.setdefault("progress", False)
        self.model_ = train(cohort, target=target, **options)
        unlabelled = self.model_.training["targets"][0]["unlabelled"] if self.model_.training else 0
        if unlabelled:
            raise InvalidInputError(
                f"{unlabelled} values of y mean that a label is missing, "
                "expected a label for each repertoire"
            )

    def _scores(self, X: object) -> list[dict[str, Any]]:
        check_is_fitted(self, "model_")
        cohort = cohort_of(X)
        scores = self.model_.score(
            cohort, no_report=True, progress=False, device=self.device, threads=self.threads
        )
        found = {row["repertoire_id"]: row["targets"][0] for row in scores.repertoires}
        absent = [name for name in cohort.ids if not found.get(name, {}).get("logits")]
        if absent:
            raise InvalidInputError(f"no usable clonotypes in {', '.join(absent)}, so no score")
        return [found[name] for name in cohort.ids]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.target_tags.required = True
        return tags


class RepertoireClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """Classify repertoires with the model that ``reperio train`` learns.

    Parameters are options of ``reperio.train``; ``options`` has any others. ``positive`` is the
    second of two classes, in sorted order, unless it is given; it moves no score, only its name.
    Where a person gave several samples, give ``groups`` to ``fit``, or keep a column such as
    ``subject_id`` in the cohort.

    Attributes: ``classes_`` sorted, shape (k,); ``model_``, the ``reperio.Model``.

    >>> classifier = RepertoireClassifier(parts=["kmers", "genes"]).fit(cohort, labels)
    >>> classifier.predict_proba(others)[:, 1]
    """

    classes_: NDArray[Any]

    def __init__(
        self,
        *,
        parts: str | Sequence[str] | None = None,
        epochs: int | None = None,
        seed: int = 0,
        config: Path | Mapping[str, object] | None = None,
        use_depth: bool = False,
        positive: object = None,
        device: str = "auto",
        threads: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.parts = parts
        self.epochs = epochs
        self.seed = seed
        self.config = config
        self.use_depth = use_depth
        self.positive = positive
        self.device = device
        self.threads = threads
        self.options = options

    def fit(self, X: object, y: Any, groups: Any = None) -> RepertoireClassifier:
        """Learn from repertoires ``X``, n of them, and labels ``y`` of shape (n,).

        Repertoires with the same value in ``groups``, shape (n,), are never split by the folds
        inside the training. Raises ``ReperioError`` for a missing label or a single class.
        """
        cohort = cohort_of(X)
        labels = checked(y, len(cohort))
        check_classification_targets(labels)
        self.classes_ = np.unique(labels)
        if len(self.classes_) < 2:
            raise InvalidInputError(f"y has one class, {self.classes_[0]!r}, expected at least two")
        self._names = _names(self.classes_)
        how = {}
        if len(self.classes_) == 2:
            how["positive"] = self._names[self._positive()]
        elif self.positive is not None:
            raise InvalidInputError("`positive` is for two classes; y has more")
        by_class = dict(zip(self.classes_.tolist(), self._names, strict=True))
        self._train(cohort, [by_class[label] for label in labels.tolist()], groups, **how)
        return self

    def predict(self, X: object) -> NDArray[Any]:
        """The class of each repertoire, shape (n,)."""
        best = np.argmax(self.predict_proba(X), axis=1)
        found: NDArray[Any] = self.classes_[best]
        return found

    def predict_proba(self, X: object) -> NDArray[np.float64]:
        """The probability of each class, shape (n, k), in the order of ``classes_``."""
        rows = [row["probabilities"] for row in self._scores(X)]
        return self._by_class(np.array(rows, dtype=np.float64), lambda p: 1 - p)

    def decision_function(self, X: object) -> NDArray[np.float64]:
        """The logits: shape (n,) of two classes (of ``classes_[1]``), else (n, k)."""
        rows = [row["logits"] for row in self._scores(X)]
        logits = self._by_class(np.array(rows, dtype=np.float64), lambda z: -z)
        return logits[:, 1] if len(self.classes_) == 2 else logits

    def _positive(self) -> int:
        """The row of the positive class."""
        if self.positive is None:
            return 1
        found = [i for i, c in enumerate(self.classes_.tolist()) if c == self.positive]
        if not found:
            raise InvalidInputError(
                f"`positive` is {self.positive!r}, expected one of {self.classes_}"
            )
        return found[0]

    def _by_class(self, values: NDArray[np.float64], other: Any) -> NDArray[np.float64]:
        """Columns of the model in the order of ``classes_``."""
        if len(self.classes_) == 2:
            both = [values[:, 0], other(values[:, 0])]
            return np.stack(both if self._positive() == 0 else both[::-1], axis=1)
        order = self.model_.info["targets"][0]["classes"]
        return values[:, [order.index(name) for name in self._names]]


class RepertoireRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """Predict a number for each repertoire with the model that ``reperio train`` learns.

    Parameters are options of ``reperio.train``; ``options`` has any others.

    Attributes: ``model_``, the ``reperio.Model``.

    >>> RepertoireRegressor(parts="genes").fit(cohort, ages).predict(others)
    """

    def __init__(
        self,
        *,
        parts: str | Sequence[str] | None = None,
        epochs: int | None = None,
        seed: int = 0,
        config: Path | Mapping[str, object] | None = None,
        use_depth: bool = False,
        device: str = "auto",
        threads: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.parts = parts
        self.epochs = epochs
        self.seed = seed
        self.config = config
        self.use_depth = use_depth
        self.device = device
        self.threads = threads
        self.options = options

    def fit(self, X: object, y: Any, groups: Any = None) -> RepertoireRegressor:
        """Learn from repertoires ``X``, n of them, and numbers ``y`` of shape (n,)."""
        cohort = cohort_of(X)
        numbers = checked(y, len(cohort)).astype(np.float64)
        if not np.isfinite(numbers).all():
            raise InvalidInputError("y has infinite values, expected finite numbers")
        if len(np.unique(numbers)) < 2:
            raise InvalidInputError(
                f"y is always {numbers[0]} (n_samples = {len(numbers)}), expected different numbers"
            )
        texts = [repr(float(number)) for number in numbers]
        self._train(cohort, texts, groups, regression="label")
        return self

    def predict(self, X: object) -> NDArray[np.float64]:
        """The number of each repertoire, shape (n,)."""
        return np.array([row["value"] for row in self._scores(X)], dtype=np.float64)


def _names(classes: NDArray[Any]) -> list[str]:
    """A text per class; many numbers get a word before, so that they stay classes."""
    values = classes.tolist()
    many = len(values) > _MOST_NUMBERS and all(isinstance(v, (int, float)) for v in values)
    names = [f"class {v}" if many else str(v) for v in values]
    if len(set(names)) < len(names):
        raise InvalidInputError(f"y has classes that read alike: {values}")
    return names
