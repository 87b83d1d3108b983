"""What scikit-learn hands over, as a cohort."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import column_or_1d

from . import _sources
from ._cohort import Cohort, joined, read
from ._reperio import ReperioError


class InvalidInputError(ReperioError, ValueError):
    """Input that is not what scikit-learn's conventions ask for."""


TARGET = "label"
GROUP = "group"
SUBJECT = "subject_id"


def cohort_of(X: object) -> Cohort:
    """The repertoires of a cohort, a list of them, or an array of objects with one dimension.

    An item is a cohort of one repertoire, or what ``reperio.read`` makes one of: a path or a table.
    An item may come several times, as a bootstrap draws it: its copies get ids of their own and one
    ``subject_id``, so that they are never on both sides of a split.

    Raises ``InvalidInputError`` for anything else.
    """
    if isinstance(X, Cohort):
        return X
    if isinstance(X, np.ndarray):
        if X.ndim != 1 or X.dtype.kind not in "OU":
            raise _unexpected(f"an array of {X.dtype} with shape {X.shape}")
        X = X.tolist()
    if not isinstance(X, (list, tuple)):
        raise _unexpected(f"a {type(X).__name__}")
    return _distinct([_single(item, place) for place, item in enumerate(X)])


def _single(item: Any, place: int) -> Cohort:
    """An item of X as a cohort of one repertoire."""
    if isinstance(item, Cohort):
        found = item
    elif _sources.is_path(item):
        found = read(item, progress=False)
    elif hasattr(item, "__arrow_c_stream__") or hasattr(item, "__dataframe__"):
        found = read({f"repertoire {place + 1}": item}, progress=False)
    else:
        raise _unexpected(f"a list with a {type(item).__name__}")
    if len(found) != 1:
        raise InvalidInputError(f"X[{place}] has {len(found)} repertoires, expected one")
    return found


def _distinct(items: Sequence[Cohort]) -> Cohort:
    """One cohort of these in this order, with an id of its own for each."""
    if not items:
        raise _unexpected("an empty list, 0 sample(s)")
    taken = {name for item in items for name in item.ids}
    # By id: the repertoires that differ, each with who it is from.
    known: dict[str, list[tuple[Cohort, str]]] = {}
    found, people, has_copies = [], [], False
    for item in items:
        [name] = item.ids
        others = known.setdefault(name, [])
        person = next((who for own, who in others if item is own or item == own), None)
        has_copies |= person is not None
        new = _free(name, taken) if others else name
        if person is None:
            person = new
            others.append((item, person))
        found.append(item if new == name else Cohort(item._native.with_ids([new])))
        people.append(person)
    cohort = joined(found)
    if not has_copies:
        return cohort
    columns = cohort._native.metadata
    subjects = columns.get(SUBJECT, [None] * len(people))
    subjects = [own or person for own, person in zip(subjects, people, strict=True)]
    return cohort.with_metadata({**columns, SUBJECT: subjects})


def _free(name: str, taken: set[str]) -> str:
    """An id for a copy, which can be the name of a file."""
    plain = re.sub(r"[^\w -]", "_", name)[:100]
    free = next(own for n in itertools.count(2) if (own := f"{plain} copy {n}") not in taken)
    taken.add(free)
    return free


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
    return InvalidInputError(
        f"X is {what}, expected a Cohort, or a list or object array of repertoires"
    )
