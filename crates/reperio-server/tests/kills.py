#!/usr/bin/env python3
"""Kills a server at random moments while clients send it jobs, and checks that nothing is lost, doubled or changed.

    REPERIO=target/release/reperio REPERIO_KILLS=100 python3 crates/reperio-server/tests/kills.py

Needs nothing but Python. Skipped with a line where REPERIO is not set. Clients mark each job with an Idempotency-Key and try
again until it is answered. In the end every key has one job, accepted once and done once by the audit log, with the scores
of `reperio score`; the log's chain of hashes holds, SQLite finds its file sound, and no upload is left over.
"""

import gzip
import hashlib
import json
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MODEL = ROOT / "models/demo.safetensors"
TINY = ROOT / "datasets/tiny/repertoires"
CLIENTS = 4
SEED = 20261128
LINE = re.compile(r'^(?P<content>\{.*),"hash":"(?P<hash>[0-9a-f]{64})"\}$')


class Server:
    """The program, started and killed."""

    def __init__(self, program: str, folder: Path):
        self.arguments = [program, "serve", "--models", folder / "models", "--data", folder / "data", "--workers", "2"]
        self.log = (folder / "log").open("w+")
        self.port = 0
        self.process = None

    def start(self, wait: bool) -> None:
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        address = ["--address", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(self.arguments + address, stdout=self.log, stderr=self.log)
        for _ in range(1000 if wait else 0):
            try:
                self.get("/healthz")
                return
            except OSError:
                time.sleep(0.01)

    def end(self, how: int) -> int:
        self.process.send_signal(how)
        return self.process.wait()

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            return answer.read()

    def post(self, name: str, key: str, wait: str) -> tuple[int, str]:
        """Status and job of a request; status 0 if the connection broke."""
        url = f"http://127.0.0.1:{self.port}/v1/score?model=demo&name={name}.tsv.gz"
        headers = {"Idempotency-Key": key, "Prefer": wait, "Content-Type": "application/gzip"}
        request = urllib.request.Request(url, INPUTS[name], headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                body = answer.read()
                return answer.status, answer.headers["Reperio-Job"] or json.loads(body)["id"]
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except (OSError, ValueError, urllib.error.URLError, EOFError, Exception) as error:
            if isinstance(error, (AssertionError, KeyboardInterrupt)):
                raise
            return 0, repr(error)


INPUTS: dict[str, bytes] = {}
EXPECTED: dict[str, bytes] = {}


def make_inputs(program: str, folder: Path) -> None:
    """Repertoires of several sizes, and their scores."""
    rows, dice = [], random.Random(SEED)
    for path in sorted(TINY.glob("*.tsv.gz")):
        head, *own = gzip.decompress(path.read_bytes()).decode().splitlines()
        rows += own
    for number, size in enumerate([20, 80, 300, 1000, 1500]):
        name = f"patient{number}"
        text = "\n".join([head, *dice.sample(rows, min(size, len(rows)))]) + "\n"
        INPUTS[name] = gzip.compress(text.encode(), mtime=0)
        path, out = folder / f"{name}.tsv.gz", folder / f"{name}.scores.tsv"
        path.write_bytes(INPUTS[name])
        score = [program, "score", "--model", MODEL, "--out", out, "--no-report", path]
        subprocess.run(score, check=True, capture_output=True)
        EXPECTED[name] = out.read_bytes()


def client(server: Server, number: int, stop: threading.Event, jobs: dict, strange: list) -> None:
    dice, count = random.Random(SEED + number), 0
    while not stop.is_set():
        count += 1
        key, name = f"client {number} job {count}", dice.choice(sorted(INPUTS))
        wait = dice.choice(["respond-async", "wait=1"])
        while True:
            status, text = server.post(name, key, wait)
            if status in (200, 202):
                jobs[key] = (text, name)
                break
            if status not in (0, 429, 503):
                strange.append((key, status, text))
                break
            time.sleep(0.02)
        if wait == "respond-async":
            time.sleep(dice.uniform(0, 0.2))


def kill_often(server: Server, kills: int) -> tuple[dict, list]:
    """Which job each key got, and answers that should not be."""
    stop, jobs, strange, dice = threading.Event(), {}, [], random.Random(SEED)
    server.start(wait=True)
    threads = [
        threading.Thread(target=client, args=(server, number, stop, jobs, strange)) for number in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for _ in range(kills):
        time.sleep(dice.uniform(0.05, 0.8))
        server.end(signal.SIGKILL)
        server.start(wait=False)
    stop.set()
    for thread in threads:
        thread.join()
    return jobs, strange


def wait_for(server: Server, ids: list[str]) -> dict[str, dict]:
    """All jobs once they have ended."""
    ended = {}
    for own in ids:
        for _ in range(6000):
            ended[own] = json.loads(server.get(f"/v1/jobs/{own}"))
            if ended[own]["state"] not in ("queued", "running"):
                break
            time.sleep(0.02)
    return ended


def check_log(lines: list[str], ids: set[str]) -> None:
    previous, actions = "0" * 64, {}
    for line in lines:
        match = LINE.match(line)
        digest = hashlib.sha256(f"{previous}\n{match['content']}}}".encode()).hexdigest()
        assert digest == match["hash"], f"the chain of hashes is broken at {line}"
        previous, event = digest, json.loads(line)
        if event["action"] in ("accepted", "done", "failed", "cancelled"):
            actions.setdefault(event["job"], []).append(event["action"])
    assert set(actions) == ids, f"jobs that no client knows: {set(actions) - ids}, lost: {ids - set(actions)}"
    wrong = {own: did for own, did in actions.items() if did != ["accepted", "done"]}
    assert not wrong, f"not accepted once and done once: {wrong}"


def check_folder(data: Path, ids: set[str]) -> None:
    with sqlite3.connect(data / "store.sqlite") as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert {own for own, in store.execute("SELECT id FROM jobs")} == ids
    assert not list((data / "incoming").iterdir()), "an upload is left over"
    folders = {path.name for path in (data / "jobs").iterdir()}
    assert folders == ids, f"folders: {folders ^ ids}"
    left = list((data / "jobs").glob("*/input"))
    assert not left, f"uploads of {len(left)} jobs that ended are kept"


def main() -> None:
    program, kills = os.environ.get("REPERIO"), int(os.environ.get("REPERIO_KILLS", "10"))
    if not program:
        print("skipped: REPERIO does not name the program")
        return
    with tempfile.TemporaryDirectory(prefix="reperio-kills-") as name:
        folder = Path(name)
        (folder / "models").mkdir()
        (folder / "models/demo.safetensors").write_bytes(MODEL.read_bytes())
        make_inputs(program, folder)
        server = Server(program, folder)
        jobs, strange = kill_often(server, kills)
        ids = {own for own, _ in jobs.values()}
        try:
            ended = wait_for(server, sorted(ids))
            states = [job["state"] for job in ended.values()]
            counts = {state: states.count(state) for state in sorted(set(states))}
            print(f"{kills} kills, {len(jobs)} keys, {len(ids)} jobs: {counts}; strange answers: {strange}")
            wrong = [own for own, name in jobs.values() if server.get(f"/v1/jobs/{own}/result?as=tsv") != EXPECTED[name]]
            lines = server.get("/v1/audit").decode().splitlines()
        finally:
            server.end(signal.SIGKILL)
        assert not strange, strange
        assert len(ids) == len(jobs), "two keys have one job"
        assert not wrong, f"other scores: {wrong}"
        check_log(lines, ids)
        server.start(wait=True)
        assert server.end(signal.SIGTERM) == 0
        check_folder(folder / "data", ids)
    print("every job was accepted once and done once, with the scores of the command line; the store is sound")


if __name__ == "__main__":
    sys.exit(main())
