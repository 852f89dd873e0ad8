"""In which languages a message is decided to be written, and where people see it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemas.job import ExternalContext, Job
from schemas.vocabulary import Trigger
from tests.support.helpdesk.events import Helpdesk, email, envelope, rules, saved
from tests.support.helpdesk.files import write_directory, write_events
from tests.support.mail.messages import as_read, compose
from tocsin.cli.app import app

BOTH = {"rule": "both", "for": "contacts", "send": {"languages": ["fr", "en"]}}
OTHER = {"rule": "other-way", "for": "product.contacts", "send": {"languages": ["en", "fr"]}}
LABELS = {"waiting": {"en": "Waiting", "fr": "En attente"}, "in_progress": {"en": "Running", "fr": "En cours"}}
SMS = {"channel": "sms", "address": "+33612345678", "active": True}


def jobs(*own: dict[str, Any], settings: Any = None, previous: Any = None, desk: Helpdesk | None = None) -> list[Job]:
    if desk is None:
        desk = Helpdesk()
        desk.contact("ct-1", "product/P-erp", language="en")
    return desk.decide(saved(previous), rules(settings, *own)).jobs


def reader(**fields: Any) -> Helpdesk:
    desk = Helpdesk()
    desk.contact("ct-1", "product/P-erp", **fields)
    return desk


def test_a_rules_list_stands_before_the_readers_language() -> None:
    [job] = jobs(BOTH)
    assert job.languages == ("fr", "en")
    assert job.form.subject_keyword == "[Ouverture]"
    assert job.translations[0].subject_keyword == "[Opened]"


def test_without_one_a_job_has_no_translations() -> None:
    assert [job.translations for job in jobs()] == [[]]


def test_of_several_rules_the_first_in_the_file_decides() -> None:
    assert [job.languages for job in jobs(BOTH, OTHER)] == [("fr", "en")]
    assert [job.languages for job in jobs(OTHER, BOTH)] == [("en", "fr")]


def test_a_rule_for_another_trigger_decides_nothing() -> None:
    assert [job.languages for job in jobs({**BOTH, "on": ["closed"]})] == [("en",)]


@pytest.mark.parametrize(
    ("fields", "customer", "languages"),
    [
        ({"languages": ["fr", "en"], "language": "en"}, {}, ("fr", "en")),
        ({"languages": ["fr-CA", "en_GB", "fr"]}, {}, ("fr", "en")),
        ({"languages": ["de", "fr"]}, {}, ("fr",)),
        ({"languages": ["de", "nl"]}, {"language": "fr"}, ("en",)),
        ({"languages": [], "language": "fr"}, {}, ("fr",)),
        ({}, {"languages": ["fr", "en"]}, ("fr", "en")),
        ({"language": "fr"}, {"languages": ["en", "fr"]}, ("fr",)),
    ],
)
def test_the_persons_list_stands_before_their_customers(
    fields: dict[str, Any], customer: dict[str, Any], languages: tuple[str, ...]
) -> None:
    desk = reader(**fields)
    desk.put({"kind": "customer", "id": "acme", **customer})
    assert [job.languages for job in jobs(desk=desk)] == [languages]


def test_languages_without_templates_are_left_out() -> None:
    some, none = ({**BOTH, "send": {"languages": named}} for named in (["de", "fr"], ["de", "nl"]))
    assert [job.languages for job in jobs(some)] == [("fr",)]
    assert [job.languages for job in jobs(none)] == [("en",)]


def test_a_text_message_has_the_first_one_alone() -> None:
    desk = reader(modes=[email("ct-1@acme.example"), SMS])
    assert {job.channel.value: job.languages for job in jobs(BOTH, desk=desk)} == {
        "email": ("fr", "en"),
        "sms": ("fr",),
    }


def test_statuses_are_labels_in_each_language_and_nothing_internal_is_added() -> None:
    [job] = jobs(BOTH, settings={"statuses": LABELS}, previous={"status": "waiting"})
    assert isinstance(job.context, ExternalContext)
    assert (job.context.ticket.previous_status, job.context.ticket.status) == ("En attente", "En cours")
    assert [(one.previous_status, one.status) for one in job.translations] == [("Waiting", "Running")]
    text = as_read(compose(job).mail.content).text
    assert "En attente → En cours" in text
    assert "Waiting → Running" in text


def test_a_change_that_shows_in_one_of_the_languages_is_one() -> None:
    labels = {"waiting": {"en": "Running", "fr": "En attente"}, "in_progress": {"en": "Running", "fr": "En cours"}}
    settings, before = {"statuses": labels}, {"status": "waiting"}
    assert jobs(settings=settings, previous=before) == []
    assert [job.trigger for job in jobs(BOTH, settings=settings, previous=before)] == [Trigger.STATUS_CHANGED]


def test_of_a_shared_mailbox_the_one_who_is_addressed_decides() -> None:
    desk = Helpdesk()
    for name, languages in (("co-1", None), ("co-2", ["fr", "en"])):
        desk.collaborator(name, "product/P-erp", languages=languages, modes=[email("team@desk.example")])
    [job] = jobs(desk=desk)
    assert (job.person.id, job.languages) == ("co-1", ("en",))


# --- where people see it


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Path]:
    desk = reader(name="Zoé Martin", language="en")
    (tmp_path / "mine.yaml").write_text(
        "extends: default\nrules:\n  - {rule: both, for: contacts, send: {languages: [fr, en]}}\n"
    )
    (tmp_path / "words.yaml").write_text(
        "extends: default\nrules:\n  - {rule: own, for: contacts, send: {keyword: {fr: '[A]', en: '[B]'}}}\n"
    )
    (tmp_path / "plain.yaml").write_text("extends: default\n")
    event = write_events(tmp_path / "event.json", [envelope({}, {"previous": None})])
    return {"event": event, "directory": write_directory(tmp_path / "directory", desk), "folder": tmp_path}


def said(*words: object) -> str:
    result = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    return result.output


def test_explain_and_derive_name_them(given: dict[str, Path]) -> None:
    mine = given["folder"] / "mine.yaml"
    about = ("--event", given["event"], "--directory", given["directory"], "--rules", mine)
    assert "template external/opened in fr, en" in said("explain", *about, "--details")
    assert '"languages":["fr","en"]' in said("explain", *about, "--json").replace(" ", "")
    derived = said("derive", "C-7", "--directory", given["directory"], "--rules", mine)
    assert "in fr, en, all in one message, where no rule before it names others" in derived
    derived = said("derive", "C-7", "--directory", given["directory"], "--rules", given["folder"] / "words.yaml")
    assert "      keyword [A] in fr, [B] in en\n" in derived


def test_diff_tells_that_a_message_has_another_language(given: dict[str, Path]) -> None:
    old, new = given["folder"] / "plain.yaml", given["folder"] / "mine.yaml"
    told = said("diff", old, new, "--events", given["event"], "--directory", given["directory"])
    assert "Get it in another language" in told
    assert "fr, en" in told


def test_preview_shows_what_is_sent_and_each_language_alone(given: dict[str, Path]) -> None:
    mine = given["folder"] / "mine.yaml"
    about = ("external/opened", "-e", given["event"], "-d", given["directory"], "-r", mine, "-p", "contact/ct-1")
    whole, alone = said("preview", *about), said("preview", *about, "--language", "en")
    assert whole.index("[fr, en]") < whole.index("Bonjour Zoé Martin") < whole.index("Hello Zoé Martin")
    assert "[en]" in alone
    assert "Bonjour" not in alone


def test_a_test_of_rules_says_which_it_got(given: dict[str, Path]) -> None:
    (given["folder"] / "mine.test.yaml").write_text(
        "given: {contacts: {zoe: {attached_to: [product]}}}\n"
        "tests:\n  - test: both\n    expect:\n"
        "      alerted: [{who: contact/zoe, trigger: opened, languages: [en, fr]}]\n"
    )
    told = said("test", given["folder"] / "mine.yaml")
    assert re.search(r"with languages \[fr, en\], expected \[en, fr\]", told)
