"""What the tests share. They run against the installed package, never the source tree."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from typing import Any

import pytest
import reperio

REPOSITORY = pathlib.Path(__file__).parents[3]
TINY = REPOSITORY / "datasets" / "tiny"

Program = Callable[..., dict[str, Any]]


def pytest_sessionstart() -> None:
    """Refuse to test the source tree."""
    package = pathlib.Path(reperio.__file__ or "")
    if "site-packages" not in package.parts:
        pytest.exit(f"reperio is {package}, expected the installed package", returncode=2)


def command(name: str = "reperio") -> str:
    """The program that the package installed."""
    return os.path.join(sysconfig.get_path("scripts"), name)


@pytest.fixture(scope="session")
def program() -> Program:
    """Run ``reperio`` as a process of its own and return what ``--json`` prints."""

    def run(*arguments: object) -> dict[str, Any]:
        argv = [command(), *map(str, arguments), "--json"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        printed: dict[str, Any] = json.loads(done.stdout)
        return printed

    return run


@pytest.fixture(scope="session")
def tiny() -> reperio.Cohort:
    """60 repertoires of 30 subjects; the positive ones carry WNDR or KP-HV."""
    return reperio.read(TINY / "repertoires", metadata=TINY / "metadata.tsv", progress=False)


@pytest.fixture(scope="session")
def model(tiny: reperio.Cohort) -> reperio.Model:
    """A quick model of ``tiny``."""
    return reperio.train(tiny, target="label", parts=["kmers", "genes"], progress=False)


def python(script: str, *arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run a script in a new interpreter, away from the source tree."""
    argv = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/", **more)
