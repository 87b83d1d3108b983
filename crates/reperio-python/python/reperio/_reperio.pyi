"""The native module. It is not public: use what `reperio` exports."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

__version__: str

Progress = Callable[[str, int, int, str], None]
Log = Callable[[str, str], None]

class ReperioError(Exception):
    """Why Reperio could not do what it was asked to, in the words of the command line."""

class Option(TypedDict):
    name: str
    flag: str | None
    help: str
    kind: str
    many: bool
    required: bool
    default: str | None
    choices: list[str]
    optional_value: bool
    heading: str

class Command(TypedDict):
    name: str
    about: str
    long_about: str

class Cohort:
    def __new__(cls, other: Cohort) -> Cohort: ...
    def __len__(self) -> int: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...
    @property
    def ids(self) -> list[str]: ...
    @property
    def metadata(self) -> dict[str, list[str | None]]: ...
    @property
    def clonotypes(self) -> list[int]: ...
    @property
    def templates(self) -> list[int]: ...
    @property
    def sha256(self) -> str: ...
    @property
    def counts(self) -> list[dict[str, Any]]: ...
    def _select(self, indices: Sequence[int]) -> Cohort: ...
    def _with_metadata(self, columns: Mapping[str, Sequence[str | None]]) -> Cohort: ...
    def _rarefy(
        self, *, clonotypes: int | None = None, templates: int | None = None, seed: int = 0
    ) -> Cohort: ...
    def _write(self, folder: str | os.PathLike[str]) -> None: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...

def main(argv: Sequence[str]) -> int: ...
def commands() -> list[Command]: ...
def options(command: str) -> list[Option]: ...
def call(
    command: str,
    argv: Sequence[str],
    *,
    cohorts: Mapping[str, Cohort] = ...,
    threads: int | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> str: ...
def read(
    paths: Sequence[str],
    *,
    metadata: str | None = None,
    argv: Sequence[str] = ...,
    tables: Sequence[tuple[str, object]] = ...,
    metadata_table: object | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Cohort: ...
def features(cohort: Cohort, what: str, options_json: str) -> dict[str, Any]: ...
def model_info(path: str | os.PathLike[str]) -> str: ...
def _panic() -> None: ...
