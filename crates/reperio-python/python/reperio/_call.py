"""One way from a function of this package to a command of the program."""

from __future__ import annotations

import contextlib
import json
import logging
import operator
import os
import tempfile
from collections.abc import Mapping
from typing import Any

from . import _reperio
from ._arguments import arguments
from ._progress import shown
from ._toml import toml
from ._types import Progress

logger = logging.getLogger("reperio")


def run(
    command: str,
    options: Mapping[str, object],
    *,
    cohorts: dict[str, _reperio.Cohort] | None = None,
    progress: Progress = True,
) -> dict[str, Any]:
    """Run a command in this process and return what ``reperio COMMAND --json`` prints.

    An input path that is a key of ``cohorts`` means that cohort. Warnings go to the logger
    ``reperio``; its level says how much the command tells.
    """
    options = dict(options)
    threads = _threads(options.pop("threads", None))
    with contextlib.ExitStack() as stack:
        if isinstance(options.get("config"), Mapping):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="reperio-"))
            options["config"] = _config_file(folder, options["config"])
        text = _reperio.call(
            command,
            arguments(command, options),
            cohorts=cohorts or {},
            threads=threads,
            progress=stack.enter_context(shown(progress)),
            log=log,
            verbose=_verbosity(),
        )
    result: dict[str, Any] = json.loads(text)
    return result


def log(level: str, message: str) -> None:
    """Hand a message of the program to the logger ``reperio``."""
    number = logging.getLevelName(level)
    logger.log(number if isinstance(number, int) else logging.DEBUG, "%s", message)


def _verbosity() -> int:
    level = logger.getEffectiveLevel()
    return 2 if level <= logging.DEBUG else int(level <= logging.INFO)


def _threads(value: object) -> int | None:
    if value is None:
        return None
    try:
        threads = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        threads = 0
    if isinstance(value, bool) or threads < 1:
        raise _reperio.ReperioError(f"`threads` is {value!r}, expected a number from 1")
    return threads


def _config_file(folder: str, config: object) -> str:
    assert isinstance(config, Mapping)
    path = os.path.join(folder, "config.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(toml(config))
    return path
