"""Tables of results as frames."""

from __future__ import annotations

import csv
import gzip
import importlib.util
from pathlib import Path
from typing import Any, Literal

from ._reperio import ReperioError

Frames = Literal["polars", "pandas", "rows"]

# Columns of text, also where all values look like numbers.
TEXT = {
    "repertoire_id",
    "subject_id",
    "label",
    "class",
    "prediction_set",
    "warnings",
    "junction_aa",
    "v_call",
    "j_call",
    "neighbour",
}

_chosen: Frames | None = None


def use_frames(frames: Frames | None) -> None:
    """Chooses what tables are: "polars", "pandas" or "rows" (a list of dicts of text). `None` chooses by itself: polars
    if it is installed, else pandas, else rows.

    >>> reperio.use_frames("pandas")
    """
    global _chosen
    if frames not in (None, "polars", "pandas", "rows"):
        raise ReperioError(f"frames {frames!r}, expected polars, pandas or rows")
    _chosen = frames


def frames() -> Frames:
    """What tables are."""
    if _chosen is not None:
        return _chosen
    for name in ("polars", "pandas"):
        if importlib.util.find_spec(name) is not None:
            return "polars" if name == "polars" else "pandas"
    return "rows"


def read(path: Path) -> Any:
    """A table of a folder of results (.tsv, .tsv.gz), whole. Empty fields are missing values."""
    opened = gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="")
    with opened as file:
        header = next(csv.reader(file, delimiter="\t"), [])
        if frames() == "rows":
            rows = csv.reader(file, delimiter="\t")
            return [dict(zip(header, (own or None for own in row))) for row in rows]
    text = [name for name in header if name in TEXT or name.endswith(("_class", "_prediction_set"))]
    if frames() == "polars":
        import polars

        overrides = {name: polars.String for name in text}
        return polars.read_csv(
            path, separator="\t", infer_schema_length=None, schema_overrides=overrides
        )
    import pandas

    types = {name: str for name in text}
    return pandas.read_csv(path, sep="\t", dtype=types, keep_default_na=False, na_values=[""])


def of_columns(columns: dict[str, list[Any]]) -> Any:
    """A table of these columns."""
    if frames() == "polars":
        import polars

        return polars.DataFrame(columns, strict=False)
    if frames() == "pandas":
        import pandas

        return pandas.DataFrame(columns)
    names = list(columns)
    return [dict(zip(names, row)) for row in zip(*columns.values())]
