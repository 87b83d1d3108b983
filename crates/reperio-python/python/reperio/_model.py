"""Trained models."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _reperio, _tables
from ._call import Folder
from ._progress import Progress
from ._reperio import ReperioError
from ._results import Explanation, Scores, page

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import ExplainOptions, ScoreOptions

NAME = "model.safetensors"


class Model:
    """A trained model: one file, which is enough to score and to explain; in its run folder also how it was trained.

    `reperio.train` makes one and `Model.load` reads one. Models pickle and copy.
    """

    def __init__(self, file: Path, folder: Folder | None, training: dict[str, Any] | None) -> None:
        self._file = file
        self._folder = folder
        self.training = training
        """What `train` printed: targets, parts with their weights, confounding; `None` for a model that was loaded."""
        self._info: dict[str, Any] = json.loads(_reperio.model_info(file))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """The model of a run folder or of a model file.

        >>> reperio.Model.load("run")
        """
        found = Path(path)
        return cls(found / NAME if found.is_dir() else found, None, None)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Copies the model file. It names no patient; the run folder does."""
        target = Path(path)
        if target.exists() and not overwrite:
            raise ReperioError(f"{target} already exists: overwrite=True replaces it")
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as staged:
            with self._file.open("rb") as own:
                shutil.copyfileobj(own, staged)
        os.replace(staged.name, target)

    @property
    def path(self) -> Path:
        """The model file."""
        return self._file

    @property
    def folder(self) -> Path:
        """The folder of the model file: its run folder, if it was trained there."""
        return self._file.parent

    @property
    def info(self) -> dict[str, Any]:
        """What the file says of itself: version, configuration, targets, genes, training population, held-out figures."""
        found: dict[str, Any] = self._info["info"]
        return found

    @property
    def targets(self) -> list[dict[str, Any]]:
        """What the model predicts."""
        return list(self.info["targets"])

    @property
    def parts(self) -> list[str]:
        """The parts that have weight: network, kmers, clones, genes, depth."""
        return list(self._info["parts"])

    @property
    def no_signal(self) -> list[str]:
        """Targets for which training found no signal."""
        return list(self._info["no_signal"])

    @property
    def card(self) -> str:
        """The model card of its run, in Markdown."""
        path = self.folder / "model_card.md"
        if not path.is_file():
            raise ReperioError(f"no {path}: a model file alone has no card")
        return path.read_text(encoding="utf-8")

    @property
    def report(self) -> Path | None:
        """The page of its run; `None` for a model file alone."""
        path = self.folder / "report.html"
        return path if path.is_file() else None

    def table(self, name: str) -> Any:
        """A table of its run folder, such as "predictions", "sequences" or "motifs"."""
        for ending in (".tsv", ".tsv.gz"):
            path = self.folder / (name + ending)
            if path.is_file():
                return _tables.read(path)
        raise ReperioError(f"no table {name!r} in {self.folder}")

    def score(
        self,
        data: Any,
        *,
        out: str | os.PathLike[str] | None = None,
        progress: Progress = True,
        threads: int | None = None,
        **options: Unpack[ScoreOptions],
    ) -> Scores:
        """Scores repertoires: a cohort, or whatever `reperio.read` takes. See `reperio.score`."""
        from ._commands import score

        return score(self, data, out=out, progress=progress, threads=threads, **options)

    def explain(
        self,
        data: Any,
        *,
        out: str | os.PathLike[str] | None = None,
        progress: Progress = True,
        threads: int | None = None,
        **options: Unpack[ExplainOptions],
    ) -> Explanation:
        """Ranks the sequences that drove the scores. See `reperio.explain`."""
        from ._commands import explain

        return explain(self, data, out=out, progress=progress, threads=threads, **options)

    def __repr__(self) -> str:
        targets = ", ".join(str(own["column"]) for own in self.targets)
        return f"<Model of {targets}: {', '.join(self.parts) or 'no part with weight'}>"

    def _repr_html_(self) -> str | None:
        return page(self.report)

    def __reduce__(self) -> tuple[Any, ...]:
        return _from_bytes, (self._file.read_bytes(), self.training)


def _from_bytes(content: bytes, training: dict[str, Any] | None) -> Model:
    folder = Folder(None)
    folder.path.mkdir(parents=True)
    (folder.path / NAME).write_bytes(content)
    return Model(folder.path / NAME, folder, training)
