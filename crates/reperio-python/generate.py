"""Writes `python/reperio/_options.py` from the definition of the command line: `generate.py [--check]`.

The installed package says what each command takes. With `--check`, writes nothing and fails if the file is not current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reperio import _reperio

FILE = Path(__file__).parent / "python/reperio/_options.py"

# Commands that the package has as functions, and their options that are parameters of their own.
COMMANDS = {
    "train": {"cohort", "target", "out"},
    "evaluate": {"cohort", "target", "model", "out"},
    "compare": {"cohort", "target", "out"},
    "score": {"model", "out", "inputs"},
    "explain": {"model", "out", "inputs"},
    "describe": {"inputs", "target", "out", "columns"},
    "simulate": {"out"},
}

# Options of reading, which several commands share.
READING = "Reading files"

def kind(option: _reperio.Option) -> str:
    """The type of an option in Python."""
    one = {
        "flag": "bool",
        "int": "int",
        "float": "float",
        "path": "str | os.PathLike[str]",
        "text": "str",
    }[option["kind"]]
    if option["name"] == "column":
        return "Mapping[str, str]"
    if option["optional_value"]:
        one = f"bool | {one}"
    if option["many"]:
        return f"{one} | Sequence[{one}]"
    if option["kind"] == "text" and (option["default"] or "").isdigit():
        return "int | str"
    return one


def document(option: _reperio.Option) -> str:
    """The help of an option, and its default."""
    text = " ".join(option["help"].split()).replace("\\", "\\\\").replace('"""', "'''")
    if option["default"] is not None and "[default" not in text:
        text += f" [default: {option['default']}]"
    return text


def fields(options: list[_reperio.Option]) -> str:
    """A field for each option."""
    return "".join(
        f'    {own["name"]}: {kind(own)} | None\n    """{document(own)}."""\n' for own in options
    )


def text() -> str:
    """The whole file."""
    found = [
        '"""Options of every command. Written by generate.py from the definition of the command line: change that."""',
        "from __future__ import annotations",
        "import os\nfrom collections.abc import Mapping, Sequence\nfrom typing import TypedDict",
    ]
    reading = [own for own in _reperio.options("describe") if own["heading"] == READING]
    shared = {own["name"] for own in reading}
    found.append(
        'class ReadOptions(TypedDict, total=False):\n    """How files and frames are read."""\n\n'
        + fields(reading)
    )
    about = {own["name"]: own["about"] for own in _reperio.commands()}
    for command, own in COMMANDS.items():
        options = _reperio.options(command)
        reads = any(option["name"] in shared for option in options)
        base = "ReadOptions" if reads else "TypedDict"
        rest = [option for option in options if option["name"] not in own | shared]
        name = command.capitalize()
        body = fields(rest)
        found.append(
            f'class {name}Options({base}, total=False):\n    """{about[command]}."""\n\n{body}'
        )
    return "\n\n".join(found[:3]) + "\n\n\n" + "\n\n".join(found[3:])


def main() -> int:
    wanted = text()
    if "--check" in sys.argv[1:]:
        if FILE.read_text(encoding="utf-8") != wanted:
            print(f"{FILE} is not current: run generate.py", file=sys.stderr)
            return 1
        return 0
    FILE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
