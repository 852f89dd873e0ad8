"""The templates that come with the product, as their readers get them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import product

import pytest

from adapters.jinja.check import TemplateUse, template_problems
from schemas.job import ExternalContext, InternalContext
from schemas.rule_file import CustomFieldSettings
from schemas.vocabulary import Audience, Channel, MessageFormat, Trigger
from tests.support.mail.messages import (
    TEMPLATES,
    a_job,
    as_read,
    as_read_by_the_old_parser,
    compose,
    external,
    internal,
    sparse_external,
    sparse_internal,
)

CONTEXTS: dict[str, ExternalContext | InternalContext] = {
    "full external": external(),
    "sparse external": sparse_external(),
    "full internal": internal(),
    "sparse internal": sparse_internal(),
}
ALL = list(product(CONTEXTS, Trigger, ["en", "fr"]))
BOTH = [TemplateUse("fax/alert", audience, MessageFormat.TEXT) for audience in Audience]

RESOLVED_IN_FRENCH = (
    "Bonjour Zoé Martin,\n\n"
    "La demande d'assistance 2026-1042 a été résolue.\n"
    "Le statut est également passé de « Nouveau » à « En cours ».\n\n"
    "Demande : 2026-1042\n"
    "Objet : Les factures ne s'impriment pas\n"
    "Statut : Nouveau → En cours\n"
    "Produit : ERP\n"
    "Site : Paris\n"
    "Service : Hotline\n"
    "Contrat : CT-2026-007\n"
    "Créée le : 2 mars 2026, 10:00 +01:00\n"
    "Modifiée le : 2 mars 2026, 10:15 +01:00\n\n"
    "Résolution :\n"
    "The printer's driver was replaced.\n\n"
    "Voir la demande : https://portal.example/T-1042\n\n"
    "--\n"
    "Vous recevez ce message car vous figurez parmi les contacts à prévenir au titre du contrat CT-2026-007.\n"
)
"""A whole text part, with plain blanks and apostrophes."""


class Tags(HTMLParser):
    """The tags that an HTML text opens, and those left open."""

    VOID = frozenset({"meta", "br", "hr", "img", "link"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.still_open: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in self.VOID:
            self.still_open.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.still_open.pop() == tag


@pytest.mark.parametrize(("name", "trigger", "language"), ALL, ids=str)
def test_every_template_renders_full_and_sparse_tickets(name: str, trigger: Trigger, language: str) -> None:
    others = [other for other in Trigger if other is not trigger] if "full" in name else []
    job = a_job(CONTEXTS[name], trigger=trigger, language=language, other_triggers=others)

    composed = compose(job)

    assert composed.fault is None
    mail = as_read(composed.mail.content)
    assert mail == as_read_by_the_old_parser(composed.mail.content)
    for text in (mail.text, mail.html or ""):
        assert job.context.ticket.reference in text
        assert "None" not in text
        assert "Undefined" not in text
        assert "schemas.job" not in text
    assert Tags(mail.html or "").still_open == []
    assert "\n\n\n" not in mail.text
    assert not re.search(r"[ \t]\n", mail.text)


@pytest.mark.parametrize(("name", "trigger", "language"), ALL, ids=str)
def test_the_fax_renders_for_every_trigger_and_reader(name: str, trigger: Trigger, language: str) -> None:
    job = a_job(
        CONTEXTS[name],
        trigger=trigger,
        language=language,
        channel=Channel.FAX,
        address="+33 1 23 45",
        template="fax/alert",
    )

    composed = compose(job)

    assert composed.fault is None
    text = as_read(composed.mail.content).text
    assert "known bug 881" not in text
    assert "\n\n\n" not in text


def test_a_contact_reads_what_happened_in_french() -> None:
    title = "Les factures ne s'impriment pas"
    job = a_job(
        external(title=title, status="En cours", previous_status="Nouveau"),
        trigger=Trigger.RESOLVED,
        language="fr",
        other_triggers=[Trigger.STATUS_CHANGED],
        keyword="[Résolution]",
    )

    mail = as_read(compose(job).mail.content)

    assert mail.subject == f"[Résolution] 2026-1042: {title}"
    assert mail.text.replace("\u00a0", " ").replace("\u2019", "'") == RESOLVED_IN_FRENCH


def test_a_collaborator_reads_internal_matters_in_english() -> None:
    mail = as_read(compose(a_job(internal(), trigger=Trigger.CLOSED)).mail.content)

    for text in (mail.text, mail.html or ""):
        for shown in (
            *("known bug 881", "high", "severity", "billing", "yes", "co-1", "ACME", "closed internally"),
            *("Customers do not see this ticket", "https://portal.example/T-1042/customer"),
        ):
            assert shown in text


def test_a_description_is_escaped_in_html_and_as_typed_in_text() -> None:
    typed = 'a <script>alert("x")</script> & b\n  indented\r\n© "quoted"'

    mail = as_read(compose(a_job(external(description=typed, title="<b>T</b> & Co"))).mail.content)

    assert typed.replace("\r\n", "\n") in mail.text
    assert "<b>T</b> & Co" in mail.text
    html = mail.html or ""
    assert "script" not in Tags(html).seen
    assert "b" not in Tags(html).seen
    assert 'a &lt;script&gt;alert("x")&lt;/script&gt; &amp; b<br>\n  indented<br>\n© ' in html
    assert "&lt;b&gt;T&lt;/b&gt; &amp; Co" in html


def test_a_link_can_not_leave_its_attribute() -> None:
    html = as_read(compose(a_job(external(link='https://x.example/"><script>'))).mail.content).html or ""

    assert Tags(html).links == ['https://x.example/"><script>']
    assert "script" not in Tags(html).seen


@pytest.mark.parametrize("language", ["en", "fr"])
def test_internal_notes_are_in_no_message_to_a_contact(language: str) -> None:
    for trigger in Trigger:
        content = compose(a_job(external(), trigger=trigger, language=language)).mail.content
        assert b"known bug" not in content
    assert not {"internal_notes", "priority"} & set(ExternalContext.__struct_fields__)


def test_html_reads_on_a_phone() -> None:
    html = as_read(compose(a_job()).mail.content).html or ""

    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    assert '<html lang="en">' in html
    assert "max-width: 600px" in html
    (sheet,) = re.findall("<style>(.*?)</style>", html, re.DOTALL)
    assert sheet.startswith("@media"), (
        "other styles are written in the tags, since mail readers drop those that are not"
    )
    assert "<img" not in html
    assert not re.search(r"(?<!max-)width:\d{3,}px", html)


def test_the_shipped_templates_have_no_problem() -> None:
    fields = {"severity": CustomFieldSettings("number", external=True), "area": CustomFieldSettings("text")}

    assert template_problems(TEMPLATES, ["en", "fr"], fields, BOTH) == []
