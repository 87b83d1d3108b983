"""Estimators beside scikit-learn's own tools."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import reperio
from numpy.typing import NDArray
from reperio.sklearn import (
    GeneUsage,
    HopfieldEmbedding,
    KmerFrequencies,
    PublicClones,
    RepertoireClassifier,
    RepertoireRegressor,
)
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline

Labels = NDArray[np.int64]


@pytest.fixture(scope="module")
def y(tiny: reperio.Cohort) -> Labels:
    """1 where the motifs are."""
    return np.array([int(label or 0) for label in tiny.column("label")])


@pytest.fixture(scope="module")
def fitted(tiny: reperio.Cohort, y: Labels) -> RepertoireClassifier:
    """A quick classifier."""
    return RepertoireClassifier(parts="kmers").fit(tiny, y)


def test_it_scores_as_the_model_of_the_command_line(
    fitted: RepertoireClassifier, tiny: reperio.Cohort
) -> None:
    model = reperio.train(tiny, target="label", parts="kmers", progress=False)
    scores = model.score(tiny, progress=False).table(frame="python")
    assert fitted.decision_function(tiny).tolist() == [row["logit"] for row in scores]
    assert fitted.predict_proba(tiny)[:, 1].tolist() == [row["probability"] for row in scores]
    assert fitted.model_ == model


def test_lists_arrays_and_cohorts_are_the_same(
    fitted: RepertoireClassifier, tiny: reperio.Cohort
) -> None:
    expected = fitted.predict_proba(tiny[:6])
    as_list = list(tiny[:6])
    assert (fitted.predict_proba(as_list) == expected).all()
    assert (fitted.predict_proba(np.array(as_list, dtype=object)) == expected).all()
    strangers = [pickle.loads(pickle.dumps(one)) for one in as_list]
    assert (fitted.predict_proba(strangers) == expected).all()
    assert (fitted.predict_proba(as_list[::-1]) == expected[::-1]).all()


def test_classes_come_back_as_they_were_given(tiny: reperio.Cohort, y: Labels) -> None:
    names = np.where(y == 1, "ill", "well")
    classifier = RepertoireClassifier(parts="kmers", positive="ill").fit(tiny, names)
    assert classifier.classes_.tolist() == ["ill", "well"]
    assert (classifier.predict(tiny) == names).all()
    assert (classifier.predict_proba(tiny)[:, 0] > 0.5).tolist() == (y == 1).tolist()
    assert (classifier.decision_function(tiny) > 0).tolist() == (y == 0).tolist()
    assert classifier.score(tiny, names) == 1.0
    boolean = RepertoireClassifier(parts="kmers").fit(tiny, y == 1)
    assert boolean.predict(tiny[:3]).tolist() == [True, True, False]


def test_several_classes(tiny: reperio.Cohort, y: Labels) -> None:
    three = np.where(y == 1, 7, np.arange(60) % 2)
    classifier = RepertoireClassifier(parts="kmers").fit(tiny, three)
    assert classifier.classes_.tolist() == [0, 1, 7]
    probabilities = classifier.predict_proba(tiny)
    assert probabilities.shape == classifier.decision_function(tiny).shape == (60, 3)
    assert np.allclose(probabilities.sum(axis=1), 1, rtol=0, atol=1e-9)
    assert (classifier.predict(tiny)[y == 1] == 7).all()


def test_many_numbers_stay_classes(tiny: reperio.Cohort) -> None:
    twelve = np.arange(60) % 12
    classifier = RepertoireClassifier(parts="genes").fit(tiny, twelve)
    assert classifier.predict_proba(tiny).shape == (60, 12)


def test_cross_validation_finds_the_motifs(tiny: reperio.Cohort, y: Labels) -> None:
    classifier = RepertoireClassifier(parts="kmers")
    people = tiny.column("subject_id")
    for X in (tiny, list(tiny), np.array(list(tiny), dtype=object)):
        aucs = cross_val_score(classifier, X, y, groups=people, cv=GroupKFold(3), scoring="roc_auc")
        assert aucs.tolist() == [1.0, 1.0, 1.0]
    noise = np.tile([0, 0, 1, 1], 15)
    outputs = cross_val_predict(
        classifier, tiny, noise, groups=people, cv=GroupKFold(3), method="decision_function"
    )
    assert outputs.shape == (60,)


def test_processes_of_joblib_score_the_same(tiny: reperio.Cohort, y: Labels) -> None:
    classifier = RepertoireClassifier(parts="kmers")
    alone = cross_val_predict(classifier, tiny, y, cv=2, method="predict_proba")
    spread = cross_val_predict(classifier, tiny, y, cv=2, method="predict_proba", n_jobs=2)
    assert (alone == spread).all()


def test_a_grid_chooses_among_options(tiny: reperio.Cohort, y: Labels) -> None:
    grid = GridSearchCV(
        RepertoireClassifier(), {"parts": ["genes", "kmers"]}, cv=3, scoring="roc_auc"
    )
    grid.fit(tiny, y)
    assert grid.best_params_ == {"parts": "kmers"}
    assert grid.predict(tiny[:2]).tolist() == [1, 1]


def test_groups_are_kept_together_inside_the_training(tiny: reperio.Cohort, y: Labels) -> None:
    bare = tiny.with_metadata({})
    grouped = RepertoireClassifier(parts="kmers").fit(bare, y, groups=tiny.column("subject_id"))
    folds = grouped.model_.table("held_out", frame="python")
    by_id = {row["repertoire_id"]: row["fold"] for row in folds}
    pairs = list(zip(tiny.ids[::2], tiny.ids[1::2], strict=True))
    assert all(by_id[a] == by_id[b] for a, b in pairs)
    # A column of people in the cohort says the same.
    own = RepertoireClassifier(parts="kmers").fit(tiny, y)
    assert (own.decision_function(tiny) == grouped.decision_function(tiny)).all()
    without = RepertoireClassifier(parts="kmers").fit(bare, y)
    rows = without.model_.table("held_out", frame="python")
    apart = {row["repertoire_id"]: row["fold"] for row in rows}
    assert any(apart[a] != apart[b] for a, b in pairs)


def test_a_regressor_predicts_numbers(tiny: reperio.Cohort, y: Labels) -> None:
    numbers = 30 + 20 * y + np.arange(60) / 60
    regressor = RepertoireRegressor(parts="kmers")
    people = tiny.column("subject_id")
    assert cross_val_score(regressor, tiny, numbers, groups=people, cv=GroupKFold(3)).min() > 0.5
    assert regressor.fit(tiny, numbers).predict(tiny[:2]).dtype == np.float64
    # Few different numbers are still numbers.
    few = RepertoireRegressor(parts="kmers").fit(tiny, y * 2)
    assert few.predict(tiny[:4]).shape == (4,)


def test_options_reach_the_training(tiny: reperio.Cohort, y: Labels) -> None:
    classifier = RepertoireClassifier(parts="kmers", seed=5, options={"no_report": False})
    assert classifier.fit(tiny, y).model_.report.lstrip().lower().startswith("<!doctype")
    seeds = [RepertoireClassifier(parts="kmers", seed=s).fit(tiny, y).model_ for s in (1, 1, 2)]
    assert seeds[0] == seeds[1]
    assert seeds[0] != seeds[2]


def test_a_clone_and_a_pickle(fitted: RepertoireClassifier, tiny: reperio.Cohort) -> None:
    assert not hasattr(clone(fitted), "model_")
    assert clone(fitted).get_params() == fitted.get_params()
    again = pickle.loads(pickle.dumps(fitted))
    assert (again.predict_proba(tiny) == fitted.predict_proba(tiny)).all()


@pytest.mark.parametrize(
    ("X", "labels", "said"),
    [
        (np.zeros((60, 2)), None, r"an array of float64 with shape \(60, 2\)"),
        ([1] * 60, None, "a list with a int"),
        ("cohort", None, "a str"),
        (None, [0, 1], "2 values, expected 60"),
        (None, [1] * 60, "one class"),
        (None, [None, *[0, 1] * 29, 0], "missing values"),
        (None, ["NA", *["yes", "no"] * 29, "NA"], "mean that a label is missing"),
    ],
)
def test_wrong_input_is_an_error(
    tiny: reperio.Cohort, y: Labels, X: Any, labels: Any, said: str
) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        RepertoireClassifier(parts="genes").fit(
            tiny if X is None else X, y if labels is None else labels
        )
    assert isinstance(raised.value, reperio.ReperioError)


def test_unfitted_estimators_say_so(tiny: reperio.Cohort) -> None:
    for estimator in (RepertoireClassifier(), RepertoireRegressor()):
        with pytest.raises(NotFittedError):
            estimator.predict(tiny)
    for transformer in (KmerFrequencies(), GeneUsage(), PublicClones(), HopfieldEmbedding()):
        with pytest.raises(NotFittedError):
            transformer.transform(tiny)


def test_kmers_are_shares_of_a_repertoire(tiny: reperio.Cohort) -> None:
    shares = KmerFrequencies(k=3).fit_transform(tiny)
    names = KmerFrequencies(k=3).fit(tiny).get_feature_names_out().tolist()
    assert shares.shape == (60, len(names))
    junctions = tiny[0].to_polars()["junction_aa"].to_list()
    kmers = [j[i : i + 3] for j in junctions for i in range(len(j) - 2)]
    assert abs(shares[0, names.index("CAS")] - kmers.count("CAS") / len(kmers)) < 1e-6


def test_genes_are_shares_of_a_repertoire(tiny: reperio.Cohort) -> None:
    usage = GeneUsage().fit(tiny)
    shares = usage.transform(tiny)
    names = usage.get_feature_names_out().tolist()
    j_genes = tiny[0].to_polars()["j_call"].to_list()
    expected = j_genes.count("TRBJ2-1") / len(j_genes)
    assert abs(shares[0, names.index("TRBJ2-1")] - expected) < 1e-6


def test_public_clones_are_chosen_in_fit_alone(tiny: reperio.Cohort, y: Labels) -> None:
    clones = PublicClones(min_repertoires=2, p_value=0.3).fit(tiny[:40], y[:40])
    assert clones.p_values_ is not None
    assert (clones.p_values_ <= 0.3).all()
    assert clones.transform(tiny[40:]).shape == (20, len(clones.names_))
    everything = PublicClones(min_repertoires=2).fit(tiny)
    carried = everything.transform(tiny)
    assert np.asarray(carried.sum(axis=0)).min() >= 2
    assert set(clones.names_) <= set(everything.names_)


def test_embeddings_are_those_of_a_network(tiny: reperio.Cohort, y: Labels) -> None:
    embedding = HopfieldEmbedding(epochs=3).fit(tiny, y)
    values = embedding.transform(tiny)
    assert values.shape == (60, len(embedding.get_feature_names_out()))
    assert np.isfinite(values).all()
    assert (embedding.transform(tiny[:3]) == values[:3]).all()


@pytest.mark.parametrize("transformer", [KmerFrequencies(k=3), GeneUsage()], ids=["kmers", "genes"])
def test_features_feed_a_pipeline(transformer: Any, tiny: reperio.Cohort, y: Labels) -> None:
    pipeline = make_pipeline(transformer, LogisticRegression(C=1e4, max_iter=1000))
    aucs = cross_val_score(
        pipeline, tiny, y, groups=tiny.column("subject_id"), cv=GroupKFold(3), scoring="roc_auc"
    )
    assert aucs.shape == (3,)
    if isinstance(transformer, KmerFrequencies):
        assert aucs.mean() > 0.8
