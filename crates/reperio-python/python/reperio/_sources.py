"""What a cohort can be read from, and what a table of labels can be."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._reperio import ReperioError
from ._types import Path

_EXPECTED = (
    "a path, a list of paths, a table (polars, pandas, pyarrow, ...), a dict of tables by "
    "repertoire id, or an AnnData"
)


def is_path(data: object) -> bool:
    """Whether this names one file or folder."""
    return isinstance(data, (str, os.PathLike))


def paths(data: object) -> list[str] | None:
    """The paths, if this is one or a list of them."""
    if isinstance(data, (str, os.PathLike)):
        return [os.fspath(data)]
    if isinstance(data, (list, tuple)) and data and all(is_path(item) for item in data):
        return [os.fspath(item) for item in data]
    return None


def arrow(table: Any, what: str) -> Any:
    """The table as an object that the native side reads without a copy."""
    if hasattr(table, "__arrow_c_stream__"):
        return table
    # Tables from before the Arrow C stream.
    if hasattr(table, "__dataframe__"):
        return _module("pyarrow.interchange", what).from_dataframe(table)
    raise ReperioError(f"{what} is a {type(table).__name__}, expected {_EXPECTED}")


def tables(data: object) -> list[tuple[str, Any]]:
    """The named tables of one table, or of a dict of tables by repertoire id."""
    if isinstance(data, Mapping):
        if not data:
            raise ReperioError("data is an empty dict, expected tables by repertoire id")
        return [(str(name), arrow(table, f"data[{name!r}]")) for name, table in data.items()]
    return [("data", arrow(data, "data"))]


def names(table: Any) -> list[str]:
    """The names of a table's columns, as far as the table says them in a known way."""
    # pyarrow calls its columns of data what others call their names.
    found: Any = getattr(table, "column_names", getattr(table, "columns", ()))
    return [str(name) for name in found]


def columns(table: Any, what: str = "metadata") -> dict[str, list[object]]:
    """The columns of a table of labels, a dict of columns or anything that Arrow reads."""
    if isinstance(table, Mapping):
        found = {str(name): list(values) for name, values in table.items()}
    else:
        table = _with_index(table)
        if hasattr(table, "to_dict") and hasattr(table, "columns"):
            as_lists = "list" if hasattr(table, "iloc") else None
            found = table.to_dict(as_lists) if as_lists else table.to_dict(as_series=False)
        else:
            found = _module("pyarrow", what).table(arrow(table, what)).to_pydict()
    lengths = {name: len(values) for name, values in found.items()}
    if len(set(lengths.values())) > 1:
        raise ReperioError(f"{what} has columns of different lengths: {lengths}")
    return found


def metadata_table(table: Any) -> Any:
    """A table of labels as an object that the native side reads."""
    if not isinstance(table, Mapping):
        return arrow(_with_index(table), "metadata")
    found = columns(table)
    if importlib.util.find_spec("pyarrow") is not None:
        import pyarrow

        return pyarrow.table(found)
    return _module("polars", "metadata").DataFrame(found, strict=False)


def texts(values: Iterable[object]) -> list[str | None]:
    """Labels as text, the way they would stand in a file; what is missing is None."""
    return [None if _missing(value) else _text(value) for value in values]


def _text(value: object) -> str:
    # 1.0 is what pandas makes of 1 in a column with missing values.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _missing(value: object) -> bool:
    # NaN and pandas' NA differ from themselves, or cannot say.
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:
        return True


def _with_index(table: Any) -> Any:
    """A pandas table whose ids are its index, with the ids as a column."""
    if not hasattr(table, "reset_index") or "repertoire_id" in table.columns:
        return table
    if table.index.name is None and type(table.index).__name__ == "RangeIndex":
        return table  # Numbered rows; another column names the repertoires.
    return table.reset_index(names="repertoire_id")


def _module(name: str, what: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.split(".")[0]
        raise ReperioError(f"{what} needs {package}: pip install {package}") from None


def rows_of(indices: Sequence[Any], ids: Sequence[str]) -> list[int]:
    """Row numbers from row numbers, ids or a mask with a value per repertoire."""
    values = [v.item() if hasattr(v, "item") else v for v in indices]
    if values and all(isinstance(v, bool) for v in values):
        if len(values) != len(ids):
            raise ReperioError(f"mask of {len(values)} values, expected {len(ids)}")
        return [row for row, keep in enumerate(values) if keep]
    numbers = {name: row for row, name in enumerate(ids)}
    unknown = [v for v in values if isinstance(v, str) and v not in numbers]
    if unknown:
        raise ReperioError(f"no repertoire {', '.join(map(repr, unknown))} in the cohort")
    rows = [numbers[v] if isinstance(v, str) else _row(v, len(ids)) for v in values]
    twice = (
        sorted({ids[row] for row in rows if rows.count(row) > 1})
        if len(set(rows)) < len(rows)
        else []
    )
    if twice:
        raise ReperioError(f"{', '.join(map(repr, twice))} more than once, expected distinct ids")
    return rows


def _row(value: object, length: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ReperioError(f"{value!r}, expected ids, row numbers or a mask of True and False")
    if not -length <= value < length:
        raise ReperioError(f"row {value}, expected {-length} to {length - 1}")
    return value % length


__all__ = [
    "Path",
    "arrow",
    "columns",
    "is_path",
    "metadata_table",
    "names",
    "paths",
    "rows_of",
    "tables",
    "texts",
]
