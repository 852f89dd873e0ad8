"""A template that fails costs a message its form, not its arrival."""

from __future__ import annotations

import msgspec
import pytest

from adapters.jinja.renderer import JinjaRenderer
from schemas.job import JOB_DECODER
from schemas.vocabulary import Channel, MessageFormat, Trigger
from sender.messages.composer import template_variables
from sender.ports import Renderer
from tests.support.mail.messages import (
    IDENTITY,
    MessageComposer,
    a_job,
    as_mail,
    as_read,
    compose,
    external,
    internal,
    shipped_renderer,
    sparse_external,
    templates,
)

SECRET = "the-customer's-own-words"


def renderer(text: str) -> Renderer:
    """One template, `external/opened`, in English text."""
    return JinjaRenderer(templates(**{"external/opened.en.txt.j2": text}))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{{ ticket.nothing }}", "external/opened.en.txt.j2, line 1: UndefinedError"),
        ("one\n{{ nothing }}", "external/opened.en.txt.j2, line 2: UndefinedError"),
        ("one\n\n{% if %}", "external/opened.en.txt.j2, line 3: TemplateSyntaxError"),
        ("{{ ticket.title|nothing }}", "external/opened.en.txt.j2, line 1: TemplateAssertionError"),
        ("{{ ticket.title + 1 }}", "external/opened.en.txt.j2, line 1: SecurityError"),
        ("{{ ticket.custom.urgency }}", "external/opened.en.txt.j2, line 1: UndefinedError"),
        ("{{ ticket.internal_notes }}", "external/opened.en.txt.j2, line 1: UndefinedError"),
        ("{% include 'other.txt.j2' %}", "external/opened.en.txt.j2, line 1: TemplateNotFound"),
        ("{% for a in range(1000) %}{% for b in range(1000) %}{{ b }}{% endfor %}{% endfor %}", "LimitError"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "RecursionError"),
    ],
)
def test_whatever_fails_in_a_template_the_built_in_text_is_sent_and_the_fault_is_named(text: str, fault: str) -> None:
    job = a_job(external(title=SECRET, description=SECRET), format=MessageFormat.TEXT)

    composed = compose(job, renderer(text))

    assert composed.fault is not None
    assert fault in composed.fault
    assert SECRET not in composed.fault
    assert as_read(composed.mail.content).text == (
        f"A support ticket was opened.\n\nReference: 2026-1042\nTitle: {SECRET}\n"
    )


def test_a_template_that_works_has_no_fault() -> None:
    composed = compose(a_job(format=MessageFormat.TEXT), renderer("Dear {{ person_name }}"))

    assert composed.fault is None
    assert as_read(composed.mail.content).text == "Dear Zoé Martin\n"


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        (Trigger.OPENED, "Une demande d'assistance a été ouverte."),
        (Trigger.RESOLVED, "Une demande d'assistance a été résolue."),
        (Trigger.CLOSED, "Une demande d'assistance a été clôturée."),
        (Trigger.STATUS_CHANGED, "Le statut d'une demande d'assistance a changé."),
    ],
)
def test_the_built_in_text_is_in_the_readers_language_and_says_nothing_else(trigger: Trigger, text: str) -> None:
    job = a_job(internal(), trigger=trigger, language="fr-CA", template="internal/unknown")

    composed = compose(job)

    assert composed.fault == "internal/unknown.fr-CA.txt.j2: TemplateNotFound"
    mail = as_read(composed.mail.content)
    assert mail.text == f"{text}\n\nRéférence\u00a0: 2026-1042\nObjet\u00a0: Invoices do not print\n"
    assert mail.html is None


def test_a_language_without_templates_gets_the_built_in_text_in_english() -> None:
    composed = compose(a_job(language="pt-BR"))

    assert composed.fault == "external/opened.pt-BR.txt.j2: TemplateNotFound"
    assert as_read(composed.mail.content).text.startswith("A support ticket was opened.\n")


def test_html_that_fails_costs_the_whole_form() -> None:
    sources = templates(
        **{"external/opened.en.txt.j2": "text", "external/opened.en.html.j2": "<p>\n{{ ticket.nothing }}</p>"}
    )

    composed = compose(a_job(), JinjaRenderer(sources))

    assert composed.fault == "external/opened.en.html.j2, line 2: UndefinedError"
    assert as_read(composed.mail.content).html is None


@pytest.mark.parametrize(
    "fields",
    [
        {"template": "../../etc/passwd"},
        {"template": "a\r\nBcc: b@c.example"},
        {"template": "/etc/passwd\x00"},
        {"template": "x" * 100_000},
        {"template": ""},
        {"language": "../en"},
        {"language": ""},
        {"time_zone": "nowhere"},
        {"id": "x\r\ny"},
        {"address": ""},
        {"address": "@"},
        {"reply_to": "@"},
        {"ticket": "\r\n", "source": "\x00"},
        {"channel": Channel.FAX, "address": "no number"},
    ],
)
def test_no_job_that_the_wire_accepts_raises(fields: dict[str, object]) -> None:
    on_the_wire = msgspec.json.encode(a_job(sparse_external(), **fields))

    composed = compose(JOB_DECODER.decode(on_the_wire))

    assert composed.mail.content
    assert composed.fault is None or len(composed.fault) < 300
    assert "\n" not in (composed.fault or "")


def test_a_template_name_leads_nowhere_but_to_templates() -> None:
    composed = compose(a_job(template="../templates/external/opened", language="en"))

    assert composed.fault == "../templates/external/opened.en.txt.j2: TemplateNotFound"


def test_a_job_in_the_form_of_its_otherwise_does_not_mention_its_own_trigger_again() -> None:
    job = a_job(trigger=Trigger.OPENED, other_triggers=[Trigger.STATUS_CHANGED], template="external/status_changed")

    named = template_variables(job, Trigger.STATUS_CHANGED, job.form)
    composed = as_mail(MessageComposer(shipped_renderer(), IDENTITY).compose(job, Trigger.STATUS_CHANGED, job.form))

    assert named["trigger"] == "status_changed"
    assert named["other_triggers"] == []
    assert "has changed from “New” to “In progress”" in as_read(composed.mail.content).text
    assert "also" not in as_read(composed.mail.content).text
