"""The package as a whole: start, types, the command, generated files."""

from __future__ import annotations

import importlib.util
import pathlib
import subprocess
import sys
import time

import pytest
import reperio
from conftest import command, python
from reperio import _reperio

HERE = pathlib.Path(__file__).parent


def best_seconds(argv: list[str]) -> float:
    """The shortest of five runs: what the work takes beside other work."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(argv, check=True, capture_output=True, cwd="/")
        times.append(time.perf_counter() - start)
    return min(times)


def test_importing_takes_less_than_three_tenths_of_a_second() -> None:
    assert best_seconds([sys.executable, "-c", "import reperio"]) < 0.3


def test_importing_loads_no_other_package() -> None:
    optional = ["numpy", "polars", "pandas", "pyarrow", "sklearn", "tqdm", "anndata", "scipy"]
    script = f"import sys, reperio; print([m for m in {optional!r} if m in sys.modules])"
    assert python(script).stdout.strip() == "[]"


def test_every_public_name_can_be_loaded() -> None:
    assert [name for name in reperio.__all__ if getattr(reperio, name, None) is None] == []
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        reperio.trian  # noqa: B018


def test_the_command_is_the_program() -> None:
    said = subprocess.run([command(), "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.split()[:2] == ["reperio", reperio.__version__]
    as_module = [sys.executable, "-m", "reperio", "train", "--help"]
    shown = subprocess.run(as_module, capture_output=True, text=True, check=True, cwd="/")
    assert shown.stdout.startswith("Train a classifier")


def test_the_command_exits_as_the_program_does() -> None:
    wrong = subprocess.run([command(), "train"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "required arguments" in wrong.stderr
    absent = subprocess.run(
        [command(), "describe", "/no/such/file"], capture_output=True, text=True, check=False
    )
    assert absent.returncode == 1
    assert absent.stderr.startswith("error: ")


def test_the_generated_options_are_current() -> None:
    spec = importlib.util.spec_from_file_location("generate", HERE.parent / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    committed = HERE.parent / "python" / "reperio" / "_options.py"
    assert generate.text() == committed.read_text(encoding="utf-8")


def test_every_command_is_a_function_or_belongs_to_the_terminal() -> None:
    functions = {c["name"].replace("-", "_") for c in _reperio.commands()}
    # `read` and `Cohort.write` import. `pretrain` may take hours, and writes what `train(base=...)`
    # takes. The others are about this machine, or run until stopped.
    of_the_terminal = {"import", "pretrain", "demo", "bench", "serve", "token", "help"}
    assert {n for n in functions if not hasattr(reperio, n)} <= of_the_terminal


@pytest.mark.parametrize("files", [["typical.py"], ["-p", "reperio"]], ids=["user", "package"])
def test_types_are_strict(files: list[str]) -> None:
    config = str(HERE.parent / "pyproject.toml")
    argv = [sys.executable, "-m", "mypy", "--strict", "--config-file", config, *files]
    checked = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=HERE)
    assert checked.returncode == 0, checked.stdout


def test_a_wrong_option_is_a_type_error_too(tmp_path: pathlib.Path) -> None:
    script = tmp_path / "wrong.py"
    script.write_text(
        "import reperio\n"
        "c = reperio.read('x', min_lenght=3)\n"
        "reperio.train(c, target='y', epochs='3')\n"
    )
    argv = [sys.executable, "-m", "mypy", "--strict", str(script)]
    checked = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert 'Unexpected keyword argument "min_lenght"' in checked.stdout
    assert 'Argument "epochs"' in checked.stdout
