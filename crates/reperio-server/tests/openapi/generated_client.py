"""See run.sh."""

import importlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from io import BytesIO
from pathlib import Path

from openapi_spec_validator import validate

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
MODEL = ROOT / "models/demo.safetensors"
FILES = sorted((ROOT / "datasets/tiny/repertoires").glob("*.tsv.gz"))[:2]


def start(folder: Path) -> tuple[subprocess.Popen, str]:
    """The server and its URL, once it answers."""
    (folder / "models").mkdir()
    (folder / "models/demo.safetensors").write_bytes(MODEL.read_bytes())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % free.getsockname()[1]
    arguments = ["serve", "--models", folder / "models", "--data", folder / "data", "--address", address]
    server = subprocess.Popen([os.environ["REPERIO"], *arguments])
    for _ in range(500):
        try:
            urllib.request.urlopen(f"http://{address}/healthz").close()
            break
        except OSError:
            time.sleep(0.02)
    return server, f"http://{address}"


def generate(url: str, folder: Path) -> None:
    """Checks the description and makes a client of it, without a warning."""
    with urllib.request.urlopen(f"{url}/v1/openapi.json") as answer:
        description = answer.read()
    validate(json.loads(description))
    path = folder / "openapi.json"
    path.write_bytes(description)
    arguments = ["--path", path, "--config", HERE / "generator.yaml", "--output-path", folder / "client", "--fail-on-warning"]
    subprocess.run(["openapi-python-client", "generate", *arguments], check=True)
    sys.path.insert(0, str(folder / "client"))


def by_command_line(folder: Path) -> bytes:
    out = folder / "scores.tsv"
    subprocess.run([os.environ["REPERIO"], "score", "--model", MODEL, "--out", out, *FILES], check=True, capture_output=True)
    return out.read_bytes()


def by_client(url: str, folder: Path) -> bytes:
    """The scores of the same files, by the client alone."""
    package = importlib.import_module("reperio_generated")
    types = importlib.import_module("reperio_generated.types")
    models = importlib.import_module("reperio_generated.models")
    call = {
        name: importlib.import_module(f"reperio_generated.api.{name}")
        for name in ("models.list_models", "jobs.score", "jobs.get_job", "jobs.get_file", "jobs.list_jobs")
    }
    client = package.Client(base_url=url, raise_on_unexpected_status=True)
    offered = call["models.list_models"].sync(client=client)
    assert [model.name for model in offered.models] == ["demo"], offered
    files = [types.File(BytesIO(path.read_bytes()), path.name, "application/gzip") for path in FILES]
    body = models.ScoreBody(file=files)
    job = call["jobs.score"].sync(client=client, body=body, model="demo", prefer="respond-async")
    for _ in range(1000):
        job = call["jobs.get_job"].sync(job.id, client=client)
        if job.state not in ("queued", "running"):
            break
        time.sleep(0.02)
    assert job.state == "done", job
    listed = call["jobs.list_jobs"].sync(client=client).jobs
    assert [own.id for own in listed] == [job.id], listed
    wrong = call["jobs.score"].sync(client=client, body=models.ScoreBody(file=[]), model="none")
    assert wrong.status == 404 and "none" in wrong.detail, wrong
    result = call["jobs.score"].sync(client=client, body=models.ScoreBody(file=files), model="demo") if rewind(files) else None
    assert "repertoires" in result, result
    return call["jobs.get_file"].sync(job.id, "scores.tsv", client=client).payload.read()


def rewind(files: list) -> bool:
    for file in files:
        file.payload.seek(0)
    return True


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="reperio-openapi-") as name:
        folder = Path(name)
        expected = by_command_line(folder)
        server, url = start(folder)
        try:
            generate(url, folder)
            found = by_client(url, folder)
        finally:
            server.terminate()
            server.wait()
        assert found == expected, f"{found}\nexpected\n{expected}"
    print("the description is valid, and the generated client scores as the command line does")


main()
