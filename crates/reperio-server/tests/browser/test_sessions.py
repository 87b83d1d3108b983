"""Tokens: who is let in, and what stays when a token ends."""

import pytest
from playwright.sync_api import expect

from conftest import TINY, Desk, Server

SIM01 = TINY / "sim01.tsv.gz"


@pytest.fixture
def guarded(make_server) -> tuple[Server, str]:
    """A server with one token."""
    server = make_server()
    token = server.token("bench")
    server.start()
    return server, token


def log_in(desk: Desk, token: str) -> None:
    dialog = desk.page.get_by_role("dialog", name="Log in")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Token").fill(token)
    dialog.get_by_role("button", name="Log in").click()


def test_a_token_is_asked_for(desk: Desk, guarded) -> None:
    server, token = guarded
    desk.open(server)
    log_in(desk, "rpr_bench_" + "0" * 64)
    expect(desk.page.locator("#login-wrong")).not_to_be_empty()
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("Escape")
    log_in(desk, token)
    expect(desk.page.get_by_role("dialog")).to_be_hidden()
    expect(desk.page.locator("#name")).to_have_text("bench")
    desk.score(SIM01)
    expect(desk.rows()).to_have_count(1)
    assert token not in desk.page.content()
    desk.page.get_by_role("button", name="Log out").click()
    expect(desk.page.get_by_role("dialog", name="Log in")).to_be_visible()
    expect(desk.rows()).to_have_count(0)


def test_the_session_survives_a_reload(desk: Desk, guarded) -> None:
    server, token = guarded
    desk.open(server)
    log_in(desk, token)
    expect(desk.page.locator("#name")).to_have_text("bench")
    desk.page.reload()
    expect(desk.page.locator("#name")).to_have_text("bench")
    desk.score(SIM01)
    expect(desk.rows()).to_have_count(1)


def test_an_expired_token_loses_nothing(desk: Desk, guarded) -> None:
    server, token = guarded
    desk.open(server)
    log_in(desk, token)
    desk.score(SIM01)
    expect(desk.rows()).to_have_count(1)
    desk.page.get_by_label("Filter").fill("sim")
    server.expire(token)
    desk.score(TINY / "sim02.tsv.gz")
    expect(desk.page.get_by_role("dialog", name="Log in")).to_be_visible()
    expect(desk.rows()).to_have_count(1)
    log_in(desk, server.token("bench"))
    expect(desk.rows()).to_have_count(2)
    expect(desk.page.get_by_label("Filter")).to_have_value("sim")
    assert sorted(desk.column("Repertoire")) == ["sim01", "sim02"]


def test_somebody_else_sees_nothing_of_the_one_before(desk: Desk, guarded) -> None:
    server, token = guarded
    desk.open(server)
    log_in(desk, token)
    desk.score(SIM01)
    expect(desk.rows()).to_have_count(1)
    server.expire(token)
    desk.score(TINY / "sim02.tsv.gz")
    expect(desk.page.get_by_role("dialog", name="Log in")).to_be_visible()
    log_in(desk, server.token("other"))
    expect(desk.page.locator("#name")).to_have_text("other")
    expect(desk.rows()).to_have_count(0)
    expect(desk.card("sim01.tsv.gz")).to_have_count(0)
