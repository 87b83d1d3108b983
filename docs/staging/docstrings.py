"""Docstrings of the package as the parser of pages expects them: an extension of griffe.

Options are written `name: what it is` in the docstring of their class, and examples stand anywhere as lines that begin with `>>>`.
"""

import re
from typing import Any

import griffe

OPTIONS = "reperio._options."
ITEM = re.compile(r"^(\w+): +(?=\S)", re.MULTILINE)
EXAMPLE = re.compile(r"^>>> .*(?:\n(?!\n).+)*", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Rewrites every docstring when it is found."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for every module, class, function and attribute."""
        if obj.docstring is None:
            return
        text = obj.docstring.value
        if obj.path.startswith(OPTIONS):
            text = with_attributes(text)
        text = re.sub(r"::$", ":", text, flags=re.MULTILINE)
        obj.docstring.value = EXAMPLE.sub(lambda found: example(found[0]), text)


def with_attributes(text: str) -> str:
    """`text` whose options are a section of attributes."""
    first = ITEM.search(text)
    if first is None:
        return text
    items = re.sub(r"^ +", "    ", text[first.start() :], flags=re.MULTILINE)
    return text[: first.start()] + "Attributes\n----------\n" + ITEM.sub(r"\1 :\n    ", items)


def example(lines: str) -> str:
    """A block of code; prompts are left out where nothing is printed."""
    own = lines.splitlines()
    if all(line.startswith((">>> ", "... ")) for line in own):
        return "```python\n" + "\n".join(line[4:] for line in own) + "\n```"
    return "```pycon\n" + lines + "\n```"
