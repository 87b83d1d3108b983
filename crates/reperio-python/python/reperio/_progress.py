"""Progress and log lines of a running command."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Union

Listener = Callable[[str, int, int, str], None]
Progress = Union[bool, Listener]

# A task shorter than this shows no bar.
PATIENCE = 2.0

_LOG = logging.getLogger("reperio")
_LEVELS = {"ERROR": logging.ERROR, "WARN": logging.WARNING, "INFO": logging.INFO}


def log(level: str, message: str) -> None:
    """Passes a line on to the logger `reperio`."""
    _LOG.log(_LEVELS.get(level, logging.DEBUG), message)


class Bars:
    """Draws a bar for every task that takes longer than two seconds, with tqdm; without it, one line on a terminal."""

    def __init__(self) -> None:
        self._started: dict[str, float] = {}
        self._bars: dict[str, Any] = {}
        self._line = ""
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self._tqdm = None
        else:
            self._tqdm = tqdm

    def __call__(self, task: str, done: int, total: int, unit: str) -> None:
        started = self._started.setdefault(task, time.monotonic())
        if done >= total:
            self._started.pop(task, None)
            bar = self._bars.pop(task, None)
            if bar is not None:
                bar.update(total - bar.n)
                bar.close()
            self._clear()
        elif time.monotonic() - started > PATIENCE:
            self._draw(task, done, total, unit)

    def _draw(self, task: str, done: int, total: int, unit: str) -> None:
        if self._tqdm is not None:
            if task not in self._bars:
                self._bars[task] = self._tqdm(total=total, desc=task, unit=f" {unit}", leave=False)
            bar = self._bars[task]
            bar.update(done - bar.n)
        elif sys.stderr.isatty():
            self._clear()
            self._line = f"{task}: {done} of {total} {unit}"
            sys.stderr.write(self._line)
            sys.stderr.flush()

    def _clear(self) -> None:
        if self._line:
            sys.stderr.write("\r" + " " * len(self._line) + "\r")
            self._line = ""

    def close(self) -> None:
        """Removes all bars."""
        for bar in self._bars.values():
            bar.close()
        self._bars.clear()
        self._clear()


class Listening:
    """A listener for the time of one command.

    `True` draws bars, `False` nothing; a function is told `(task, done, total, unit)`, and an exception that it raises
    stops the command.
    """

    def __init__(self, progress: Progress) -> None:
        self._bars = Bars() if progress is True else None
        self._listener = None if isinstance(progress, bool) else progress

    def __enter__(self) -> Listener | None:
        return self._bars or self._listener

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.close()
