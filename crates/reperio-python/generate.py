"""Write ``python/reperio/_options.py`` from what the program says of its options.

    python generate.py [FILE]

needs the installed package. A test fails if the file is not current.
"""

from __future__ import annotations

import pathlib
import sys
import textwrap

from reperio import _reperio

# Class, command, and what the function of this name takes as parameters of its own.
CLASSES = {
    "Train": ("train", {"cohort", "metadata", "target", "out"}),
    "Evaluate": ("evaluate", {"cohort", "metadata", "target", "out", "model"}),
    "Compare": ("compare", {"cohort", "metadata", "target", "out"}),
    "Score": ("score", {"inputs", "metadata", "model", "out"}),
    "Explain": ("explain", {"inputs", "metadata", "model", "out"}),
    "Describe": ("describe", {"inputs", "metadata", "target", "out"}),
    "Simulate": ("simulate", {"out", "background"}),
    "FitGenerator": ("fit-generator", {"inputs", "out"}),
}
# Of the terminal, or of a model that lies elsewhere.
SKIPPED = {"help", "version", "json", "quiet", "verbose", "threads", "server", "token_file", "ca"}
SCALARS = {"flag": "bool", "text": "str", "path": "Path", "int": "int", "float": "float"}

HEADER = '''"""The options of each command, as keywords of the function with its name.

Written by generate.py from the program's own list; not to be edited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from ._types import Path


class CallOptions(TypedDict, total=False):
    """What every command takes.

    threads: Threads to use [default: all cores]; results do not depend on their number.
    """

    threads: int
'''


def main(path: pathlib.Path) -> None:
    """Write the file."""
    path.write_text(text(), encoding="utf-8")


def text() -> str:
    """The file."""
    reading = [o for o in options("import") if o["name"] not in {"inputs", "out", "metadata"}]
    names = {o["name"] for o in reading}
    parts = [
        HEADER,
        class_of("ReadOptions", "TypedDict, total=False", "How files are read.", reading),
    ]
    for name, (command, own) in CLASSES.items():
        all_of = options(command)
        base = "ReadOptions, CallOptions" if names <= {o["name"] for o in all_of} else "CallOptions"
        rest = [o for o in all_of if o["name"] not in own | (names if "Read" in base else set())]
        about = f"What ``{command}`` takes besides."
        parts.append(class_of(f"{name}Options", f"{base}, total=False", about, rest))
    written = "\n".join(parts)
    if "Literal[" in written:
        return written.replace("import TypedDict", "import Literal, TypedDict")
    return written


def options(command: str) -> list[_reperio.Option]:
    """The options of a command that are keywords."""
    return [o for o in _reperio.options(command) if o["name"] not in SKIPPED]


def class_of(name: str, bases: str, about: str, its: list[_reperio.Option]) -> str:
    """One class: its options with their help, and their types."""
    lines = ["", f"class {name}({bases}):", f'    """{about}']
    if its:
        lines.append("")
    for option in its:
        lines += textwrap.wrap(
            f"{option['name']}: {help_of(option)}",
            width=96,
            initial_indent="    ",
            subsequent_indent="        ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    lines += ['    """', ""] if its else ['    """']
    lines += [f"    {option['name']}: {type_of(option)}" for option in its]
    return "\n".join(lines) + "\n"


def help_of(option: _reperio.Option) -> str:
    """The text of ``--help``, with the default."""
    words = " ".join(option["help"].split()).replace("\\", "\\\\").replace('"""', "'''")
    default = option["default"]
    said = default is None or option["kind"] == "flag" or "[default" in words
    return words if said else f"{words} [default: {default}]"


def type_of(option: _reperio.Option) -> str:
    """The type of a value."""
    one = SCALARS[option["kind"]]
    if option["choices"]:
        one = f"Literal[{', '.join(repr(c).replace(chr(39), chr(34)) for c in option['choices'])}]"
    if option["name"] == "column":
        return "Mapping[str, str]"
    if option["name"] == "config":
        return "Path | Mapping[str, object]"
    if option["name"] == "positive":
        return "str | int"
    if option["optional_value"]:
        return f"bool | {one}"
    if option["many"] or "separated by commas" in option["help"]:
        return f"{one} | Sequence[{one}]"
    return one


if __name__ == "__main__":
    here = pathlib.Path(__file__).parent
    main(pathlib.Path(sys.argv[1]) if sys.argv[1:] else here / "python/reperio/_options.py")
