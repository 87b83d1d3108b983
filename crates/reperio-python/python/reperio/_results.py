"""What commands found: their figures, their tables and their page."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _tables
from ._call import Folder
from ._reperio import ReperioError

if TYPE_CHECKING:
    from ._cohort import Cohort


class Result:
    """A folder of results with the figures that the command printed.

    `result["auc"]` or `result.json` gives a figure by the name that `--json` has for it, `result.table("predictions")` a
    table, `result.report` the page.
    """

    _page = "report.html"

    def __init__(self, json: dict[str, Any], folder: Folder) -> None:
        self.json = json
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where the files are. A folder that nobody named goes with this object."""
        return self._folder.path

    @property
    def tables(self) -> list[str]:
        """Names of the tables."""
        found = [path for path in self.folder.rglob("*.tsv*") if path.is_file()]
        return sorted(_name(path.relative_to(self.folder)) for path in found)

    def table(self, name: str) -> Any:
        """A table as a frame of polars or pandas (`reperio.use_frames` chooses).

        >>> evaluation.table("predictions")
        """
        for ending in (".tsv", ".tsv.gz"):
            path = self.folder / (name + ending)
            if path.is_file():
                return _tables.read(path)
        raise ReperioError(f"no table {name!r}, expected one of: {', '.join(self.tables)}")

    @property
    def report(self) -> Path | None:
        """The page that shows all of it; `None` if it was left out."""
        path = self.folder / self._page
        return path if path.is_file() else None

    def __getitem__(self, name: str) -> Any:
        return self.json[name]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} in {self.folder}>"

    def _repr_html_(self) -> str | None:
        return page(self.report)


def page(path: Path | None) -> str | None:
    """A page as a frame for notebooks."""
    if path is None:
        return None
    text = html.escape(path.read_text(encoding="utf-8"), quote=True)
    frame = 'width="100%" height="640" style="border: 1px solid #ccc"'
    return f'<iframe title="Reperio report" {frame} srcdoc="{text}"></iframe>'


def _name(path: Path) -> str:
    text = path.as_posix()
    return text[: text.rindex(".tsv")]


class Evaluation(Result):
    """What `evaluate` found."""

    @property
    def auc(self) -> float | None:
        """AUC of the first target, pooled over held-out predictions; `None` for a regression."""
        value: float | None = self.json["auc"]
        return value

    @property
    def auc_ci(self) -> tuple[float, float] | None:
        """Its 95 % interval."""
        value = self.json["auc_ci"]
        return None if value is None else (value[0], value[1])

    @property
    def verdicts(self) -> list[str]:
        """The verdict and the next step, a sentence for each target."""
        return list(self.json["verdicts"])

    @property
    def confounding(self) -> list[str]:
        """What predicts each target without sequences, in a sentence."""
        return list(self.json["confounding"])

    @property
    def predictions(self) -> Any:
        """Every held-out prediction with its fold, one row per repertoire."""
        return self.table("predictions")

    def __repr__(self) -> str:
        figures = "" if self.auc is None else f" AUC {self.auc:.3f}"
        if self.auc_ci is not None:
            figures += " ({:.3f} to {:.3f})".format(*self.auc_ci)
        return f"<Evaluation{figures} in {self.folder}>"


class Comparison(Result):
    """What `compare` found."""

    _page = "compare.html"


class Description(Result):
    """What `describe` found."""

    @property
    def confounding(self) -> list[str]:
        """What predicts each target without sequences, in a sentence."""
        return list(self.json.get("confounding", []))


class Scores(Result):
    """What `score` found: one row per repertoire."""

    def __init__(self, json: dict[str, Any], folder: Folder, path: Path) -> None:
        super().__init__(json, folder)
        self.path = path
        """The table."""

    def to_frame(self) -> Any:
        """The table: logit, probability, class, prediction set, clonotypes, warnings."""
        return _tables.read(self.path)

    @property
    def report(self) -> Path | None:
        """The page beside the table; `None` if it was left out."""
        page = self.path.with_name(self.path.name.split(".tsv")[0] + ".html")
        return page if page.is_file() else None

    @property
    def repertoires(self) -> list[dict[str, Any]]:
        """Every repertoire's score, sorted by id, at full precision."""
        return list(self.json["repertoires"])

    def __len__(self) -> int:
        return len(self.repertoires)


class Explanation(Result):
    """What `explain` found."""

    @property
    def sequences(self) -> Any:
        """The clonotypes of all repertoires, ranked by evidence."""
        return self.table("sequences")

    def of(self, repertoire_id: str) -> Any:
        """The clonotypes of one repertoire, ranked by evidence."""
        from urllib.parse import quote

        for name in (repertoire_id, quote(repertoire_id, safe=" ()-_.")):
            if (self.folder / "repertoires" / name).is_dir():
                return self.table(f"repertoires/{name}/sequences")
        raise ReperioError(f"no repertoire {repertoire_id!r} in {self.folder}")


class Simulation(Result):
    """A simulated cohort."""

    @property
    def cohort(self) -> Cohort:
        """Its repertoires with their labels."""
        from ._cohort import read

        return read(
            self.folder / "repertoires", metadata=self.folder / "metadata.tsv", progress=False
        )
