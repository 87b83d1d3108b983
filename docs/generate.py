"""Writes the pages of the site into a folder: generate.py OUT

The sources are pages/ and tutorials/, parts of the READMEs that pages include, and the installed package: its help
becomes the reference, and every command on a page is run on a small simulated cohort, so a page that no longer fits the
program is an error.
"""

import shutil
import sys
import time
from pathlib import Path

from staging import command_line, font, include, run, tutorials
from staging.mathematics import with_mathematics

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent


def main(out: Path) -> None:
    out.mkdir(parents=True)
    shutil.copytree(DOCS / "pages" / "assets", out / "assets")
    shutil.copy(ROOT / "crates/reperio-report/pictures/patient.png", out / "assets")
    examples = run.Examples()
    for source in sorted((DOCS / "pages").rglob("*.md")):
        name = source.relative_to(DOCS / "pages")
        started = time.monotonic()
        text = include.with_included(source.read_text(encoding="utf-8"), ROOT, name)
        text = examples.with_output(with_mathematics(text), name)
        write(out / name, text)
        say(str(name), started)
    font.write(out, out / "assets/formulas.woff2")
    started = time.monotonic()
    write(out / "reference/command-line.md", command_line.page())
    say("reference/command-line.md", started)
    for source in sorted((DOCS / "tutorials").glob("*.md")):
        started = time.monotonic()
        tutorials.render(source, out / "tutorials")
        say(f"tutorials/{source.name}", started)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def say(name: str, started: float) -> None:
    print(f"{time.monotonic() - started:6.1f} s  {name}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
