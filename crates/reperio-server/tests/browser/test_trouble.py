"""What goes wrong in a laboratory: wrong files, a full queue, lost connections, hostile names."""

import gzip
import json
import re
import subprocess
from pathlib import Path

from playwright.sync_api import Route, expect

from conftest import MODEL, REPERIO, TINY, Desk, Server

SIM01 = TINY / "sim01.tsv.gz"
SIM02 = TINY / "sim02.tsv.gz"


def test_a_wrong_file_shows_the_text_of_the_command_line(
    desk: Desk, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "wrong.tsv").write_text("a\tb\n1\t2\n")
    desk.open(server).score(tmp_path / "wrong.tsv")
    error = desk.card("wrong.tsv").locator(".error")
    expect(error).to_contain_text("expected those of a known format")
    command = [REPERIO, "score", "--model", MODEL, "wrong.tsv", "--out", "out.tsv"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stderr
    assert error.inner_text() in told
    expect(desk.rows()).to_have_count(0)


def test_a_failed_job_is_tried_again(desk: Desk, server: Server, tmp_path: Path) -> None:
    (tmp_path / "wrong.tsv").write_text("a\tb\n1\t2\n")
    desk.open(server).score(tmp_path / "wrong.tsv")
    desk.card("wrong.tsv").get_by_role("button", name="Retry").click()
    expect(desk.card("wrong.tsv").filter(has_text="failed")).to_have_count(2)
    assert len(server.jobs()) == 2


def test_a_name_that_the_server_refuses_shows_why(desk: Desk, server: Server) -> None:
    desk.open(server).score({"name": "a;b.tsv", "mimeType": "text/plain", "buffer": b"x"})
    card = desk.card("a;b.tsv")
    expect(card.locator(".state")).to_have_text("not sent")
    expect(card.locator(".error")).to_contain_text("a;b.tsv")
    card.get_by_role("button", name="Dismiss").click()
    expect(card).to_have_count(0)


def test_a_full_queue_is_waited_for(desk: Desk, make_server, large: Path) -> None:
    server = make_server("--queue", 1, "--workers", 1)
    server.start()
    desk.open(server).score(large)
    expect(desk.card("large.tsv").locator(".state")).to_have_text("running")
    desk.score(SIM01, SIM02)
    card = desk.card("sim02.tsv.gz")
    expect(card.locator(".note")).to_have_text(re.compile(r"^Trying again in \d+ s$"))
    expect(card.locator(".error")).to_contain_text("the queue is full")
    expect(card.get_by_role("button", name="Try now")).to_be_visible()
    for _ in range(100):
        if card.locator(".state").inner_text() == "done":
            break
        if (button := card.get_by_role("button", name="Try now")).is_visible():
            button.click()
        desk.page.wait_for_timeout(200)
    expect(desk.rows()).to_have_count(3)
    assert len(server.jobs()) == 3


def test_a_wait_ends_by_itself_and_makes_one_job(desk: Desk, server: Server) -> None:
    keys: list[str] = []

    def full(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            route.continue_()
            return
        told = {"title": "Too Many Requests", "status": 429, "detail": "full <b>for now</b>"}
        route.fulfill(
            status=429,
            content_type="application/problem+json",
            headers={"Retry-After": "2"},
            body=json.dumps(told),
        )

    desk.page.route("**/v1/explain*", full)
    desk.open(server).score(SIM01)
    expect(desk.card("sim01.tsv.gz").locator(".error")).to_have_text("full <b>for now</b>")
    expect(desk.rows()).to_have_count(1)
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert len(server.jobs()) == 1


def test_an_answer_that_was_lost_makes_no_second_job(desk: Desk, server: Server) -> None:
    answers: list[dict] = []
    browser = desk.page.context.new_cdp_session(desk.page)

    def lose(paused: dict) -> None:
        answers.append(paused["request"]["headers"])
        how = {"requestId": paused["requestId"]}
        if len(answers) == 1:
            browser.send("Fetch.failRequest", {**how, "errorReason": "ConnectionReset"})
        else:
            browser.send("Fetch.continueRequest", how)

    browser.on("Fetch.requestPaused", lose)
    browser.send(
        "Fetch.enable", {"patterns": [{"urlPattern": "*/v1/explain*", "requestStage": "Response"}]}
    )
    desk.open(server).score(SIM01)
    expect(desk.rows()).to_have_count(1)
    expect(desk.page.locator("#jobs > li")).to_have_count(1)
    assert len(answers) == 2
    assert answers[0]["Idempotency-Key"] == answers[1]["Idempotency-Key"]
    assert len(server.jobs()) == 1


def test_a_job_survives_a_reload_of_the_page(desk: Desk, server: Server, large: Path) -> None:
    desk.open(server).score(large)
    expect(desk.card("large.tsv").locator(".state")).to_have_text("running")
    desk.page.reload()
    expect(desk.card("large.tsv").locator(".state")).to_have_text(re.compile("running|done"))
    expect(desk.rows()).to_have_count(1)
    assert desk.column("Repertoire") == ["large"]
    assert len(server.jobs()) == 1


def test_a_running_job_is_cancelled(desk: Desk, server: Server, large: Path) -> None:
    desk.open(server).score(large)
    expect(desk.card("large.tsv").locator(".state")).to_have_text("running")
    desk.card("large.tsv").get_by_role("button", name="Cancel").click()
    expect(desk.card("large.tsv").locator(".state")).to_have_text("cancelled")
    expect(desk.rows()).to_have_count(0)


def test_an_upload_is_cancelled(desk: Desk, server: Server) -> None:
    held: list[Route] = []
    desk.page.route("**/v1/explain*", lambda route: held.append(route))
    desk.open(server).score(SIM01, SIM02)
    desk.card("sim01.tsv.gz").get_by_role("button", name="Cancel").click()
    desk.card("sim02.tsv.gz").get_by_role("button", name="Cancel").click()
    for name in ("sim01.tsv.gz", "sim02.tsv.gz"):
        expect(desk.card(name).locator(".state")).to_have_text("cancelled")
    desk.page.unroute("**/v1/explain*")
    desk.card("sim02.tsv.gz").get_by_role("button", name="Retry").click()
    expect(desk.rows()).to_have_count(1)
    assert desk.column("Repertoire") == ["sim02"]


def test_a_server_that_is_away_is_waited_for(desk: Desk, server: Server) -> None:
    desk.open(server).score(SIM01)
    expect(desk.rows()).to_have_count(1)
    server.stop()
    desk.score(SIM02)
    expect(desk.page.locator("#offline")).to_contain_text("cannot be reached")
    expect(desk.rows()).to_have_count(1)
    server.start()
    expect(desk.page.locator("#offline")).to_be_hidden()
    expect(desk.rows()).to_have_count(2)
    assert len(server.jobs()) == 2


def test_a_hostile_name_stays_text(desk: Desk, server: Server, tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    text = gzip.decompress(SIM01.read_bytes()).decode()
    header, *rows = text.rstrip("\n").split("\n")
    lines = [f"repertoire_id\t{header}", *(f"{hostile}\t{row}" for row in rows)]
    (tmp_path / "table.tsv").write_text("\n".join(lines) + "\n")
    dialogs: list[str] = []
    desk.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    desk.open(server).page.get_by_text("A table is not recognised").click()
    desk.page.get_by_label("Column of the repertoire").fill("repertoire_id")
    desk.score(tmp_path / "table.tsv")
    expect(desk.rows()).to_have_count(1)
    assert desk.column("Repertoire") == [hostile]
    with desk.page.expect_popup() as popup:
        desk.page.get_by_role("link", name=hostile).click()
    expect(popup.value.get_by_role("heading", level=1)).to_contain_text(hostile)
    # The name of a file reaches the page before the server refuses it.
    desk.score({"name": f"{hostile}.tsv", "mimeType": "text/plain", "buffer": b"x"})
    expect(desk.card(f"{hostile}.tsv").locator(".state")).to_have_text("not sent")
    assert desk.page.locator("img").count() == 0
    assert popup.value.locator("img").count() == 0
    assert dialogs == []
