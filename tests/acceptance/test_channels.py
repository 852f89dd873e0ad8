"""SMS and chats, decided as faxes are: each active mode of reception is a job of its own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.rulebook.build import build_rulebook
from schemas.finding import FindingCode
from schemas.rule_file import RuleFile
from schemas.vocabulary import Audience, Trigger
from tests.support.helpdesk.events import Helpdesk, alerted, email, fax, people, rules, saved, skipped
from tocsin.authoring.lint.rules import problems
from tocsin.authoring.templates_in_use import uses_of

SMS = {"channel": "sms", "address": "+33 6 12 34 56 78", "active": True}
CHAT = {"channel": "chat", "address": "#support", "active": True}
CREATED = saved(None)
RULE = {"rule": "contract-contacts", "for": "contract.contacts"}


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", modes=[email("z@acme.example"), fax("+33140000001"), SMS, CHAT])
    return desk


def test_every_active_mode_gets_a_job(desk: Helpdesk) -> None:
    jobs = {job.channel.value: job for job in desk.decide(CREATED).jobs}
    assert jobs.keys() == {"email", "fax", "sms", "chat"}
    for channel in ("sms", "chat"):
        form = jobs[channel].form
        assert (form.template, form.subject_keyword, form.format) == (f"built-in/{channel}", "[Opened]", "text")
    assert (jobs["email"].form.format, jobs["sms"].address) == ("html", "+33 6 12 34 56 78")
    assert len({job.id for job in jobs.values()}) == 4


def test_a_rule_names_a_template_for_each_channel_and_the_first_that_does_counts(desk: Helpdesk) -> None:
    def of_rule(**templates: str) -> dict[str, Any]:
        return {"rule": next(names), "for": "contract.contacts", "send": {"template": templates}}

    names = iter(["first", "second"])
    first, second = of_rule(sms="sms/urgent", fax="fax/urgent"), of_rule(sms="sms/other", email="external/urgent")
    alone = {"rule": "third", "for": "contract.contacts", "send": {"template": "external/alone"}}
    jobs = desk.decide(CREATED, rules(None, first, second, alone)).jobs
    assert {job.channel.value: job.form.template for job in jobs} == {
        "email": "external/urgent",
        "fax": "fax/urgent",
        "sms": "sms/urgent",
        "chat": "built-in/chat",
    }


def test_the_check_asks_for_each_template_that_is_named_and_for_no_built_in_one() -> None:
    templates = {"sms": "sms/urgent", "fax": "fax/urgent", "chat": "built-in/chat"}
    book = rules(None, {"rule": "a", "for": "contract.collaborators", "send": {"template": templates}})
    uses = {(one.template, one.audience) for one in uses_of(book)}
    assert {one for one in uses if one[0].startswith(("sms/", "fax/", "built-in/"))} == {
        ("fax/alert", Audience.CONTACTS),
        ("fax/digest", Audience.CONTACTS),
        ("sms/urgent", Audience.COLLABORATORS),
        ("fax/urgent", Audience.COLLABORATORS),
    }


def test_a_template_for_one_channel_stands_in_no_other_ones_shadow() -> None:
    def of(name: str, **templates: str) -> dict[str, Any]:
        return {**RULE, "rule": name, "send": {"template": templates}}

    for second, shadowed in ((of("b", sms="b"), True), (of("b", chat="b"), False), (of("b", sms="b", chat="b"), False)):
        book = rules(None, of("contract-contacts", sms="a"), second)
        found = {one.code for one in problems(book, book.rules)}
        assert (FindingCode.SHADOWED_RULE in found) == shadowed


def test_the_defaults_name_a_template_of_all_text_messages(desk: Helpdesk) -> None:
    forms = {trigger.value: {"template": "any"} for trigger in Trigger}
    defaults = {"contacts": forms, "collaborators": forms, "fax": {"template": "fax/alert"}}
    content = {"defaults": {**defaults, "sms": {"template": "sms/ours"}}, "rules": [RULE]}
    jobs = desk.decide(CREATED, build_rulebook(msgspec.convert(content, RuleFile), "test")).jobs
    assert {job.channel.value: job.form.template for job in jobs} == {
        "email": "any",
        "fax": "fax/alert",
        "sms": "sms/ours",
        "chat": "built-in/chat",
    }


def test_only_an_email_asks_for_the_main_site(desk: Helpdesk) -> None:
    desk.contact("ct-1", sites=["S-lyon"], modes=[email("z@acme.example"), fax("+33140000001"), SMS, CHAT])
    assert {job.channel.value for job in desk.decide(CREATED).jobs} == {"fax", "sms", "chat"}


def test_a_number_without_country_code_is_one_of_the_files_region(desk: Helpdesk) -> None:
    desk.contact("ct-1", modes=[{**SMS, "address": "06 12 34 56 78"}, SMS])
    [job] = desk.decide(CREATED, rules({"fax_region": "FR"})).jobs
    assert job.address == "+33612345678"


def test_a_rule_may_be_for_some_channels(desk: Helpdesk) -> None:
    short = {"rule": "contract-contacts", "for": "contract.contacts", "send": {"channels": ["sms", "chat"]}}
    assert {job.channel.value for job in desk.decide(CREATED, rules(None, short)).jobs} == {"sms", "chat"}


def test_where_no_channel_leads_anywhere_the_furthest_gate_is_told(desk: Helpdesk) -> None:
    """By e-mail no rule reaches them, by SMS they have no mode: the second gate lies further."""
    desk.contact("ct-1", modes=[email("z@acme.example")])
    by_sms = {"rule": "contract-contacts", "for": "contract.contacts", "send": {"channels": ["sms"]}}
    decision = desk.decide(CREATED, rules(None, by_sms))
    assert (people(decision), skipped(decision)) == (set(), {("ct-1", "contract.contacts", "no_active_mode")})


@pytest.mark.parametrize(
    ("suppression", "left"),
    [
        ({"channel": "sms", "address": "+33612345678"}, {"email", "fax", "chat"}),
        ({"channel": "chat", "person": "contact/ct-1"}, {"email", "fax", "sms"}),
        ({"channel": "fax", "address": "+33612345678"}, {"email", "fax", "sms", "chat"}),
        ({"person": "contact/ct-1"}, set()),
    ],
)
def test_a_suppression_is_for_its_channel(desk: Helpdesk, suppression: dict[str, Any], left: set[str]) -> None:
    desk.put({"kind": "suppression", "id": "s-1", "reason": "opted_out", **suppression})
    assert {job.channel.value for job in desk.decide(CREATED).jobs} == left


def test_two_people_with_one_number_get_one_message(desk: Helpdesk) -> None:
    desk.contact("ct-1", modes=[SMS])
    desk.contact("ct-2", "contract/C-7", modes=[{**SMS, "address": "+33612345678"}])
    assert alerted(desk.decide(CREATED)) == {("contact/ct-1", "+33 6 12 34 56 78", "opened")}
