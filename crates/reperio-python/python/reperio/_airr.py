"""The score of AIRR-ML-25: how well labels are predicted and implanted sequences found."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ._reperio import ReperioError
from ._types import Path

COLUMNS = ("ID", "dataset", "label_positive_probability", "junction_aa", "v_call", "j_call")
NOT_APPLICABLE = -999.0

Triple = tuple[str, str, str]


class AirrScore(NamedTuple):
    """``auc`` of each test set (None where it has one class only), and ``jaccard``."""

    auc: dict[str, float | None]
    jaccard: float


def airr_score(
    predictions: Path,
    sequences: Path,
    labels: Mapping[str, Mapping[str, bool]],
    implanted: Iterable[Triple],
) -> AirrScore:
    """Score the two files that ``python -m reperio.predict_airr`` writes.

    ``labels`` has the true labels by test set and repertoire id; ``implanted`` the implanted
    (junction_aa, v_call, j_call). With n distinct implanted triples, the Jaccard index is that of
    them and the first n distinct triples of the file: shared / (2 n - shared), from 0 to 1. The AUC
    counts pairs, ties as half.

    Raises ``ReperioError`` if a repertoire has no prediction.

    >>> airr_score("out/set1_test_predictions.tsv", "out/set1_important_sequences.tsv",
    ...            {"set1_test": {"r1": True, "r2": False}}, {("CASSLGF", "TRBV9", "TRBJ2-1")})
    """
    found: dict[tuple[str, str], float] = {}
    for row in _rows(predictions):
        found[row["dataset"], row["ID"]] = float(row["label_positive_probability"])
    aucs: dict[str, float | None] = {}
    for dataset, truth in labels.items():
        absent = [name for name in truth if (dataset, name) not in found]
        if absent:
            raise ReperioError(f"{predictions}: no row for {', '.join(absent)} of {dataset}")
        aucs[dataset] = _auc([(found[dataset, name], is_true) for name, is_true in truth.items()])
    wanted = set(implanted)
    first: dict[Triple, None] = {}
    for row in _rows(sequences):
        if len(first) >= len(wanted):
            break
        first[row["junction_aa"], row["v_call"], row["j_call"]] = None
    shared = len(wanted & set(first))
    union = len(wanted | set(first))
    return AirrScore(aucs, shared / union if union else 0.0)


def _auc(scored: list[tuple[float, bool]]) -> float | None:
    """Share of pairs of a positive and a negative in which the positive is higher."""
    n_positive = sum(is_true for _, is_true in scored)
    n_negative = len(scored) - n_positive
    if not n_positive or not n_negative:
        return None
    wins = 0.0
    negatives_below = 0
    by_score: dict[float, list[bool]] = {}
    for value, is_true in scored:
        by_score.setdefault(value, []).append(is_true)
    for _, tied in sorted(by_score.items()):
        positives = sum(tied)
        negatives = len(tied) - positives
        wins += positives * (negatives_below + negatives / 2)
        negatives_below += negatives
    return wins / (n_positive * n_negative)


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise ReperioError(f"{path}: columns {rows.fieldnames}, expected {list(COLUMNS)}")
        yield from rows
