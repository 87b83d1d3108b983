"""What a cohort can be read from."""

from __future__ import annotations

import pathlib
import shutil
from typing import Any

import pandas
import polars
import pyarrow
import pytest
import reperio
from conftest import TINY


def frame(name: str) -> polars.DataFrame:
    """One repertoire of the tiny cohort."""
    path = TINY / "repertoires" / f"{name}.tsv.gz"
    return polars.read_csv(path, separator="\t")


def labels() -> polars.DataFrame:
    """The labels of the tiny cohort."""
    return polars.read_csv(TINY / "metadata.tsv", separator="\t", infer_schema=False)


def test_paths_and_a_store_are_the_same_cohort(
    tiny: reperio.Cohort, tmp_path: pathlib.Path
) -> None:
    assert (len(tiny), sum(tiny.clonotypes)) == (60, 4800)
    files = [TINY / "repertoires" / f"{name}.tsv.gz" for name in tiny.ids]
    assert reperio.read(files, metadata=TINY / "metadata.tsv", progress=False) == tiny
    tiny.write(tmp_path / "store")
    assert reperio.read(str(tmp_path / "store"), progress=False) == tiny


@pytest.mark.parametrize("kind", ["polars", "pandas", "pyarrow"])
def test_tables_by_id_are_the_cohort_of_their_files(kind: str, tiny: reperio.Cohort) -> None:
    convert: dict[str, Any] = {
        "polars": lambda f: f,
        "pandas": lambda f: f.to_pandas(),
        "pyarrow": lambda f: f.to_arrow(),
    }
    tables = {name: convert[kind](frame(name)) for name in tiny.ids}
    assert reperio.read(tables, metadata=convert[kind](labels()), progress=False) == tiny


def test_one_table_of_many_repertoires(tiny: reperio.Cohort) -> None:
    parts = [frame(name).with_columns(repertoire_id=polars.lit(name)) for name in tiny.ids[:3]]
    together = polars.concat(parts)
    read = reperio.read(together, metadata=labels().head(3), progress=False)
    assert read == tiny[:3]
    renamed = together.rename({"repertoire_id": "sample"})
    again = reperio.read(renamed, repertoire_column="sample", progress=False)
    assert again.ids == tiny.ids[:3]
    assert again.clonotypes == tiny[:3].clonotypes


def test_labels_may_be_a_dict_or_a_pandas_index(tiny: reperio.Cohort) -> None:
    paths = [TINY / "repertoires" / f"{name}.tsv.gz" for name in ("sim01", "sim03")]
    as_dict = {"repertoire_id": ["sim03", "sim01"], "label": ["0", "1"]}
    read = reperio.read(paths, metadata=as_dict, progress=False)
    assert read.column("label") == ["1", "0"]
    indexed = pandas.DataFrame({"label": ["0", "1"]}, index=["sim03", "sim01"])
    assert reperio.read(paths, metadata=indexed, progress=False) == read
    assert reperio.read(tiny, metadata={"x": range(60)}).column("x")[59] == "59"


def test_options_of_reading_are_those_of_the_command_line() -> None:
    path = TINY / "repertoires" / "sim01.tsv.gz"
    lengths = frame("sim01")["junction_aa"].str.len_chars()
    read = reperio.read(path, min_length=13, max_length=14, progress=False)
    assert read.clonotypes == [int(((lengths >= 13) & (lengths <= 14)).sum())]
    other = frame("sim01").rename({"junction_aa": "seq", "duplicate_count": "n"})
    column = {"junction_aa": "seq", "duplicate_count": "n", "v_call": "v_call", "j_call": "j_call"}
    named = reperio.read({"sim01": other}, column=column, progress=False)
    assert named == reperio.read(path, progress=False)


def test_dropped_rows_are_counted() -> None:
    table = pyarrow.table(
        {
            "junction_aa": ["CASSLGF", "CAS*LGF", None, "CASSLGF"],
            "v_call": ["TRBV9"] * 4,
            "j_call": ["TRBJ2-1"] * 4,
            "duplicate_count": [1, 1, 1, 2],
        }
    )
    cohort = reperio.read({"a": table}, progress=False)
    assert (cohort.clonotypes, cohort.templates) == ([1], [3])
    assert cohort.counts[0]["rows"] == 4
    assert cohort.counts[0]["kept"] == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (3, "expected a path"),
        ({}, "empty dict"),
        ([1], "expected a path"),
        ({"a": "b"}, "expected a path"),
        ("/no/such/folder", "/no/such/folder"),
    ],
)
def test_what_is_no_cohort_is_an_error(data: object, said: str) -> None:
    with pytest.raises(reperio.ReperioError, match=said):
        reperio.read(data, progress=False)


def test_an_unknown_option_lists_those_there_are() -> None:
    with pytest.raises(reperio.ReperioError, match=r"no option `lokus`, expected one of .*locus"):
        reperio.read(TINY, lokus="TRB")  # type: ignore[call-arg]


def test_ids_that_do_not_match_are_an_error(tmp_path: pathlib.Path) -> None:
    shutil.copy(TINY / "repertoires" / "sim01.tsv.gz", tmp_path)
    with pytest.raises(reperio.ReperioError, match="sim01"):
        reperio.read(tmp_path, metadata={"repertoire_id": ["other"], "y": ["1"]}, progress=False)


def test_files_of_labels_do_not_go_with_a_cohort(tiny: reperio.Cohort) -> None:
    with pytest.raises(reperio.ReperioError, match=r"reperio\.read"):
        reperio.train(tiny, target="label", metadata=TINY / "metadata.tsv")
    with pytest.raises(reperio.ReperioError, match="min_length can only be given to `read`"):
        reperio.train(tiny, target="label", min_length=8)


@pytest.mark.parametrize("kind", ["polars", "pandas", "pyarrow"])
def test_the_only_repertoire_of_a_table_is_named_by_its_column(
    kind: str, tiny: reperio.Cohort
) -> None:
    one = tiny[0]
    frame = {"polars": one.to_polars, "pandas": one.to_pandas, "pyarrow": one.to_polars().to_arrow}
    found = reperio.read(frame[kind](), progress=False)
    assert found.ids == one.ids
    assert found.to_polars().equals(one.to_polars())
