"""What screens show: the command line's figures and sentences, to each only what they may see, and text as text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace
from typer.testing import CliRunner

from adapters.web.console.desk_screens import Desk, ticket_path
from console.people.roles import Role
from console.screens.messages import Filters, page_of, understood
from console.screens.overview import Rules, overview_of
from console.screens.ticket import find_tickets, ticket_of
from console.screens.viewer import Viewer
from console.words.catalogue import CATALOGUE, Words
from console.words.sentences import why
from schemas.decision import Skip
from schemas.job import PersonRef
from schemas.reason_words import was
from schemas.vocabulary import Category, Channel, PersonKind, Reason, Trigger
from sender.records import Report, Selection
from sender.states import Hold, State, Transition
from tests.support.console.desks import demo_in, desk_of
from tests.support.console.served import FakeStanding, empty_desk, parts, served
from tests.support.sender.fakes import START, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tocsin.cli.app import app
from tocsin.clock import SystemClock

ALL = Viewer()
ATTACK = '"><script>alert(1)</script>\u202e{{ 7*7 }}'


def ran(*command: object) -> str:
    result = CliRunner().invoke(app, [str(part) for part in command], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's helpdesk, at work for some seconds."""
    return demo_in(tmp_path_factory.mktemp("console") / "demo")


@pytest.fixture(scope="module")
def desk(data: Path) -> Iterator[Desk]:
    with desk_of(data) as made:
        yield made


def jobs_listed(data: Path, *options: str) -> list[dict[str, Any]]:
    told = ran("jobs", "list", "--data", data, "--json", "--limit", 1_000, *options)
    return [json.loads(line) for line in told.splitlines()]


def listed(desk: Desk, query: dict[str, list[str]], viewer: Viewer = ALL) -> list[str]:
    wanted = understood(Filters.read(query), desk.ledger, viewer, UTC)
    return [row.job for row in page_of(desk.ledger, wanted, viewer, 1_000).rows]


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ({}, []),
        ({"state": ["dropped"]}, ["--state", "dropped"]),
        ({"state": ["dropped", "delivered"], "customer": ["moulin"]}, ["--customer", "moulin"]),
        ({"ticket": ["T-3001"]}, ["--ticket", "T-3001"]),
        ({"person": ["contact/ct-zoe"]}, ["--person", "contact/ct-zoe"]),
        ({"person": ["zoe.martin@moulin.example"]}, ["--person", "zoe.martin@moulin.example"]),
        ({"template": ["external/closed"]}, ["--template", "external/closed"]),
        ({"since": ["2020-01-01T00:00"], "until": ["2021-01-01T00:00"]}, ["--until", "2021-01-01T00:00:00Z"]),
    ],
    ids=str,
)
def test_a_list_is_the_command_lines(data: Path, desk: Desk, query: dict[str, list[str]], options: list[str]) -> None:
    assert listed(desk, query) == [one["job"] for one in jobs_listed(data, *options)]


def test_each_line_says_what_the_command_line_does(data: Path, desk: Desk) -> None:
    page = page_of(desk.ledger, understood(Filters(), desk.ledger, ALL, UTC), ALL, 1_000)
    for row, told in zip(page.rows, jobs_listed(data), strict=True):
        own = (row.job, row.state, row.trigger, row.channel, row.person, row.ticket, row.template, row.code, row.said)
        fields = ("job", "state", "trigger", "channel", "person", "ticket", "template", "code", "text")
        assert own == tuple(told[field] if field != "text" else told[field] or "" for field in fields)
        assert row.accepted == datetime.fromisoformat(told["accepted"])


def test_pages_follow_each_other_without_a_gap(desk: Desk) -> None:
    whole = listed(desk, {})
    for query in ({}, {"channel": ["fax"]}, {"reply": ["kept"]}):
        wanted, found, before = understood(Filters.read(query), desk.ledger, ALL, UTC), list[str](), None
        while True:
            page = page_of(desk.ledger, wanted, ALL, 7, before)
            found += [row.job for row in page.rows]
            if page.next is None:
                break
            before = page.next
        assert found == listed(desk, query)
    assert len(whole) > 50


def test_figures_of_the_overview_are_the_command_lines(data: Path, desk: Desk) -> None:
    now = datetime.now(UTC)
    found = overview_of(desk.ledger, desk.history, desk.standing, now)
    jobs = jobs_listed(data)
    assert {state.value: n for state, n in found.counts.items() if n} == {
        state: [one["state"] for one in jobs].count(state) for state in {one["state"] for one in jobs}
    }
    recent = jobs_listed(data, "--since", (now - timedelta(days=1)).isoformat())
    assert sum(found.of_day.values()) == len(recent)
    letters = ran("dlq", "list", "--data", data, "--json").splitlines()
    assert found.dead_letters == len(letters) > 0
    assert sum(hour.alerts for hour in found.hours) == len(jobs)
    assert [need.word for need in found.needs] == ["need.letters"]
    assert found.rules is not None
    assert found.rules.faults == found.rules.directory_faults == []


def test_a_ticket_says_what_explain_does(data: Path, desk: Desk) -> None:
    [found] = find_tickets(desk.history, " 2026-3001 ", ALL)
    ticket = ticket_of(desk.history, desk.ledger, (found.source, found.id), ALL)
    assert ticket is not None
    told = json.loads(ran("explain", "T-3001", "--data", data, "--json"))["decisions"]
    assert len(ticket.saves) == len(told)
    for save, past in zip(ticket.saves, reversed(told), strict=True):
        decision = past["decision"]
        assert save.event == decision["event"]
        assert [one.decided.id for one in save.told] == [one["id"] for one in decision["jobs"]]
        assert [one.reason for one in save.not_told] == [one["reason"] for one in decision["skipped"]]
        for one in save.told:
            assert one.row is not None
            assert one.row.state == past["histories"][one.decided.id][-1]["state"]
    sentences = ran("explain", "T-3001", "--data", data, "--details")
    for save in ticket.saves:
        assert all(why(Words("en"), one.skip) in sentences for one in save.not_told)


def test_a_ticket_is_found_by_words_of_its_title(desk: Desk) -> None:
    assert [one.reference for one in find_tickets(desk.history, "FACTURES impri", ALL)] == ["2026-3001"]
    assert find_tickets(desk.history, "no such words at all", ALL) == []
    assert find_tickets(desk.history, "x", ALL) == ()


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_is_said_in_both_languages(reason: Reason) -> None:
    person = PersonRef(PersonKind.CONTACT, "ct-1")
    record = "site/S-1" if reason is Reason.UNREADABLE_RECORD else UNSET
    plain = Skip(person, Category.SITE_CONTACTS, reason, record=record)
    for skip in (plain, replace(plain, trigger=Trigger.CLOSED, channel=Channel.FAX, record="site/S-1")):
        assert why(Words("en"), skip) == was(skip)
        assert why(Words("fr"), skip) != was(skip)
    bare = Skip(None, None, reason, record=record)
    assert why(Words("en"), bare) == was(bare)


def test_every_word_of_the_ledger_is_there() -> None:
    kinds = {"state": State, "hold": Hold, "change": Transition, "trigger": Trigger, "channel": Channel}
    assert {f"{name}.{one}" for name, kind in kinds.items() for one in kind} <= set(CATALOGUE)


# ------------------------------------------------------------------ who may see what


def test_somebody_of_one_customer_sees_no_other(desk: Desk) -> None:
    own = Viewer(frozenset({"moulin"}))
    rows = page_of(desk.ledger, understood(Filters(), desk.ledger, own, UTC), own, 1_000).rows
    assert {row.customer for row in rows} == {"moulin"}
    assert listed(desk, {"customer": ["harbour"]}, own) == []
    theirs = find_tickets(desk.history, "2026-3003", ALL)
    assert theirs
    assert find_tickets(desk.history, "2026-3003", own) == []
    assert find_tickets(desk.history, "oven console", own) == []
    assert ticket_of(desk.history, desk.ledger, (theirs[0].source, theirs[0].id), own) is None
    assert find_tickets(desk.history, "2026-3001", own)


def test_over_http_somebody_of_one_customer_sees_no_other(desk: Desk) -> None:
    [other, *_] = desk.ledger.list(Selection(customer="harbour"), 1)
    job = other.entry.job
    with served(parts(desk, clock=SystemClock())) as world:
        mine = world.signed_in(Role.AGENT, customers=frozenset({"moulin"}))
        for path in (f"/console/messages/{job.id}", ticket_path(job.source, job.ticket)):
            assert mine.get(path).status_code == 404
            assert world.signed_in(Role.AGENT, name="all").get(path).status_code == 200
        for path in ("/console/messages", "/console/messages.csv", "/console/tickets?q=2026-3003"):
            assert "harbour" not in mine.get(path).text
            assert "oven console" not in mine.get(path).text


def test_a_reader_sees_no_name_no_address_and_no_text(desk: Desk) -> None:
    jobs = [one.entry.job for one in desk.ledger.list(Selection(), 1_000)]
    texts = {job.address for job in jobs} | {job.context.person_name or "@" for job in jobs}
    texts |= {job.context.ticket.title for job in jobs} | {"2.0.0 Kept"}
    job = jobs[0]
    with served(parts(desk, clock=SystemClock())) as world:
        reader, agent = world.signed_in(Role.READER), world.signed_in(Role.AGENT)
        paths = ["", "/messages", "/messages.csv", f"/messages/{job.id}", "/tickets?q=2026-3001"]
        paths = [f"/console{path}" for path in paths] + [ticket_path(job.source, job.ticket)]
        for path in paths:
            page = unescape(reader.get(path).text)
            assert [text for text in texts if text in page] == [], path
        # The control: the same pages show them to an agent.
        assert all(any(text in unescape(agent.get(path).text) for text in texts) for path in paths[1:])
        assert reader.get("/console/messages", params={"reply": "kept"}).status_code == 422
        assert "2026-3001" not in reader.get("/console/tickets", params={"q": "factures"}).text.partition("<main")[2]


# ------------------------------------------------------------------ text is text


def hostile_desk() -> Desk:
    """A ledger and a history in which everything that others may word is hostile."""
    desk = empty_desk()
    ledger = desk.ledger
    assert isinstance(ledger, InMemoryLedger)
    job = a_job(ATTACK, ATTACK, customer=ATTACK)
    ticket = replace(job.context.ticket, title=ATTACK, reference=ATTACK, description=ATTACK, status=ATTACK)
    job = replace(
        job, id="job-1", source=ATTACK, address=ATTACK, person=PersonRef(PersonKind.CONTACT, ATTACK), rules=[ATTACK]
    )
    job = replace(job, context=replace(job.context, ticket=ticket, person_name=ATTACK), time_zone=ATTACK)
    ledger.accept([job], START)
    [claimed] = ledger.claim(START, 1, timedelta(minutes=5))
    said = Report(job.id, claimed.standing.attempt, Transition.REFUSED, code=550, text=ATTACK, fault=ATTACK)
    ledger.record([said], START)
    standing = FakeStanding()
    standing.found = Rules(START, ATTACK, (ATTACK,), None, (ATTACK,))
    return Desk(ledger, desk.history, standing)


def test_whatever_a_customer_or_a_server_says_is_text() -> None:
    desk = hostile_desk()
    [row] = page_of(desk.ledger, understood(Filters(), desk.ledger, ALL, UTC), ALL).rows
    with served(parts(desk)) as world:
        admin = world.signed_in(Role.ADMIN)
        for path in ("", "/messages", f"/messages/{row.job}"):
            page = admin.get(f"/console{path}").text
            assert page.count("&lt;script&gt;alert(1)") > 1, path
            assert "<script>alert" not in page
            assert "49" not in re.sub(r"[0-9a-f]{16,}", "", page.partition("<main")[2])
        asked = {"person": ATTACK, "ticket": ATTACK, "reply": ATTACK, "state": ATTACK, "since": ATTACK, "q": ATTACK}
        for path in ("/messages", "/tickets", "/ticket", "/sign-in"):
            assert "<script>alert" not in admin.get(f"/console{path}", params={**asked, "next": ATTACK}).text


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_runs_nothing_out_of_a_file(begin: str) -> None:
    ledger = InMemoryLedger()
    job = a_job("e-1")
    formula = f"{begin}HYPERLINK(1)"
    ticket = replace(job.context.ticket, title=formula)
    ledger.accept([replace(job, context=replace(job.context, ticket=ticket))], START)
    with served(parts(replace(empty_desk(), ledger=ledger))) as world:
        text = world.signed_in(Role.AGENT).get("/console/messages.csv").content.decode("utf-8-sig")
        [line] = csv.DictReader(io.StringIO(text, newline=""))
        assert line["title"] == f"'{formula}"
        assert line["job"] == job.id


def test_a_file_has_the_lines_of_its_list(desk: Desk) -> None:
    with served(parts(desk, clock=SystemClock())) as world:
        answer = world.signed_in(Role.AGENT).get("/console/messages.csv", params={"state": ["dropped", "delivered"]})
        found = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert [one["job"] for one in found] == listed(desk, {"state": ["dropped", "delivered"]})
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Content-Type"].startswith("text/csv")


RUBBISH = ["x", "\0", "9" * 400, "2026-13-45", "-1", "é" * 2_000, "null", "1e9", "../../etc", "%00", "\ud7ff"]


@pytest.mark.parametrize("value", RUBBISH, ids=range(len(RUBBISH)))
def test_rubbish_in_an_address_is_no_failure(desk: Desk, value: str) -> None:
    with served(parts(desk, clock=SystemClock())) as world:
        agent = world.signed_in(Role.AGENT)
        fields = [
            "state",
            "hold",
            "channel",
            "since",
            "until",
            "person",
            "ticket",
            "reply",
            "before",
            "source",
            "id",
            "q",
        ]
        for path in ("/messages", "/messages.csv", "/ticket", "/tickets"):
            for field in fields:
                answer = agent.get(f"/console{path}", params={field: value, "source": "/helpdesk"})
                assert answer.status_code in (200, 400, 404, 422), (path, field)


def test_a_ledger_that_does_not_answer_is_said_in_words(tmp_path: Path) -> None:
    class Away(InMemoryLedger):
        def list(self, *_: Any, **__: Any) -> Any:
            from sender.ledger.port import LedgerUnavailableError  # noqa: PLC0415

            raise LedgerUnavailableError("locked", "/secret/place: locked")

    with served(parts(replace(empty_desk(), ledger=Away()))) as world:
        answer = world.signed_in(Role.AGENT).get("/console/messages")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "Not at the moment" in answer.text
        assert "secret" not in answer.text


def test_a_fault_of_ours_is_said_in_words() -> None:
    desk = replace(empty_desk(), ledger=object())
    with served(parts(desk)) as world:
        answer = world.signed_in(Role.AGENT).get("/console/messages")
        assert answer.status_code == 500
        assert "This went wrong" in answer.text
