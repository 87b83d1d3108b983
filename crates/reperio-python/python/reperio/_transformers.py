"""Features of repertoires for pipelines of scikit-learn."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted

from . import _reperio
from ._cohort import Cohort
from ._model import Model
from ._repertoires import InvalidInputError, checked, cohort_of
from ._types import Path


class _Features(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Columns that ``fit`` chooses and ``transform`` counts."""

    _what: str
    names_: list[str]

    def transform(self, X: object) -> Any:
        """The features, shape (n, columns): a sparse matrix in rows, or an array."""
        check_is_fitted(self, "names_")
        return self._read(cohort_of(X), {"names": self.names_})[0]

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """The names of the columns."""
        check_is_fitted(self, "names_")
        return np.array(self.names_, dtype=object)

    def _options(self) -> dict[str, Any]:
        """What to count, for the native side."""
        return dict(self.get_params(deep=False))

    def _read(self, cohort: Cohort, more: dict[str, Any]) -> tuple[Any, list[str]]:
        options = {**self._options(), **more}
        read = _reperio.features(cohort._native, self._what, json.dumps(options))
        return _matrix(read), read["names"]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags


class KmerFrequencies(_Features):
    """Shares of the k-mers of a repertoire's junctions.

    ``k`` residues, from 1 to 5; ``max_gaps`` residues in between that may be any (0: none).

    >>> make_pipeline(KmerFrequencies(k=3), StandardScaler(with_mean=False), LogisticRegression())
    """

    _what = "kmers"

    def __init__(self, *, k: int = 3, max_gaps: int = 0) -> None:
        self.k = k
        self.max_gaps = max_gaps

    def fit(self, X: object, y: Any = None) -> KmerFrequencies:
        """Remember the columns that repertoires ``X`` have; ``y`` is not used."""
        self.names_ = self._read(cohort_of(X), {})[1]
        return self


class GeneUsage(_Features):
    """Shares of the V and J genes among a repertoire's clonotypes.

    ``families`` counts gene families instead.
    """

    _what = "genes"

    def __init__(self, *, families: bool = False) -> None:
        self.families = families

    def fit(self, X: object, y: Any = None) -> GeneUsage:
        """Remember the columns that repertoires ``X`` have; ``y`` is not used."""
        self.names_ = self._read(cohort_of(X), {})[1]
        return self


class PublicClones(_Features):
    """Which public clonotypes a repertoire carries: 0 or 1 per column.

    Without labels, ``fit`` keeps the clonotypes (junction, V gene, J gene) that at least
    ``min_repertoires`` carry. With labels ``y`` it is supervised and keeps of these the ones whose
    carriers are of one class more often than chance gives: by Fisher's exact test, one-sided, P at
    most ``p_value``, of two classes for the second one, of more for each against all others.
    ``p_value=None`` ignores labels. In a pipeline under cross-validation, clonotypes are chosen in
    each training part anew.

    Attributes: ``names_``; ``p_values_``, shape (columns,), the smallest over classes, None without
    labels.

    >>> make_pipeline(PublicClones(p_value=1e-3), LogisticRegression()).fit(cohort, labels)

    Reference: Emerson et al., Nature Genetics 2017, https://doi.org/10.1038/ng.3822
    """

    _what = "clones"

    def __init__(self, *, min_repertoires: int = 2, p_value: float | None = 0.01) -> None:
        self.min_repertoires = min_repertoires
        self.p_value = p_value

    def fit(self, X: object, y: Any = None) -> PublicClones:
        """Choose the clonotypes from repertoires ``X``, n of them, and labels ``y``, shape (n,)."""
        cohort = cohort_of(X)
        carried, names = self._read(cohort, {})
        self.p_values_: NDArray[np.float64] | None = None
        if y is None or self.p_value is None:
            self.names_ = names
            return self
        labels = checked(y, len(cohort))
        check_classification_targets(labels)
        classes = np.unique(labels)
        if len(classes) < 2:
            raise InvalidInputError(f"y has one class, {classes[0]!r}, expected at least two")
        tested = classes[1:] if len(classes) == 2 else classes
        p_values = np.min([_fisher(carried, labels == own) for own in tested], axis=0)
        chosen = np.flatnonzero(p_values <= self.p_value)
        self.names_ = [names[column] for column in chosen]
        self.p_values_ = p_values[chosen]
        return self

    def _options(self) -> dict[str, Any]:
        return {"min_repertoires": self.min_repertoires}


class HopfieldEmbedding(_Features):
    """What each repertoire is to a trained network: its pooled embedding under attention.

    Columns are the state patterns times the embedding. Without ``model`` it is supervised: ``fit``
    trains the network alone on labels ``y``, classes or numbers; the other parameters are those of
    ``RepertoireClassifier``. Repertoires that the network was trained on lie further apart than new
    ones, so judge what follows by repertoires that are held out, as cross-validation of the whole
    pipeline does. With ``model``, a ``reperio.Model`` or its path, ``fit`` learns nothing and ``y``
    is not used: let that model be of other repertoires.

    Attributes: ``model_``, the ``reperio.Model``.

    >>> HopfieldEmbedding(epochs=10).fit(cohort, labels).transform(others).shape
    """

    _what = "hopfield"

    def __init__(
        self,
        *,
        model: Model | Path | None = None,
        epochs: int | None = None,
        seed: int = 0,
        config: Any = None,
        device: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.model = model
        self.epochs = epochs
        self.seed = seed
        self.config = config
        self.device = device
        self.threads = threads

    def fit(self, X: object, y: Any = None, groups: Any = None) -> HopfieldEmbedding:
        """Train the network on repertoires ``X``, n of them, and labels ``y``, shape (n,)."""
        cohort = cohort_of(X)
        if self.model is not None:
            self.model_ = self.model if isinstance(self.model, Model) else Model.load(self.model)
        else:
            self.model_ = self._trained(cohort, checked(y, len(cohort)), groups)
        self.names_ = self._read(cohort[:1], {})[1]
        return self

    def _trained(self, cohort: Cohort, y: NDArray[Any], groups: Any) -> Model:
        from ._estimators import RepertoireClassifier, RepertoireRegressor

        numbers = type_of_target(y) == "continuous"
        names = ("epochs", "seed", "config", "device", "threads")
        how: dict[str, Any] = {name: getattr(self, name) for name in names}
        estimator = (RepertoireRegressor if numbers else RepertoireClassifier)(
            parts="network", **how
        )
        return estimator.fit(cohort, y, groups).model_

    def transform(self, X: object) -> Any:
        """The embeddings, shape (n, columns)."""
        check_is_fitted(self, "model_")
        return self._read(cohort_of(X), {})[0]

    def _options(self) -> dict[str, Any]:
        return {"model": str(self.model_.path)}


def _matrix(read: _reperio.Features) -> Any:
    shape = tuple(read["shape"])
    if "values" in read:
        size = len(read["values"]) // max(1, shape[0] * shape[1])
        dtype = np.float32 if size == 4 else np.float64
        return np.frombuffer(read["values"], dtype=dtype).reshape(shape)
    from scipy.sparse import csr_matrix

    data = np.frombuffer(read["data"], dtype=np.float64)
    indices = np.frombuffer(read["indices"], dtype=np.int64)
    indptr = np.frombuffer(read["indptr"], dtype=np.int64)
    return csr_matrix((data, indices, indptr), shape=shape)


def _fisher(carried: Any, positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """P of as many positive carriers or more, with the margins of the table fixed."""
    from scipy.stats import hypergeom

    present = (carried > 0).astype(np.float64)
    carriers = np.asarray(present.sum(axis=0)).ravel()
    positive_carriers = np.asarray(present.T @ positive.astype(np.float64)).ravel()
    p: NDArray[np.float64] = hypergeom.sf(
        positive_carriers - 1, len(positive), int(positive.sum()), carriers
    )
    return p
