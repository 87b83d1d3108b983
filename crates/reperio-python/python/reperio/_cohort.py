"""Cohorts: repertoires with their labels, in memory."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union, overload

from . import _reperio, _tables
from ._arguments import words
from ._progress import Listening, Progress, log
from ._reperio import ReperioError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import ReadOptions
    from ._results import Description

# What `read` takes: a path or several, a frame, frames by the id of their repertoire, or an AnnData object.
CohortLike = Union[str, "os.PathLike[str]", Sequence[Any], Mapping[str, Any], Any]


class Cohort(_reperio.Cohort):
    """Repertoires with their labels, sorted by id. A cohort never changes; every method returns another one.

    `cohort[0]` and `cohort["P1"]` are cohorts of one repertoire, `cohort[["P1", "P2"]]`, `cohort[:10]` and a mask of
    bools are cohorts of several. Frames take the clonotypes without copying them through Python:

    >>> polars.DataFrame(cohort)
    """

    def select(self, which: int | str | slice | Sequence[int | str | bool]) -> Cohort:
        """The repertoires at these places, of these ids, or where a mask is true; sorted by id."""
        return Cohort(self._select(self._places(which)))

    def __getitem__(self, which: int | str | slice | Sequence[int | str | bool]) -> Cohort:
        return self.select(which)

    def __iter__(self) -> Iterator[Cohort]:
        return (self.select(i) for i in range(len(self)))

    def _places(self, which: Any) -> list[int]:
        n = len(self)
        if isinstance(which, slice):
            return list(range(n))[which]
        if isinstance(which, str) or hasattr(which, "__index__"):
            which = [which]
        which = list(which)
        if which and all(isinstance(own, bool) or type(own).__name__ == "bool_" for own in which):
            if len(which) != n:
                raise ReperioError(f"a mask of {len(which)} values, expected {n}")
            return [i for i, own in enumerate(which) if own]
        known = {own: i for i, own in enumerate(self.ids)}
        places = []
        for own in which:
            if isinstance(own, str):
                if own not in known:
                    raise ReperioError(f"no repertoire {own!r} among {n}")
                places.append(known[own])
            else:
                place = int(own)
                if not -n <= place < n:
                    raise IndexError(f"place {place} of {n} repertoires")
                places.append(place % n)
        return places

    def with_metadata(self, columns: Mapping[str, Sequence[Any]]) -> Cohort:
        """The same repertoires with these columns, by row, in place of their labels. `None` is a missing value."""
        return Cohort(self._with_metadata({name: _texts(own) for name, own in columns.items()}))

    def rarefy(
        self, *, clonotypes: int | None = None, templates: int | None = None, seed: int = 0
    ) -> Cohort:
        """At most so many clonotypes, or templates (copies), of each repertoire, drawn at random; smaller ones stay
        whole."""
        return Cohort(self._rarefy(clonotypes=clonotypes, templates=templates, seed=seed))

    def describe(self, target: str | None = None, **options: Any) -> Description:
        """What is in the cohort, and, with a target, what predicts it without any sequence."""
        from ._commands import describe

        return describe(self, target=target, **options)

    def write(self, folder: str | os.PathLike[str]) -> None:
        """Writes a cohort store: a new folder of Parquet files that `read` and every command take."""
        self._write(folder)

    def metadata_frame(self) -> Any:
        """Ids and labels as a frame, one row per repertoire."""
        return _tables.of_columns({"repertoire_id": list(self.ids), **self.metadata})

    def to_polars(self) -> Any:
        """The clonotypes as a frame of polars: repertoire_id, junction_aa, v_call, j_call, duplicate_count."""
        import polars

        return polars.DataFrame(self)

    def to_pandas(self) -> Any:
        """The clonotypes as a frame of pandas, as `to_polars`. Needs pyarrow."""
        import pyarrow

        table = pyarrow.table(self)
        text = pyarrow.large_string()
        fields = [
            field.with_type(text) if field.type == pyarrow.string_view() else field
            for field in table.schema
        ]
        return table.cast(pyarrow.schema(fields)).to_pandas()

    def __repr__(self) -> str:
        columns = ", ".join(self.metadata) or "no labels"
        return f"<Cohort of {len(self)} repertoires, {sum(self.clonotypes):,} clonotypes; {columns}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _from_files, (_files(self),)

    def __copy__(self) -> Cohort:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Cohort:
        return self  # Nothing of it can change.


def _files(cohort: Cohort) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="reperio-") as folder:
        store = Path(folder) / "cohort"
        cohort.write(store)
        paths = (path for path in sorted(store.rglob("*")) if path.is_file())
        return {path.relative_to(store).as_posix(): path.read_bytes() for path in paths}


def _from_files(files: dict[str, bytes]) -> Cohort:
    with tempfile.TemporaryDirectory(prefix="reperio-") as folder:
        store = Path(folder) / "cohort"
        for name, content in files.items():
            path = store / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return Cohort(_reperio.read([str(store)]))


def _texts(values: Sequence[Any]) -> list[str | None]:
    """Values as a table has them. NaN is missing; 1.0 is 1, as frames write whole numbers with missing ones."""
    found: list[str | None] = []
    for value in values:
        if value is None or value != value:
            found.append(None)
        elif isinstance(value, float) and value.is_integer():
            found.append(str(int(value)))
        else:
            found.append(str(value))
    return found


def read(
    data: CohortLike,
    *,
    metadata: Any = None,
    sample_column: str | None = None,
    progress: Progress = True,
    threads: int | None = None,
    **options: Unpack[ReadOptions],
) -> Cohort:
    """Reads repertoires.

    `data` is a file, a folder or a cohort store, or a list of them; a frame (polars, pandas, pyarrow, or any object with
    `__arrow_c_stream__`), of one repertoire or of many with a column that names them; a dict of frames by the id of
    each repertoire; or an AnnData object as scirpy makes it (`obsm["airr"]`), with `sample_column` of its `obs`.

    `metadata` is a path, a frame or a dict of columns, with one row per repertoire and a column `repertoire_id`. Without
    it, labels come from a `metadata.tsv` beside the files, from the store, or for AnnData from the columns of `obs` that
    are the same in all cells of a sample.

    Frames are read as files with their columns would be: in any format that Reperio knows, or with `column={"junction_aa":
    "CDR3"}`. Their text is not copied in memory.

    Raises `ReperioError` with the file or frame, the row and what was expected.

    >>> reperio.read({"P1": frame, "P2": other}, metadata={"repertoire_id": ["P1", "P2"], "status": ["case", "control"]})
    """
    if isinstance(data, _reperio.Cohort):
        cohort = Cohort(data)
        if options or sample_column is not None:
            raise ReperioError("a cohort has been read already: it takes no options of reading")
        return cohort if metadata is None else _relabelled(cohort, metadata, progress, threads)
    if hasattr(data, "obsm"):
        from ._anndata import tables_of

        data, labels = tables_of(data, sample_column)
        metadata = labels if metadata is None else metadata
    elif sample_column is not None:
        raise ReperioError("sample_column is for AnnData; a frame takes repertoire_column")
    paths, tables = _sources(data)
    argv = words("describe", dict(options))
    with tempfile.TemporaryDirectory(prefix="reperio-") as folder, Listening(progress) as listener:
        path, table = _metadata(metadata, Path(folder))
        found = _reperio.read(
            paths,
            metadata=path,
            argv=argv,
            tables=tables,
            metadata_table=table,
            threads=threads,
            progress=listener,
            log=log,
        )
    return Cohort(found)


def _relabelled(cohort: Cohort, metadata: Any, progress: Progress, threads: int | None) -> Cohort:
    """A cohort with the labels of another table."""
    with tempfile.TemporaryDirectory(prefix="reperio-") as folder:
        cohort.write(Path(folder) / "cohort")
        return read(
            Path(folder) / "cohort", metadata=metadata, progress=progress, threads=threads
        )


def _sources(data: Any) -> tuple[list[str], list[tuple[str, object]]]:
    """Paths, and tables with their names."""
    if isinstance(data, (str, os.PathLike)):
        return [os.fspath(data)], []
    if isinstance(data, Mapping):
        return [], [(str(name), _frame(own, str(name))) for name, own in data.items()]
    if _is_frame(data):
        return [], [("table", _frame(data, "table"))]
    if isinstance(data, Sequence) and all(isinstance(own, (str, os.PathLike)) for own in data):
        return [os.fspath(own) for own in data], []
    raise ReperioError(
        f"cannot read {type(data).__name__}, expected a path, a list of paths, a frame, a dict of frames or an AnnData object"
    )


def _is_frame(data: Any) -> bool:
    return hasattr(data, "__arrow_c_stream__")


def _frame(data: Any, name: str) -> Any:
    if not _is_frame(data):
        kind = type(data).__name__
        raise ReperioError(
            f"{name}: cannot read {kind}, expected a frame of polars, pandas or pyarrow"
        )
    return data


@overload
def _metadata(metadata: None, folder: Path) -> tuple[None, None]: ...
@overload
def _metadata(metadata: Any, folder: Path) -> tuple[str | None, object | None]: ...
def _metadata(metadata: Any, folder: Path) -> tuple[str | None, object | None]:
    """A table of labels as a path or as a frame."""
    if metadata is None:
        return None, None
    if isinstance(metadata, (str, os.PathLike)):
        return os.fspath(metadata), None
    if isinstance(metadata, Mapping):
        path = folder / "metadata.tsv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter="\t", lineterminator="\n")
            writer.writerow(metadata)
            columns = [_texts(own) for own in metadata.values()]
            if len({len(own) for own in columns}) > 1:
                raise ReperioError("the columns of metadata have different lengths")
            writer.writerows([own or "" for own in row] for row in zip(*columns))
        return str(path), None
    if not _is_frame(metadata):
        kind = type(metadata).__name__
        raise ReperioError(f"metadata is {kind}, expected a path, a frame or a dict of columns")
    index = getattr(metadata, "index", None)
    if index is not None and getattr(index, "name", None) and hasattr(metadata, "reset_index"):
        metadata = metadata.reset_index()  # Ids in the index of pandas.
    return None, metadata
