"""Whether a person may be alerted: for each gate, someone whom it lets through and someone whom it stops."""

from __future__ import annotations

from typing import Any

import pytest

from engine.rulebook.rulebook import Rulebook
from tests.support.helpdesk.events import ALL, Helpdesk, alerted, email, fax, people, rules, saved, skipped

CREATED = saved(None)
STATUS = {"status": "new"}


@pytest.fixture
def desk() -> Helpdesk:
    return Helpdesk()


def reasons(desk: Helpdesk, event: Any = CREATED, rulebook: Rulebook | None = None) -> set[str]:
    return {reason for _, _, reason in skipped(desk.decide(event, rulebook))}


def test_by_fax_alone_where_only_fax_is_active(desk: Helpdesk) -> None:
    desk.contact("ct-1", "contract/C-7", modes=[email("z@acme.example", active=False), fax("+33 1 40 00 00 01")])
    assert alerted(desk.decide(CREATED)) == {("contact/ct-1", "+33 1 40 00 00 01", "opened")}


def test_nobody_where_no_mode_is_active(desk: Helpdesk) -> None:
    desk.contact(
        "ct-1", "contract/C-7", modes=[email("z@acme.example", active=False), fax("+33140000001", active=False)]
    )
    assert (people(desk.decide(CREATED)), reasons(desk)) == (set(), {"no_active_mode"})


def test_a_person_without_any_address_is_skipped_never_guessed(desk: Helpdesk) -> None:
    desk.contact("ct-1", "contract/C-7", modes=[])
    desk.contact("someone@acme.example", "contract/C-7", modes=None)
    desk.contact("ct-3", "contract/C-7")
    assert people(desk.decide(CREATED)) == {"ct-3"}
    assert reasons(desk) == {"no_active_mode"}


def test_every_active_mode_gets_a_message(desk: Helpdesk) -> None:
    desk.contact("ct-1", "contract/C-7", modes=[email("a@acme.example"), email("b@acme.example"), fax("+33140000001")])
    assert {address for _, address, _ in alerted(desk.decide(CREATED))} == {
        "a@acme.example",
        "b@acme.example",
        "+33140000001",
    }


@pytest.mark.parametrize("alerts", [None, {}, {"opened": None}, {"opened": {"enabled": False}}, {"opened": {}}])
def test_contacts_only_for_triggers_that_their_customer_enables(desk: Helpdesk, alerts: Any) -> None:
    desk.contact("ct-1", "contract/C-7")
    desk.collaborator("co-1", "contract/C-7")
    desk.put({"kind": "customer", "id": "acme", "alerts": alerts})
    assert (people(desk.decide(CREATED)), reasons(desk)) == ({"co-1"}, {"customer_trigger_off"})


def test_a_contact_of_no_customer_or_of_an_unknown_one_is_not_enabled(desk: Helpdesk) -> None:
    desk.contact("ct-1", "contract/C-7", customer=None)
    desk.contact("ct-2", "contract/C-7", customer="gone")
    assert (people(desk.decide(CREATED)), reasons(desk)) == (set(), {"customer_trigger_off"})


def test_off_the_main_site_a_contact_gets_the_fax_alone(desk: Helpdesk) -> None:
    desk.contact("ct-1", "contract/C-7", sites=["S-lyon"], modes=[email("z@acme.example"), fax("+33140000001")])
    assert alerted(desk.decide(CREATED)) == {("contact/ct-1", "+33140000001", "opened")}


def test_a_customer_without_main_site_gets_no_email(desk: Helpdesk) -> None:
    desk.contact("ct-1", "contract/C-7")
    desk.put({"kind": "customer", "id": "acme", "main_site": None})
    assert (people(desk.decide(CREATED)), reasons(desk)) == (set(), {"not_main_site"})


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("required", set()), ("not_for_site", {"ct-site"}), ("not_required", {"ct-site", "ct-contract"})],
)
def test_the_main_site_can_be_waived_for_the_site_or_for_all(desk: Helpdesk, setting: str, expected: set[str]) -> None:
    desk.contact("ct-site", "site/S-paris", sites=[])
    desk.contact("ct-contract", "contract/C-7", sites=[])
    assert people(desk.decide(CREATED, rules({"main_site": setting}))) == expected


def test_only_for_triggers_that_the_person_ticked(desk: Helpdesk) -> None:
    desk.contact("ct-1", "contract/C-7", alerts=["closed"])
    desk.collaborator("co-1", "contract/C-7", alerts=None)
    assert (people(desk.decide(CREATED)), reasons(desk)) == (set(), {"own_tick_off"})


@pytest.mark.parametrize("hidden", [{"ticket": {"visible_to_customer": False}}, {"data": {"notify": "internal"}}])
def test_what_customers_may_not_see_reaches_collaborators_alone(desk: Helpdesk, hidden: dict[str, Any]) -> None:
    desk.contact("ct-1", "contract/C-7")
    desk.collaborator("co-1", "contract/C-7")
    event = saved(None, hidden.get("ticket"), **hidden.get("data", {}))
    assert (people(desk.decide(event)), reasons(desk, event)) == ({"co-1"}, {"not_visible"})


def beneficiaries(desk: Helpdesk, **contract: Any) -> None:
    desk.put({"kind": "contract", "id": "C-7", "beneficiaries": ["lab-a", "lab-b"], **contract})
    for lab in ("lab-a", "lab-b"):
        enabled = {trigger: {"enabled": True} for trigger in ALL}
        desk.put({"kind": "customer", "id": lab, "main_site": f"S-{lab}", "alerts": enabled})
        desk.contact(f"ct-{lab}", "product/P-erp", customer=lab, sites=[f"S-{lab}"])
    desk.contact("ct-client", "product/P-erp")


OF_LAB_A = saved(None, {"customer": "lab-a"})


def test_a_beneficiarys_ticket_is_not_for_another_beneficiary_but_for_the_client(desk: Helpdesk) -> None:
    beneficiaries(desk)
    decision = desk.decide(OF_LAB_A)
    assert people(decision) == {"ct-lab-a", "ct-client"}
    assert skipped(decision) == {("ct-lab-b", "product.contacts", "not_own")}


def test_the_contract_may_keep_beneficiaries_tickets_from_its_client(desk: Helpdesk) -> None:
    beneficiaries(desk, client_reads_beneficiaries=False)
    assert people(desk.decide(OF_LAB_A)) == {"ct-lab-a"}


def test_customer_contacts_of_client_and_beneficiary(desk: Helpdesk) -> None:
    beneficiaries(desk)
    desk.put({"kind": "customer", "id": "acme", "contacts": ["ct-client"]})
    desk.put({"kind": "customer", "id": "lab-a", "contacts": ["ct-lab-a"]})
    desk.put({"kind": "contract", "id": "C-7", "recipients": {"customer": {"contacts": True}}})
    assert people(desk.decide(OF_LAB_A)) == {"ct-client", "ct-lab-a"}
    desk.put({"kind": "contract", "id": "C-7", "client_reads_beneficiaries": False})
    assert people(desk.decide(OF_LAB_A)) == {"ct-lab-a"}


def test_who_acts_for_a_customer_gets_its_tickets(desk: Helpdesk) -> None:
    beneficiaries(desk)
    desk.contact("ct-lab-b", customer="lab-b", sites=["S-lab-b"], acts_for=["lab-a"])
    assert people(desk.decide(OF_LAB_A)) == {"ct-lab-a", "ct-lab-b", "ct-client"}


def test_a_ticket_without_customer_counts_as_the_clients(desk: Helpdesk) -> None:
    beneficiaries(desk, client_reads_beneficiaries=False)
    assert people(desk.decide(saved(None, {"customer": None}))) == {"ct-client"}


LABELS = {
    "in_progress": {"en": "In progress", "fr": "En cours"},
    "assigned": {"en": "In progress", "fr": "Affectée"},
    "closed_int": "internal",
}


@pytest.mark.parametrize(
    ("before", "now", "contacts_see_it"),
    [
        ("new", "in_progress", True),
        ("in_progress", "closed_int", False),
        ("closed_int", "in_progress", True),
        ("assigned", "in_progress", False),
        ("new", "unmapped", True),
    ],
)
def test_contacts_hear_of_changes_that_customers_see(
    desk: Helpdesk, before: str, now: str, contacts_see_it: bool
) -> None:
    desk.contact("ct-1", "contract/C-7")
    desk.collaborator("co-1", "contract/C-7")
    event, rulebook = saved({"status": before}, {"status": now}), rules({"statuses": LABELS})
    assert people(desk.decide(event, rulebook)) == ({"ct-1", "co-1"} if contacts_see_it else {"co-1"})
    assert reasons(desk, event, rulebook) == (set() if contacts_see_it else {"status_internal"})


def test_two_statuses_may_differ_in_the_language_of_the_reader(desk: Helpdesk) -> None:
    desk.contact("ct-en", "contract/C-7", language="en")
    desk.contact("ct-fr", "contract/C-7", language="fr")
    event = saved({"status": "assigned"}, {"status": "in_progress"})
    assert people(desk.decide(event, rules({"statuses": LABELS}))) == {"ct-fr"}


def test_a_message_about_something_else_does_not_mention_an_internal_change_of_status(desk: Helpdesk) -> None:
    desk.contact("ct-1", "contract/C-7")
    event = saved({"status": "new", "resolution_marked": False}, {"status": "closed_int", "resolution_marked": True})
    job = desk.decide(event, rules({"statuses": LABELS})).jobs[0]
    assert (job.trigger, job.other_triggers, job.context.ticket.status) == ("resolved", [], None)


BY_CT_1 = {"actor": {"kind": "contact", "id": "ct-1", "email": None}}
BY_CO_1 = {"actor": {"kind": "collaborator", "id": "co-1", "email": None}}


def test_a_contact_gets_the_acknowledgement_of_their_own_ticket_not_of_their_own_status(desk: Helpdesk) -> None:
    desk.contact("ct-1", "contract/C-7")
    assert people(desk.decide(saved(None, **BY_CT_1))) == {"ct-1"}
    own = saved(STATUS, **BY_CT_1)
    assert (people(desk.decide(own)), reasons(desk, own)) == (set(), {"own_save"})


def test_a_collaborator_is_never_told_of_their_own_save_on_any_channel(desk: Helpdesk) -> None:
    desk.collaborator("co-1", "contract/C-7", modes=[email("li@desk.example"), fax("+33140000001")])
    desk.collaborator("co-2", "contract/C-7")
    assert people(desk.decide(saved(None, **BY_CO_1))) == {"co-2"}


def test_the_same_id_of_the_other_kind_is_another_person(desk: Helpdesk) -> None:
    desk.collaborator("ct-1", "contract/C-7")
    assert people(desk.decide(saved(None, **BY_CT_1))) == {"ct-1"}


@pytest.mark.parametrize("address", ["Li@Desk.EXAMPLE", " li@desk.example "])
def test_who_made_the_save_is_known_by_address_too_even_an_inactive_one(desk: Helpdesk, address: str) -> None:
    desk.collaborator(
        "co-1", "contract/C-7", modes=[email("other@desk.example"), email("li@desk.example", active=False)]
    )
    event = saved(None, actor={"kind": None, "id": None, "email": address})
    assert reasons(desk, event) == {"own_save"}


@pytest.mark.parametrize(
    ("fields", "holds"),
    [
        ({"channel": "email", "address": "CT-1@acme.example"}, True),
        ({"channel": "fax", "address": "ct-1@acme.example"}, False),
        ({"channel": "email", "address": "other@acme.example"}, False),
        ({"person": "contact/ct-1"}, True),
        ({"person": "contact/ct-1", "channel": "fax"}, False),
        ({"person": "collaborator/ct-1"}, False),
        ({"person": "contact/ct-1", "triggers": ["closed"]}, False),
        ({"person": "contact/ct-1", "triggers": ["opened"]}, True),
        ({"person": "contact/ct-1", "until": "2026-03-02T09:20:00Z"}, False),
        ({"person": "contact/ct-1", "until": "2026-03-02T09:20:01Z"}, True),
    ],
)
def test_suppressions_hold_back_their_address_or_person_until_they_end(
    desk: Helpdesk, fields: dict[str, Any], holds: bool
) -> None:
    desk.contact("ct-1", "contract/C-7")
    desk.put({"kind": "suppression", "id": "s-1", **fields})
    assert people(desk.decide(CREATED)) == (set() if holds else {"ct-1"})
    assert reasons(desk) == ({"suppressed"} if holds else set())


def test_a_suppressed_address_leaves_the_others(desk: Helpdesk) -> None:
    desk.contact("ct-1", "contract/C-7", modes=[email("dead@acme.example"), email("z@acme.example")])
    desk.put({"kind": "suppression", "id": "s-1", "channel": "email", "address": "dead@acme.example"})
    assert alerted(desk.decide(CREATED)) == {("contact/ct-1", "z@acme.example", "opened")}


def test_the_furthest_gate_is_the_reason(desk: Helpdesk) -> None:
    desk.contact("ct-1", "contract/C-7", alerts=["status_changed"])
    event = saved({"status": "new", "external_description": ""}, **BY_CT_1)
    assert reasons(desk, event) == {"own_save"}
