"""Whom the ticks of a contract reach."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.helpdesk.events import ON, Helpdesk, people, rules, saved, skipped

PLACES = ["product/P-erp", "site/S-paris", "contract/C-7", "service/V-1", "customer/acme"]


@pytest.mark.parametrize("place", PLACES)
def test_each_tick_reaches_those_attached_to_its_object(place: str) -> None:
    kind = place.partition("/")[0]
    desk = Helpdesk()
    desk.contact("ct-1", place)
    desk.collaborator("co-1", place)
    decision = desk.decide(saved(None))
    assert people(decision) == {"ct-1", "co-1"}
    reached = {job.person.id: [category.value for category in job.categories] for job in decision.jobs}
    assert reached == {"ct-1": [f"{kind}.contacts"], "co-1": [f"{kind}.collaborators"]}
    rules = {job.person.id: job.rules for job in decision.jobs}
    assert rules == {"ct-1": [f"{kind}-contacts"], "co-1": [f"{kind}-collaborators"]}


@pytest.mark.parametrize("place", PLACES)
def test_a_tick_that_is_off_reaches_nobody_and_says_so(place: str) -> None:
    kind = place.partition("/")[0]
    desk = Helpdesk()
    desk.contact("ct-1", place)
    desk.collaborator("co-1", place)
    ticks = {each.partition("/")[0]: ON for each in PLACES if each != place}
    desk.put({"kind": "contract", "id": "C-7", "recipients": {**ticks, kind: {"contacts": False}}})
    decision = desk.decide(saved(None))
    assert decision.jobs == []
    assert skipped(decision) == {
        ("ct-1", f"{kind}.contacts", "category_off"),
        ("co-1", f"{kind}.collaborators", "category_off"),
    }


@pytest.mark.parametrize(
    ("field", "place"), [("product", "product/P-2"), ("site", "site/S-2"), ("service", "service/V-2")]
)
def test_a_named_object_reaches_its_own_people_alone(field: str, place: str) -> None:
    desk = Helpdesk()
    kind, _, record_id = place.partition("/")
    desk.put({"kind": kind, "id": record_id})
    listed = {"product": "products", "site": "sites", "service": "services"}[field]
    first = {"product": "P-erp", "site": "S-paris", "service": "V-1"}[field]
    desk.put({"kind": "contract", "id": "C-7", listed: [first, record_id]})
    desk.contact("ct-first", f"{kind}/{first}")
    desk.contact("ct-second", place)
    assert people(desk.decide(saved(None, {field: record_id}))) == {"ct-second"}
    assert people(desk.decide(saved(None))) == {"ct-first", "ct-second"}


def test_a_named_object_that_is_not_attached_reaches_nobody_through_its_category() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "product/P-erp")
    decision = desk.decide(saved(None, {"product": "P-other"}))
    assert decision.jobs == []
    assert skipped(decision) == {
        (None, "product.contacts", "object_not_attached"),
        (None, "product.collaborators", "object_not_attached"),
    }


def test_a_named_object_that_the_directory_does_not_know_has_its_reason() -> None:
    desk = Helpdesk()
    desk.put({"kind": "contract", "id": "C-7", "services": ["V-9"]})
    decision = desk.decide(saved(None, {"service": "V-9"}))
    assert skipped(decision) == {
        (None, "service.contacts", "object_unknown"),
        (None, "service.collaborators", "object_unknown"),
    }


def test_the_contract_client_is_always_reached_the_tickets_customer_if_attached() -> None:
    desk = Helpdesk()
    desk.put({"kind": "contract", "id": "C-7", "invoiced_client": "holding", "beneficiaries": ["lab"]})
    everything = {trigger: {"enabled": True} for trigger in ("opened", "closed")}
    for customer in ("holding", "lab", "stranger"):
        desk.put({"kind": "customer", "id": customer, "main_site": "S-paris", "alerts": everything})
        desk.collaborator(f"co-{customer}", f"customer/{customer}")
    desk.collaborator("co-acme", "customer/acme")
    assert people(desk.decide(saved(None, {"customer": "holding"}))) == {"co-acme", "co-holding"}
    assert people(desk.decide(saved(None, {"customer": "lab"}))) == {"co-acme", "co-lab"}
    assert people(desk.decide(saved(None, {"customer": None}))) == {"co-acme"}
    stranger = desk.decide(saved(None, {"customer": "stranger"}))
    assert people(stranger) == {"co-acme"}
    assert (None, "customer.contacts", "object_not_attached") in skipped(stranger)


def test_a_person_of_many_categories_gets_one_message_that_lists_them() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "product/P-erp", "site/S-paris", "contract/C-7")
    decision = desk.decide(saved(None))
    assert [list(job.categories) for job in decision.jobs] == [
        ["product.contacts", "site.contacts", "contract.contacts"]
    ]
    assert skipped(decision) == set()


def test_people_whose_record_is_missing_are_skipped_the_others_are_not() -> None:
    desk = Helpdesk()
    desk.put({"kind": "product", "id": "P-erp", "contacts": ["ct-gone"]})
    desk.contact("ct-1", "contract/C-7")
    decision = desk.decide(saved(None))
    assert people(decision) == {"ct-1"}
    assert skipped(decision) == {("ct-gone", "product.contacts", "unknown_person")}


def test_a_person_who_comes_one_record_after_the_product_is_alerted() -> None:
    desk = Helpdesk()
    desk.put({"kind": "product", "id": "P-erp", "contacts": ["ct-late"]})
    desk.contact("ct-late")
    assert list(desk.records)[-1] == ("contact", "ct-late")
    assert people(desk.decide(saved(None))) == {"ct-late"}


def test_a_ticket_that_names_no_product_reaches_nobody_through_it_where_the_rules_say_so() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "product/P-erp")
    desk.collaborator("co-1", "product/P-erp")
    for setting, expected in (
        ({"product": "none"}, set[Any]()),
        ({"product.contacts": "none"}, {"co-1"}),
        ({"product": "none", "product.contacts": "all"}, {"ct-1"}),
    ):
        rulebook = rules({"when_unnamed": setting})
        assert people(desk.decide(saved(None), rulebook)) == expected
        assert people(desk.decide(saved(None, {"product": "P-erp"}), rulebook)) == {"ct-1", "co-1"}
