"""Single cells: AnnData with scirpy's ``obsm["airr"]``."""

from __future__ import annotations

from typing import Any

import anndata
import awkward
import numpy as np
import pandas
import pytest
import reperio


def chain(junction_aa: str | None, locus: str = "TRB", umis: int = 3) -> dict[str, Any]:
    """One chain of a cell, as scirpy keeps it."""
    return {
        "junction_aa": junction_aa,
        "v_call": f"{locus}V9" if locus == "TRB" else "TRAV21",
        "j_call": f"{locus}J2-1" if locus == "TRB" else "TRAJ33",
        "locus": locus,
        "productive": True,
        "umi_count": umis,
    }


@pytest.fixture
def cells() -> Any:
    """Five cells of two samples, one of unknown sample, one without receptors."""
    airr = awkward.Array(
        [
            [chain("CASSLGF"), chain("CAVRDF", "TRA")],
            [chain("CASSLGF", umis=5)],
            [chain("CASSPQF"), chain("CASSQETF")],
            [chain("CASSAAF")],
            [],
        ]
    )
    obs = pandas.DataFrame(
        {
            "sample": ["b", "b", "a", None, "a"],
            "disease": ["no", "no", "yes", "yes", "yes"],
            "cluster": [1, 2, 1, 1, 1],
        },
        index=[f"cell{i}" for i in range(5)],
    )
    return anndata.AnnData(np.zeros((5, 1)), obs=obs, obsm={"airr": airr})


def test_samples_are_repertoires_and_counts_are_cells(cells: Any) -> None:
    cohort = reperio.read(cells, sample_column="sample", progress=False)
    assert cohort.ids == ["a", "b"]
    assert cohort.clonotypes == [2, 2]
    assert cohort.templates == [2, 3]
    beta = reperio.read(cells, sample_column="sample", locus="TRB", progress=False)
    assert beta.clonotypes == [2, 1]
    assert beta.templates == [2, 2]


def test_columns_with_one_value_per_sample_are_labels(cells: Any) -> None:
    cohort = reperio.read(cells, sample_column="sample", progress=False)
    assert cohort.column("disease") == ["yes", "no"]
    assert "cluster" not in cohort.metadata_table("pandas").columns


def test_counts_may_be_molecules(cells: Any) -> None:
    cohort = reperio.read(
        cells, sample_column="sample", count_column="umi_count", locus="TRB", progress=False
    )
    assert cohort.templates == [6, 8]


def test_what_is_missing_is_named(cells: Any) -> None:
    with pytest.raises(reperio.ReperioError, match=r"expected a column of obs.*disease"):
        reperio.read(cells, progress=False)
    with pytest.raises(reperio.ReperioError, match="'donor'"):
        reperio.read(cells, sample_column="donor", progress=False)
    with pytest.raises(reperio.ReperioError, match="has no reads"):
        reperio.read(cells, sample_column="sample", count_column="reads", progress=False)
    del cells.obsm["airr"]
    with pytest.raises(reperio.ReperioError, match=r"no obsm\['airr'\]"):
        reperio.read(cells, sample_column="sample", progress=False)
    with pytest.raises(reperio.ReperioError, match="is for AnnData"):
        reperio.read("x.tsv", sample_column="sample", progress=False)
