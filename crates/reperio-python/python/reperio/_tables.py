"""Tables of results as polars or pandas tables, or as lists of dicts."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ._reperio import ReperioError
from ._types import Table

FRAMES = ("polars", "pandas", "python")

# Names and labels are text, also where they look like numbers: "007" stays "007".
TEXT = frozenset(
    {
        "case_id",
        "class",
        "filename",
        "label",
        "method",
        "motif",
        "output",
        "prediction_set",
        "repertoire_id",
        "signal",
        "subject_id",
        "target",
        "warnings",
    }
)

_chosen: str | None = None


def tables(frame: str | None = None) -> str:
    """Set and return what tables are: "polars", "pandas" or "python" (a list of dicts).

    Without an argument the setting stays. At first it is polars if it is installed, else pandas,
    else python.

    >>> reperio.tables("pandas")
    'pandas'
    """
    global _chosen
    if frame is not None:
        _chosen = _checked(frame)
    return _chosen or _installed()


def read_table(path: str, frame: str | None = None, text: Collection[str] = ()) -> Table:
    """Read a table that the program wrote (.tsv or .tsv.gz).

    A column is a number or true/false if all its values are. ``text`` names columns that stay text,
    as do ids and labels. An empty value is missing.
    """
    frame = tables() if frame is None else _checked(frame)
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        data: bytes = file.read()
    header = next(csv.reader(io.StringIO(data.split(b"\n", 1)[0].decode()), delimiter="\t"), [])
    kept = [name for name in header if name in TEXT or name in text]
    if frame == "polars":
        return _polars(data, kept)
    if frame == "pandas":
        return _pandas(data, kept)
    return _python(data, kept)


def table_of(rows: Sequence[Mapping[str, Any]], frame: str | None = None) -> Table:
    """Make a table of rows, each with the same keys."""
    frame = tables() if frame is None else _checked(frame)
    if frame == "polars":
        import polars

        return polars.DataFrame(list(rows), infer_schema_length=None)
    if frame == "pandas":
        import pandas

        return pandas.DataFrame(list(rows))
    return [dict(row) for row in rows]


def _checked(frame: str) -> str:
    if frame not in FRAMES:
        raise ReperioError(f"frame is {frame!r}, expected one of {', '.join(FRAMES)}")
    if frame != "python" and importlib.util.find_spec(frame) is None:
        raise ReperioError(f"frame is {frame!r}, which is not installed: pip install {frame}")
    return frame


def _installed() -> str:
    there = (frame for frame in FRAMES[:2] if importlib.util.find_spec(frame) is not None)
    return next(there, "python")


def _polars(data: bytes, text: Iterable[str]) -> Table:
    import polars

    return polars.read_csv(
        io.BytesIO(data),
        separator="\t",
        infer_schema_length=None,
        schema_overrides=dict.fromkeys(text, polars.String),
    )


def _pandas(data: bytes, text: Iterable[str]) -> Table:
    import pandas

    dtypes: dict[Any, Any] = dict.fromkeys(text, str)
    return pandas.read_csv(
        io.BytesIO(data),
        sep="\t",
        dtype=dtypes,
        keep_default_na=False,
        na_values=["", "NaN"],
        float_precision="round_trip",  # Its default is off by a unit in the last place.
    )


def _python(data: bytes, text: Collection[str]) -> list[dict[str, Any]]:
    lines = csv.reader(io.StringIO(data.decode(), newline=""), delimiter="\t")
    header = next(lines, [])
    columns = list(zip(*lines, strict=True)) or [()] * len(header)
    parsed = [
        [value or None for value in column] if name in text else _parsed(column)
        for name, column in zip(header, columns, strict=True)
    ]
    return [dict(zip(header, row, strict=True)) for row in zip(*parsed, strict=True)]


def _parsed(column: Sequence[str]) -> list[Any]:
    for parse in (int, float, {"true": True, "false": False}.__getitem__):
        try:
            return [parse(value) if value else None for value in column]
        except (ValueError, KeyError):
            continue
    return [value or None for value in column]


def absolute(path: str | os.PathLike[str]) -> str:
    """The path from the root, so that a change of folder does not lose it."""
    return os.path.abspath(os.fspath(path))
