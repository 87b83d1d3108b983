"""Progress of a command: a bar of tqdm, a line on a terminal, or a function of the user."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from ._types import Progress

Report = Callable[[str, int, int, str], None]


@contextlib.contextmanager
def shown(progress: Progress) -> Iterator[Report | None]:
    """Give what a command calls with its task, how much is done, of how much, and the unit.

    None if nothing is shown. Bars are closed at the end.
    """
    if progress is False:
        yield None
    elif callable(progress):
        yield progress
    else:
        bar = _Bars.new() or _Line.new()
        try:
            yield bar
        finally:
            if bar is not None:
                bar.close()


class _Bars:
    """A bar of tqdm per task, in a terminal or a notebook."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm = tqdm
        self._bar: Any = None
        self._task: str | None = None

    @classmethod
    def new(cls) -> _Bars | None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # A notebook without widgets gets a plain bar.
            try:
                from tqdm.auto import tqdm
            except ImportError:
                return None
        return cls(tqdm)

    def __call__(self, task: str, done: int, total: int, unit: str) -> None:
        if task != self._task:
            self.close()
            # `disable=None`: no bar if stderr is a file.
            self._bar = self._tqdm(
                desc=task, total=total, unit=f" {unit}", leave=False, disable=None
            )
            self._task = task
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


class _Line:
    """The last line of a terminal."""

    def __init__(self) -> None:
        self._width = 0

    @classmethod
    def new(cls) -> _Line | None:
        return cls() if sys.stderr is not None and sys.stderr.isatty() else None

    def __call__(self, task: str, done: int, total: int, unit: str) -> None:
        line = f"{task}: {done} of {total} {unit}"
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = len(line)

    def close(self) -> None:
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
