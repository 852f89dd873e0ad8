"""Changes as data: what they do to an event, a record and a rule file, and how people read them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.support.helpdesk.events import Helpdesk, event_of, fax
from tests.support.helpdesk.events import envelope as saved
from tocsin.authoring.explain.case import adds, event_sets, removes, sets
from tocsin.authoring.explain.changes import RULE_FILE, Applied, Change, ChangeError, Entry, apply
from tocsin.authoring.explain.records import DirectoryRecords
from tocsin.authoring.explain.scenario import wire_of

MODE = Entry((("channel", "email"), ("address", "a@b.example")), "email a@b.example")
EVENT: dict[str, Any] = {"id": "E-1", "data": {"origin": "import", "previous": None}}
RECORDS: dict[str, Any] = {
    "contact/ct-1": {"kind": "contact", "id": "ct-1", "alerts": None, "modes": [{"channel": "email"}]},
    "contact/ct-2": {"modes": [{"channel": "fax"}, {"channel": "email", "address": "a@b.example", "active": False}]},
    "suppression/s": {"kind": "suppression"},
}
RULES: dict[str, Any] = {"extends": "default", "rules": [{"rule": "a"}, {"rule": "b", "on": ["opened"]}]}


def applied(change: Change) -> Applied:
    before = copy.deepcopy((EVENT, RECORDS, RULES))
    done = apply(change, EVENT, RECORDS, RULES)
    assert before == (EVENT, RECORDS, RULES), "what was given must stay as it was"
    return done


def test_a_field_of_the_event_is_set_and_the_rest_stays() -> None:
    assert applied(event_sets("data.origin", "user", "")).event == {
        "id": "E-1",
        "data": {"origin": "user", "previous": None},
    }
    assert applied(event_sets("data.previous.status", "new", "")).event["data"]["previous"] == {"status": "new"}


def test_a_value_is_added_to_a_list_that_may_not_be_there_yet() -> None:
    assert applied(adds("contact/ct-1", ("alerts",), "opened", "")).records["contact/ct-1"]["alerts"] == ["opened"]
    assert applied(adds("contact/ct-1", ("sites",), "S-1", "")).records["contact/ct-1"]["sites"] == ["S-1"]


def test_an_entry_of_a_list_is_found_by_what_it_holds() -> None:
    change = sets("contact/ct-2", ("modes", MODE, "active"), True, "activate it")
    assert [mode.get("active") for mode in applied(change).records["contact/ct-2"]["modes"]] == [None, True]
    assert change.shown() == "contact/ct-2, field modes[email a@b.example].active: activate it"
    rule = applied(adds(RULE_FILE, ("rules", Entry((("rule", "b"),), "b"), "on"), "closed", "")).rules["rules"]
    assert rule == [{"rule": "a"}, {"rule": "b", "on": ["opened", "closed"]}]


def test_a_record_is_added_replaced_and_removed() -> None:
    records = applied(sets("site/S-1", (), {"kind": "site", "id": "S-1"}, "")).records
    assert sorted(records) == sorted([*RECORDS, "site/S-1"])
    assert len(records) == 4
    gone = applied(removes("suppression/s", (), "")).records
    assert "suppression/s" not in gone
    assert sorted(gone) == ["contact/ct-1", "contact/ct-2"]
    assert "status" not in applied(removes(RULE_FILE, ("extends",), "")).rules


@pytest.mark.parametrize(
    "change",
    [
        sets("contact/ct-9", ("alerts",), [], ""),
        sets("contact/ct-1", ("modes", MODE, "active"), True, ""),
        event_sets("id.part", 1, ""),
    ],
)
def test_a_change_where_nothing_is_is_refused(change: Change) -> None:
    with pytest.raises(ChangeError):
        applied(change)


def test_only_what_stands_in_the_event_is_past() -> None:
    assert event_sets("data.origin", "user", "").is_past
    assert not sets("contact/ct-1", ("alerts",), [], "").is_past


def test_records_out_of_memory_are_read_back_as_the_same() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", acts_for=["acme-lab"], modes=[fax("+331400", active=False)], alerts=["closed"])
    desk.collaborator("co-1", "site/S-paris", language="fr")
    desk.put({"kind": "contract", "id": "C-7", "valid_to": "2026-12-31", "client_reads_beneficiaries": False})
    directory = desk.directory()
    again = Helpdesk()
    again.records = {}
    records = DirectoryRecords(directory, {})
    for kind, record_id in desk.records:
        again.records[kind, record_id] = dict(records[f"{kind}/{record_id}"])
    copied = again.directory()
    assert copied.contract("C-7") == directory.contract("C-7")
    assert copied.customer("acme") == directory.customer("acme")
    assert [*copied.people()] == [*directory.people()]
    assert "contact/nobody" not in records


@pytest.mark.parametrize("data", [{"previous": None}, {"previous": {"status": "new"}}, {"triggers": ["opened"]}])
def test_an_event_is_written_as_it_was_read(data: dict[str, Any]) -> None:
    event = event_of(saved({"custom": {"severity": 2}}, {**data, "notify": "internal", "origin": "automation"}))
    assert event_of(wire_of(event)) == event
