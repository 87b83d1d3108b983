"""Receptors of single cells as scirpy keeps them: `AnnData.obsm["airr"]`."""

from __future__ import annotations

from typing import Any

from ._reperio import ReperioError

# AIRR fields that are read, of those that are there.
FIELDS = [
    "sequence_id",
    "locus",
    "productive",
    "v_call",
    "j_call",
    "junction",
    "junction_aa",
    "umi_count",
    "duplicate_count",
    "consensus_count",
]


def tables_of(data: Any, sample_column: str | None) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """A frame of receptors for each sample, one row per chain of a cell, and the labels of the samples: the columns of
    `obs` that have one value in all cells of a sample."""
    import pandas

    if "airr" not in data.obsm:
        raise ReperioError('the AnnData object has no obsm["airr"], where scirpy keeps receptors')
    columns = list(data.obs.columns)
    if sample_column is None or sample_column not in columns:
        found = "no sample_column" if sample_column is None else f"no column {sample_column!r}"
        raise ReperioError(f"{found}, expected a column of obs: {', '.join(columns)}")
    import awkward

    airr = data.obsm["airr"]
    chains = awkward.to_numpy(awkward.num(airr, axis=1))
    flat = awkward.flatten(airr, axis=1)
    cells = pandas.Series(data.obs_names).repeat(chains)
    samples = data.obs[sample_column].astype(str).reset_index(drop=True).repeat(chains)
    frame = pandas.DataFrame({"cell_id": cells.to_numpy(dtype=object)})
    for name in FIELDS:
        if name in flat.fields:
            frame[name] = awkward.to_list(flat[name])
    tables = {
        str(sample): own.reset_index(drop=True)
        for sample, own in frame.groupby(samples.to_numpy(), sort=True)
    }
    return tables, _labels(data.obs, sample_column, list(tables))


def _labels(obs: Any, sample_column: str, samples: list[str]) -> dict[str, list[Any]]:
    labels: dict[str, list[Any]] = {"repertoire_id": list(samples)}
    groups = obs.groupby(obs[sample_column].astype(str), observed=True)
    for name in obs.columns:
        if name != sample_column and (groups[name].nunique(dropna=False) == 1).all():
            first = groups[name].first()
            labels[str(name)] = [first[sample] for sample in samples]
    return labels
