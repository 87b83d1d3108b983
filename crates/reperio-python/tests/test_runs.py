"""Interrupts, threads, progress, logs and faults."""

from __future__ import annotations

import logging
import pathlib
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import reperio
from conftest import TINY, command
from reperio import _reperio

# Long enough to be interrupted: the network alone, never stopping early.
SLOW: dict[str, Any] = {
    "target": "label",
    "parts": "network",
    "epochs": 40,
    "config": {"training": {"patience": 40}, "discovery": {"motifs": False}},
}

SCRIPT = """
import sys, reperio
def progress(task, done, total, unit):
    if done:
        print(task, done, flush=True)
try:
    reperio.train(
        sys.argv[1] + "/repertoires", metadata=sys.argv[1] + "/metadata.tsv", out=sys.argv[2],
        target="label", parts="network", epochs=40, progress=progress,
        config={"training": {"patience": 40}, "discovery": {"motifs": False}},
    )
except KeyboardInterrupt as error:
    print("interrupted:", error, flush=True)
    sys.exit(130)
"""


def train(tiny: reperio.Cohort, out: pathlib.Path, **more: Any) -> bytes:
    """Train slowly and return the model's bytes."""
    model = reperio.train(tiny, out=out, **{"progress": False, **SLOW, **more})
    return (model.folder / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tiny: reperio.Cohort, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The model that nothing interrupts."""
    return train(tiny, tmp_path_factory.mktemp("undisturbed") / "run")


def test_ctrl_c_leaves_a_run_that_goes_on_to_the_same_bytes(
    tiny: reperio.Cohort, tmp_path: pathlib.Path, undisturbed: bytes
) -> None:
    run = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(TINY), str(run)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert first
    assert process.wait(60) == 130, rest
    assert "interrupted:" in rest
    assert "resume" in rest
    assert not (run / "model.safetensors").exists()
    data = TINY / "repertoires"
    model = reperio.train(
        data, metadata=TINY / "metadata.tsv", out=run, resume=True, progress=False, **SLOW
    )
    assert (model.folder / "model.safetensors").read_bytes() == undisturbed


def test_ctrl_c_ends_the_command_as_it_ends_the_program(tmp_path: pathlib.Path) -> None:
    run = tmp_path / "run"
    words = ["train", "--cohort", TINY / "repertoires", "--metadata", TINY / "metadata.tsv"]
    words += ["--target", "label", "--parts", "network", "--epochs", "400", "--out", run]
    process = subprocess.Popen(
        [command(), *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while not (run / "config.toml").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "error: interrupted; " in said
    assert "Traceback" not in said


def test_an_exception_of_progress_stops_the_command_and_is_raised(
    tiny: reperio.Cohort, tmp_path: pathlib.Path, undisturbed: bytes
) -> None:
    class EnoughError(Exception):
        pass

    calls = []

    def progress(task: str, done: int, total: int, unit: str) -> None:
        calls.append((task, done, total, unit))
        assert 0 <= done <= total
        if len(calls) == 3:
            raise EnoughError("seen enough")

    with pytest.raises(EnoughError, match="seen enough"):
        train(tiny, tmp_path / "run", progress=progress)
    assert len(calls) == 3
    assert train(tiny, tmp_path / "run", resume=True) == undisturbed


def test_two_trainings_in_two_threads_are_as_alone(
    tiny: reperio.Cohort, tmp_path: pathlib.Path, undisturbed: bytes
) -> None:
    def run(seed: int) -> bytes:
        return train(tiny, tmp_path / f"run{seed}", seed=seed, threads=1 + seed)

    with ThreadPoolExecutor(2) as pool:
        models = list(pool.map(run, [0, 1]))
    assert models[0] == undisturbed
    assert models[1] == train(tiny, tmp_path / "alone", seed=1)
    assert models[1] != models[0]


def test_other_threads_run_meanwhile(tiny: reperio.Cohort, tmp_path: pathlib.Path) -> None:
    done = threading.Event()
    ticks = 0

    def count() -> None:
        nonlocal ticks
        while not done.wait(0.005):
            ticks += 1

    counter = threading.Thread(target=count)
    counter.start()
    try:
        train(tiny, tmp_path / "run")
    finally:
        done.set()
        counter.join()
    assert ticks > 5


def test_progress_is_told_in_the_calling_thread(
    tiny: reperio.Cohort, tmp_path: pathlib.Path
) -> None:
    threads = set()
    tasks: dict[str, int] = {}

    def progress(task: str, done: int, total: int, unit: str) -> None:
        threads.add(threading.get_ident())
        assert tasks.get(task, 0) <= done <= total
        tasks[task] = done

    train(tiny, tmp_path / "run", progress=progress)
    assert threads == {threading.get_ident()}
    assert tasks


def test_warnings_go_to_the_logger(tiny: reperio.Cohort, caplog: pytest.LogCaptureFixture) -> None:
    noise = tiny.with_metadata(
        {"noise": ["a", "b", "b", "a"] * 15, "same": ["a", "b", "b", "a"] * 15}
    )
    with caplog.at_level(logging.WARNING, logger="reperio"):
        reperio.evaluate(noise, target="noise", parts="genes", progress=False)
    assert any("same" in record.getMessage() for record in caplog.records)
    assert {record.name for record in caplog.records} == {"reperio"}


def test_a_panic_is_an_error() -> None:
    with pytest.raises(reperio.ReperioError, match=r"^internal error: "):
        _reperio._panic()
    assert reperio.devices()[0]["device"] == "cpu"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target": "absent"}, "absent"),
        ({"epoch": 3}, "`train` takes no option `epoch`, expected one of .*epochs"),
        ({"epochs": "3"}, "`epochs` is '3', expected a whole number"),
        ({"epochs": True}, "`epochs` is True, expected a whole number"),
        ({"use_depth": 1}, "`use_depth` is 1, expected True or False"),
        ({"threads": 0}, "`threads` is 0, expected a number from 1"),
        ({"seed": -1}, "-1"),
        ({"config": {"training": {"epocs": 3}}}, "epocs"),
        ({"config": {"training": {"epochs": object()}}}, "`config`: training.epochs is"),
        ({"parts": "kmer"}, "kmer"),
    ],
)
def test_wrong_options_are_errors(tiny: reperio.Cohort, options: dict[str, Any], said: str) -> None:
    with pytest.raises(reperio.ReperioError, match=said):
        reperio.train(tiny, **{"target": "label", "progress": False, **options})


def test_errors_are_those_of_the_command_line(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "broken.tsv"
    path.write_text("junction_aa\tv_call\nCASSLGF\tTRBV9\tmore\n")
    said = subprocess.run(
        [command(), "describe", path], capture_output=True, text=True, check=False
    )
    with pytest.raises(reperio.ReperioError) as raised:
        reperio.describe(path, progress=False)
    assert said.stderr.strip() == f"error: {raised.value}"
