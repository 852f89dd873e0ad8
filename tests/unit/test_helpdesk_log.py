"""A helpdesk's log as events and a directory: a few rows made by hand, in the columns of the real one."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.files.directory_folder import LoadedDirectory, load_directory
from adapters.rule_files.load import load_rulebook
from bench.decide import Recorded, measure
from bench.helpdesk_log import convert
from engine.stages.s1_triggers import raised_triggers
from engine.stages.s2_event_gates import candidate, closed_event_gate
from schemas.event import Event, read_event
from schemas.vocabulary import ObjectKind, PersonKind

COLUMNS = [
    "Case ID",
    "Activity",
    "Resource",
    "Complete Timestamp",
    "Variant",
    "Variant index",
    "Variant",
    "seriousness",
    "customer",
    "product",
    "responsible_section",
    "seriousness_2",
    "service_level",
    "service_type",
    "support_section",
    "workgroup",
]
RECEIVED = datetime(2020, 1, 1, tzinfo=UTC)


def row(case: int, activity: str, time: str, agent: int = 1, **values: int) -> list[str]:
    """A row in which every value is `Value 1`, unless it is said otherwise."""
    given = {"Case ID": f"Case {case}", "Activity": activity, "Complete Timestamp": f"{time}.000"}
    given |= {"Resource": f"Value {agent}"} | {name: f"Value {value}" for name, value in values.items()}
    return [given.get(column, "Value 1") for column in COLUMNS]


LOG = [
    row(1, "Assign seriousness", "2012/10/09 14:50:17"),
    row(1, "Take in charge ticket", "2012/10/09 14:51:01", agent=2),
    row(1, "Take in charge ticket", "2012/10/12 15:02:56", agent=3, service_level=2),
    row(1, "Resolve ticket", "2012/10/25 11:54:26"),
    row(1, "Closed", "2012/11/09 12:54:39", agent=2),
    row(1, "Wait", "2012/11/10 08:00:00"),
    row(1, "Closed", "2012/11/11 08:00:00"),
    row(2, "Resolve ticket", "2012/10/10 09:00:00", customer=22, product=3, service_level=2),
    row(2, "Resolve ticket", "2012/11/09 12:54:39", customer=22, product=3, service_level=2),
]
RAISED = {
    "Case-1-1": ["opened"],
    "Case-1-2": ["status_changed"],
    "Case-1-3": [],
    "Case-1-4": ["resolved", "status_changed"],
    "Case-1-5": ["closed", "status_changed"],
    "Case-1-6": ["status_changed"],
    "Case-1-7": ["closed", "status_changed"],
    "Case-2-1": ["resolved", "opened"],
    "Case-2-2": [],
}


def write(folder: Path, rows: list[list[str]]) -> Path:
    file = folder / "log.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as lines:
        csv.writer(lines).writerows([COLUMNS, *rows])
    return file


@pytest.fixture
def replay(tmp_path: Path) -> Path:
    convert(write(tmp_path, LOG), tmp_path)
    return tmp_path


def lines_of(replay: Path) -> list[bytes]:
    return (replay / "events.jsonl").read_bytes().splitlines()


def events_of(replay: Path) -> list[Event]:
    return [read_event(line, RECEIVED) for line in lines_of(replay)]


def directory_of(replay: Path) -> LoadedDirectory:
    return load_directory(replay / "directory")


def test_the_rows_of_a_case_are_the_saves_of_one_ticket(replay: Path) -> None:
    data: dict[str, Any] = {wire["id"]: wire["data"] for wire in map(msgspec.json.decode, lines_of(replay))}
    previous = {event: content["previous"] for event, content in data.items() if event.startswith("Case-1")}
    assert previous == {
        "Case-1-1": None,
        "Case-1-2": {"status": "Assign seriousness"},
        "Case-1-3": {},
        "Case-1-4": {"status": "Take in charge ticket", "resolution_marked": False},
        "Case-1-5": {"status": "Resolve ticket", "closed_for_customer": False},
        "Case-1-6": {"status": "Closed", "resolution_marked": True, "closed_for_customer": True},
        "Case-1-7": {"status": "Wait", "closed_for_customer": False},
    }
    fixed = [
        {field: value for field, value in content["ticket"].items() if field not in previous["Case-1-6"]}
        for event, content in data.items()
        if event.startswith("Case-1")
    ]
    assert all(ticket == fixed[0] for ticket in fixed)
    assert data["Case-1-2"]["actor"] == {"kind": "collaborator", "id": "agent-2"}


def test_the_saves_stand_in_order_of_time_over_all_tickets(replay: Path) -> None:
    events = events_of(replay)
    assert [event.time for event in events] == sorted(event.time for event in events)
    # Two saves at one time keep the order of the log.
    same_time = [event.id for event in events if event.time == datetime(2012, 11, 9, 12, 54, 39, tzinfo=UTC)]
    assert same_time == ["Case-1-5", "Case-2-2"]
    assert [event.id for event in events][:3] == ["Case-1-1", "Case-1-2", "Case-2-1"]


def test_every_save_raises_what_it_means(replay: Path) -> None:
    raised = {event.id: [trigger.value for trigger in raised_triggers(event)] for event in events_of(replay)}
    assert raised == RAISED


def test_every_ticket_is_under_a_contract_in_force_and_names_what_is_attached_to_it(replay: Path) -> None:
    loaded = directory_of(replay)
    assert loaded.problems == []
    rulebook = load_rulebook()
    for event in events_of(replay):
        asked = candidate(event, event.time, raised_triggers(event), loaded.directory, rulebook.policy)
        ticket, contract = event.ticket, asked.contract
        assert contract is not None
        assert closed_event_gate(asked) is None or not RAISED[event.id]
        assert (ticket.product in contract.products, ticket.site in contract.sites) == (True, True)
        assert (ticket.service in contract.services, ticket.customer) == (True, contract.client)


def test_everyone_whom_the_directory_attaches_is_in_it(replay: Path) -> None:
    wire = [msgspec.json.decode(line) for line in (replay / "directory" / "records.jsonl").read_bytes().splitlines()]
    directory = directory_of(replay).directory
    for record in wire:
        for one in record.get("contacts", []):
            assert directory.person(PersonKind.CONTACT, one) is not None
        for one in record.get("collaborators", []):
            assert directory.person(PersonKind.COLLABORATOR, one) is not None
    product = directory.attached(ObjectKind.PRODUCT, "product-1")
    assert product is not None
    assert product.collaborators == ("agent-1", "agent-2", "agent-3")


def test_the_benchmark_counts_what_was_decided(replay: Path) -> None:
    recorded = Recorded(lines_of(replay), directory_of(replay).directory, load_rulebook())
    result = measure(recorded, rounds=1)
    assert result["triggers"] == {"status_changed": 5, "opened": 2, "resolved": 2, "closed": 2}
    assert result["events_by_number_of_triggers"] == {"0": 2, "1": 3, "2": 4}
    assert result["messages"] == sum(result["messages_by_trigger"].values()) > 10
    assert result["skips"]["no_trigger"] == 2


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([LOG[1], LOG[0]], "earlier than the one before"),
        ([LOG[0], LOG[7], LOG[1]], "stand together"),
    ],
)
def test_a_log_whose_rows_are_out_of_order_is_refused(tmp_path: Path, rows: list[list[str]], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        convert(write(tmp_path, rows), tmp_path)
