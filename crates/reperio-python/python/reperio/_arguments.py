"""Keyword options as words of the command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from . import _reperio
from ._reperio import ReperioError

if TYPE_CHECKING:
    from ._reperio import Option


@lru_cache(maxsize=None)
def definition(command: str) -> dict[str, Option]:
    """What a command takes, by the name of each option."""
    return {option["name"]: option for option in _reperio.options(command)}


def words(command: str, options: Mapping[str, Any]) -> list[str]:
    """The options of a call as the command line writes them.

    `None` leaves an option out. A flag takes a bool. An option that may be repeated takes a value or several; one of
    pairs (`column`) takes a dict. Raises `ReperioError` for an unknown name or a value of the wrong kind.

    >>> words("train", {"parts": ["kmers", "clones"], "seed": 7, "resume": True})
    ['--parts=kmers', '--parts=clones', '--seed=7', '--resume']
    """
    known = definition(command)
    found: list[str] = []
    for name, value in options.items():
        if name not in known:
            expected = ", ".join(sorted(known))
            raise ReperioError(f"{command} has no option {name!r}, expected one of: {expected}")
        found.extend(_of(known[name], value))
    return found


def _of(option: Option, value: Any) -> list[str]:
    flag, name = option["flag"], option["name"]
    if value is None:
        return []
    if option["kind"] == "flag" or (option["optional_value"] and isinstance(value, bool)):
        if not isinstance(value, bool):
            raise ReperioError(f"{name} is {value!r}, expected True or False")
        return [str(flag)] if value else []
    if option["many"]:
        if isinstance(value, Mapping):
            values = [f"{key}={_text(name, own)}" for key, own in value.items()]
        elif _is_single(value):
            values = [_text(name, value)]
        else:
            values = [_text(name, own) for own in value]
    else:
        values = [_text(name, value)]
    return values if flag is None else [f"{flag}={own}" for own in values]


def _is_single(value: Any) -> bool:
    return isinstance(value, (str, bytes, os.PathLike)) or not isinstance(value, Iterable)


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or value is None:
        raise ReperioError(f"{name} is {value!r}, expected a value")
    if isinstance(value, (str, os.PathLike)):
        return str(os.fspath(value))
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int) or hasattr(value, "__index__"):
        return str(int(value))
    if hasattr(value, "__float__"):  # A number of numpy.
        return repr(float(value))
    raise ReperioError(f"{name} is {value!r}, expected text, a number or a path")
