"""Digests by a template of the author's: checked on made-up digests, and never the loss of a message."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from adapters.jinja.check import TemplateUse, source_problems
from adapters.jinja.renderer import JinjaRenderer
from adapters.rule_files.load import default_base
from engine.rulebook.build import build_rulebook
from schemas.digest import MOST_MESSAGES
from schemas.job import Form
from schemas.rule_file import DigestSettings, RuleFile
from schemas.vocabulary import Audience, Channel, MessageFormat
from sender.ports import OutgoingText
from sender.records import LedgerEntry
from sender.states import Standing, State
from tests.support.helpdesk.events import Helpdesk, saved
from tests.support.mail.messages import IDENTITY, MessageComposer, as_mail, read, templates
from tests.support.sender.fakes import a_job
from tocsin.authoring.templates_in_use import uses_of

FORM = Form("digest/day", MessageFormat.TEXT, "[Day]")
USE = TemplateUse("digest/day", Audience.CONTACTS, MessageFormat.TEXT, digest=True)
TEXT = (
    "Hello {{ person_name }}, {{ count }} messages{% if unsubscribe_url %}, stop: {{ unsubscribe_url }}{% endif %}.\n"
    "{% for one in messages %}{{ one.saved_at|local_time }} {{ one.trigger }} {{ one.reference }} "
    "{{ one.title }} {{ one.status }} {{ one.link }}\n{% endfor %}"
)


def problems(text: str, *uses: TemplateUse) -> list[str]:
    found = source_problems(templates(**{"digest/day.en.txt.j2": text}), ["en"], {}, uses or (USE,))
    return [one.message for one in found]


def digest(text: str, number: int = 3, **fields: Any) -> Any:
    jobs = [a_job(f"e-{place}", f"T-{place}", digest=FORM, **fields) for place in range(number)]
    entries = [LedgerEntry(job, False, Standing(State.SENDING)) for job in jobs]
    sources = templates(**{"digest/day.en.txt.j2": text})
    return MessageComposer(JinjaRenderer(sources), IDENTITY).digest(entries[-1], entries)


def test_a_template_writes_the_digest() -> None:
    message = read(as_mail(digest(TEXT)).mail.content)
    assert message["Subject"] == "[Day] 3 messages about support tickets"
    lines = message.get_content().splitlines()
    assert lines[0].startswith("Hello Zoé Martin, 3 messages.")
    assert [line.split(" status_changed ")[1].split()[0] for line in lines[1:]] == ["2026-1"] * 3


def test_a_template_that_fails_costs_a_digest_its_form_alone() -> None:
    composed = digest("{{ messages[7].title }}")
    assert composed.fault is not None
    assert "digest/day" in composed.fault
    assert "3 status changed" in read(as_mail(composed).mail.content).get_content()


def test_it_is_given_no_more_messages_than_it_can_bear() -> None:
    composed = digest("{{ messages|length }} of {{ count }}", MOST_MESSAGES + 5)
    assert read(as_mail(composed).mail.content).get_content().strip() == f"{MOST_MESSAGES} of {MOST_MESSAGES + 5}"


def test_text_messages_are_counted_without_it() -> None:
    message = digest(TEXT, channel=Channel.SMS, address="+33612345678").message
    assert isinstance(message, OutgoingText)
    assert "3 status changed" in message.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ tickets }}", "there is no `tickets` in a template"),
        ("{{ ticket.title }}", "there is no `ticket` in a template"),
        ("{{ messages.title }}", "this is a list, it has no `title`"),
        ("{% for one in messages %}{{ one.internal_notes }}{% endfor %}", "`internal_notes` is internal"),
        ("{% for one in messages %}{{ one.custom.severity }}{% endfor %}", "fails on a digest with every field"),
        ("{{ actor }}", "`actor` is internal"),
        ("{{ trigger }}", "fails on a digest with every field"),
    ],
)
def test_what_is_wrong_with_it_is_found_beforehand(text: str, message: str) -> None:
    assert any(one.startswith(message) for one in problems(text)), problems(text)


def test_what_is_right_is_not_complained_about() -> None:
    assert problems(TEXT) == []


def test_a_template_of_digests_and_of_messages_is_checked_as_both() -> None:
    assert problems("{{ person_name }}", USE, replace(USE, digest=False)) == []
    assert problems(TEXT, USE, replace(USE, digest=False)) != []


def test_jobs_name_it_where_the_rule_file_does() -> None:
    desk = Helpdesk()
    desk.collaborator("co-1", "product/P-erp")
    assert [job.digest for job in desk.decide(saved(None)).jobs] == [None]
    base = default_base()
    given = replace(base.defaults, digest=DigestSettings("digest/day", {"en": "[Day]"}, MessageFormat.TEXT))
    rulebook = build_rulebook(RuleFile(extends="default"), "test", replace(base, defaults=given))
    assert [job.digest for job in desk.decide(saved(None), rulebook).jobs] == [FORM]
    assert USE in set(uses_of(rulebook))
