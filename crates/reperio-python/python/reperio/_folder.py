"""A folder that a command wrote: its tables, its files and its page."""

from __future__ import annotations

import html
import json
import os
import pathlib
import tempfile
from collections.abc import Collection
from typing import Any

from ._reperio import ReperioError
from ._tables import absolute, read_table
from ._types import Path, Table

_ENDINGS = (".tsv", ".tsv.gz")


class Output:
    """Where a command writes: a folder of the user, or one that lives as long as its results."""

    def __init__(self, out: Path | None, name: str = "") -> None:
        self._kept: tempfile.TemporaryDirectory[str] | None = None
        if out is None:
            self._kept = tempfile.TemporaryDirectory(prefix="reperio-")
            out = os.path.join(self._kept.name, name or "out")
        self.path = absolute(out)


class Folder:
    """What a command wrote.

    ``folder`` is where it lies and ``tables`` names its tables. In a notebook it shows its page.
    """

    # The page, from the folder.
    _page = "report.html"

    def __init__(self, folder: str, output: Output | None = None) -> None:
        self._folder = folder
        # Keeps a temporary folder alive.
        self._output = output

    @property
    def folder(self) -> pathlib.Path:
        """Where the files lie. A temporary folder is removed with its last result."""
        return pathlib.Path(self._folder)

    @property
    def tables(self) -> list[str]:
        """The names that ``table`` takes, sorted: paths in the folder without their ending."""
        found = []
        for where, _, files in os.walk(self._folder):
            for file in files:
                ending = next((e for e in _ENDINGS if file.endswith(e)), None)
                if ending is not None:
                    path = os.path.relpath(os.path.join(where, file), self._folder)
                    found.append(path.replace(os.sep, "/").removesuffix(ending))
        return sorted(found)

    def table(self, name: str, frame: str | None = None) -> Table:
        """Read one of the tables.

        ``frame`` is "polars", "pandas" or "python" (a list of dicts); None is what
        ``reperio.tables`` says. Ids and labels are text. Raises ``ReperioError`` for another name.

        >>> explanation.table("sequences")
        """
        for ending in _ENDINGS:
            path = os.path.join(self._folder, *name.split("/")) + ending
            if os.path.isfile(path):
                return read_table(path, frame, self._text())
        raise ReperioError(
            f"{self._folder}: no table {name!r}, expected one of {', '.join(self.tables)}"
        )

    def file(self, name: str) -> pathlib.Path:
        """The path of a file of the folder, for example ``metrics.json``.

        Raises ``ReperioError`` if there is none.
        """
        path = self.folder / name
        if not path.is_file():
            raise ReperioError(f"{self._folder}: no file {name!r}")
        return path

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file of the folder, for example ``metrics.json``."""
        value: dict[str, Any] = json.loads(self.file(name).read_text(encoding="utf-8"))
        return value

    def page(self) -> str:
        """The page of the results as HTML: one file that needs nothing from outside.

        Raises ``ReperioError`` if the results were made with ``no_report``.
        """
        return self.file(self._page).read_text(encoding="utf-8")

    def __fspath__(self) -> str:
        return self._folder

    def __repr__(self) -> str:
        return f"<reperio.{type(self).__name__} in {self._folder}>"

    def _repr_html_(self) -> str:
        try:
            page = self.page()
        except ReperioError:
            return f"<pre>{html.escape(repr(self))}</pre>"
        return (
            f'<iframe srcdoc="{html.escape(page)}" title="{type(self).__name__}" '
            'style="width:100%;height:40em;border:1px solid #ccc"></iframe>'
        )

    def _text(self) -> Collection[str]:
        """The columns of tables that stay text: the targets that are classes."""
        return ()


def classes(labels: Any) -> list[str]:
    """The names of targets that are classes, from the ``labels`` or ``targets`` of a result."""
    return [t["column"] for t in labels or () if t.get("kind") not in (None, "regression")]
