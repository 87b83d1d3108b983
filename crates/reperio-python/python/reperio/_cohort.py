"""Repertoires with a table of labels."""

from __future__ import annotations

import html
import io
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from . import _anndata, _reperio, _sources
from ._arguments import arguments, reading
from ._call import log
from ._progress import shown
from ._tables import absolute, table_of
from ._types import ArrowTable, Metadata, Path, Progress, Table

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import DescribeOptions, ReadOptions
    from ._results import Description

ReperioError = _reperio.ReperioError


class Cohort:
    """Repertoires in memory, with a table of labels. It never changes.

    ``len`` is the number of repertoires. ``cohort[0]`` and ``cohort["id"]`` are a cohort of one
    repertoire, ``cohort[:10]`` one of several. Two cohorts are equal if their clonotypes and labels
    are. It can be pickled; ``write`` is what to keep it with.

    polars, pandas and others read its clonotypes by the Arrow C interface: columns
    ``repertoire_id, junction_aa, v_call, j_call, duplicate_count``.
    """

    def __init__(self, native: _reperio.Cohort, rows: Sequence[int] | None = None) -> None:
        # With rows, these of `_all`: chosen when they are needed, and remembered where from.
        self._all = native
        self._rows = None if rows is None else tuple(rows)
        self._selected = native if rows is None else None

    @property
    def _native(self) -> _reperio.Cohort:
        if self._selected is None:
            self._selected = self._all.select(list(self._rows or ()))
        return self._selected

    @property
    def ids(self) -> list[str]:
        """The ids, in the order of the rows."""
        return self._native.ids

    @property
    def clonotypes(self) -> list[int]:
        """Number of clonotypes of each repertoire."""
        return self._native.clonotypes

    @property
    def templates(self) -> list[int]:
        """Sum of the counts of each repertoire: copies, cells or reads."""
        return self._native.templates

    @property
    def counts(self) -> list[dict[str, int]]:
        """Rows kept, and dropped by reason, of each repertoire."""
        return self._native.counts

    @property
    def metadata(self) -> Table:
        """The labels: ``repertoire_id`` and a column of text per label, one row per repertoire."""
        return self.metadata_table()

    def metadata_table(self, frame: str | None = None) -> Table:
        """The labels as "polars", "pandas" or "python" (a list of dicts)."""
        columns = {"repertoire_id": self.ids, **self._native.metadata}
        rows = zip(*columns.values(), strict=True)
        return table_of([dict(zip(columns, row, strict=True)) for row in rows], frame)

    def column(self, name: str) -> list[str | None]:
        """One column of the labels. Raises ``ReperioError`` if there is none of this name."""
        columns = self._native.metadata
        if name not in columns:
            raise ReperioError(f"no column {name!r}, expected one of {', '.join(columns)}")
        return columns[name]

    def with_metadata(self, metadata: Mapping[str, Sequence[object]] | ArrowTable) -> Cohort:
        """The same repertoires with other labels.

        ``metadata`` is a dict of columns in the order of the repertoires, or a table or dict with a
        column ``repertoire_id`` (a pandas index will do) in any order.

        >>> cohort.with_metadata({"disease": ["yes", "no", "no"]})
        """
        columns = {n: _sources.texts(v) for n, v in _sources.columns(metadata).items()}
        ids = columns.pop("repertoire_id", None)
        if ids is not None:
            order = {name: row for row, name in enumerate(ids)}
            absent = [name for name in self.ids if name not in order]
            if absent or len(order) < len(ids):
                wrong = f"no row for {', '.join(absent)}" if absent else "an id on several rows"
                raise ReperioError(f"metadata has {wrong}, expected a row per repertoire")
            columns = {n: [v[order[name]] for name in self.ids] for n, v in columns.items()}
        for name, values in columns.items():
            if len(values) != len(self):
                raise ReperioError(
                    f"metadata has {len(values)} values in {name!r}, expected {len(self)}"
                )
        return Cohort(self._native.with_metadata(columns))

    def select(self, which: Iterable[Any] | slice | Callable[[Table], Iterable[bool]]) -> Cohort:
        """Some of the repertoires, in the order that is asked for.

        ``which`` has ids, row numbers, or True and False for each repertoire. A function gets
        ``metadata`` and returns the latter.

        >>> cohort.select(lambda labels: labels["disease"] == "yes")
        """
        if callable(which):
            which = which(self.metadata)
        if isinstance(which, slice):
            return self._of(range(len(self))[which])
        if isinstance(which, str):
            raise ReperioError(f"select({which!r}), expected a list of ids")
        return self._of(_sources.rows_of(list(which), self.ids))

    def rarefy(
        self, *, clonotypes: int | None = None, templates: int | None = None, seed: int = 0
    ) -> Cohort:
        """Draw this many clonotypes, or templates (copies), from each larger repertoire."""
        native = self._native.rarefy(clonotypes=clonotypes, templates=templates, seed=seed)
        return Cohort(native)

    def describe(
        self,
        target: str | Sequence[str] | None = None,
        *,
        out: Path | None = None,
        progress: Progress = True,
        **options: Unpack[DescribeOptions],
    ) -> Description:
        """Show what is in the cohort, and what predicts ``target`` without sequences."""
        from ._commands import describe

        return describe(self, target=target, out=out, progress=progress, **options)

    def write(self, folder: Path) -> None:
        """Write a cohort store, as ``reperio import`` does; ``read`` reads it back equal."""
        self._native.write(absolute(folder))

    def to_polars(self) -> Any:
        """The clonotypes as a ``polars.DataFrame``, one row each."""
        import polars

        return polars.DataFrame(self._native)

    def to_pandas(self) -> Any:
        """The clonotypes as a ``pandas.DataFrame``, one row each (needs pyarrow)."""
        import pyarrow

        return pyarrow.table(self._native).to_pandas()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._native.__arrow_c_stream__(requested_schema)

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Any:
        """An object array of the repertoires; of one repertoire, that one as a scalar.

        So numpy sees a list of repertoires as an array with one dimension.
        """
        import numpy

        one = len(self) == 1
        array = numpy.empty(() if one else len(self), dtype=object)
        for row, repertoire in enumerate(self):
            array[() if one else row] = repertoire
        return array

    def __len__(self) -> int:
        return len(self._all) if self._rows is None else len(self._rows)

    @overload
    def __getitem__(self, index: int | str | slice) -> Cohort: ...
    @overload
    def __getitem__(self, index: Iterable[Any]) -> Cohort: ...
    def __getitem__(self, index: Any) -> Cohort:
        if isinstance(index, slice):
            return self.select(index)
        if isinstance(index, str):
            return self.select([index])
        if hasattr(index, "__index__"):
            row = index.__index__()
            if not -len(self) <= row < len(self):
                raise IndexError(f"row {row} of a cohort of {len(self)}")
            return self._of([row % len(self)])
        return self.select(index)

    def __iter__(self) -> Iterator[Cohort]:
        return (self._of([row]) for row in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cohort) and self._native == other._native

    def __hash__(self) -> int:
        return hash((tuple(self.ids), tuple(self.clonotypes)))

    def __copy__(self) -> Cohort:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Cohort:
        return self

    def __reduce__(self) -> tuple[Callable[[bytes], Cohort], tuple[bytes]]:
        return _unpickle, (_pickled(self),)

    def __repr__(self) -> str:
        return (
            f"<reperio.Cohort of {len(self)} repertoires, {sum(self.clonotypes)} clonotypes; "
            f"labels: {', '.join(self._native.metadata) or 'none'}>"
        )

    def _repr_html_(self) -> str:
        labels = self._native.metadata
        head = ["repertoire_id", "clonotypes", "templates", *labels]
        rows = list(zip(self.ids, self.clonotypes, self.templates, *labels.values(), strict=True))
        shown_rows = rows[:10]
        cells = [[("" if v is None else str(v)) for v in row] for row in shown_rows]
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in cells
        )
        more = f"<p>… {len(rows) - 10} more</p>" if len(rows) > 10 else ""
        header = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        return f"<p>{html.escape(repr(self))}</p><table><tr>{header}</tr>{body}</table>{more}"

    def _of(self, rows: Sequence[int]) -> Cohort:
        return Cohort(self._all, [r if self._rows is None else self._rows[r] for r in rows])


def read(
    data: object,
    *,
    metadata: Metadata | None = None,
    sample_column: str | None = None,
    progress: Progress = True,
    **options: Unpack[ReadOptions],
) -> Cohort:
    """Read repertoires.

    ``data`` is a path or a list of paths (files, folders, cohort stores); a table of polars,
    pandas, pyarrow or anything with ``__arrow_c_stream__``, whose column ``repertoire_id`` (or
    ``repertoire_column``) names the repertoires; a dict of tables by repertoire id; or an AnnData
    with scirpy's ``obsm["airr"]``, whose column ``sample_column`` of ``obs`` names the repertoire
    of each cell. Columns and formats are recognised by their headers, as in files.

    ``metadata`` is a file, a table with a column (or pandas index) ``repertoire_id``, or a dict of
    columns. Of an AnnData, the columns of ``obs`` with one value per sample are taken.

    Rows that cannot be used are dropped and counted: ``Cohort.counts``. Raises ``ReperioError``
    with file, line and column where the structure is broken, or ids do not match.

    >>> reperio.read("exports/", metadata="labels.tsv", locus="TRB")
    >>> reperio.read({"patient1": frame1, "patient2": frame2})
    """
    if isinstance(data, Cohort):
        if options:
            raise _read_already(options)
        return data if metadata is None else data.with_metadata(_no_path(metadata))
    files = _sources.paths(data)
    keywords: dict[str, object] = dict(options)
    named: list[tuple[str, Any]] = []
    if files is None and _anndata.is_anndata(data):
        count_column = options.get("count_column")
        named = [("data", _anndata.chains(data, sample_column, count_column))]
        if metadata is None and sample_column is not None:
            metadata = _anndata.sample_metadata(data, sample_column)
        keywords.setdefault("repertoire_column", "repertoire_id")
    elif sample_column is not None:
        raise ReperioError(
            "`sample_column` is for AnnData; of a table, `repertoire_column` names it"
        )
    elif files is None:
        named = _sources.tables(data)
        # A file of one repertoire has a name; a table has only what this column says.
        if not isinstance(data, Mapping) and "repertoire_id" in _sources.names(data):
            keywords.setdefault("repertoire_column", "repertoire_id")
    in_file = metadata is not None and _sources.is_path(metadata)
    with shown(progress) as report:
        native = _reperio.read(
            files or [],
            argv=arguments("import", keywords),
            metadata=os.fspath(metadata) if in_file else None,  # type: ignore[arg-type]
            tables=named,
            metadata_table=None
            if in_file or metadata is None
            else _sources.metadata_table(metadata),
            progress=report,
            log=log,
        )
    return Cohort(native)


def joined(repertoires: Sequence[Cohort]) -> Cohort:
    """One cohort of these, in this order.

    Without a copy if all are parts of one cohort. Raises ``ReperioError`` for an id that is there
    twice.
    """
    if not repertoires:
        raise ReperioError("no repertoires, expected at least one")
    first = repertoires[0]
    if all(r._all is first._all for r in repertoires):
        whole = Cohort(first._all)
        rows = [row for r in repertoires for row in (r._rows or range(len(r)))]
        return whole._of(_sources.rows_of(rows, whole.ids))
    ids = [name for r in repertoires for name in r.ids]
    names = list(dict.fromkeys(name for r in repertoires for name in r._native.metadata))
    parts = {f"<part {i}>": r._native for i, r in enumerate(repertoires)}
    together = Cohort(_reperio.read(list(parts), cohorts=parts, log=log))
    ordered = together.select(ids)
    columns: dict[str, list[object]] = {name: [] for name in names}
    for r in repertoires:
        known = r._native.metadata
        for name in names:
            columns[name] += known.get(name, [None] * len(r))
    return ordered.with_metadata(columns) if columns else ordered


def inputs(
    data: object, metadata: Metadata | None, options: dict[str, object], progress: Progress
) -> tuple[list[str], dict[str, _reperio.Cohort]]:
    """The input paths of a command, and the cohorts that some of them mean.

    Files are left to the command. Anything else is read here, with the options of reading, which
    are taken out of ``options``.
    """
    files = _sources.paths(data)
    if files is not None and (metadata is None or _sources.is_path(metadata)):
        options["metadata"] = metadata
        return files, {}
    for_reading: Any = {name: options.pop(name) for name in list(options) if name in reading()}
    cohort = read(data, metadata=metadata, progress=progress, **for_reading)
    return [IN_MEMORY], {IN_MEMORY: cohort._native}


# No output can have this name by mistake.
IN_MEMORY = "<cohort in memory>"


def _no_path(metadata: Metadata) -> Any:
    if _sources.is_path(metadata):
        raise ReperioError(
            "a file of labels goes with files: reperio.read(..., metadata=...). "
            "Give a cohort a table or a dict of columns"
        )
    return metadata


def _read_already(options: Mapping[str, object]) -> ReperioError:
    return ReperioError(
        f"the cohort has been read: {', '.join(options)} can only be given to `read`"
    )


def _pickled(cohort: Cohort) -> bytes:
    memory = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="reperio-") as folder:
        store = os.path.join(folder, "cohort")
        cohort.write(store)
        with zipfile.ZipFile(memory, "w", zipfile.ZIP_STORED) as archive:
            for where, _, files in os.walk(store):
                for file in sorted(files):
                    path = os.path.join(where, file)
                    archive.write(path, os.path.relpath(path, store))
    return memory.getvalue()


def _unpickle(data: bytes) -> Cohort:
    with tempfile.TemporaryDirectory(prefix="reperio-") as folder:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(folder)
        return Cohort(_reperio.read([folder], log=log))
