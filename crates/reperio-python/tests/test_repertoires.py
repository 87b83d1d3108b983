"""What scikit-learn hands over: copies, files, tables, groups; and features in pipelines."""

from __future__ import annotations

import copy
import gzip
import pickle
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars
import pytest
import reperio
import sklearn
from conftest import TINY
from numpy.typing import NDArray
from reperio import _repertoires
from reperio.sklearn import (
    GeneUsage,
    HopfieldEmbedding,
    KmerFrequencies,
    PublicClones,
    RepertoireClassifier,
    RepertoireRegressor,
)
from scipy.stats import fisher_exact
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import (
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline, make_union
from sklearn.utils import resample


@pytest.fixture(scope="module")
def y(tiny: reperio.Cohort) -> NDArray[np.bool_]:
    """Whether the motifs are there."""
    labels: NDArray[np.bool_] = np.array(tiny.column("label")) == "1"
    return labels


@pytest.fixture(scope="module")
def fitted(tiny: reperio.Cohort, y: NDArray[np.bool_]) -> RepertoireClassifier:
    """A quick classifier."""
    return RepertoireClassifier(parts="kmers").fit(tiny, y)


def table(repertoire: reperio.Cohort) -> polars.DataFrame:
    """The clonotypes without the id."""
    frame: polars.DataFrame = repertoire.to_polars().drop("repertoire_id")
    return frame


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[reperio.Cohort, dict[str, Any]]]:
    """The cohorts, and options, that estimators train with from now on."""
    found: list[tuple[reperio.Cohort, dict[str, Any]]] = []
    train = reperio.train

    def watched(cohort: reperio.Cohort, **options: Any) -> reperio.Model:
        found.append((cohort, options))
        return train(cohort, **options)

    monkeypatch.setattr("reperio._estimators.train", watched)
    return found


# Items.


def test_an_item_is_a_cohort_a_path_or_a_table(
    fitted: RepertoireClassifier, tiny: reperio.Cohort
) -> None:
    path = TINY / "repertoires" / f"{tiny.ids[1]}.tsv.gz"
    raw = polars.read_csv(gzip.decompress(path.read_bytes()), separator="\t")
    mixed = [tiny[0], path, table(tiny[2]), str(path), raw, table(tiny[3]).to_pandas(), raw]
    expected = fitted.predict_proba(tiny)[[0, 1, 2, 1, 1, 3, 1]]
    assert (fitted.predict_proba(mixed) == expected).all()
    paths = [str(TINY / "repertoires" / f"{name}.tsv.gz") for name in tiny.ids]
    assert (fitted.predict_proba(np.array(paths)) == fitted.predict_proba(tiny)).all()


def test_repertoires_of_one_id_are_told_apart(
    tiny: reperio.Cohort, y: NDArray[np.bool_], seen: list[Any]
) -> None:
    usage = GeneUsage().fit(tiny)
    names = ["x", "patient 1/a (2).tsv", "x", "patient 1/a (2).tsv", "x copy 2", "x", "x"]
    rows = [0, 3, 1, 3, 2, 1, 0]
    X = [
        reperio.read(
            tiny[row].to_polars().with_columns(repertoire_id=polars.lit(name)),
            repertoire_column="repertoire_id",
            progress=False,
        )
        for row, name in zip(rows, names, strict=True)
    ]
    assert [own.ids[0] for own in X] == names
    found = usage.transform(X).toarray()
    assert (found == usage.transform(tiny).toarray()[rows]).all()
    # Who is who: the same row of tiny is one person, whatever its id.
    RepertoireClassifier(parts="genes").fit(X + list(tiny[10:50]), [*y[rows], *y[10:50]])
    people = seen[0][0].column("subject_id")[: len(rows)]
    assert [people.index(own) for own in people] == [rows.index(row) for row in rows]


@pytest.mark.parametrize(
    ("X", "said"),
    [
        ([], "X is an empty list, 0 sample"),
        (np.zeros(3), r"an array of float64 with shape \(3,\)"),
        ([[0.0, 1.0]], "a list with a list"),
        ({"P1": None}, "X is a dict"),
    ],
)
def test_other_items_are_an_error(X: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        KmerFrequencies().fit(X)


def test_an_item_of_several_repertoires_is_an_error(tiny: reperio.Cohort) -> None:
    with pytest.raises(ValueError, match=r"X\[1\] has 2 repertoires, expected one"):
        GeneUsage().fit([tiny[0], tiny[:2]])


# Who is who.


def test_a_repertoire_that_is_drawn_twice_is_one_person(
    tiny: reperio.Cohort, y: NDArray[np.bool_], seen: list[Any]
) -> None:
    bare = tiny.with_metadata({})
    X, labels = resample(list(bare), y, random_state=0, stratify=y)
    drawn = Counter(item.ids[0] for item in X)
    assert max(drawn.values()) > 2
    classifier = RepertoireClassifier(parts="kmers").fit(X, labels)
    [(cohort, _)] = seen
    assert len(set(cohort.ids)) == len(cohort) == 60
    people = cohort.column("subject_id")
    assert people == [item.ids[0] for item in X]
    for item, own in zip(X, cohort, strict=True):
        assert table(item).equals(table(own))
    fold = {
        row["repertoire_id"]: row["fold"] for row in classifier.model_.table("held_out", "python")
    }
    folds = {(person, fold[name]) for person, name in zip(people, cohort.ids, strict=True)}
    assert len(folds) == len(drawn), "all copies of a repertoire are in one fold"
    # Where the labels say who people are, copies are of these.
    X, labels = resample(list(tiny), y, random_state=0, stratify=y)
    RepertoireClassifier(parts="genes").fit(X, labels)
    assert seen[1][0].column("subject_id") == [item.column("subject_id")[0] for item in X]


def test_groups_are_routed_through_cross_validation(
    tiny: reperio.Cohort, y: NDArray[np.bool_], seen: list[Any]
) -> None:
    groups = np.array([f"p{i // 4}" for i in range(60)])
    with sklearn.config_context(enable_metadata_routing=True):
        classifier = RepertoireClassifier(parts="genes").set_fit_request(groups=True)
        folds = StratifiedGroupKFold(3)
        cross_val_score(classifier, tiny, y, cv=folds, params={"groups": groups})
    assert [options["group"] for _, options in seen] == ["group"] * 3
    people = [set(cohort.column("group")) for cohort, _ in seen]
    assert all(len(own) == 10 for own in people), "two thirds of 15"
    assert set.union(*people) == set(groups)


def test_labels_and_columns_agree_whatever_their_order(
    tiny: reperio.Cohort, y: NDArray[np.bool_]
) -> None:
    order = np.arange(60)
    cases = [
        np.where(y, "case", "control"),  # The positive one sorts first.
        np.where(y, "no", "yes"),  # Words that say otherwise.
        np.where(y, -3, 12),
        np.where(y, "m", np.where(order % 4 < 2, "z", "a")),
        np.where(y, 100, 90 + order % 11),  # Twelve numbers.
    ]
    for labels in cases:
        classifier = RepertoireClassifier(parts="kmers").fit(tiny, labels)
        classes = classifier.classes_.tolist()
        assert classes == sorted(set(labels.tolist()))
        probabilities = classifier.predict_proba(tiny)
        assert roc_auc_score(y, probabilities[:, classes.index(labels[y][0])]) > 0.95
        logits = classifier.decision_function(tiny)
        both = np.stack([-logits, logits], axis=1) if len(classes) == 2 else logits
        assert (both.argmax(axis=1) == probabilities.argmax(axis=1)).all()
        assert (
            classifier.predict(tiny).tolist() == classifier.classes_[both.argmax(axis=1)].tolist()
        )


def test_lists_are_split_by_scikit_learn(tiny: reperio.Cohort, y: NDArray[np.bool_]) -> None:
    for X in (tiny, list(tiny), np.array(list(tiny), dtype=object)):
        train, test, of_train, of_test = train_test_split(X, y, stratify=y, random_state=0)
        classifier = RepertoireClassifier(parts="kmers").fit(train, of_train)
        assert classifier.score(test, of_test) > 0.8


def test_fitted_estimators_pickle_and_copy(tiny: reperio.Cohort, y: NDArray[np.bool_]) -> None:
    estimators: list[tuple[Any, str]] = [
        (RepertoireRegressor(parts="kmers"), "predict"),
        (PublicClones(p_value=None), "transform"),
        (KmerFrequencies(), "transform"),
        (HopfieldEmbedding(epochs=1), "transform"),
    ]
    for estimator, method in estimators:
        expected = getattr(estimator.fit(tiny, y.astype(int)), method)(tiny)
        for other in (pickle.loads(pickle.dumps(estimator)), copy.deepcopy(estimator)):
            assert abs(getattr(other, method)(tiny) - expected).max() == 0.0


# Features.


def windows(text: str, max_gaps: int) -> Iterator[tuple[str, str]]:
    """All windows of three residues as (pattern, k-mer)."""
    patterns = ["xxx", *(["x-xx", "xx-x"] if max_gaps else [])]
    for pattern in patterns:
        for start in range(len(text) - len(pattern) + 1):
            own = text[start : start + len(pattern)]
            yield (
                pattern,
                "".join("-" if p == "-" else c for c, p in zip(own, pattern, strict=True)),
            )


@pytest.mark.parametrize("max_gaps", [0, 1])
def test_kmers_are_shares_of_the_windows_of_their_pattern(
    tiny: reperio.Cohort, max_gaps: int
) -> None:
    kmers = KmerFrequencies(k=3, max_gaps=max_gaps)
    found = kmers.fit_transform(tiny)
    names = kmers.get_feature_names_out().tolist()
    expected: dict[tuple[int, str], float] = {}
    for row, own in enumerate(tiny):
        counts = Counter(w for j in table(own)["junction_aa"] for w in windows(j, max_gaps))
        total = Counter(pattern for pattern, _ in counts.elements())
        expected |= {(row, kmer): n / total[pattern] for (pattern, kmer), n in counts.items()}
    assert len(names) == len(set(names))
    assert set(names) == {kmer for _, kmer in expected}
    assert found.nnz == len(expected)
    entries = found.tocoo()
    for row, column, value in zip(entries.row, entries.col, entries.data, strict=True):
        assert abs(value - expected[int(row), names[column]]) < 1e-12


def test_columns_are_those_of_the_fit(tiny: reperio.Cohort) -> None:
    first, rest = tiny[:30], tiny[30:]
    for features in (KmerFrequencies(k=3), GeneUsage(), PublicClones(min_repertoires=1)):
        names = features.fit(first).get_feature_names_out().tolist()
        found = features.transform(rest).toarray()
        expected = clone(features).fit(rest)
        others = expected.get_feature_names_out().tolist()
        values = expected.transform(rest).toarray()
        assert set(names) != set(others), "there is something to align"
        for column, name in enumerate(names):
            own = values[:, others.index(name)] if name in others else np.zeros(30)
            assert abs(found[:, column] - own).max() < 1e-12
        alone = np.vstack([features.transform([one]).toarray() for one in rest])
        assert (alone == found).all(), "a repertoire alone is as in company"
        refitted = features.fit(rest).get_feature_names_out().tolist()
        assert refitted == others, "a new fit forgets the last"


def test_enriched_clonotypes_have_the_p_value_of_fishers_test(
    tiny: reperio.Cohort, y: NDArray[np.bool_]
) -> None:
    every = PublicClones(p_value=None).fit(tiny, y)
    carried = every.transform(tiny).toarray() == 1.0
    several = np.where(y, "b", np.where(np.arange(60) % 3 == 0, "a", "c"))
    for labels, tested in ((y, [True]), (several, ["a", "b", "c"])):
        expected = []
        for column in carried.T:
            tables = [
                [[sum(column & (labels == own)), sum(column & (labels != own))],
                 [sum(~column & (labels == own)), sum(~column & (labels != own))]]
                for own in tested
            ]  # fmt: skip
            expected.append(min(fisher_exact(t, alternative="greater").pvalue for t in tables))
        limit = min(expected) + 1e-9
        clones = PublicClones(p_value=limit).fit(tiny, labels)
        chosen = np.array(expected) <= limit
        assert 0 < chosen.sum() < len(chosen), expected
        assert clones.names_ == [n for n, own in zip(every.names_, chosen, strict=True) if own]
        assert clones.p_values_ is not None
        assert abs(clones.p_values_ - np.array(expected)[chosen]).max() < 1e-9


def test_what_is_chosen_inside_a_pipeline_leaks_nothing() -> None:
    # Labels of chance: clonotypes chosen with all labels tell them, those of each fold do not.
    made = reperio.simulate(repertoires=60, clonotypes=1500, motif="WNDR", seed=1, progress=False)
    labels = np.random.default_rng(3).permutation(np.arange(60) % 2)
    clones, regression = PublicClones(p_value=0.3), LogisticRegression()
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    chosen = clones.fit(made.cohort, labels).transform(made.cohort)
    leaked = cross_val_score(regression, chosen, labels, cv=folds, scoring="roc_auc")
    pipeline = make_pipeline(clones, regression)
    honest = cross_val_score(pipeline, made.cohort, labels, cv=folds, scoring="roc_auc")
    assert leaked.mean() > 0.85
    assert abs(honest.mean() - 0.5) < 0.15


def test_an_embedding_of_a_model_that_is_given(
    tiny: reperio.Cohort, y: NDArray[np.bool_], tmp_path: Any
) -> None:
    embedding = HopfieldEmbedding(epochs=2, seed=1).fit(tiny, y)
    expected = embedding.transform(tiny)
    embedding.model_.save(tmp_path / "network.safetensors")
    for given in (embedding.model_, tmp_path / "network.safetensors"):
        other = clone(HopfieldEmbedding(model=given)).fit(tiny[:2])  # It needs no labels.
        assert (other.transform(tiny) == expected).all()
        assert (other.get_feature_names_out() == embedding.get_feature_names_out()).all()
    genes = RepertoireClassifier(parts="genes").fit(tiny, y).model_
    with pytest.raises(reperio.ReperioError, match="has no network"):
        HopfieldEmbedding(model=genes).fit(tiny)
    numbers = HopfieldEmbedding(epochs=1).fit(tiny, y + np.linspace(0.0, 1.0, 60))
    assert numbers.model_.info["targets"][0]["kind"] == "regression"
    with pytest.raises(ValueError, match="requires y"):
        HopfieldEmbedding().fit(tiny)


def test_features_stand_side_by_side(tiny: reperio.Cohort, y: NDArray[np.bool_]) -> None:
    union = make_union(KmerFrequencies(k=2), GeneUsage(), HopfieldEmbedding(epochs=2))
    found = union.fit_transform(tiny, y)
    names = union.get_feature_names_out().tolist()
    assert found.shape == (60, len(names))
    assert {"kmerfrequencies__SL", "geneusage__TRBJ2-7"} <= set(names)
    pipeline = make_pipeline(union, LogisticRegression(C=1e3, max_iter=2000))
    people = tiny.column("subject_id")
    folds = StratifiedGroupKFold(3)
    scores = cross_val_score(pipeline, tiny, y, groups=people, cv=folds, scoring="roc_auc")
    assert scores.shape == (3,)


def test_a_copy_has_the_genes_of_its_species() -> None:
    mouse = reperio.read(
        polars.DataFrame(
            {
                "junction_aa": ["CASSLGTDTQYF", "CASSPGQGNTLYF"],
                "v_call": ["TRBV31", "TRBV13-2"],
                "j_call": ["TRBJ2-5", "TRBJ1-3"],
                "duplicate_count": [3, 1],
            }
        ),
        species="mouse",
        progress=False,
    )
    copies = _repertoires.cohort_of([mouse, mouse])
    assert copies.ids == ["data", "data copy 2"]
    assert table(copies[1]).equals(table(mouse))
    assert copies.templates == [4, 4]
    assert len(set(copies.column("subject_id"))) == 1
