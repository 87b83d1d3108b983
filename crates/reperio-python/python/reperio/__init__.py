"""Classifies immune repertoires and shows the receptors behind each score.

The three jobs::

    import reperio

    cohort = reperio.read("exports/", metadata="labels.tsv")
    model = reperio.train(cohort, target="disease")
    model.score("new_patients/").table()
    model.explain("new_patients/").table("sequences")

Every option of the command line is a keyword of the function with the command's name, with ``_``
for ``-``. Results are the same to the byte. For research use only.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ._reperio import ReperioError, __version__

if TYPE_CHECKING:
    from ._airr import AirrScore, airr_score
    from ._cohort import Cohort, read
    from ._commands import (
        compare,
        describe,
        devices,
        evaluate,
        explain,
        fit_generator,
        report,
        score,
        simulate,
        train,
    )
    from ._model import Model
    from ._results import (
        Comparison,
        Description,
        Evaluation,
        Explanation,
        Scores,
        Simulation,
    )
    from ._tables import tables

# Loaded when they are first used, so that `import reperio` takes a moment.
_HOME = {
    "AirrScore": "_airr",
    "Cohort": "_cohort",
    "Comparison": "_results",
    "Description": "_results",
    "Evaluation": "_results",
    "Explanation": "_results",
    "Model": "_model",
    "Scores": "_results",
    "Simulation": "_results",
    "airr_score": "_airr",
    "compare": "_commands",
    "describe": "_commands",
    "devices": "_commands",
    "evaluate": "_commands",
    "explain": "_commands",
    "fit_generator": "_commands",
    "read": "_cohort",
    "report": "_commands",
    "score": "_commands",
    "simulate": "_commands",
    "tables": "_tables",
    "train": "_commands",
}

__all__ = [
    "AirrScore",
    "Cohort",
    "Comparison",
    "Description",
    "Evaluation",
    "Explanation",
    "Model",
    "ReperioError",
    "Scores",
    "Simulation",
    "__version__",
    "airr_score",
    "compare",
    "describe",
    "devices",
    "evaluate",
    "explain",
    "fit_generator",
    "read",
    "report",
    "score",
    "simulate",
    "tables",
    "train",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
