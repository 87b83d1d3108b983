"""The native module: the program's commands in this process."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

__version__: str

class ReperioError(Exception):
    """What went wrong, where, and what was expected: the text of the command line."""

class Option(TypedDict):
    """An option of a command. A `flag` of None is a positional argument."""

    name: str
    flag: str | None
    help: str
    kind: str
    many: bool
    required: bool
    default: str | None
    choices: list[str]
    optional_value: bool

class Command(TypedDict):
    """A command and what it is for."""

    name: str
    about: str
    long_about: str

class Features(TypedDict, total=False):
    """A matrix of features, row-major (`values`) or in compressed rows (the other three)."""

    shape: list[int]
    names: list[str]
    values: bytes
    indptr: bytes
    indices: bytes
    data: bytes

class Cohort:
    """Repertoires in memory, with a table of labels. Never changes."""

    @property
    def ids(self) -> list[str]: ...
    @property
    def metadata(self) -> dict[str, list[str | None]]: ...
    @property
    def clonotypes(self) -> list[int]: ...
    @property
    def templates(self) -> list[int]: ...
    @property
    def counts(self) -> list[dict[str, int]]: ...
    def __len__(self) -> int: ...
    def __eq__(self, other: object) -> bool: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def select(self, indices: Sequence[int]) -> Cohort: ...
    def with_metadata(self, columns: Mapping[str, Sequence[str | None]]) -> Cohort: ...
    def with_ids(self, ids: Sequence[str]) -> Cohort: ...
    def rarefy(
        self, *, clonotypes: int | None = None, templates: int | None = None, seed: int = 0
    ) -> Cohort: ...
    def write(self, folder: str) -> None: ...

def main(argv: list[str]) -> int: ...
def options(command: str) -> list[Option]: ...
def commands() -> list[Command]: ...
def call(
    command: str,
    argv: list[str],
    *,
    cohorts: dict[str, Cohort] = ...,
    threads: int | None = None,
    progress: Callable[[str, int, int, str], None] | None = None,
    log: Callable[[str, str], None] | None = None,
    verbose: int = 0,
) -> str: ...
def read(
    paths: list[str],
    *,
    argv: list[str] = ...,
    metadata: str | None = None,
    tables: list[tuple[str, object]] = ...,
    metadata_table: object | None = None,
    cohorts: dict[str, Cohort] = ...,
    progress: Callable[[str, int, int, str], None] | None = None,
    log: Callable[[str, str], None] | None = None,
) -> Cohort: ...
def features(cohort: Cohort, what: str, options_json: str) -> Features: ...
def model_info(path: str) -> str: ...
def _panic() -> None: ...
