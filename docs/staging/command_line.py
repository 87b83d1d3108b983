"""The reference of the command line, from the program's own help."""

import html
import re
import subprocess
import sys
from collections import Counter

HEADING = re.compile(r"^([A-Z][A-Za-z ]*):$")
OPTION = re.compile(r"^ {2,6}(-.*|<.*|\[.*)$")
# Examples and tables keep their lines.
VERBATIM = {"Example", "Motifs"}
# Commands that must have the same options under the same heading for these to stand once, at the end.
SHARED = 3


def page() -> str:
    """The whole page."""
    top = help_of()
    names = re.findall(r"^  ([a-z-]+) {2,}\S", top.split("\nOptions:")[0], re.MULTILINE)
    commands = {name: sections_of(help_of(name)) for name in names if name != "help"}
    own = (tuple(item) for sections in commands.values() for item in options_of(sections))
    count = Counter((heading, "\n".join(lines)) for heading, lines in own)
    shared = {
        heading: lines.split("\n")
        for (heading, lines), n in count.items()
        if n >= SHARED and heading not in ("Options", "Arguments")
    }
    parts = [
        "# Command line\n",
        f"Version {version()}. In Python, options have the same names with `_` for `-`.\n",
    ]
    for name, sections in commands.items():
        parts.extend(of_command(name, sections, shared))
    for heading, lines in shared.items():
        parts.append(f"## {heading} {{ #{anchor(heading)} }}\n")
        parts.extend(options(anchor(heading), lines))
    return "\n".join(parts) + "\n"


def help_of(*command: str) -> str:
    """What the program prints with `--help`."""
    call = [sys.executable, "-m", "reperio", *command, "--help"]
    return subprocess.run(call, check=True, capture_output=True, text=True).stdout


def version() -> str:
    """Version of the program."""
    call = [sys.executable, "-m", "reperio", "--version"]
    return subprocess.run(call, check=True, capture_output=True, text=True).stdout.split()[-1]


def sections_of(text: str) -> dict[str, list[str]]:
    """Lines by heading; what stands before the first one has the heading ""."""
    found: dict[str, list[str]] = {"": []}
    lines = found[""]
    for line in text.splitlines():
        if heading := HEADING.match(line):
            lines = found.setdefault(heading[1], [])
        elif line.startswith("Usage: "):
            found["Usage"] = lines = [line.removeprefix("Usage: ")]
        else:
            lines.append(line)
    return found


def options_of(sections: dict[str, list[str]]) -> list[tuple[str, list[str]]]:
    """The sections that hold options."""
    return [item for item in sections.items() if item[0] not in VERBATIM | {"", "Usage"}]


def of_command(command: str, sections: dict[str, list[str]], shared: dict[str, list[str]]) -> list[str]:
    """A command's part of the page."""
    parts = [f"## reperio {command} {{ #{command} }}\n", *paragraphs(sections[""]), fenced(sections["Usage"], "text")]
    for heading in sorted(VERBATIM & sections.keys()):
        if heading == "Example":
            parts.append(fenced(sections[heading], "sh"))
        else:
            parts.extend([f"**{heading}**\n", fenced(sections[heading], "text")])
    also = []
    for heading, lines in options_of(sections):
        if shared.get(heading) == lines:
            also.append(f"[{heading}](#{anchor(heading)})")
        else:
            found = options(command, lines)
            if len(found) > 2:
                parts.extend([f"**{heading}**\n", *found])
    if also:
        parts.append(f"And: {', '.join(also)}.\n")
    return parts


def anchor(heading: str) -> str:
    """The anchor of a heading of options."""
    return f"options-{heading.lower().replace(' ', '-')}"


def paragraphs(lines: list[str]) -> list[str]:
    """Text whose lines were wrapped for a terminal."""
    blocks = "\n".join(lines).strip().split("\n\n")
    return [f"{text(' '.join(own.split()))}\n" for own in blocks if own.strip()]


def options(command: str, lines: list[str]) -> list[str]:
    """Options as a list of definitions, each with an anchor of its own."""
    parts, names = [], []
    for line in lines:
        if OPTION.match(line) and not line.startswith(" " * 7):
            names.append(line.strip())
            parts.append([])
        elif parts:
            parts[-1].append(line)
    found = ['<dl class="options">']
    for name, own in zip(names, parts):
        # A flag and its help on one line.
        name, *rest = re.split(r" {2,}", name, maxsplit=1)
        if name.startswith("-h,"):
            continue
        flag = re.search(r"--[a-z-]+", name)
        place = f"{command}{flag[0] if flag else '-input'}"
        found.append(f'<dt id="{place}"><a href="#{place}"><code>{html.escape(name)}</code></a></dt>')
        said = [" ".join(block.split()) for block in "\n".join([*rest, *own]).split("\n\n")]
        found.append("<dd>" + " ".join(as_html(own) for own in said if own) + "</dd>")
    return [*found, "</dl>\n"]


def as_html(said: str) -> str:
    """One paragraph of help."""
    said = re.sub(r"(?<![`\w-])--[a-z][a-z-]*(?![`\w])", r"`\g<0>`", html.escape(said, quote=False))
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", said)


def text(said: str) -> str:
    """One paragraph of help as Markdown: what looks like an option or the name of a file is code."""
    said = re.sub(r"(?<![`\w-])--[a-z][a-z-]*", r"`\g<0>`", said.replace("<", "&lt;").replace("*", r"\*"))
    return re.sub(
        r"(?<![`\w])((?:OUT/)?[\w/]+\.(?:tsv\.gz|tsv|html|md|toml|json|jsonl|safetensors))(?![`\w])", r"`\1`", said
    )


def fenced(lines: list[str], language: str) -> str:
    """Lines as they are."""
    own = "\n".join(line.removeprefix("  ") for line in lines).strip()
    return f"```{language}\n{own}\n```\n"
