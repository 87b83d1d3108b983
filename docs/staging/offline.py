"""Checks that a built site needs nothing from outside: offline.py SITE

Links may lead elsewhere. Whatever a browser loads by itself may not: scripts, styles, fonts, pictures, frames.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

# Attributes that load; of `link` only where `rel` says so.
LOADS = {"src", "srcset", "poster", "data", "action"}
RELATIONS = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch", "manifest"}
OUTSIDE = re.compile(r"^\s*(?:https?:)?//", re.IGNORECASE)
IN_STYLE = re.compile(r"""(?:url\(|@import)\s*['"]?\s*((?:https?:)?//[^'")\s]+)""", re.IGNORECASE)


class Loads(HTMLParser):
    """Finds what a page loads from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        loads = [attributes[name] for name in LOADS & attributes.keys()]
        if tag == "link" and RELATIONS & set(attributes.get("rel", "").split()):
            loads.append(attributes.get("href", ""))
        self.found.extend(f"<{tag}> {own}" for own in loads if OUTSIDE.match(own))
        self.found.extend(IN_STYLE.findall(attributes.get("style", "")))


def loaded_by(path: Path) -> list[str]:
    """What a file loads from outside."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        parser = Loads()
        parser.feed(text)
        styles = re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL)
        return parser.found + [own for style in styles for own in IN_STYLE.findall(style)]
    return IN_STYLE.findall(text)


def main(site: Path) -> int:
    """Prints what is loaded from outside; returns the exit code."""
    files = [path for path in sorted(site.rglob("*")) if path.suffix in (".html", ".css", ".svg")]
    found = [f"{path.relative_to(site)}: {own}" for path in files for own in loaded_by(path)]
    print(*found, f"{len(files)} files, {len(found)} load from outside", sep="\n")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
