"""A config as a dict, written as the TOML that ``--config`` reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ._reperio import ReperioError


def toml(config: Mapping[str, object]) -> str:
    """The config as text: one line per key.

    >>> toml({"training": {"epochs": 3}, "parts": {"include": ["kmers"]}})
    '"training" = {"epochs" = 3}\\n"parts" = {"include" = ["kmers"]}\\n'
    """
    return "".join(f"{json.dumps(key)} = {_value(key, value)}\n" for key, value in config.items())


def _value(key: str, value: object) -> str:
    if isinstance(value, Mapping):
        inner = (f"{json.dumps(k)} = {_value(f'{key}.{k}', v)}" for k, v in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Sequence):
        return "[" + ", ".join(_value(key, item) for item in value) + "]"
    if hasattr(value, "__index__"):
        return str(int(value.__index__()))
    if hasattr(value, "__float__"):
        return repr(float(value))
    raise ReperioError(f"`config`: {key} is {value!r}, expected a number, text, list or dict")
