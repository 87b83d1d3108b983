"""scikit-learn's own checks of estimators.

They hand over arrays of numbers. Here each row of numbers becomes a repertoire: a number says how
many clonotypes have the motif and the gene of its column. What is checked is the estimators
themselves: parameters, labels, state, order, pickles. The checks below cannot apply.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars
import pytest
import reperio
from numpy.typing import NDArray
from reperio import _estimators, _repertoires, _transformers
from reperio.sklearn import GeneUsage, KmerFrequencies, RepertoireClassifier, RepertoireRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

GENES = ["TRBV2", "TRBV9", "TRBV13", "TRBV14", "TRBV15", "TRBV18", "TRBV19", "TRBV27", "TRBV28"]
MOTIFS = ["WWD", "HHK", "MMC", "PPY", "KKN", "FFV", "IIL", "RRE", "TTQ"]
SPACE = "ADEGHIKLMNPQRSTVWY"

NUMBERS = "the rows are repertoires, not arrays of numbers: "
REASONS = {
    "check_complex_data": NUMBERS + "there are no complex ones to refuse",
    "check_estimator_sparse_tag": NUMBERS + "they are never sparse",
    "check_estimators_empty_data_messages": NUMBERS + "an array without columns is no input",
    "check_estimators_nan_inf": NUMBERS + "none can be NaN or infinite",
    "check_estimator_sparse_array": NUMBERS + "they are never sparse",
    "check_estimator_sparse_matrix": NUMBERS + "they are never sparse",
    "check_fit2d_predict1d": NUMBERS + "one dimension is what they have",
    "check_n_features_in": NUMBERS + "they have no number of columns",
    "check_n_features_in_after_fitting": NUMBERS + "they have no number of columns",
}


def repertoire(numbers: NDArray[Any]) -> polars.DataFrame:
    """Clonotypes of a row: of each column as many as its number says, 0 to 12."""
    rows = []
    for column, number in enumerate(numbers.tolist()):
        motif, gene = MOTIFS[column % 9], GENES[column % 9]
        count = round(6 + 6 * np.tanh(float(number) / 4))
        for i in range(count):
            left, right = SPACE[i % 18], SPACE[(i * 5 + column) % 18]
            rows.append((f"CAS{left}{motif}{right}{SPACE[column % 18]}F", gene, "TRBJ2-1"))
    rows.append(("CASSLGQGNTEAFF", "TRBV5-1", "TRBJ1-1"))
    return polars.DataFrame(
        list(dict.fromkeys(rows)),
        schema=["junction_aa", "v_call", "j_call"],
        orient="row",
    ).with_columns(duplicate_count=polars.lit(1))


def cohort_of_numbers(X: Any) -> reperio.Cohort:
    """What `cohort_of` makes of repertoires, of rows of numbers."""
    array = np.asarray(X)
    if array.ndim != 2:
        return _repertoires.cohort_of(X)
    tables = {f"r{row:03}": repertoire(numbers) for row, numbers in enumerate(array)}
    return reperio.read(tables, progress=False)


@pytest.fixture(autouse=True)
def numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the estimators see repertoires where the checks hand over numbers."""
    monkeypatch.setattr(_estimators, "cohort_of", cohort_of_numbers)
    monkeypatch.setattr(_transformers, "cohort_of", cohort_of_numbers)


class _OfNumbers:
    """Say that arrays of numbers are taken; otherwise no check would be made."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = False
        return tags


class Classifier(_OfNumbers, RepertoireClassifier):
    """The classifier, of numbers."""


class Regressor(_OfNumbers, RepertoireRegressor):
    """The regressor, of numbers."""


class Kmers(_OfNumbers, KmerFrequencies):
    """Shares of k-mers, of numbers."""


class Genes(_OfNumbers, GeneUsage):
    """Shares of genes, of numbers."""


def impossible(estimator: Any) -> dict[str, str]:
    """The checks that cannot apply, with the reason."""
    if isinstance(estimator, Classifier):
        return REASONS | {"check_classifiers_train": NUMBERS + "they have no number of columns"}
    if isinstance(estimator, (Kmers, Genes)):
        return REASONS | {"check_transformer_general": NUMBERS + "they have no number of columns"}
    return REASONS


@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [Classifier(parts="kmers,genes"), Regressor(parts="kmers,genes"), Kmers(), Genes()],
    expected_failed_checks=impossible,
    xfail_strict=True,
)
def test_sklearn(estimator: Any, check: Any) -> None:
    check(estimator)
