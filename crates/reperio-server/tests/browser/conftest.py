"""A server and a browser for each test.

Whatever a test does, nothing may reach the console and no request may leave the server.
"""

import json
import os
import random
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[4]
MODEL = ROOT / "models/demo.safetensors"
TINY = ROOT / "datasets/tiny/repertoires"
REPERIO = os.environ.get("REPERIO", str(ROOT / "target/release/reperio"))
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# Far more than anything takes: a machine of CI may be busy.
TIMEOUT_MS = 30_000
expect.set_options(timeout=TIMEOUT_MS)

# The browser notes every answer from 400 on by itself.
OF_THE_BROWSER = "Failed to load resource"


def reperio(*arguments: object) -> str:
    """What the program prints."""
    done = subprocess.run(
        [REPERIO, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass
class Server:
    """`reperio serve` with the demo's model."""

    folder: Path
    options: tuple[object, ...] = ()
    port: int = 0
    program: subprocess.Popen | None = None
    tokens: Path | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        models = self.folder / "models"
        models.mkdir(exist_ok=True)
        if not any(models.iterdir()):
            shutil.copy(MODEL, models)
        if self.port == 0:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        tokens = ("--tokens", self.tokens) if self.tokens else ()
        options = (
            "--models",
            models,
            "--data",
            self.folder / "data",
            "--address",
            f"127.0.0.1:{self.port}",
        )
        command = [REPERIO, "serve", *options, *tokens, *self.options]
        log = (self.folder / "log").open("ab")
        self.program = subprocess.Popen([*map(str, command)], stdout=log, stderr=log)
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=5).close()
                return
            except (urllib.error.URLError, ConnectionError):
                assert self.program.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)
        raise AssertionError("the server does not answer")

    def stop(self) -> None:
        if self.program:
            self.program.terminate()
            self.program.wait(timeout=30)
            self.program = None

    def token(self, name: str) -> str:
        """A new token, the only one; a server that runs has noticed it."""
        self.tokens = self.folder / "tokens.toml"
        new = self.folder / "new.toml"
        words = reperio("token", name, "--role", "score", "--tokens", new).split()
        new.replace(self.tokens)
        token = next(word for word in words if word.startswith("rpr_"))
        if self.program:
            self.wait_for(token, 200)
        return token

    def expire(self, token: str) -> None:
        """Makes all tokens end long ago; the server has noticed it."""
        lines = [
            line for line in self.tokens.read_text().splitlines() if not line.startswith("expires")
        ]
        ends = [f"{line}\nexpires = 1" if line.startswith("role") else line for line in lines]
        self.tokens.write_text("\n".join(ends) + "\n")
        self.wait_for(token, 401)

    def wait_for(self, token: str, status: int) -> None:
        """Waits until the server, which looks at its tokens every second, answers this token so."""
        request = urllib.request.Request(
            f"{self.url}/v1/models", headers={"Authorization": f"Bearer {token}"}
        )
        for _ in range(9):
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    found = answer.status
            except urllib.error.HTTPError as error:
                found = error.code
            if found == status:
                return
            time.sleep(0.5)
        raise AssertionError(f"the server answers {found}")

    def jobs(self) -> list[dict]:
        with urllib.request.urlopen(f"{self.url}/v1/jobs", timeout=10) as answer:
            return json.load(answer)["jobs"]


@pytest.fixture
def make_server(tmp_path: Path):
    made: list[Server] = []

    def make(*options: object) -> Server:
        folder = tmp_path / f"server{len(made)}"
        folder.mkdir()
        made.append(Server(folder, options))
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def server(make_server) -> Server:
    started = make_server()
    started.start()
    return started


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        # Nothing reaches the network, not what the browser asks for itself either.
        options = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@dataclass
class Desk:
    """The page as a technician uses it."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, server: Server) -> "Desk":
        self.page.goto(server.url)
        return self

    def choose(self, *files: Path | dict) -> None:
        self.page.locator("#files").set_input_files(list(files))

    def press_score(self) -> None:
        self.page.locator("#form").get_by_role("button", name="Score", exact=True).click()

    def score(self, *files: Path | dict) -> None:
        self.choose(*files)
        self.press_score()

    def card(self, name: str):
        """The entry of the queue with this file."""
        return self.page.locator("#jobs > li").filter(
            has=self.page.get_by_role("heading", name=name, exact=True)
        )

    def rows(self):
        return self.page.locator("#rows tr")

    def column(self, title: str) -> list[str]:
        """The fields of a column, as they are shown."""
        titles = self.page.locator("#heads th").all_inner_texts()
        place = [text.split("\n")[0].strip(" ▲▼") for text in titles].index(title) + 1
        return self.page.locator(f"#rows tr > :nth-child({place})").all_inner_texts()

    def fits(self) -> bool:
        return self.page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )


def watch(desk: Desk, page: Page) -> None:
    page.on("console", lambda said: desk.console.append(said.text))
    page.on("pageerror", lambda error: desk.console.append(str(error)))
    page.on("request", lambda request: desk.requests.append(request.url))
    page.set_default_timeout(TIMEOUT_MS)


@pytest.fixture
def context(chromium: Browser):
    made = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    yield made
    made.close()


@pytest.fixture
def desk(context: BrowserContext):
    page = context.new_page()
    own = Desk(page)
    watch(own, page)
    yield own
    assert [text for text in own.console if not text.startswith(OF_THE_BROWSER)] == []
    outside = [
        url for url in own.requests if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))
    ]
    assert outside == []


@pytest.fixture(scope="session")
def three_targets(tmp_path_factory) -> Path:
    """A model of two classes, of three, and of a number."""
    chance = random.Random(15)
    folder = tmp_path_factory.mktemp("three")
    header, *rows = (ROOT / "datasets/tiny/metadata.tsv").read_text().splitlines()
    lines = [f"{header}\tstage\tage"]
    lines += [
        f"{row}\t{chance.choice(['early', 'late', 'none'])}\t{chance.uniform(20, 70):.1f}"
        for row in rows
    ]
    (folder / "metadata.tsv").write_text("\n".join(lines) + "\n")
    targets = ("--target", "label", "--target", "stage", "--target", "age")
    options = ("--metadata", folder / "metadata.tsv", "--parts", "kmers", "--out", folder / "run")
    reperio("train", "--cohort", TINY, *targets, *options)
    return folder / "run"


@pytest.fixture(scope="session")
def large(tmp_path_factory) -> Path:
    """A table that takes the program some seconds to explain."""
    chance = random.Random(15)
    path = tmp_path_factory.mktemp("large") / "large.tsv"
    with path.open("w") as file:
        file.write("junction_aa\tv_call\tj_call\tduplicate_count\n")
        for _ in range(80_000):
            middle = "".join(chance.choices("ACDEFGHIKLMNPQRSTVWY", k=chance.randint(4, 10)))
            v, j = chance.choice([2, 9, 19, 28]), chance.randint(1, 7)
            file.write(f"CASS{middle}F\tTRBV{v}\tTRBJ2-{j}\t1\n")
    return path


@pytest.fixture(scope="session")
def shots() -> Path | None:
    """Where screenshots go, if somebody wants to see them."""
    folder = os.environ.get("REPERIO_SHOTS")
    if folder is None:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)
