"""Train, score and explain classifiers of immune repertoires.

The same engine as the program `reperio`, under the same names:

>>> import reperio
>>> cohort = reperio.read("exports/", metadata="labels.tsv")
>>> model = reperio.train(cohort, target="disease")
>>> scores = model.score("new_patients/")
>>> why = model.explain("new_patients/")

Nothing is needed beside Python. Tables are polars or pandas frames where one of both is installed. Options have the
names of the command line, with `_` for `-`; `help(reperio.train)` names them all.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._reperio import ReperioError, __version__

if TYPE_CHECKING:
    from ._cohort import Cohort as Cohort
    from ._cohort import read as read
    from ._commands import command_line as command_line
    from ._commands import compare as compare
    from ._commands import describe as describe
    from ._commands import evaluate as evaluate
    from ._commands import explain as explain
    from ._commands import report as report
    from ._commands import score as score
    from ._commands import simulate as simulate
    from ._commands import train as train
    from ._model import Model as Model
    from ._results import Comparison as Comparison
    from ._results import Description as Description
    from ._results import Evaluation as Evaluation
    from ._results import Explanation as Explanation
    from ._results import Scores as Scores
    from ._results import Simulation as Simulation
    from ._tables import use_frames as use_frames

# Where each public name is; modules load when they are first used, so that importing takes no time.
_PLACES = {
    "Cohort": "_cohort",
    "read": "_cohort",
    "Model": "_model",
    "train": "_commands",
    "evaluate": "_commands",
    "compare": "_commands",
    "score": "_commands",
    "explain": "_commands",
    "describe": "_commands",
    "simulate": "_commands",
    "report": "_commands",
    "command_line": "_commands",
    "Comparison": "_results",
    "Description": "_results",
    "Evaluation": "_results",
    "Explanation": "_results",
    "Scores": "_results",
    "Simulation": "_results",
    "use_frames": "_tables",
}

__all__ = ["ReperioError", "__version__", *sorted(_PLACES)]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'reperio' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_PLACES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
