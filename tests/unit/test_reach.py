"""Whom the rules can't reach: what is found in a directory, and that decisions never contradict it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.decide import Decision, decide
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from schemas.directory import SuppressionRecord, record_from_data
from schemas.event import read_event
from schemas.refusal import RefusedError
from schemas.vocabulary import ObjectKind
from tests.acceptance.test_against_oracle import directory_of, rulebook_with
from tests.support.helpdesk.events import NOW, ON, Helpdesk, default_rules, email, fax, rules
from tests.support.helpdesk.files import write_directory
from tests.support.oracle.chance import NOW as CHANCE_NOW
from tests.support.oracle.helpdesk import random_helpdesk, random_settings
from tocsin.authoring.reach.contracts import contract_gaps
from tocsin.authoring.reach.gaps import Gap, GapCode
from tocsin.authoring.reach.people import PROBE, people_gaps
from tocsin.authoring.reach.records import read_surveyed, record_gaps


def contracts(desk: Helpdesk, rulebook: Rulebook | None = None) -> dict[str, Gap]:
    """What is found about contract C-7, by category."""
    directory = desk.directory()
    contract = directory.contract("C-7")
    assert contract is not None
    found = contract_gaps(contract, directory, rulebook or default_rules(), NOW)
    return {gap.record.removeprefix("contract/C-7, category "): gap for gap in found}


def unreachable(desk: Helpdesk, rulebook: Rulebook | None = None) -> dict[str, str]:
    """Who can never be reached, and the gate."""
    found = people_gaps(desk.directory(), rulebook or default_rules(), NOW)
    return {gap.record: gap.group for gap in found}


def enabled(desk: Helpdesk, *kinds: str) -> None:
    desk.put({"kind": "contract", "id": "C-7", "recipients": dict.fromkeys(kinds, ON)})


class TestContracts:
    def test_a_category_with_nobody_attached_says_what_to_attach(self) -> None:
        desk = Helpdesk()
        desk.contact("ct", "product/P-erp")
        enabled(desk, "product")
        (found,) = contracts(desk).items()
        assert found[0] == "product.collaborators"
        assert found[1].why == "no collaborators are attached to P-erp"
        desk.put({"kind": "contract", "id": "C-7", "products": []})
        assert contracts(desk)["product.contacts"].why == "no product is attached to the contract"
        desk.put({"kind": "contract", "id": "C-7", "products": ["P-crm"]})
        assert contracts(desk)["product.contacts"].why == "the directory has none of its products: P-crm"
        desk.unreadable = {"product/P-crm"}
        found_now = contracts(desk)["product.contacts"]
        assert (found_now.why, found_now.change) == (
            "the records of some of its products can't be read: P-crm",
            "mend them",
        )

    def test_people_who_stop_are_counted_by_gate(self) -> None:
        desk = Helpdesk()
        desk.contact("a", "contract/C-7", alerts=[])
        desk.contact("b", "contract/C-7", sites=[])
        desk.contact("c", "contract/C-7", modes=[])
        enabled(desk, "contract")
        found = contracts(desk)["contract.contacts"]
        assert found.why.startswith("3 people (1 own_tick_off, 1 not_main_site, 1 no_active_mode); contact/a: ")
        assert found.change == "contact/a, field alerts: add closed"

    def test_one_who_is_reached_by_any_trigger_channel_or_ticket_is_enough(self) -> None:
        desk = Helpdesk()
        desk.put({"kind": "contract", "id": "C-7", "beneficiaries": ["lab"]})
        desk.put({"kind": "customer", "id": "lab", "alerts": {"resolved": {"enabled": True}}})
        desk.contact("ct", "product/P-erp", customer="lab", sites=[], modes=[fax("+33140000001")], alerts=["resolved"])
        desk.collaborator("co", "product/P-erp")
        enabled(desk, "product")
        assert contracts(desk) == {}

    def test_conditions_are_taken_to_hold_for_some_ticket(self) -> None:
        desk = Helpdesk()
        desk.contact("ct", "product/P-erp")
        desk.collaborator("co", "product/P-erp")
        enabled(desk, "product")
        only = {"rule": "product-contacts", "for": "product.contacts", "if": 'ticket.priority == "high"'}
        assert contracts(desk, rules(None, only)) == {}
        instead = {
            "rule": "fax-alone",
            "for": "product.contacts",
            "if": 'ticket.priority == "high"',
            "instead_of": "product-contacts",
            "send": {"channels": ["fax"]},
        }
        assert contracts(desk, rules(None, instead)) == {}
        assert "product.contacts" in contracts(desk, rules(None, {**instead, "if": None}))

    def test_objects_are_named_where_unnamed_ones_reach_nobody(self) -> None:
        desk = Helpdesk()
        desk.contact("ct", "product/P-erp")
        desk.collaborator("co", "product/P-erp")
        enabled(desk, "product")
        assert contracts(desk, rules({"when_unnamed": {"product": "none"}})) == {}

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"type": "other"}, "not_commitment"),
            ({"alerts_enabled": False}, "alerts_disabled"),
            ({"valid_to": "2020-01-01"}, "not_in_force"),
        ],
    )
    def test_a_contract_out_of_use_is_one_remark(self, fields: dict[str, Any], reason: str) -> None:
        desk = Helpdesk()
        desk.put({"kind": "contract", "id": "C-7", **fields})
        (found,) = contracts(desk).values()
        assert (found.code, found.group, found.code.is_gap) == (GapCode.CONTRACT_OUT_OF_USE, reason, False)
        desk.put({"kind": "contract", "id": "C-7", "recipients": None})
        assert contracts(desk) == {}


class TestPeople:
    def test_whoever_stops_at_a_gate_of_their_own(self) -> None:
        desk = Helpdesk()
        desk.put({"kind": "customer", "id": "mute", "main_site": "S-paris"})
        desk.put({"kind": "suppression", "id": "s", "person": "collaborator/gone"})
        desk.contact("fine")
        desk.contact("mode", modes=[email("a@acme.example", active=False)])
        desk.contact("site", sites=["S-lyon"])
        desk.contact("tick", alerts=[])
        desk.contact("customer", customer="mute")
        desk.contact("lost", customer=None)
        desk.collaborator("fine")
        desk.collaborator("tick", alerts=["unknown"])
        desk.collaborator("gone")
        assert unreachable(desk) == {
            "contact/mode": "no_active_mode",
            "contact/site": "not_main_site",
            "contact/tick": "own_tick_off",
            "contact/customer": "customer_trigger_off",
            "contact/lost": "customer_trigger_off",
            "collaborator/tick": "own_tick_off",
            "collaborator/gone": "suppressed",
        }

    def test_a_fax_needs_no_main_site_and_a_suppression_ends(self) -> None:
        desk = Helpdesk()
        desk.contact("fax", sites=[], modes=[fax("+33140000001")])
        desk.collaborator("back")
        until = (NOW - timedelta(days=1)).isoformat()
        desk.put({"kind": "suppression", "id": "s", "person": "collaborator/back", "until": until})
        assert unreachable(desk) == {}

    def test_the_setting_about_main_sites_counts(self) -> None:
        desk = Helpdesk()
        desk.contact("site", sites=[])
        assert unreachable(desk) == {"contact/site": "not_main_site"}
        for setting in ("not_for_site", "not_required"):
            assert unreachable(desk, rules({"main_site": setting})) == {}

    def test_two_at_one_mailbox_are_both_reached(self) -> None:
        desk = Helpdesk()
        for person in ("a", "b"):
            desk.contact(person, modes=[email("front@acme.example")])
        desk.collaborator("c", modes=[email("front@acme.example")])
        assert unreachable(desk) == {}

    def test_nothing_is_left_in_the_directory(self) -> None:
        desk = Helpdesk()
        desk.contact("ct", alerts=[])
        directory = desk.directory()
        before = directory.counts()
        assert [*people_gaps(directory, default_rules(), NOW)]
        assert directory.counts() == before
        with pytest.raises(RefusedError):
            record_from_data({"kind": "contract", "id": PROBE})


class TestRecords:
    def found(self, desk: Helpdesk, folder: Path) -> set[tuple[str, str]]:
        surveyed = read_surveyed(write_directory(folder / "directory", desk)).sink
        return {(gap.record, gap.group) for gap in record_gaps(surveyed)}

    def test_records_that_fit_together_are_none(self, tmp_path: Path) -> None:
        desk = Helpdesk()
        desk.contact("ct", "product/P-erp", "customer/acme")
        desk.put({"kind": "site", "id": "S-paris", "customer": "acme"})
        desk.put({"kind": "service", "id": "V-1", "contract": "C-7"})
        assert self.found(desk, tmp_path) == set()

    def test_what_is_named_and_not_there(self, tmp_path: Path) -> None:
        desk = Helpdesk()
        desk.contact("ct", customer="nobody", acts_for=["other"], sites=["S-x"])
        desk.put({"kind": "contract", "id": "C-7", "beneficiaries": ["lab"], "products": ["P-x"], "contacts": ["gone"]})
        desk.put({"kind": "customer", "id": "acme", "main_site": "S-y"})
        desk.put({"kind": "site", "id": "S-paris", "collaborators": ["lost"]})
        assert self.found(desk, tmp_path) == {
            ("contact/ct", "customer"),
            ("contact/ct", "site"),
            ("contract/C-7", "customer"),
            ("contract/C-7", "product"),
            ("contract/C-7", "contact"),
            ("customer/acme", "site"),
            ("site/S-paris", "collaborator"),
        }

    def test_what_cannot_be_read_is_there(self, tmp_path: Path) -> None:
        desk = Helpdesk()
        desk.contact("ct", "product/P-erp")
        desk.put({"kind": "contact", "id": "ct", "alerts": 7})
        assert self.found(desk, tmp_path) == set()

    def test_what_is_said_differently_of_the_same(self, tmp_path: Path) -> None:
        desk = Helpdesk()
        desk.put({"kind": "customer", "id": "rival"})
        desk.put({"kind": "contract", "id": "C-8", "services": []})
        desk.put({"kind": "site", "id": "S-paris", "customer": "rival"})
        desk.put({"kind": "service", "id": "V-1", "contract": "C-8"})
        desk.contact("ct")
        desk.contact("agent", acts_for=["rival"])
        assert self.found(desk, tmp_path) == {
            ("contract/C-7", "site of another customer"),
            ("contract/C-7", "service of another contract"),
            ("customer/acme", "main site of another customer"),
            ("contact/ct", "contact at another's site"),
        }


def worlds(seed: int) -> Iterator[tuple[Directory, Rulebook, list[dict[str, Any]]]]:
    rng = random.Random(seed)
    for _ in range(60):
        records, events = random_helpdesk(rng)
        yield directory_of(records), rulebook_with(random_settings(rng)), events


@pytest.mark.parametrize(("held", "found"), [(["one"], set()), (["one", "two"], {"contact/ct"})])
def test_who_is_reached_at_one_address_is_reachable_whatever_holds_another(held: list[str], found: set[str]) -> None:
    desk = Helpdesk()
    desk.contact("ct", modes=[email("one@acme.example"), email("two@acme.example")])
    directory = desk.directory()
    for one in held:
        fields = {"kind": "suppression", "id": f"s-{one}", "channel": "email", "address": f"{one}@acme.example"}
        suppression = record_from_data(fields)
        assert isinstance(suppression, SuppressionRecord)
        directory.mark_unreadable("suppression", f"s-{one}", suppression)
    assert {gap.record for gap in people_gaps(directory, default_rules(), NOW)} == found


@pytest.mark.parametrize("seed", range(4))
def test_no_decision_reaches_what_was_said_to_be_out_of_reach(seed: int) -> None:
    reached = found = 0
    for directory, rulebook, events in worlds(seed):
        people = {gap.record.rpartition("(")[2].rstrip(")") for gap in people_gaps(directory, rulebook, CHANCE_NOW)}
        categories = {
            gap.record
            for contract in directory.contracts()
            for gap in contract_gaps(contract, directory, rulebook, CHANCE_NOW)
        }
        found += len(people) + len(categories)
        for decision in decided(events, directory, rulebook):
            contract = directory.contract(decision.event.ticket.contract or "")
            customer = decision.event.ticket.customer
            for job in decision.jobs:
                reached += 1
                assert str(job.person) not in people
                if contract is not None and customer in (None, *contract.attached_ids(ObjectKind.CUSTOMER)):
                    assert not {f"contract/{contract.id}, category {one}" for one in job.categories} & categories
    assert min(reached, found) > 20


def decided(events: list[dict[str, Any]], directory: Directory, rulebook: Rulebook) -> Iterator[Decision]:
    for event in events:
        try:
            yield decide(read_event(json.dumps(event).encode(), CHANCE_NOW), directory, rulebook, CHANCE_NOW)
        except RefusedError:
            continue
