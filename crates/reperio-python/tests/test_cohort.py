"""Cohorts in memory."""

from __future__ import annotations

import copy
import pathlib
import pickle

import numpy as np
import polars
import pyarrow
import pytest
import reperio


def test_it_is_a_sequence_of_repertoires(tiny: reperio.Cohort) -> None:
    assert [one.ids for one in tiny] == [[name] for name in tiny.ids]
    assert tiny[-1].ids == ["sim60"]
    assert tiny[np.int64(2)].ids == tiny["sim03"].ids == ["sim03"]
    assert tiny[2:4][1].ids == ["sim04"]
    with pytest.raises(IndexError):
        tiny[60]


def test_select_takes_ids_rows_masks_and_functions(tiny: reperio.Cohort) -> None:
    assert tiny.select(["sim05", "sim01"]).ids == ["sim05", "sim01"]
    assert tiny.select(np.array([4, 0])).ids == ["sim05", "sim01"]
    ill = tiny.select(lambda labels: labels["label"] == "1")
    assert ill.column("label") == ["1"] * 30
    mask = [label == "1" for label in tiny.column("label")]
    assert tiny.select(np.array(mask)) == ill
    assert ill.select([0]).column("subject_id") == ["subject1"]


@pytest.mark.parametrize(
    ("which", "said"),
    [
        (["sim99"], "no repertoire 'sim99'"),
        ([60], "row 60, expected -60 to 59"),
        (["sim01", "sim01"], "'sim01' more than once"),
        ([True], "mask of 1 values, expected 60"),
        ([1.5], "expected ids, row numbers or a mask"),
        ("sim01", "expected a list of ids"),
    ],
)
def test_a_wrong_selection_is_an_error(tiny: reperio.Cohort, which: object, said: str) -> None:
    with pytest.raises(reperio.ReperioError, match=said):
        tiny.select(which)  # type: ignore[arg-type]


def test_pickles_and_copies_are_equal(tiny: reperio.Cohort) -> None:
    again = pickle.loads(pickle.dumps(tiny))
    assert again == tiny
    assert hash(again) == hash(tiny)
    assert again.counts == tiny.counts
    assert copy.deepcopy(tiny) == copy.copy(tiny) == tiny
    one = pickle.loads(pickle.dumps(tiny[7]))
    assert one == tiny[7]
    assert one != tiny[8]


def test_a_pickle_of_one_repertoire_has_no_other(tiny: reperio.Cohort) -> None:
    assert len(pickle.dumps(tiny[0])) < len(pickle.dumps(tiny)) / 10


def test_metadata_is_text_in_every_kind_of_table(tiny: reperio.Cohort) -> None:
    assert tiny.metadata_table("polars")["label"].to_list()[:3] == ["1", "1", "0"]
    assert tiny.metadata_table("pandas")["label"].tolist()[:3] == ["1", "1", "0"]
    assert tiny.metadata_table("python")[2]["label"] == "0"


def test_other_labels_go_by_row_or_by_id(tiny: reperio.Cohort) -> None:
    few = tiny[:3]
    assert few.with_metadata({"age": [30, 41.5, None]}).column("age") == ["30", "41.5", None]
    table = polars.DataFrame({"repertoire_id": ["sim03", "sim01", "sim02"], "age": [3, 1, 2]})
    assert few.with_metadata(table).column("age") == ["1", "2", "3"]
    with pytest.raises(reperio.ReperioError, match="2 values in 'age', expected 3"):
        few.with_metadata({"age": [1, 2]})
    with pytest.raises(reperio.ReperioError, match="no row for sim02, sim03"):
        few.with_metadata({"repertoire_id": ["sim01"], "age": [1]})
    with pytest.raises(reperio.ReperioError, match="no column 'agee', expected one of"):
        few.column("agee")


def test_rarefied_repertoires_are_parts_of_the_whole(tiny: reperio.Cohort) -> None:
    small = tiny.rarefy(clonotypes=20, seed=1)
    assert small.clonotypes == [20] * 60
    key = ["repertoire_id", "junction_aa", "v_call", "j_call"]
    assert small.to_polars().join(tiny.to_polars(), on=key, how="anti").height == 0
    assert tiny.rarefy(clonotypes=20, seed=1) == small
    assert tiny.rarefy(clonotypes=20, seed=2) != small
    assert tiny.rarefy(templates=50).templates == [min(50, n) for n in tiny.templates]


def test_tables_have_all_clonotypes(tiny: reperio.Cohort) -> None:
    table = tiny.to_polars()
    columns = ["repertoire_id", "junction_aa", "v_call", "j_call", "duplicate_count"]
    assert table.columns == columns
    assert table.height == sum(tiny.clonotypes)
    assert table["duplicate_count"].sum() == sum(tiny.templates)
    assert tiny.to_pandas()["junction_aa"].tolist() == table["junction_aa"].to_list()
    assert pyarrow.table(tiny).num_rows == table.height


def test_a_store_is_read_back_equal(tiny: reperio.Cohort, tmp_path: pathlib.Path) -> None:
    changed = tiny[5:9].with_metadata({"age": [1, 2, None, 4]})
    changed.write(tmp_path / "store")
    assert reperio.read(tmp_path / "store", progress=False) == changed


def test_numpy_sees_one_dimension(tiny: reperio.Cohort) -> None:
    array = np.array(list(tiny[:4]), dtype=object)
    assert array.shape == (4,)
    assert array[2] == tiny[2]
    assert np.asarray(tiny).shape == (60,)


def test_notebooks_show_the_first_rows(tiny: reperio.Cohort) -> None:
    html = tiny.with_metadata({"note": ["<b>"] * 60})._repr_html_()
    assert html.count("<tr>") == 11
    assert "&lt;b&gt;" in html
    assert "50 more" in html
    assert "60 repertoires, 4800 clonotypes" in repr(tiny)
