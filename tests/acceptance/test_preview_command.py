"""`tocsin preview`: messages as they would be rendered, and pictures of them."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from adapters.browser import picture as pictures
from adapters.browser.picture import PictureError, picture
from adapters.jinja.renderer import JinjaRenderer
from adapters.jinja.sources import read_sources
from adapters.rule_files.load import template_folders
from adapters.sqlite.event_log import SqliteLog
from schemas.log import NewRecord
from schemas.topics import TICKETS
from tests.support.helpdesk.events import Helpdesk, default_rules, envelope, event_of
from tests.support.helpdesk.files import write_directory, write_events
from tests.support.mail.messages import MessageComposer
from tests.support.required import required_browser
from tocsin.authoring.preview.jobs import Shown, preview_job, reader_of
from tocsin.authoring.preview.rendering import IDENTITY, render
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in

CREATED = envelope({}, {"previous": None})


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    desk.contact("ct-1", "product/P-erp", name="Zoé Martin", language="fr")
    desk.contact("ct-2", "product/P-erp", name="Max", alerts=["closed"])
    desk.contact("ct-3")
    desk.collaborator("co-1", "product/P-erp", name="Li Wei")
    return desk


@pytest.fixture
def given(desk: Helpdesk, tmp_path: Path) -> list[object]:
    events = write_events(tmp_path / "event.json", [CREATED])
    return ["-e", events, "-d", write_directory(tmp_path / "directory", desk)]


def run(*arguments: object, expect: int = 0) -> str:
    result = CliRunner().invoke(app, ["preview", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result.output


def test_subject_text_and_html_as_the_person_gets_them(given: list[object]) -> None:
    said = run("external/opened", "-p", "contact/ct-1", *given)
    assert said.startswith(
        "Zoé Martin (contact/ct-1) gets `opened` by email of this event, by the template external/opened."
    )
    assert "Subject: [Ouverture] 2026-1042: Invoices do not print" in said
    assert "Bonjour Zoé Martin," in said
    assert re.search(r'\[fr\] HTML:\n<!doctype html>\s*<html lang="fr"', said, re.IGNORECASE)
    assert "\\r" not in said, "line ends of mails are line ends"


def test_it_is_what_the_composer_makes_of_the_decided_job(desk: Helpdesk) -> None:
    decision, sources = desk.decide(event_of(CREATED)), read_sources(*template_folders(None))
    composer = MessageComposer(JinjaRenderer(sources), IDENTITY)
    assert len(decision.jobs) == 2
    for job in decision.jobs:
        person = desk.directory().person(job.person.kind, job.person.id)
        assert person is not None
        reader = reader_of(decision, person)
        made = preview_job(decision, reader, Shown(job.trigger), desk.directory(), default_rules())
        (shown,) = render([made], job.form.template, sources)
        assert made.context == job.context
        assert made.form == job.form
        composed = composer.compose(job, job.trigger, job.form).message
        assert composed == composer.compose(made, job.trigger, job.form).message
        assert shown.fault is None


def test_all_languages_side_by_side(given: list[object]) -> None:
    said = run("external/opened", "-p", "contact/ct-1", "-l", "all", *given)
    assert any("Hello Zoé Martin," in line and "Bonjour Zoé Martin," in line for line in said.splitlines())
    assert any("[Opened]" in line and "[Ouverture]" in line for line in said.splitlines())
    assert "[en] HTML:" in said
    assert "[fr] HTML:" in said


@pytest.mark.parametrize(
    ("person", "why"),
    [
        ("contact/ct-2", "Max (contact/ct-2) would not get this: the person's own tick for `opened` is off"),
        ("contact/ct-3", "contact/ct-3 would not get this: this person is not attached to anything"),
    ],
)  # fmt: skip
def test_who_would_not_get_it_is_told_so_and_it_is_shown(person: str, why: str, given: list[object]) -> None:
    said = run("external/opened", "-p", person, *given)
    assert said.startswith(why)
    assert "Subject: [Opened] 2026-1042" in said


def test_an_event_that_alerts_nobody_is_shown_too(given: list[object], tmp_path: Path) -> None:
    lost = write_events(tmp_path / "lost.json", [envelope({"contract": None}, {"previous": {"status": "new"}})])
    said = run("external/closed", "-p", "contact/ct-1", "--trigger", "closed", "-e", lost, *given[2:])
    assert said.startswith("Zoé Martin (contact/ct-1) would not get this: the ticket names no contract")
    assert "Subject: [Clôture] 2026-1042" in said


def test_another_template_than_the_person_would_get(given: list[object]) -> None:
    said = run("internal/closed", "-p", "collaborator/co-1", *given)
    assert "by the template internal/opened, not by internal/closed." in said.splitlines()[0]


def test_a_template_that_fails_is_named_and_the_built_in_text_shown(given: list[object]) -> None:
    said = run("internal/opened", "-p", "contact/ct-1", *given, expect=1)
    assert (
        "sent: contact/ct-1 is a contact, and contacts are shown nothing internal: internal/opened.en.html.j2:" in said
    )
    assert "write `external/opened`" in said
    assert "Une demande d'assistance a été ouverte." in said


def test_what_is_misspelt_is_suggested(given: list[object]) -> None:
    assert "did you mean `external/opened`?" in run("external/opend", "-p", "contact/ct-1", *given, expect=1)
    assert "did you mean `contact/ct-1`?" in run("external/opened", "-p", "contact/CT1", *given, expect=1)
    # What is only near may be somebody else's contact.
    assert "did you mean" not in run("external/opened", "-p", "contact/ct-11", *given, expect=1)


def test_without_a_browser_it_is_said_what_is_missing(
    given: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "BROWSERS", ("no-such-browser", "nor-this"))
    said = run("external/opened", "-p", "contact/ct-1", *given, "--png", tmp_path / "p.png", expect=3)
    assert "no browser is installed that takes pictures: install chromium" in said
    assert not (tmp_path / "p.png").exists()


@pytest.fixture
def a_browser() -> None:
    required_browser()


@pytest.mark.usefixtures("a_browser")
def test_a_picture_of_all_languages(given: list[object], tmp_path: Path) -> None:
    run("external/opened", "-p", "contact/ct-1", "-l", "all", *given, "--png", tmp_path / "p.png")
    image = (tmp_path / "p.png").read_bytes()
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(image[16:20]) == 1408


@pytest.fixture
def visitors() -> Iterator[tuple[str, list[str]]]:
    """A web server on this machine, and the paths that it was asked for."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("a_browser")
def test_a_page_reaches_no_network_and_runs_no_script(visitors: tuple[str, list[str]]) -> None:
    url, seen = visitors
    load = f'<img src="{url}/img"><link rel="stylesheet" href="{url}/css"><iframe src="{url}/frame"></iframe>'
    script = f"<script>fetch('{url}/script'); document.title = 'x'</script>"
    inside = (load + script).replace("&", "&amp;").replace('"', "&quot;")
    assert picture(f'{load}{script}<iframe sandbox="" srcdoc="{inside}"></iframe>', 300, 200)
    assert seen == []
    with urlopen(f"{url}/control"):  # noqa: S310 - our own server
        assert seen == ["/control"]


@pytest.mark.usefixtures("a_browser")
def test_even_without_its_policy_a_page_reaches_no_network(
    visitors: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_POLICY", "default-src *")
    url, seen = visitors
    assert picture(f'<img src="{url}/img"><img src="http://{socket.gethostname()}/img">', 300, 200)
    assert seen == []


@pytest.mark.usefixtures("a_browser")
def test_the_check_notices_a_page_that_has_a_network(
    visitors: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_POLICY", "default-src *")
    open_ones = [one for one in pictures._SWITCHES if "proxy" not in one and "resolver" not in one]
    monkeypatch.setattr(pictures, "_SWITCHES", open_ones)
    url, seen = visitors
    picture(f'<img src="{url}/img">', 300, 200)
    assert seen == ["/img"]


@pytest.mark.usefixtures("a_browser")
def test_a_picture_takes_a_limited_time() -> None:
    with pytest.raises(PictureError, match="took longer than"):
        picture("<p>hello</p>", 300, 200, seconds=0.01)


@pytest.fixture
def collecting(tmp_path: Path) -> list[object]:
    """Options of a rule file that collects what collaborators get of a product."""
    daily = {"rule": "product-collaborators", "for": "product.collaborators", "send": {"digest": "daily at 08:00"}}
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"extends": "default", "rules": [daily]}))
    return ["-r", file]


def test_a_digest_is_shown_with_the_messages_that_rules_collect(
    given: list[object], collecting: list[object], tmp_path: Path
) -> None:
    others = [
        envelope({}, {"previous": None}, id=f"e-{day}-{number}", time=f"2026-03-0{day}T10:0{number}:00Z")
        for day, number in ((1, 0), (2, 1), (2, 2))
    ]
    events = write_events(tmp_path / "events.jsonl", others)
    said = run("internal/digest", "-p", "collaborator/co-1", "--events", events, *given[2:], *collecting)
    assert "gets 2 messages in the digest of March 3, 2026, 08:00 +00:00 (daily at 08:00):" in said
    assert "Another digest, of March 2, 2026, 08:00 +00:00, has 1." in said
    assert "Subject: [Digest] 2 messages about support tickets" in said
    assert "1 ticket, 2 messages: 2 opened." in said
    with_own = run("internal/digest", "-p", "collaborator/co-1", "--events", events, *given, *collecting)
    assert "gets 3 messages in the digest of March 3" in with_own


def test_the_messages_of_a_digest_may_stand_in_the_log_of_a_data_folder(
    given: list[object], collecting: list[object], tmp_path: Path
) -> None:
    with closing(SqliteLog(database_in(tmp_path))) as log:
        log.append([NewRecord(TICKETS, b"T-1042", json.dumps(CREATED).encode())], datetime.now(UTC))
    where = ("--events", f"topic:{TICKETS}", "--data", tmp_path)
    said = run("internal/digest", "-p", "collaborator/co-1", *where, *given[2:], *collecting)
    assert "gets 1 message in the digest of" in said


def test_a_digest_that_no_rule_makes_is_shown_as_that_of_a_storm(given: list[object]) -> None:
    said = run("external/digest", "-p", "contact/ct-1", "-l", "all", *given)
    assert "No rule collects these for Zoé Martin" in said
    assert "1 demande, 1 message : 1 ouverture." in said
    assert "1 ticket, 1 message: 1 opened." in said
    nobody = run("external/digest", "-p", "contact/ct-2", *given)
    assert "would not get this" in nobody
    assert "Hello Max" in nobody


def test_a_message_that_waits_says_for_what(given: list[object], collecting: list[object]) -> None:
    said = run("internal/opened", "-p", "collaborator/co-1", *given, *collecting)
    assert "It is collected for the digest of March 3, 2026, 08:00 +00:00 (daily at 08:00)" in said
    assert "by the template internal/digest" in said


def test_several_events_are_for_digests_alone(given: list[object]) -> None:
    assert "--events" in run("external/opened", "-p", "contact/ct-1", "--events", given[1], *given, expect=2)
    assert "--event" in run("external/opened", "-p", "contact/ct-1", *given[2:], expect=2)
