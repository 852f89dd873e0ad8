"""The console in a real browser: each screen answers its question, by mouse, by keyboard and without scripts.

With TOCSIN_PICTURES=FOLDER, pictures of all pages are written there, to be looked at and for the documentation.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, sync_playwright

from adapters.web.console.desk_screens import ticket_path
from adapters.web.console.directory_screens import record_path
from console.people.roles import Role
from schemas.vocabulary import Trigger
from sender.records import Selection
from tests.support.console.desks import demo_in, desk_of
from tests.support.console.served import PASSWORD, Served, empty_desk, parts, served
from tests.support.required import required_browser
from tests.support.sender.fakes import START, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tocsin.clock import SystemClock

PICTURES = os.environ.get("TOCSIN_PICTURES")
LOOKS = [("en", 1440, "light"), ("fr", 360, "light"), ("en", 360, "dark"), ("fr", 1440, "dark")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = demo_in(tmp_path_factory.mktemp("console") / "demo")
    with desk_of(data) as desk, served(parts(desk, clock=SystemClock())) as made:
        made.add("ada", Role.ADMIN)
        [listed] = desk.ledger.list(Selection(ticket="T-3001"), 1)
        made.job = listed.entry.job
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = required_browser()
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield made
        made.close()


def paths(world: Served) -> dict[str, str]:
    job = world.job
    assert job is not None
    return {
        "overview": "/console",
        "tickets": "/console/tickets?q=2026-30",
        "ticket": ticket_path(job.source, job.ticket),
        "messages": "/console/messages?customer=moulin",
        "message": f"/console/messages/{job.id}",
        "letter": f"/console/messages/{job.id}/letter",
        "act": f"/console/act?act=cancel&job={job.id}",
        "directory": "/console/directory?q=martin",
        "person": record_path("contact", "ct-zoe"),
        "contract": record_path("contract", "C-101"),
        "contract-off": record_path("contract", "C-501"),
        "customer": record_path("customer", "moulin"),
        "site": record_path("site", "S-lyon"),
        "me": "/console/me",
        "missing": "/console/no-such-page",
    }


def opened(browser: Browser, world: Served, **look: Any) -> Page:
    """A page of a new browser, with which Ada has signed in by keyboard alone."""
    page = browser.new_context(base_url=world.base, **look).new_page()
    page.goto("/console")
    page.keyboard.press("Tab")  # the link to the content
    for text in ("ada", PASSWORD):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{world.base}/console")
    return page


@pytest.mark.parametrize(("language", "width", "scheme"), LOOKS)
def test_every_page_can_be_used_by_everybody(
    browser: Browser, world: Served, language: str, width: int, scheme: str
) -> None:
    page = opened(browser, world, locale=language, viewport={"width": width, "height": 900}, color_scheme=scheme)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "404" not in line.text else None)
    for name, path in paths(world).items():
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == language
        if PICTURES is not None:
            page.screenshot(path=Path(PICTURES) / f"{name}-{language}-{width}-{scheme}.png", full_page=True)
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == [], name
        # Nothing is wider than the screen, or only within what can be scrolled by itself.
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert faults == []
    page.context.close()


def test_a_file_of_decisions_has_those_of_the_page(world: Served) -> None:
    browser = world.signed_in(Role.READER, name="rea")
    answer = browser.get(record_path("contact", "ct-zoe").replace("/person?", "/person.csv?"))
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    page = browser.get(record_path("contact", "ct-zoe")).text
    assert [one["reference"] for one in lines] == re.findall(r'id=[^"]*">(2026-\d+)</a></th>', page)
    assert {word for one in lines for word in one["told"].split()} == {*Trigger}
    assert answer.headers["Content-Disposition"].startswith("attachment")
    theirs = world.signed_in(Role.AGENT, name="of-harbour", customers=frozenset({"harbour"}))
    for page_of in (record_path("contact", "ct-zoe"), "/console/person.csv?kind=contact&id=ct-zoe"):
        assert theirs.get(page_of).status_code == 404


def test_axe_finds_what_is_wrong(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content('<html><body><input><p style="color:#ccc;background:#fff">pale</p></body></html>')
    assert {"label", "color-contrast"} <= {one["id"] for one in Axe().run(page).response["violations"]}
    page.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_who_was_told_of_a_ticket_is_found_and_left_again(browser: Browser, world: Served, scripts: bool) -> None:
    page = opened(browser, world, java_script_enabled=scripts, locale="en")
    page.get_by_role("link", name="Tickets").click()
    page.get_by_role("searchbox").fill("factures impriment")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="2026-3001").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Ticket 2026-3001"
    newest = page.locator("section.save").first
    assert newest.get_by_role("link", name="Zoé Martin", exact=True).count() == 1
    assert "the person's own tick was off" in newest.inner_text()
    newest.get_by_role("link", name="Zoé Martin", exact=True).click()
    assert "the relay took it" in page.locator("ol.history").inner_text()
    page.get_by_role("link", name="Messages", exact=True).click()
    page.get_by_label("dropped").check()
    if not scripts:
        page.get_by_role("button", name="Show").click()
    page.wait_for_url("**state=dropped*")
    assert page.locator("tbody tr").count() == 2
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in?ended=1")
    page.go_back()
    page.reload()
    assert page.locator("[name=password]").count() == 1
    page.context.close()


def test_a_message_is_seen_as_its_reader_sees_it_and_its_frame_runs_nothing(browser: Browser, world: Served) -> None:
    assert world.job is not None
    page = opened(browser, world, java_script_enabled=True, locale="en")
    page.goto(f"/console/messages/{world.job.id}")
    page.get_by_role("link", name="See it as its reader does").click()
    frame = page.frame_locator("iframe.letter")
    assert world.job.context.ticket.title in frame.locator("body").inner_text()
    assert page.locator("iframe.letter").get_attribute("sandbox") == ""
    [inner] = [one for one in page.frames if one.url.endswith("/letter/html")]
    # Its styles hold there, and only there.
    assert inner.locator("[style]").count() + inner.locator("style").count() > 0
    framed = page.context.new_page()
    faults: list[str] = []
    framed.on("console", lambda line: faults.append(line.text))
    framed.goto(f"/console/messages/{world.job.id}/letter/html")
    assert framed.evaluate("self.origin") == "null"
    assert faults == []
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_cancelled_message_is_not_sent_and_a_resent_one_once(browser: Browser, scripts: bool) -> None:
    ledger = InMemoryLedger()
    ledger.accept([replace(a_job("e-1", "T-1"), id="one")], START)
    with served(parts(replace(empty_desk(), ledger=ledger, acting=ledger))) as made:
        made.add("ada", Role.OPERATOR)
        page = opened(browser, made, java_script_enabled=scripts, locale="en", viewport={"width": 360, "height": 800})
        page.goto("/console/messages")
        page.locator("input.pick").check()
        page.get_by_role("button", name="Cancel").click()
        assert "These are not sent." in page.locator("main").inner_text()
        for name, width in (("wide", 1440), ("narrow", 360)):
            page.set_viewport_size({"width": width, "height": 800})
            if PICTURES is not None:
                page.screenshot(path=Path(PICTURES) / f"confirm-{name}.png", full_page=True)
            if scripts:
                assert Axe().run(page).response["violations"] == []
        page.get_by_label("Why?").fill("wrong ticket")
        page.get_by_role("button", name="Cancel").click()
        assert "Done: 1 message." in page.locator("main").inner_text()
        # The sender has no other way to a message than to claim it.
        assert ledger.claim(START, 10, timedelta(minutes=5)) == []
        page.goto("/console/messages/one")
        page.get_by_role("button", name="Resend").click()
        page.get_by_label("Why?").fill("it was right")
        page.get_by_role("button", name="Resend").click()
        page.get_by_text("Done: 1 message.").wait_for()
        page.go_back()  # to the form, or to what it says now
        if page.get_by_label("Why?").count():
            page.get_by_label("Why?").fill("it was right")
            page.get_by_role("button", name="Resend").click()
        page.get_by_text("These stay as they are").wait_for()
        assert [one.job.id for one in ledger.claim(START, 10, timedelta(minutes=5))] == ["one"]
        assert ledger.claim(START, 10, timedelta(minutes=5)) == []
        page.context.close()


def test_the_keyboard_reaches_the_content_at_once_and_shows_where_it_is(browser: Browser, world: Served) -> None:
    page = opened(browser, world, locale="en")
    page.goto("/console/me")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.goto("/console/messages")
    page.locator("summary").first.click()
    page.locator("h1").click()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "person"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
    page.context.close()


def test_a_page_of_another_site_can_neither_frame_it_nor_send_its_forms(browser: Browser, world: Served) -> None:
    page = opened(browser, world, locale="en")
    evil = page.context.new_page()
    # Another origin: the same server by another name, so that no server is needed for it.
    evil.goto(world.base.replace("127.0.0.1", "localhost") + "/console/sign-in")
    evil.set_content(
        f'<iframe src="{world.base}/console/me"></iframe>'
        f'<form method="post" action="{world.base}/console/sign-out"></form>'
    )
    evil.wait_for_load_state("networkidle")
    assert "My account" not in "".join(frame.content() for frame in evil.frames)
    evil.evaluate("document.forms[0].submit()")
    evil.wait_for_load_state("networkidle")
    page.goto("/console/me")
    assert page.get_by_role("heading", level=1).inner_text() == "My account"
    page.context.close()
