"""Models, evaluations, scores and explanations as objects."""

from __future__ import annotations

import copy
import pathlib
import pickle
from collections.abc import Iterator

import pandas
import polars
import pytest
import reperio


@pytest.fixture(scope="module")
def evaluation(tiny: reperio.Cohort) -> reperio.Evaluation:
    """A quick cross-validation."""
    return reperio.evaluate(tiny, target="label", parts="kmers", folds=3, progress=False)


@pytest.fixture(autouse=True)
def frames() -> Iterator[None]:
    """Tables are polars again after each test."""
    yield
    reperio.tables("polars")


def test_figures_are_attributes(evaluation: reperio.Evaluation) -> None:
    assert evaluation.auc == 1.0
    assert evaluation.auc_ci is not None
    assert evaluation.auc_ci[0] < evaluation.auc_ci[1] == 1.0
    assert evaluation.fold_auc == [1.0, 1.0, 1.0]
    assert evaluation.repertoires == 60
    assert evaluation.control is not None
    assert evaluation.control < 0.7
    assert evaluation.p_value is not None
    assert evaluation.p_value < 0.05
    assert evaluation.verdicts[0].startswith("Verdict for label: above chance")
    assert evaluation.verdicts[0] in repr(evaluation)


def test_tables_are_polars_pandas_or_rows(evaluation: reperio.Evaluation) -> None:
    assert {"predictions", "splits", "confounders", "curves"} <= set(evaluation.tables)
    in_polars = evaluation.table("predictions")
    assert isinstance(in_polars, polars.DataFrame)
    assert in_polars.schema["label"] == polars.String
    assert in_polars.schema["logit"] == polars.Float64
    assert reperio.tables("pandas") == "pandas"
    in_pandas = evaluation.table("predictions")
    assert isinstance(in_pandas, pandas.DataFrame)
    rows = evaluation.table("predictions", frame="python")
    assert rows == in_polars.to_dicts()
    assert in_pandas["logit"].tolist() == in_polars["logit"].to_list()
    assert in_pandas["label"].tolist() == in_polars["label"].to_list()


def test_a_wrong_table_or_frame_is_an_error(evaluation: reperio.Evaluation) -> None:
    with pytest.raises(
        reperio.ReperioError, match=r"no table 'prediction', expected one of .*predic"
    ):
        evaluation.table("prediction")
    with pytest.raises(reperio.ReperioError, match="expected one of polars, pandas, python"):
        reperio.tables("excel")


def test_notebooks_show_the_page(evaluation: reperio.Evaluation) -> None:
    html = evaluation._repr_html_()
    assert html.startswith("<iframe srcdoc=")
    assert "<html" not in html.replace("&lt;html", "")
    assert evaluation.page().lstrip().lower().startswith("<!doctype html>")


def test_without_a_page_notebooks_show_text(tiny: reperio.Cohort, model: reperio.Model) -> None:
    scores = model.score(tiny[:2], no_report=True, progress=False)
    assert scores._repr_html_().startswith("<pre>")


def test_scores_are_a_table_and_rows(model: reperio.Model, tiny: reperio.Cohort) -> None:
    scores = model.score(tiny[:4], progress=False)
    assert scores.table()["repertoire_id"].to_list() == ["sim01", "sim02", "sim03", "sim04"]
    assert scores.table()["class"].to_list() == ["1", "1", "0", "0"]
    assert scores.repertoires[0]["targets"][0]["class"] == "1"
    assert scores.tables == ["scores"]


def test_evidence_and_bias_are_the_logit(model: reperio.Model, tiny: reperio.Cohort) -> None:
    why = model.explain(tiny[:2], top=0, progress=False)
    total = why.table("scores").row(0, named=True)
    evidence = why.repertoire("sim01")["evidence"].sum()
    assert abs(total["bias"] + evidence - total["logit"]) < 1e-9
    assert why.largest_difference < 1e-9
    assert why.sequences[0]["rank"] == 1
    assert "WNDR" in why.sequences[0]["junction_aa"] or "KP" in why.sequences[0]["junction_aa"]


def test_a_model_says_what_it_is(model: reperio.Model) -> None:
    assert "label" in repr(model)
    assert model.info["targets"][0]["column"] == "label"
    assert "kmers" in set(model.parts["part"]) <= {"kmers", "genes"}
    assert model.card.startswith("# Model card")
    assert "<html" in model.report
    assert "sequences" in model.tables


def test_a_saved_model_scores_the_same(
    model: reperio.Model, tiny: reperio.Cohort, tmp_path: pathlib.Path
) -> None:
    expected = model.score(tiny, progress=False).repertoires
    for name in ("folder", "alone.safetensors"):
        path = model.save(tmp_path / name)
        loaded = reperio.Model.load(path)
        assert loaded == model
        assert loaded.score(tiny, progress=False).repertoires == expected
    assert reperio.Model.load(tmp_path / "folder").tables == model.tables
    alone = reperio.Model.load(tmp_path / "alone.safetensors")
    assert alone.tables == []
    with pytest.raises(reperio.ReperioError, match=r"no model_card\.md beside it"):
        alone.card  # noqa: B018


def test_nothing_is_saved_over_unless_asked(model: reperio.Model, tmp_path: pathlib.Path) -> None:
    path = model.save(tmp_path / "m.safetensors")
    with pytest.raises(reperio.ReperioError, match="exists already"):
        model.save(path)
    assert model.save(path, overwrite=True) == path
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(reperio.ReperioError, match="without a model"):
        model.save(tmp_path / "mine", overwrite=True)
    with pytest.raises(reperio.ReperioError, match="is this model"):
        model.save(model.path, overwrite=True)


def test_a_pickled_model_scores_the_same_and_names_nobody(
    model: reperio.Model, tiny: reperio.Cohort
) -> None:
    data = pickle.dumps(model)
    assert b"sim01" not in data
    again = pickle.loads(data)
    assert again == model
    assert copy.deepcopy(model) == model
    expected = model.score(tiny[:5], progress=False).repertoires
    assert again.score(tiny[:5], progress=False).repertoires == expected
    assert again.card == model.card


def test_what_is_no_model_is_an_error(tmp_path: pathlib.Path) -> None:
    with pytest.raises(reperio.ReperioError, match="absent"):
        reperio.Model.load(tmp_path / "absent")
    (tmp_path / "m.safetensors").write_bytes(b"nonsense")
    with pytest.raises(reperio.ReperioError, match=r"m\.safetensors"):
        reperio.Model.load(tmp_path / "m.safetensors")


def test_a_temporary_folder_lives_as_long_as_its_model(tiny: reperio.Cohort) -> None:
    trained = reperio.train(tiny, target="label", parts="genes", progress=False)
    folder = trained.folder
    assert folder.is_dir()
    del trained
    assert not folder.exists()


def test_a_simulation_has_its_truth(tiny: reperio.Cohort) -> None:
    made = reperio.simulate(
        motif="LDR", repertoires=20, clonotypes=60, seed=3, background=tiny, progress=False
    )
    assert len(made.cohort) == 20
    carried = made.truth["junction_aa"].to_list()
    assert carried
    assert all("LDR" in junction for junction in carried)


def test_a_comparison_uses_the_truth_of_a_simulation() -> None:
    made = reperio.simulate(
        motif="WNDR", witness_rate=0.05, repertoires=40, clonotypes=60, seed=3, progress=False
    )
    comparison = reperio.compare(
        made.cohort,
        target="label",
        simulated=made,
        methods=["reperio", "burden", "known-motif"],
        folds=3,
        progress=False,
    )
    assert comparison.target == "label: 1 against 0"
    assert "burden" in comparison.table()["method"].to_list()
    assert {m["method"] for m in comparison.methods} >= {"reperio", "burden"}


def test_a_description_shows_what_predicts_labels(tiny: reperio.Cohort) -> None:
    described = tiny.describe("label", progress=False)
    assert sum(described.lengths.values()) == 4800
    assert abs(sum(described.j_usage.values()) - 1) < 1e-9
    assert described.confounding == ["No source without sequences predicts label well."]
    assert "genes" in described.tables


def test_a_page_is_made_again(evaluation: reperio.Evaluation) -> None:
    before = evaluation.page()
    evaluation.file("report.html").unlink()
    reperio.report(evaluation)
    assert evaluation.page() == before
