"""Formulas as MathML, which browsers draw by themselves.

A block of the language `math` is a formula by itself, `$...$` one in a line. Both are LaTeX.
"""

import re

from latex2mathml.converter import convert

BLOCK = re.compile(r"^```math\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE_OR_FORMULA = re.compile(
    r"^ *```.*?^ *```$|`[^`\n]+`|(?<![\w$])\$([^$\n]+)\$([.,;:)]*)(?![\w$])", re.MULTILINE | re.DOTALL
)


def with_mathematics(text: str) -> str:
    """`text` with its formulas as MathML."""
    text = BLOCK.sub(lambda found: _block(found[1]), text)
    return CODE_OR_FORMULA.sub(lambda found: found[0] if found[1] is None else _inline(*found.groups()), text)


def _inline(latex: str, stop: str) -> str:
    # Markdown takes <math> at the start of a line for a block. A full stop stays with its formula.
    return f'<span class="formula-inline">{convert(latex)}{stop}</span>'.replace("\n", "")


def _block(latex: str) -> str:
    formulas = [part.strip() for part in latex.split("\n\n")]
    drawn = (convert(own, display="block").replace("\n", "") for own in formulas)
    return f'<div class="formula">{"".join(drawn)}</div>'
