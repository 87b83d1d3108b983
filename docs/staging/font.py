"""The font of formulas: without one made for them, browsers draw small sums and short roots.

STIX Two Math, which the package ziamath brings, cut down to the characters that the formulas have. Its licence (SIL Open Font
License 1.1) is in the file.
"""

import html
import re
from importlib.util import find_spec
from pathlib import Path

from fontTools import subset

FORMULA = re.compile(r"<math.*?</math>", re.DOTALL)
# Letters of formulas are drawn in mathematical italics, which have code points of their own.
ITALIC = {ord("A"): 0x1D434, ord("a"): 0x1D44E, 0x391: 0x1D6E2, 0x3B1: 0x1D6FC}
# The italic h has a place of its own, and roots are drawn without standing in the text.
DRAWN = {0x210E, 0x221A}


def write(pages: Path, out: Path) -> None:
    """Writes a font for all formulas of `pages`."""
    formulas = "".join("".join(FORMULA.findall(page.read_text(encoding="utf-8"))) for page in pages.rglob("*.md"))
    letters = set(html.unescape(re.sub(r"<[^>]*>", "", formulas)))
    options = subset.Options(flavor="woff2", layout_features=["*"], name_IDs=[0, 5, 13, 14])
    font = subset.load_font(_whole(), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes={ord(own) for own in letters} | DRAWN | _italics(letters))
    subsetter.subset(font)
    subset.save_font(font, out, options)


def _whole() -> Path:
    package = find_spec("ziamath")
    assert package is not None and package.origin is not None, "ziamath is not installed"
    return Path(package.origin).with_name("fonts") / "STIXTwoMath-Regular.ttf"


def _italics(letters: set[str]) -> set[int]:
    return {
        ord(own) - first + italic
        for own in letters
        for first, italic in ITALIC.items()
        if first <= ord(own) < first + 26
    }
