"""Keyboard, widths, colours."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from conftest import TINY, Desk, Server


def focused(desk: Desk) -> str:
    return desk.page.evaluate(
        "document.activeElement.id || document.activeElement.textContent.trim()"
    )


def tab_to(desk: Desk, wanted: str) -> None:
    """Presses Tab until the wanted element has the focus, which must be seen."""
    for _ in range(60):
        desk.page.keyboard.press("Tab")
        if focused(desk) == wanted:
            return
    raise AssertionError(f"Tab never comes to {wanted}")


def test_everything_works_by_keyboard(desk: Desk, server: Server) -> None:
    desk.page.on("filechooser", lambda _: None)  # Or the browser would open its own dialog.
    desk.open(server)
    expect(desk.page.get_by_role("radio", name="demo")).to_be_checked()
    tab_to(desk, "files")
    with desk.page.expect_file_chooser() as chooser:
        desk.page.keyboard.press("Enter")
    chooser.value.set_files([TINY / "sim01.tsv.gz", TINY / "sim03.tsv.gz"])
    tab_to(desk, "explain")
    desk.page.keyboard.press("Space")
    expect(desk.page.locator("#explain")).not_to_be_checked()
    tab_to(desk, "send")
    desk.page.keyboard.press("Enter")
    expect(desk.rows()).to_have_count(2)
    tab_to(desk, "filter")
    desk.page.keyboard.type("sim03")
    expect(desk.rows()).to_have_count(1)
    desk.page.keyboard.press("Control+a")
    desk.page.keyboard.press("Delete")
    expect(desk.rows()).to_have_count(2)
    tab_to(desk, "Score")
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("#heads th").filter(has_text="Score")).to_have_attribute(
        "aria-sort", "ascending"
    )
    assert desk.column("Repertoire") == ["sim03", "sim01"]
    assert focused(desk).startswith("Score")
    tab_to(desk, "sim03")
    outline = desk.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    with desk.page.expect_popup() as popup:
        desk.page.keyboard.press("Enter")
    expect(popup.value.get_by_role("heading", level=1)).to_be_visible()


def test_every_control_has_a_name(desk: Desk, server: Server) -> None:
    desk.open(server).score(TINY / "sim01.tsv.gz")
    expect(desk.rows()).to_have_count(1)
    unnamed = desk.page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, select, textarea, progress")]
            .filter((own) => !own.hidden && !own.labels?.length)
            .filter((own) => !own.textContent.trim() && !own.ariaLabel)
            .map((own) => own.outerHTML)"""
    )
    assert unnamed == []


def test_what_happens_is_said(desk: Desk, server: Server) -> None:
    desk.open(server).score(TINY / "sim01.tsv.gz")
    expect(desk.page.locator("#status")).to_have_text("sim01.tsv.gz: done.")


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"), (360, "light")],
)
def test_the_page_fits(
    desk: Desk, server: Server, tmp_path: Path, shots: Path | None, width: int, scheme: str
) -> None:
    long = "a-very-long-name-" * 6 + ".tsv"
    (tmp_path / long).write_text("a\tb\n1\t2\n")
    desk.page.set_viewport_size({"width": width, "height": 844})
    desk.page.emulate_media(color_scheme=scheme)
    desk.open(server).score(*(TINY / f"sim0{i}.tsv.gz" for i in (1, 2, 3)))
    desk.score(tmp_path / long)
    expect(desk.rows()).to_have_count(3)
    expect(desk.card(long).locator(".state")).to_have_text("failed")
    desk.choose(tmp_path / long)
    for summary in ("Paste a table", "A table is not recognised", "How to read the table"):
        desk.page.get_by_text(summary).click()
    assert desk.fits()
    if shots:
        desk.page.screenshot(path=shots / f"page-{width}-{scheme}.png", full_page=True)


def test_the_policy_is_strict(desk: Desk, server: Server) -> None:
    answer = desk.page.goto(server.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_results_fill_the_page(desk: Desk, server: Server, shots: Path | None) -> None:
    """README's picture, with REPERIO_SHOTS=FOLDER."""
    desk.page.set_viewport_size({"width": 1280, "height": 900})
    desk.open(server).score(*(TINY / f"sim0{i}.tsv.gz" for i in (1, 2, 3)))
    expect(desk.rows()).to_have_count(3)
    if shots:
        desk.page.screenshot(path=shots / "page.png")
    assert desk.fits()
