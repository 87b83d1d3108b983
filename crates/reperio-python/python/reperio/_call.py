"""Calls a command with what Python has: paths, tables and cohorts in memory."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import _reperio
from ._arguments import words
from ._progress import Listening, Progress, log


class Folder:
    """Where a result lies: a folder that a person named, or one that is removed with the last result that uses it."""

    def __init__(self, out: str | os.PathLike[str] | None) -> None:
        self._own = None
        if out is None:
            self._own = tempfile.TemporaryDirectory(prefix="reperio-")
            out = os.path.join(self._own.name, "results")
        self.path = Path(out)


def run(
    command: str,
    options: Mapping[str, Any],
    *,
    given: Mapping[str, _reperio.Cohort] | None = None,
    inputs: list[str] | None = None,
    progress: Progress = True,
    threads: int | None = None,
) -> dict[str, Any]:
    """Runs a command and returns the object that it prints with `--json`."""
    argv = words(command, options)
    if inputs:
        argv += ["--", *inputs]
    with Listening(progress) as listener:
        text = _reperio.call(
            command,
            argv,
            cohorts=given or {},
            threads=threads,
            progress=listener,
            log=log,
        )
    found: dict[str, Any] = json.loads(text)
    return found
