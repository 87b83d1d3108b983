"""The types that the signatures of this package use."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

Path: TypeAlias = str | os.PathLike[str]

# A table of polars or pandas, or a list of dicts: whichever `reperio.tables` says.
Table: TypeAlias = Any


class ArrowTable(Protocol):
    """Anything that offers its columns by the Arrow C interface: polars, pandas, pyarrow, ..."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return a capsule of an ``ArrowArrayStream``."""


# Labels: a file, a table with a column (or index) `repertoire_id`, or columns by name.
Metadata: TypeAlias = Path | Mapping[str, Sequence[object]] | ArrowTable

# True: a bar of tqdm if it is installed, else a line on a terminal. Or a function that is called
# with the task, how much is done, of how much, and the unit.
Progress: TypeAlias = bool | Callable[[str, int, int, str], None]
