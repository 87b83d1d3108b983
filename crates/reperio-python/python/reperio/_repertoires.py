"""What scikit-learn hands over, as a cohort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import column_or_1d

from ._cohort import Cohort, joined
from ._reperio import ReperioError


class InvalidInputError(ReperioError, ValueError):
    """Input that is not what scikit-learn's conventions ask for."""


TARGET = "label"
GROUP = "group"


def cohort_of(X: object) -> Cohort:
    """The repertoires of a cohort, a list of them, or an object array with one dimension.

    Raises ``InvalidInputError`` for anything else.
    """
    if isinstance(X, Cohort):
        return X
    if isinstance(X, np.ndarray):
        if X.ndim != 1 or X.dtype != object:
            raise _unexpected(f"an array of {X.dtype} with shape {X.shape}")
        X = X.tolist()
    if not isinstance(X, (list, tuple)):
        raise _unexpected(f"a {type(X).__name__}")
    for item in X:
        if not isinstance(item, Cohort):
            raise _unexpected(f"a list with a {type(item).__name__}")
    return joined(X)


def labelled(
    cohort: Cohort, texts: Sequence[str], groups: Sequence[object] | None
) -> tuple[Cohort, str]:
    """The cohort with these labels, and the column that they are in.

    Its other columns stay: they tell which repertoires are of one person. Columns that say the same
    as the labels do not.
    """
    columns = {
        name: values
        for name, values in cohort._native.metadata.items()
        if values != list(texts) and name not in (TARGET, GROUP)
    }
    columns[TARGET] = list(texts)
    if groups is not None:
        columns[GROUP] = [str(group) for group in groups]
    return cohort.with_metadata(columns), TARGET


def checked(y: Any, length: int, name: str = "y") -> NDArray[Any]:
    """An array with one value per repertoire, none of them missing.

    Raises ``InvalidInputError`` otherwise, and ``ValueError`` for an array of two dimensions.
    """
    if y is None:
        raise InvalidInputError(f"requires y to be passed, but the target {name} is None")
    array: NDArray[Any] = column_or_1d(np.asarray(y), warn=True)
    if len(array) != length:
        raise InvalidInputError(f"{name} has {len(array)} values, expected {length}")
    if any(value is None or value != value for value in array.tolist()):
        raise InvalidInputError(f"{name} has missing values (NaN); leave these repertoires out")
    return array


def _unexpected(what: str) -> InvalidInputError:
    return InvalidInputError(f"X is {what}, expected a Cohort, or a list or object array of them")
