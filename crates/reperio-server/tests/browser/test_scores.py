"""From a file to a score, and what a technician does with it."""

import csv
import gzip
import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from conftest import MODEL, TINY, Desk, Server, reperio

SIM01 = TINY / "sim01.tsv.gz"
THREE = [TINY / f"sim0{i}.tsv.gz" for i in (1, 2, 3)]


def command_line(folder: Path, *inputs: Path) -> tuple[Path, list[dict[str, str]]]:
    """The table that `reperio score` writes, and its rows."""
    out = folder / "expected.tsv"
    reperio("score", "--model", MODEL, *inputs, "--out", out, "--no-report")
    with out.open() as file:
        return out, list(csv.DictReader(file, delimiter="\t"))


def test_a_score_is_that_of_the_command_line(desk: Desk, server: Server, tmp_path: Path) -> None:
    desk.open(server)
    desk.page.get_by_label("Explain too").uncheck()
    desk.score(SIM01)
    expect(desk.rows()).to_have_count(1)
    table, [expected] = command_line(tmp_path, SIM01)
    assert desk.page.locator("#rows data").get_attribute("value") == expected["probability"]
    assert desk.column("Repertoire") == [expected["repertoire_id"]]
    assert desk.column("Class") == [expected["class"]]
    assert desk.column("Prediction set") == [expected["prediction_set"]]
    assert desk.column("Clonotypes") == [expected["clonotypes"]]
    assert desk.column("Warnings") == [expected["warnings"]]
    with desk.page.expect_download() as download:
        desk.card("sim01.tsv.gz").get_by_role("link", name="TSV").click()
    assert download.value.suggested_filename == "sim01-scores.tsv"
    assert download.value.path().read_bytes() == table.read_bytes()


def test_an_explanation_has_the_same_scores(desk: Desk, server: Server, tmp_path: Path) -> None:
    desk.open(server).page.get_by_label("One job per file").uncheck()
    desk.score(*THREE)
    expect(desk.rows()).to_have_count(3)
    _, expected = command_line(tmp_path, *THREE)
    shown = [own.get_attribute("value") for own in desk.page.locator("#rows data").all()]
    assert shown == [row["probability"] for row in expected]
    assert desk.column("Prediction set") == [row["prediction_set"] for row in expected]
    assert [job["kind"] for job in server.jobs()] == ["explain"]


def test_a_row_opens_the_page_of_its_repertoire(desk: Desk, server: Server) -> None:
    desk.open(server).page.get_by_label("One job per file").uncheck()
    desk.score(*THREE)
    expect(desk.rows()).to_have_count(3)
    with desk.page.expect_popup() as popup:
        desk.rows().nth(1).locator("td").nth(2).click()
    patient = popup.value
    expect(patient.get_by_role("heading", level=1)).to_contain_text("sim02")
    expect(patient.locator("svg").first).to_be_visible()
    assert "/repertoires/sim02/report.html" in patient.url
    background = patient.evaluate(
        "getComputedStyle(document.querySelector('.kicker')).letterSpacing"
    )
    assert background != "normal", "the page's own style is used"


def test_the_page_of_a_job_with_one_repertoire_opens(desk: Desk, server: Server) -> None:
    desk.open(server).score(SIM01)
    expect(desk.rows()).to_have_count(1)
    with desk.page.expect_popup() as popup:
        desk.page.get_by_role("link", name="sim01", exact=True).click()
    expect(popup.value.get_by_role("heading", level=1)).to_contain_text("sim01")


def test_rows_are_sorted_by_every_column(desk: Desk, server: Server) -> None:
    desk.open(server).page.get_by_label("One job per file").uncheck()
    desk.score(*THREE)
    expect(desk.rows()).to_have_count(3)
    for title in [
        "Repertoire",
        "Target",
        "Score",
        "Class",
        "Prediction set",
        "Warnings",
        "Clonotypes",
        "Model",
        "When",
    ]:
        head = desk.page.locator("#heads th").filter(has_text=title)
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", "ascending")
        up = desk.column(title)
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", "descending")
        assert sorted(up) == up, title
        assert desk.column(title) == up[::-1], title


def test_rows_are_filtered_by_text(desk: Desk, server: Server, tmp_path: Path) -> None:
    desk.open(server).page.get_by_label("One job per file").uncheck()
    desk.score(*THREE)
    expect(desk.rows()).to_have_count(3)
    desk.page.get_by_label("Filter").fill("none SHALLOW")
    expect(desk.rows()).to_have_count(1)
    expect(desk.page.locator("#count")).to_have_text("1 of 3 rows")
    assert desk.column("Repertoire") == ["sim03"]
    with desk.page.expect_download() as download:
        desk.page.get_by_role("button", name="Download these rows").click()
    [row] = csv.DictReader(download.value.path().read_text().splitlines(), delimiter="\t")
    _, [expected] = command_line(tmp_path, THREE[2])
    assert (row["Repertoire"], row["Score"]) == ("sim03", expected["probability"])
    desk.page.get_by_label("Filter").fill("nothing like it")
    expect(desk.rows()).to_have_count(0)


def test_results_are_downloaded(desk: Desk, server: Server) -> None:
    desk.open(server).score(SIM01)
    card = desk.card("sim01.tsv.gz")
    expect(card.get_by_role("link", name="JSON")).to_be_visible()
    with desk.page.expect_download() as download:
        card.get_by_role("link", name="JSON").click()
    assert json.loads(download.value.path().read_text())["repertoires"] == 1
    card.get_by_text("All files").click()
    with desk.page.expect_download() as download:
        card.get_by_role("link", name="repertoires/sim01/sequences.tsv.gz").click()
    assert gzip.decompress(download.value.path().read_bytes()).startswith(b"rank\tjunction_aa")


def test_a_pasted_table_is_scored(desk: Desk, server: Server) -> None:
    desk.open(server).page.get_by_text("Paste a table").click()
    desk.page.get_by_label("Table with its header").fill(
        gzip.decompress(SIM01.read_bytes()).decode()
    )
    desk.press_score()
    expect(desk.rows()).to_have_count(1)
    assert desk.column("Repertoire") == ["pasted"]
    assert [own["name"] for own in server.jobs()[0]["inputs"]] == ["pasted.tsv"]


def test_files_are_dropped(desk: Desk, server: Server) -> None:
    desk.open(server)
    dropped = desk.page.evaluate_handle(
        """([a, b]) => {
            const data = new DataTransfer();
            data.items.add(new File([a], "a.tsv"));
            data.items.add(new File([b], "b.tsv"));
            return data;
        }""",
        [gzip.decompress(path.read_bytes()).decode() for path in THREE[:2]],
    )
    desk.page.dispatch_event("main", "dragover", {"dataTransfer": dropped})
    desk.page.dispatch_event("main", "drop", {"dataTransfer": dropped})
    expect(desk.page.locator("#chosen li")).to_have_count(2)
    desk.page.get_by_role("button", name="Leave out a.tsv").click()
    expect(desk.page.locator("#chosen li")).to_have_count(1)
    desk.press_score()
    expect(desk.rows()).to_have_count(1)
    assert desk.column("Repertoire") == ["b"]


def test_each_file_is_a_job_of_its_own(desk: Desk, server: Server) -> None:
    desk.open(server).score(*THREE)
    expect(desk.rows()).to_have_count(3)
    assert [len(job["inputs"]) for job in server.jobs()] == [1, 1, 1]


def test_options_of_the_command_line_are_passed(desk: Desk, server: Server, tmp_path: Path) -> None:
    text = (
        gzip.decompress(SIM01.read_bytes())
        .decode()
        .replace("junction_aa", "mine")
        .replace("v_call", "V")
        .replace("j_call", "J")
    )
    own = tmp_path / "own.tsv"
    own.write_text(text)
    desk.open(server).score(own)
    expect(desk.card("own.tsv").locator(".error")).to_contain_text(
        "expected those of a known format"
    )
    desk.page.get_by_text("A table is not recognised").click()
    desk.page.get_by_label("Other columns").fill("junction_aa=mine\nv_call=V\n\nj_call=J")
    desk.score(own)
    expect(desk.rows()).to_have_count(1)


@pytest.mark.parametrize("explain", [True, False])
def test_each_target_has_a_row(
    desk: Desk, make_server, tmp_path: Path, three_targets: Path, explain: bool
) -> None:
    server = make_server()
    shutil.copytree(three_targets, server.folder / "models/three")
    server.start()
    desk.open(server).page.get_by_label("Explain too").set_checked(explain)
    desk.score(THREE[0])
    expect(desk.rows()).to_have_count(3)
    out = tmp_path / "expected.tsv"
    reperio("score", "--model", three_targets, THREE[0], "--out", out, "--no-report")
    [row] = csv.DictReader(out.read_text().splitlines(), delimiter="\t")
    stage = row["stage.class"]
    assert desk.column("Target") == ["label", "stage", "age"]
    assert desk.column("Class") == [row["label.class"], stage, ""]
    assert desk.column("Prediction set") == [
        row[f"{name}.prediction_set"] for name in ("label", "stage", "age")
    ]
    shown = [own.get_attribute("value") for own in desk.page.locator("#rows data").all()]
    assert shown == [row["label.probability"], row[f"stage.probability_{stage}"], row["age.value"]]
    assert desk.page.locator("#rows small:not(.warned)").all_inner_texts() == [
        "P(1)",
        f"P({stage})",
        "",
    ]
    expect(desk.card("sim01.tsv.gz").locator(".warnings")).to_contain_text(
        "training found no signal for stage"
    )


@pytest.mark.parametrize("explain", [True, False])
def test_a_job_is_removed_with_its_rows(desk: Desk, server: Server, explain: bool) -> None:
    desk.open(server).page.get_by_label("Explain too").set_checked(explain)
    desk.score(SIM01)
    expect(desk.rows()).to_have_count(1)
    desk.page.once("dialog", lambda dialog: dialog.accept())
    desk.card("sim01.tsv.gz").get_by_role("button", name="Remove").click()
    expect(desk.rows()).to_have_count(0)
    expect(desk.card("sim01.tsv.gz")).to_have_count(0)
    assert server.jobs() == []
