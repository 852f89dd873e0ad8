"""A message as its reader sees it: what the sender would write; hostile texts stay texts; what fails is words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from html import unescape

import pytest
from msgspec.structs import replace

from adapters.web.console.desk_screens import Desk
from console.people.roles import Role
from schemas.job import Job
from sender.ports import OutgoingMail
from sender.privacy.naming import FORGOTTEN
from tests.support.console.letters import letters_of, sources_of
from tests.support.console.served import Served, empty_desk, parts, served
from tests.support.sender.fakes import START, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tocsin.services.console.letters import LettersInForce

SCRIPT = '"><script>alert(1)</script><img src=x onerror=alert(2)><iframe src="//evil.example"></iframe>'
BROKEN = "{{ nothing.of.the.kind }}"
HANGS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


@pytest.fixture(scope="module")
def letters() -> Iterator[LettersInForce]:
    with letters_of() as made:
        yield made


def desk_with(letters: LettersInForce, job: Job) -> Desk:
    ledger = InMemoryLedger()
    ledger.accept([job], START)
    return replace(empty_desk(), ledger=ledger, letters=letters)


def hostile_job() -> Job:
    job = replace(a_job(), id="job-1", customer="acme")
    ticket = replace(job.context.ticket, title=SCRIPT, description=SCRIPT)
    return replace(job, context=replace(job.context, ticket=ticket, person_name=SCRIPT))


@pytest.fixture
def hostile(letters: LettersInForce) -> Iterator[Served]:
    with served(parts(desk_with(letters, hostile_job()))) as world:
        yield world


def test_it_is_what_the_sender_writes(letters: LettersInForce) -> None:
    ledger = InMemoryLedger()
    ledger.accept([replace(a_job(), id="job-1")], START)
    [entry] = ledger.claim(START, 1, timedelta(minutes=5))
    shown = letters.letter(entry, [])
    sent = letters._composed(entry, []).message
    assert isinstance(sent, OutgoingMail)
    mail = message_from_bytes(sent.content, policy=default)
    assert shown.fault is None
    assert dict(shown.headers)["Message-ID"] == mail["Message-ID"]
    assert shown.subject == mail["Subject"]
    assert shown.html is not None
    assert entry.job.context.ticket.title in unescape(shown.html)
    assert entry.job.context.ticket.title in shown.text


def test_what_a_customer_wrote_is_text_in_page_and_frame(hostile: Served) -> None:
    agent = hostile.signed_in(Role.AGENT)
    page = agent.get("/console/messages/job-1/letter")
    assert page.status_code == 200
    assert "&lt;script&gt;alert(1)" in page.text
    framed = agent.get("/console/messages/job-1/letter/html")
    assert framed.status_code == 200
    for text in (page.text, framed.text):
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert 'evil.example"></iframe' not in text


def test_the_frame_can_do_nothing_and_the_page_keeps_its_policy(hostile: Served) -> None:
    agent = hostile.signed_in(Role.AGENT)
    page = agent.get("/console/messages/job-1/letter")
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert re.findall(r"<iframe[^>]*sandbox(?:=\"[^\"]*\")?", page.text) == ['<iframe class="letter" sandbox']
    policy = agent.get("/console/messages/job-1/letter/html").headers["Content-Security-Policy"]
    rules = dict(one.strip().partition(" ")[::2] for one in policy.split(";"))
    assert rules == {
        "sandbox": "",
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": "'unsafe-inline'",
        "form-action": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'self'",
    }


def test_no_reader_and_nobody_of_another_customer_sees_it(hostile: Served) -> None:
    for path in ("/console/messages/job-1/letter", "/console/messages/job-1/letter/html"):
        assert hostile.signed_in(Role.READER).get(path).status_code == 403
        other = hostile.signed_in(Role.AGENT, name="other", customers=frozenset({"harbour"}))
        assert other.get(path).status_code == 404
        own = hostile.signed_in(Role.AGENT, name="own", customers=frozenset({"acme"}))
        assert own.get(path).status_code == 200


@pytest.mark.parametrize("text", [BROKEN, HANGS], ids=["fails", "hangs"])
def test_a_template_that_fails_is_said_in_words_and_the_built_in_text_is_shown(text: str) -> None:
    job = replace(a_job(), id="job-1")
    names = [f"{job.form.template}.{one}.{part}.j2" for one in ("en", "fr") for part in ("txt", "html")]
    with (
        letters_of(sources_of(dict.fromkeys(names, text))) as letters,
        served(parts(desk_with(letters, job))) as world,
    ):
        page = world.signed_in(Role.AGENT).get("/console/messages/job-1/letter")
        assert page.status_code == 200
        assert "The template fails" in page.text
        assert job.context.ticket.title in unescape(page.text)


def test_what_can_not_be_written_is_said_in_words(letters: LettersInForce) -> None:
    closed = LettersInForce()
    forgotten = replace(a_job(address=FORGOTTEN), id="job-1")
    for made, job, words in (
        (closed, replace(a_job(), id="job-1"), "still being read"),
        (letters, forgotten, "was forgotten"),
    ):
        with served(parts(desk_with(made, job))) as world:
            agent = world.signed_in(Role.AGENT)
            page = agent.get("/console/messages/job-1/letter")
            assert page.status_code == 200
            assert words in page.text
            assert agent.get("/console/messages/job-1/letter/html").status_code == 503
            assert agent.get("/console/messages/no-such/letter").status_code == 404
