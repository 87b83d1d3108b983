"""Estimators for scikit-learn: classifiers, regressors and transformers of repertoires.

``X`` is a ``reperio.Cohort``, or a list or object array of repertoires, each a cohort of one::

    from sklearn.model_selection import cross_val_score
    from reperio.sklearn import RepertoireClassifier

    cohort = reperio.read("exports/", metadata="labels.tsv")
    cross_val_score(RepertoireClassifier(parts="kmers"), cohort, cohort.column("disease"))
"""

from __future__ import annotations

from ._estimators import RepertoireClassifier, RepertoireRegressor
from ._transformers import GeneUsage, HopfieldEmbedding, KmerFrequencies, PublicClones

__all__ = [
    "GeneUsage",
    "HopfieldEmbedding",
    "KmerFrequencies",
    "PublicClones",
    "RepertoireClassifier",
    "RepertoireRegressor",
]
