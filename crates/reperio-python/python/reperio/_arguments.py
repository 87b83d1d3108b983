"""Keyword options of a function as the arguments of the command with its name."""

from __future__ import annotations

import functools
import operator
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from . import _reperio

if TYPE_CHECKING:
    from ._reperio import Option

# Parameters of the functions themselves say these.
_NOT_OFFERED = {"help", "version", "json", "quiet", "verbose", "threads"}


@functools.cache
def known(command: str) -> dict[str, Option]:
    """The options of a command by name, in the order of its help."""
    return {o["name"]: o for o in _reperio.options(command) if o["name"] not in _NOT_OFFERED}


@functools.cache
def reading() -> frozenset[str]:
    """The names of the options that say how files are read."""
    return frozenset(known("import")) - {"inputs", "out", "metadata"}


def arguments(command: str, options: Mapping[str, object]) -> list[str]:
    """The arguments of ``reperio COMMAND`` that mean these options.

    None means the default. A flag is True or False, an option that may be repeated takes one value
    or several, and ``column`` takes a dict.

    Raises ``ReperioError`` if the command has no such option, or a value is of another type.

    >>> arguments("train", {"target": "disease", "use_depth": True, "min_length": None})
    ['--target=disease', '--use-depth']
    """
    expected = known(command)
    named: list[str] = []
    positional: list[str] = []
    for name, value in options.items():
        if name not in expected:
            raise _reperio.ReperioError(
                f"`{command}` takes no option `{name}`, "
                f"expected one of {', '.join(expected)}, threads"
            )
        if value is None:
            continue
        option = expected[name]
        if option["flag"] is None:
            positional += _values(option, value)
        else:
            named += _flags(option, option["flag"], value)
    return named + (["--", *positional] if positional else [])


def _flags(option: Option, flag: str, value: object) -> list[str]:
    if option["kind"] == "flag" or (option["optional_value"] and isinstance(value, bool)):
        if not isinstance(value, bool):
            raise _wrong(option, value, "True or False")
        return [flag] if value else []
    # `--flag=value` also for values that begin with a dash.
    return [f"{flag}={text}" for text in _values(option, value)]


def _values(option: Option, value: object) -> list[str]:
    if isinstance(value, Mapping) and option["many"]:
        return [f"{_text(option, k)}={_text(option, v)}" for k, v in value.items()]
    if isinstance(value, (str, bytes, os.PathLike)) or not isinstance(value, Iterable):
        return [_text(option, value)]
    texts = [_text(option, item) for item in value]
    # An option that is given once takes several values with commas: `--parts kmers,clones`.
    return texts if option["many"] or not texts else [",".join(texts)]


def _text(option: Option, value: object) -> str:
    kind = option["kind"]
    if isinstance(value, bool):
        raise _wrong(option, value, _EXPECTED[kind])
    try:
        if kind == "int":
            return str(operator.index(value))  # type: ignore[arg-type]
        if kind == "float":
            return repr(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise _wrong(option, value, _EXPECTED[kind]) from None
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    # A label may be written 1 as well as "1".
    if kind == "text" and hasattr(value, "__index__"):
        return str(operator.index(value))
    raise _wrong(option, value, _EXPECTED[kind])


_EXPECTED = {
    "flag": "True or False",
    "text": "text",
    "path": "a path",
    "int": "a whole number",
    "float": "a number",
}


def _wrong(option: Option, value: object, expected: str) -> _reperio.ReperioError:
    return _reperio.ReperioError(f"`{option['name']}` is {value!r}, expected {expected}")
