"""A trained model."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from . import _reperio
from ._folder import Folder, Output, classes
from ._tables import absolute, table_of
from ._types import Metadata, Path, Progress, Table

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import ExplainOptions, ScoreOptions
    from ._results import Explanation, Scores

ReperioError = _reperio.ReperioError

MODEL_FILE = "model.safetensors"
_CARD = "model_card.md"
# Needed to go on with a training, not afterwards.
_UNFINISHED = ("checkpoint",)


class Model(Folder):
    """A trained model: a run folder, or a model file alone, which is enough to score and explain.

    Its tables are those of the training, such as ``table("sequences")``. A pickle holds the model
    file and its card, which name no patient; ``save`` keeps the whole folder.
    """

    def __init__(
        self,
        path: Path,
        *,
        output: Output | None = None,
        training: dict[str, Any] | None = None,
    ) -> None:
        path = absolute(path)
        is_folder = os.path.isdir(path)
        super().__init__(path if is_folder else os.path.dirname(path), output)
        self._path = path
        self._file = os.path.join(path, MODEL_FILE) if is_folder else path
        self._info: dict[str, Any] = json.loads(_reperio.model_info(self._file))
        self._training = training

    @classmethod
    def load(cls, path: Path) -> Model:
        """Load a run folder or a model file.

        Raises ``ReperioError`` if it is neither, or damaged.

        >>> model = reperio.Model.load("run")
        """
        return cls(path)

    def save(self, path: Path, *, overwrite: bool = False) -> pathlib.Path:
        """Save the model as a file (``.safetensors``), or with all of its training as a folder.

        A file alone names no training patients. Raises ``ReperioError`` if ``path`` exists, unless
        ``overwrite`` is given. Returns the path.
        """
        target = absolute(path)
        alone = target.endswith(".safetensors")
        if os.path.exists(target):
            self._make_room(target, overwrite)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        half = f"{target}.{os.getpid()}.part"
        if alone:
            shutil.copyfile(self._file, half)
            os.replace(half, target)
            return pathlib.Path(target)
        if self._is_folder:
            shutil.copytree(self._folder, half, ignore=shutil.ignore_patterns(*_UNFINISHED))
        else:
            os.mkdir(half)
            shutil.copyfile(self._file, os.path.join(half, MODEL_FILE))
        if os.path.isdir(target):
            shutil.rmtree(target)
        os.rename(half, target)
        return pathlib.Path(target)

    def _make_room(self, target: str, overwrite: bool) -> None:
        if os.path.realpath(target) in (os.path.realpath(self._path), os.path.realpath(self._file)):
            raise ReperioError(f"{target}: is this model")
        if not overwrite:
            raise ReperioError(f"{target}: exists already; overwrite=True replaces it")
        is_model = os.path.isfile(target) or os.path.isfile(os.path.join(target, MODEL_FILE))
        if os.path.isdir(target) and (target.endswith(".safetensors") or not is_model):
            raise ReperioError(f"{target}: is a folder without a model, and not replaced")

    def score(
        self,
        cohort: object,
        *,
        out: Path | None = None,
        metadata: Metadata | None = None,
        progress: Progress = True,
        **options: Unpack[ScoreOptions],
    ) -> Scores:
        """Score repertoires: a ``Cohort`` or anything that ``reperio.read`` takes.

        >>> model.score("new_patients/").table()
        """
        from ._commands import score

        return score(self, cohort, out=out, metadata=metadata, progress=progress, **options)

    def explain(
        self,
        cohort: object,
        *,
        out: Path | None = None,
        metadata: Metadata | None = None,
        progress: Progress = True,
        **options: Unpack[ExplainOptions],
    ) -> Explanation:
        """Rank the sequences that drove the scores of repertoires.

        >>> model.explain("patient7.tsv.gz").table("sequences")
        """
        from ._commands import explain

        return explain(self, cohort, out=out, metadata=metadata, progress=progress, **options)

    @property
    def path(self) -> pathlib.Path:
        """The run folder or model file."""
        return pathlib.Path(self._path)

    @property
    def info(self) -> dict[str, Any]:
        """What the model file says of itself: version, targets with their classes, parts."""
        return self._info

    @property
    def training(self) -> dict[str, Any] | None:
        """What ``reperio train --json`` prints, if the model was trained in this process."""
        return self._training

    @property
    def parts(self) -> Table:
        """The terms of the model: target, part, name and weight, one row each."""
        return table_of(self._info["parts"])

    @property
    def card(self) -> str:
        """The model card (Markdown): data, performance, confounders, limits.

        Raises ``ReperioError`` if the model file lies alone.
        """
        path = os.path.join(os.path.dirname(self._file), _CARD)
        if not os.path.isfile(path):
            raise ReperioError(f"{self._file}: no {_CARD} beside it")
        with open(path, encoding="utf-8") as file:
            return file.read()

    @property
    def report(self) -> str:
        """The page of the training as HTML. Raises ``ReperioError`` if there is none."""
        return self.page()

    @property
    def _is_folder(self) -> bool:
        return self._path != self._file

    @property
    def tables(self) -> list[str]:
        """The names that ``table`` takes; none of a model file alone."""
        return super().tables if self._is_folder else []

    def page(self) -> str:
        """The page of the training as HTML. Raises ``ReperioError`` if there is none."""
        if not self._is_folder:
            raise ReperioError(f"{self._path}: a model file alone has no page")
        return super().page()

    def __fspath__(self) -> str:
        return self._path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and _bytes(self._file) == _bytes(other._file)

    def __hash__(self) -> int:
        return hash(_bytes(self._file))

    def __repr__(self) -> str:
        targets = ", ".join(t["column"] for t in self._info["targets"])
        return f"<reperio.Model of {targets} in {self._path}>"

    def __copy__(self) -> Model:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Model:
        return self

    def __reduce__(self) -> tuple[Callable[[dict[str, bytes]], Model], tuple[dict[str, bytes]]]:
        files = {MODEL_FILE: _bytes(self._file)}
        card = os.path.join(os.path.dirname(self._file), _CARD)
        if os.path.isfile(card):
            files[_CARD] = _bytes(card)
        return _unpickle, (files,)

    def _text(self) -> Collection[str]:
        return classes(self._info["targets"])


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _unpickle(files: dict[str, bytes]) -> Model:
    output = Output(None)
    os.mkdir(output.path)
    for name in (MODEL_FILE, _CARD):
        if name in files:
            with open(os.path.join(output.path, name), "wb") as file:
                file.write(files[name])
    return Model(output.path, output=output)
