"""Runs the commands that stand on pages.

Blocks of `sh` and `python` are run one after another, those of a page in one folder and, for Python, in one process; the two
languages have folders of their own, so that a reader of either needs nothing of the other. Blocks of `console` are run and
shown with their output. `norun` behind the language leaves a block as it is. `background` behind `sh` leaves its command, a server, running
until the page ends, from the first line that it prints. A command that fails is an error.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import cohort

BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>sh|console|python)(?P<how> norun| background)?\n(?P<body>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
LIMIT = 300


class Failed(Exception):
    """A command of a page failed."""


class Examples:
    """The folder from which every page starts: exports and labels, made once."""

    def __init__(self) -> None:
        self._made = tempfile.TemporaryDirectory(prefix="reperio-docs-")
        self._start = Path(self._made.name) / "start"
        cohort.make(self._start)

    def with_output(self, text: str, page: Path) -> str:
        """`text` with the output of its commands."""
        with tempfile.TemporaryDirectory(prefix="reperio-page-") as folder:
            python: list[str] = []
            servers = contextlib.ExitStack()

            def block(found: re.Match[str]) -> str:
                indent, language = found["indent"], found["language"]
                fence = f"{indent}```{language}\n"
                if found["how"] == " norun":
                    return f"{fence}{found['body']}{indent}```"
                body = "".join(line[len(indent) :] or "\n" for line in found["body"].splitlines(keepends=True))
                if language == "python":
                    python.append(body)
                    return f"{fence}{found['body']}{indent}```"
                here = self._folder(Path(folder) / "sh")
                shown = found["body"]
                if found["how"] == " background":
                    servers.enter_context(_running(body, here, page))
                elif language == "console":
                    lines = _console(body, here, page)
                    shown = "".join(f"{indent}{line}\n" if line else "\n" for line in lines)
                else:
                    _shell(body, here, page)
                return f"{fence}{shown}{indent}```"

            with servers:
                text = BLOCK.sub(block, text)
                if python:
                    here = self._folder(Path(folder) / "python")
                    _checked([sys.executable, "-c", "\n".join(python)], here, page)
        return text

    def _folder(self, folder: Path) -> Path:
        if not folder.exists():
            shutil.copytree(self._start, folder)
        return folder


@contextlib.contextmanager
def _running(body: str, here: Path, page: Path) -> Iterator[None]:
    """Runs a command that prints a line once it can be used, and stops it in the end."""
    call = ["bash", "-eu", "-c", f"exec {body}"]
    with subprocess.Popen(call, cwd=here, env=_environment(), stdout=subprocess.PIPE, text=True) as server:
        try:
            if not server.stdout.readline():
                raise Failed(f"{page}: this ended with code {server.wait()}:\n{body}")
            yield
        finally:
            server.terminate()


def _shell(body: str, here: Path, page: Path) -> str:
    return _checked(["bash", "-eu", "-c", body], here, page)


def _console(body: str, here: Path, page: Path) -> list[str]:
    """Every command, which may go on behind a backslash, with what it prints."""
    shown = []
    for command in re.findall(r"^\$ (?:.*\\\n)*.*$", body, re.MULTILINE):
        shown.extend(command.splitlines())
        shown.extend(
            line.expandtabs(16) for line in _shell(command.removeprefix("$ "), here, page).rstrip().splitlines()
        )
    return shown


def _checked(call: list[str], here: Path, page: Path) -> str:
    done = subprocess.run(
        call,
        check=False,
        cwd=here,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
    )
    if done.returncode != 0:
        raise Failed(f"{page}: this failed with code {done.returncode}:\n{call[-1]}\n{done.stdout}")
    return done.stdout


def _environment() -> dict[str, str]:
    programs = Path(sys.executable).parent
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"}
