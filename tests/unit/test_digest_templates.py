"""Digests by a template of the author's: checked on made-up digests, and never the loss of a message."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.jinja.check import TemplateUse, source_problems
from adapters.jinja.renderer import JinjaRenderer
from adapters.jinja.sources import read_sources
from adapters.rule_files.load import load_rulebook, template_folders
from schemas.digest import MOST_MESSAGES, with_tickets
from schemas.job import Form, Job
from schemas.vocabulary import Audience, Channel, MessageFormat
from sender.messages.digest import digest_context, digest_variables
from sender.ports import OutgoingText, Part
from sender.records import LedgerEntry
from sender.states import Standing, State
from tests.support.helpdesk.events import Helpdesk, saved
from tests.support.mail.messages import IDENTITY, MessageComposer, as_mail, read, templates
from tests.support.sender.fakes import a_job
from tocsin.authoring.templates_in_use import uses_of

HOUR = timedelta(hours=1)
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
        ("{{ custom }}", "there is no `custom` in a template"),
        ("{{ ticket.title }}", "there is no `ticket` in a template"),
        ("{{ messages.title }}", "this is a list, it has no `title`"),
        ("{% for one in messages %}{{ one.internal_notes }}{% endfor %}", "`internal_notes` is internal"),
        ("{% for one in messages %}{{ one.custom.severity }}{% endfor %}", "there is no `custom` here"),
        ("{{ actor }}", "`actor` is internal"),
        ("{{ trigger }}", "fails on a digest with every field"),
    ],
)
def test_what_is_wrong_with_it_is_found_beforehand(text: str, message: str) -> None:
    assert any(one.startswith(message) for one in problems(text)), problems(text)


@pytest.mark.parametrize("name", ["priority", "actor"])
def test_what_is_internal_is_for_collaborators_alone(name: str) -> None:
    text = f"{{% for one in messages %}}{{{{ one.{name} }}}}{{% endfor %}}"
    assert problems(text) != []
    assert problems(text, replace(USE, audience=Audience.COLLABORATORS)) == []


@pytest.mark.parametrize(("name", "is_fine"), [("digest/day", False), ("own/digest", True)])
def test_one_that_nobody_names_is_of_digests_if_it_is_called_so(name: str, is_fine: bool) -> None:
    found = source_problems(templates(**{f"{name}.en.txt.j2": TEXT}), ["en"])
    assert (found == []) is is_fine


def test_what_is_right_is_not_complained_about() -> None:
    assert problems(TEXT) == []


def test_a_template_of_digests_and_of_messages_is_checked_as_both() -> None:
    assert problems("{{ person_name }}", USE, replace(USE, digest=False)) == []
    assert problems(TEXT, USE, replace(USE, digest=False)) != []


def test_jobs_name_it_where_the_rule_file_does(tmp_path: Path) -> None:
    desk = Helpdesk()
    desk.collaborator("co-1", "product/P-erp")
    shipped = Form("internal/digest", MessageFormat.HTML, "[Digest]")
    assert [job.digest for job in desk.decide(saved(None)).jobs] == [shipped]
    forms = {"template": "digest/day", "keyword": {"en": "[Day]"}, "format": "text"}
    content = {"extends": "default", "defaults": {"contacts": {"digest": forms}, "collaborators": {"digest": forms}}}
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps(content))
    rulebook = load_rulebook(file)
    assert [job.digest for job in desk.decide(saved(None), rulebook).jobs] == [FORM]
    assert {USE, replace(USE, audience=Audience.COLLABORATORS)} <= set(uses_of(rulebook))


SHIPPED = read_sources(*template_folders(None))


def shipped(job: Job, number: int) -> tuple[str, str]:
    """Text and HTML of a digest by the template that the default rules name."""
    entries = [LedgerEntry(replace(job, id=f"{place}"), False, Standing(State.SENDING)) for place in range(number)]
    composed = MessageComposer(JinjaRenderer(SHIPPED), IDENTITY).digest(entries[-1], entries)
    assert composed.fault is None
    mail = read(as_mail(composed).mail.content)
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    return text.get_content(), "" if html is None else html.get_content()


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl"), ("he-IL", "rtl"), ("fa", "rtl")])
def test_a_page_runs_in_the_direction_of_its_language(language: str, direction: str) -> None:
    """A template of one's own in such a language stands in the shipped frame; a title runs in its own direction."""
    texts = {path.replace(".en.html", f".{language}.html"): text for path, text in SHIPPED.texts.items()}
    renderer = JinjaRenderer(replace(SHIPPED, texts={**SHIPPED.texts, **texts}))
    job = replace(decided()[0], language=language)
    entries = [LedgerEntry(replace(job, id=f"{place}"), False, Standing(State.SENDING)) for place in range(2)]
    named = digest_variables(digest_context(entries[-1], entries), language, "UTC", "[Day]", None)
    html = renderer.render("external/digest", language, Part.HTML, named)
    assert ('dir="rtl"' in html) is (direction == "rtl")
    assert "<bdi>Invoices do not print</bdi>" in html


def decided(language: str = "en", **ticket: Any) -> tuple[Job, Job]:
    """What a contact and a collaborator get of one save."""
    desk = Helpdesk()
    desk.collaborator("co-1", "product/P-erp", language=language)
    desk.contact("ct-1", "product/P-erp", language=language)
    jobs = desk.decide(saved(None, ticket)).jobs
    contact, collaborator = sorted(jobs, key=lambda job: job.audience is Audience.COLLABORATORS)
    return contact, collaborator


def test_what_is_internal_never_reaches_a_contact() -> None:
    contact, collaborator = decided(priority="secret-priority", internal_notes="secret-notes")
    assert all("secret" not in part for part in shipped(contact, 2))
    assert all("secret-priority" in part and "secret-notes" not in part for part in shipped(collaborator, 2))


@pytest.mark.parametrize(
    ("language", "words"), [("en", "1 ticket, 3 messages: 3 opened."), ("fr", "1 demande, 3 messages : 3 ouvertures.")]
)
def test_the_shipped_ones_say_how_much_happened(language: str, words: str) -> None:
    for job in decided(language):
        text, html = shipped(job, 3)
        assert words in text
        assert words.partition(":")[2] in html


def test_a_title_is_text_in_html() -> None:
    text, html = shipped(decided(title="<b>&amp;")[0], 2)
    assert "<b>&amp;" in text
    assert "&lt;b&gt;&amp;amp;" in html


def test_one_of_a_thousand_messages_keeps_its_form_and_names_what_it_does_not_list() -> None:
    text, html = shipped(decided(title="t" * 500)[0], 3 * MOST_MESSAGES)
    assert "more messages have no room here: the tickets themselves show what happened." in text
    assert "more messages have no room here: the tickets themselves show what happened." in html


def test_a_fax_has_one_too() -> None:
    job = replace(
        decided()[1], channel=Channel.FAX, address="+33123456789", digest=Form("fax/digest", MessageFormat.TEXT, "")
    )
    text, _ = shipped(job, 2)
    assert "1 ticket, 2 messages: 2 opened." in text


def test_messages_stand_under_their_ticket_which_is_as_the_newest_has_it() -> None:
    contact, _ = decided()
    first, second = contact.context, replace(contact.context, saved_at=contact.context.saved_at + HOUR)
    jobs = [replace(contact, context=one) for one in (second, first)]
    jobs[0] = replace(jobs[0], context=replace(second, ticket=replace(second.ticket, title="Newer")))
    entries = [LedgerEntry(job, False, Standing(State.SENDING)) for job in jobs]
    [ticket] = with_tickets(digest_context(entries[0], entries)).tickets
    assert (ticket.title, len(ticket.messages)) == ("Newer", 2)
