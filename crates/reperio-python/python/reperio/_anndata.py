"""Chains of an AnnData (scirpy's ``obsm["airr"]``) as one table with a row per cell and chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._reperio import ReperioError

# What is read of a chain; a count column is added if the user names one.
_FIELDS = ("junction_aa", "v_call", "j_call", "locus", "productive")


def is_anndata(data: object) -> bool:
    """Whether this is an AnnData, or looks like one."""
    return hasattr(data, "obs") and hasattr(data, "obsm")


def chains(data: Any, sample_column: str | None, count_column: str | None) -> Any:
    """The chains of all cells as an Arrow table keyed by ``repertoire_id``.

    Each chain of a cell is a row that counts once, so that counts are cells. With ``count_column``
    it counts as this field of the chain says (``umi_count``).

    Raises ``ReperioError`` if there are no chains, or no column of this name in ``obs``.
    """
    try:
        import awkward
        import pyarrow
    except ImportError as error:
        raise ReperioError(f"AnnData needs {error.name}: pip install {error.name}") from None
    samples = sample_values(data, sample_column)
    if "airr" not in data.obsm:
        raise ReperioError(
            f"AnnData has no obsm['airr'], only {sorted(data.obsm.keys())}: "
            "read receptors with scirpy.io"
        )
    airr = data.obsm["airr"]
    fields = [*_FIELDS, *([count_column] if count_column else [])]
    absent = [f for f in (fields[0], *fields[len(_FIELDS) :]) if f not in airr.fields]
    if absent:
        raise ReperioError(f"obsm['airr'] has no {', '.join(absent)}, only {sorted(airr.fields)}")
    per_cell = awkward.to_list(awkward.num(airr, axis=1))
    columns: dict[str, Any] = {
        "repertoire_id": [s for s, n in zip(samples, per_cell, strict=True) for _ in range(n)]
    }
    for field in fields:
        if field in airr.fields:
            columns[field] = awkward.to_list(awkward.flatten(airr[field], axis=1))
    if not count_column:
        columns["duplicate_count"] = [1] * len(columns["repertoire_id"])
    keep = [s is not None for s in columns["repertoire_id"]]
    return pyarrow.table(columns).filter(pyarrow.array(keep, pyarrow.bool_()))


def sample_values(data: Any, sample_column: str | None) -> list[str | None]:
    """The sample of each cell, None where it is missing."""
    if sample_column is None or sample_column not in data.obs:
        raise ReperioError(
            f"`sample_column` is {sample_column!r}, expected a column of obs that names the sample "
            f"of each cell: {', '.join(map(str, data.obs.columns))}"
        )
    column = data.obs[sample_column]
    missing = column.isna()
    return [None if m else str(v) for v, m in zip(column, missing, strict=True)]


def sample_metadata(data: Any, sample_column: str) -> Mapping[str, list[object]]:
    """The columns of ``obs`` with one value per sample; the sample is ``repertoire_id``."""
    obs = data.obs[data.obs[sample_column].notna()]
    groups = obs.groupby(sample_column, observed=True, sort=True)
    single = groups.nunique(dropna=False).max() <= 1
    first = groups.first()
    columns: dict[str, list[object]] = {"repertoire_id": [str(v) for v in first.index]}
    for name in first.columns:
        if single[name]:
            columns[str(name)] = [None if v != v else v for v in first[name].tolist()]
    return columns
