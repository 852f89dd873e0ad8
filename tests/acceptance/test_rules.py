"""Rules that authors add, as they act on whole decisions."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decide import Decision
from tests.support.helpdesk.events import Helpdesk, fax, people, rules, saved, skipped

CRITICAL = {
    "rule": "critical-to-product-owners",
    "for": "product.collaborators",
    "on": ["opened", "status_changed"],
    "if": 'ticket.priority in ("high", "critical") and person.language == "fr"',
    "instead_of": "product-collaborators",
    "send": {"template": "internal/critical", "channels": ["email"]},
}


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    modes = [{"channel": "email", "address": "fr@desk.example", "active": True}, fax("+33140000001")]
    desk.collaborator("co-fr", "product/P-erp", language="fr", modes=modes)
    desk.collaborator("co-en", "product/P-erp", language="en")
    return desk


def decided(desk: Helpdesk, priority: str | None, *own: dict[str, Any], previous: Any = None) -> Decision:
    return desk.decide(saved(previous, {"priority": priority}), rules(None, *own))


def reached(decision: Decision) -> set[tuple[str, str, str, str]]:
    return {(job.person.id, job.channel.value, job.form.template, ",".join(job.rules)) for job in decision.jobs}


def test_a_rule_takes_the_place_of_another_where_both_match(desk: Helpdesk) -> None:
    assert reached(decided(desk, "critical", CRITICAL)) == {
        ("co-fr", "email", "internal/critical", "critical-to-product-owners"),
        ("co-en", "email", "internal/opened", "product-collaborators"),
    }
    assert reached(decided(desk, "low", CRITICAL)) == {
        ("co-fr", "email", "internal/opened", "product-collaborators"),
        ("co-fr", "fax", "fax/alert", "product-collaborators"),
        ("co-en", "email", "internal/opened", "product-collaborators"),
    }


def test_a_missing_priority_matches_no_comparison(desk: Helpdesk) -> None:
    assert {job.form.template for job in decided(desk, None, CRITICAL).jobs} == {"internal/opened", "fax/alert"}


def test_a_rule_does_not_act_on_triggers_that_it_does_not_name(desk: Helpdesk) -> None:
    closed = decided(desk, "critical", CRITICAL, previous={"closed_for_customer": None})
    assert closed.jobs == []
    event = saved({"closed_for_customer": False}, {"priority": "critical", "closed_for_customer": True})
    assert {job.form.template for job in desk.decide(event, rules(None, CRITICAL)).jobs} == {
        "internal/closed",
        "fax/alert",
    }


def test_channels_of_several_rules_are_joined_and_the_first_template_counts(desk: Helpdesk) -> None:
    by_mail = {
        "rule": "mail",
        "for": "product.collaborators",
        "send": {"channels": ["email"], "template": "internal/one"},
    }
    by_fax = {"rule": "fax", "for": "product.collaborators", "send": {"channels": ["fax"], "template": "internal/two"}}
    nobody = {
        "rule": "off",
        "for": "product.collaborators",
        "if": 'ticket.id == "x"',
        "instead_of": "product-collaborators",
    }
    both = {**by_mail, "instead_of": "product-collaborators"}
    assert reached(decided(desk, "low", both, by_fax, nobody)) == {
        ("co-fr", "email", "internal/one", "mail"),
        ("co-fr", "fax", "fax/alert", "fax"),
        ("co-en", "email", "internal/one", "mail"),
    }


def test_a_rule_whose_replacement_matches_nothing_else_leaves_nobody_and_says_so(desk: Helpdesk) -> None:
    only_closed = {"rule": "r", "for": "product.collaborators", "instead_of": "product-collaborators", "on": ["opened"]}
    silent = {**only_closed, "send": {"channels": ["fax"]}}
    decision = decided(desk, "low", silent)
    assert people(decision) == {"co-fr"}
    assert skipped(decision) == {("co-en", "product.collaborators", "no_active_mode")}


def test_a_chain_of_replacements_leaves_the_last_alone(desk: Helpdesk) -> None:
    second = {"rule": "second", "for": "product.collaborators", "instead_of": "product-collaborators"}
    third = {"rule": "third", "for": "product.collaborators", "instead_of": "second"}
    assert {rule for _, _, _, rule in reached(decided(desk, "low", second, third))} == {"third"}


def test_only_what_is_ticked_runs(desk: Helpdesk) -> None:
    desk.put({"kind": "contract", "id": "C-7", "recipients": {"site": {"collaborators": True}}})
    decision = decided(desk, "critical", CRITICAL)
    assert decision.jobs == []
    assert {reason for _, _, reason in skipped(decision)} == {"category_off"}


def test_a_rule_that_does_not_match_is_the_reason(desk: Helpdesk) -> None:
    never = {
        "rule": "n",
        "for": "product.collaborators",
        "instead_of": "product-collaborators",
        "send": {"channels": ["fax"]},
    }
    decision = decided(desk, "low", {**never, "on": ["opened"]})
    assert ("co-en", "product.collaborators", "no_active_mode") in skipped(decision)
    desk.collaborator("co-fr", modes=[])
    assert people(decided(desk, "low", never)) == set()


def test_a_rule_for_several_categories_brings_one_message_that_names_it_once(desk: Helpdesk) -> None:
    desk.collaborator("co-both", "product/P-erp", "site/S-paris", "contract/C-7")
    desk.contact("ct-1", "site/S-paris")
    own = {"rule": "own", "for": ["product.collaborators", "site.collaborators"], "send": {"format": "text"}}
    jobs = {job.person.id: job for job in decided(desk, "low", own).jobs}
    assert [*jobs["co-both"].categories] == ["product.collaborators", "site.collaborators", "contract.collaborators"]
    assert jobs["co-both"].rules == [
        "product-collaborators",
        "site-collaborators",
        "contract-collaborators",
        "own",
    ]
    assert "own" not in jobs["ct-1"].rules


def test_it_takes_the_place_of_another_through_whichever_of_its_categories(desk: Helpdesk) -> None:
    desk.collaborator("co-both", "product/P-erp", "site/S-paris")
    desk.collaborator("co-site", "site/S-paris")
    own = {"rule": "own", "for": "collaborators", "instead_of": "product-collaborators"}
    jobs = {job.person.id: job for job in decided(desk, "low", own).jobs}
    assert jobs["co-both"].rules == ["site-collaborators", "own"]
    assert jobs["co-site"].rules == ["site-collaborators", "own"]
    narrower = {"rule": "narrower", "for": "product.collaborators", "instead_of": "own"}
    replaced = {job.person.id: job for job in decided(desk, "low", own, narrower).jobs}
    assert replaced["co-both"].rules == ["site-collaborators", "narrower"]
    assert replaced["co-site"].rules == ["site-collaborators", "own"]


FORM = {"enabled": True, "template": "external/theirs", "subject_keyword": "[THEIRS]", "format": "text"}
ALERT = {"template": "external/alert", "keyword": {"en": "[ALERT]", "fr": "[ALERTE]"}, "format": "html"}


@pytest.mark.parametrize(
    ("rules_of_file", "template", "keyword", "form"),
    [
        ([{"send": ALERT}], "external/theirs", "[THEIRS]", "text"),
        ([{"send": ALERT, "overrides_customer": True}], "external/alert", "[ALERTE]", "html"),
        ([{"send": {"keyword": "[K]"}, "overrides_customer": True}], "external/theirs", "[K]", "text"),
        (
            [{"send": {"keyword": "[K]", "template": "external/one"}}, {"send": ALERT, "overrides_customer": True}],
            "external/alert",
            "[ALERTE]",
            "html",
        ),
        (
            [{"send": {"keyword": ""}, "overrides_customer": True}, {"send": ALERT, "overrides_customer": True}],
            "external/alert",
            "",
            "html",
        ),
    ],
)
def test_a_customers_record_stands_before_a_rule_unless_the_rule_overrides_it(
    desk: Helpdesk, rules_of_file: list[dict[str, Any]], template: str, keyword: str, form: str
) -> None:
    desk.put({"kind": "customer", "id": "acme", "alerts": {"opened": FORM}})
    desk.contact("ct-1", "site/S-paris", language="fr")
    own = [{"rule": f"own-{at}", "for": "contacts", **rule} for at, rule in enumerate(rules_of_file)]
    jobs = {job.person.id: job for job in decided(desk, "low", *own).jobs}
    found = jobs["ct-1"].form
    assert (found.template, found.subject_keyword, found.format) == (template, keyword, form)


def test_what_a_customer_leaves_open_comes_from_the_first_rule_all_the_same(desk: Helpdesk) -> None:
    desk.put({"kind": "customer", "id": "acme", "alerts": {"opened": {"enabled": True}}})
    desk.contact("ct-1", "site/S-paris")
    first = {"rule": "first", "for": "all", "send": {"template": "external/one"}}
    jobs = {job.person.id: job for job in decided(desk, "low", first).jobs}
    assert jobs["ct-1"].form.template == "external/one"
