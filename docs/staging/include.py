"""Parts of the repository's READMEs inside pages, so that a sentence stands in one place.

A page says `<!-- include: FILE -->` for a whole file without its title, `<!-- include: FILE # HEADING -->` for what stands
under a heading, or `<!-- include: FILE "FIRST" ... "LAST" -->` for the blocks from the one that begins with FIRST up to the
one that begins with LAST. What is not there is an error.
"""

import os.path
import posixpath
import re
from pathlib import Path

DIRECTIVE = re.compile(
    r'^<!-- include: (?P<file>\S+)(?: # (?P<heading>.+?)| "(?P<first>.+?)" \.\.\. "(?P<last>.+?)")? -->$', re.MULTILINE
)
LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^(#+) +(.*?) *$")
FENCE = re.compile(r"^ *(`{3,})")

# The pages that files of the repository became.
PAGES = {
    "CHANGELOG.md": "changelog.md",
    "README.md": "index.md",
    "crates/candle-hopfield/README.md": "hopfield.md",
    "crates/reperio-baselines/README.md": "compare.md",
    "crates/reperio-data/README.md": "formats.md",
    "gpu-pack/README.md": "gpu.md",
    "models/comparison.md": "comparison.md",
    "models/learning_curve.md": "learning-curve.md",
}


class Missing(Exception):
    """A page includes what is not there."""


def with_included(text: str, root: Path, page: Path) -> str:
    """`text` with its directives replaced by what they name."""

    def part(found: re.Match[str]) -> str:
        file = found["file"]
        lines = (root / file).read_text(encoding="utf-8").splitlines()
        where = f"{page}: {file}"
        if found["heading"]:
            lines = _under(lines, found["heading"], where)
        elif found["first"]:
            lines = _blocks(lines, found["first"], found["last"], where)
        else:
            lines = [line for line in lines if not line.startswith("# ")]
        return _linked("\n".join(_not_run(lines)).strip(), file, page)

    return DIRECTIVE.sub(part, text)


def _under(lines: list[str], heading: str, where: str) -> list[str]:
    level, found, fenced = 0, [], False
    for line in lines:
        fenced ^= FENCE.match(line) is not None
        title = None if fenced else HEADING.match(line)
        if title and level and len(title[1]) <= level:
            break
        if level:
            found.append(line)
        elif title and title[2] == heading:
            level = len(title[1])
    if not level:
        raise Missing(f"{where} has no heading {heading!r}")
    return found


def _blocks(lines: list[str], first: str, last: str, where: str) -> list[str]:
    starts = [i for i, line in enumerate(lines) if line.startswith(first)]
    if len(starts) != 1:
        raise Missing(f"{where} has {len(starts)} lines that begin with {first!r}, expected one")
    ends = [i for i in range(starts[0], len(lines)) if lines[i].startswith(last)]
    if not ends:
        raise Missing(f"{where} has no line after {first!r} that begins with {last!r}")
    end = ends[0]
    fenced = FENCE.match(lines[end]) is not None
    end += 1
    while end < len(lines) and (lines[end].strip() if not fenced else not FENCE.match(lines[end])):
        end += 1
    return lines[starts[0] : end + fenced]


def _not_run(lines: list[str]) -> list[str]:
    """Blocks of READMEs are tested where they stand."""
    found, fenced = [], False
    for line in lines:
        opens = FENCE.match(line) is not None
        if opens and not fenced and re.search(r"`(sh|console|python)$", line):
            line += " norun"
        fenced ^= opens
        found.append(line)
    return found


def _linked(text: str, file: str, page: Path) -> str:
    """Links to files that became pages lead there; of other links inside the repository the text stays."""

    def link(found: re.Match[str]) -> str:
        target = found["target"]
        if target.startswith("#") or re.match(r"[a-z]+:", target):
            return found[0]
        path, _, anchor = target.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
        if path not in PAGES:
            return found["text"]
        other = os.path.relpath(PAGES[path], page.parent.as_posix())
        return f"[{found['text']}]({other}{'#' + anchor if anchor else ''})"

    return LINK.sub(link, text)
